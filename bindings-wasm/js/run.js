// One run of an agent: the loop, and what it tells.

import { AgentTurn } from "./agent_turn.js";
import { asleep, errorOf } from "./drive.js";
import { CallTimeout, DeadlineExceeded } from "./errors.js";
import { words } from "./machine.js";
import { Tasks } from "./tasks.js";
import { Saw } from "./watch.js";

/** Drives a turn of an agent to its end. */
export class Run extends AgentTurn {
  /** The loop. It yields events where somebody is told of them. */
  async *drive(signal) {
    const { session } = this.agent;
    const tasks = new Tasks();
    const held = new Map();
    let isOver = false;
    try {
      while (!isOver) {
        signal?.throwIfAborted();
        for (let report = tasks.take(); report !== undefined; report = tasks.take()) {
          const [id, value] = report;
          if (value instanceof Saw) {
            this.report(held.get(id), report);
          } else {
            const command = release(held, id);
            this.report(command, report);
            session.letGo(command);
          }
        }
        const command = this.turn.next();
        this.tell();
        switch (command.kind) {
          case "attempt":
            held.set(command.id, command);
            session.hold(command);
            this.begin(command);
            tasks.start(command.id, () => this.perform(command, (saw) => tasks.tell(command.id, saw)));
            break;
          case "ask_approval":
            held.set(command.id, stoppable(command));
            tasks.start(command.id, () => this.ask(command));
            break;
          case "wait":
            if (command.why !== "running") {
              held.set(command.id, command);
              yield* this.told();
              await asleep(command.delay, session.sleep, signal);
              held.delete(command.id);
              this.turn.waited(command.id);
            } else if (!this.hasNews) {
              await tasks.wait(command.delay, signal);
            }
            break;
          case "rebuild":
          case "switch":
            held.set(command.id, stoppable(command));
            tasks.start(command.id, () => session.prepare(command, command.signal));
            break;
          case "cancel":
            tasks.cancel(command.id);
            session.letGo(held.get(command.id));
            stop(release(held, command.id), command.why);
            break;
          case "finish":
            isOver = true;
            this.end(command);
            break;
          default:
            throw new Error(`this host does not know the command ${command.kind}: update failsoft`);
        }
        if (this.hasNews) {
          yield* this.told();
        }
      }
    } finally {
      if (!isOver) {
        this.abandon(held, signal?.aborted ? signal.reason : REASONS.superseded());
      }
      tasks.close();
      for (const command of held.values()) {
        session.letGo(command);
      }
      this.turn.end();
    }
  }

  // ---- What it tells. ----

  /** Logs what the engine noticed, and makes news of it. */
  tell() {
    for (const notice of this.turn.notices()) {
      this.agent.session.log("info", notice.line, notice.at);
      this.news?.notice(notice);
    }
    if (this.news !== undefined) {
      this.tellTools();
    }
  }

  tellTools() {
    this.calls.forEach((call, index) => {
      const { outcome } = this.toldTools.has(index) ? {} : (this.turn.outcome(index) ?? {});
      if (outcome !== undefined) {
        this.toldTools.add(index);
        this.news.tool(call, this.content(index), outcome);
      }
    });
  }

  get hasNews() {
    return this.news?.isWaiting === true;
  }

  /** The news. While the consumer is away, no clock runs against a stream that had made progress. */
  *told() {
    while (this.hasNews) {
      yield this.news.take();
      if (this.progressed !== undefined) {
        this.turn.progress(this.progressed, true);
      }
    }
  }

  abandon(held, reason) {
    for (const [id, command] of held) {
      command.abort?.(reason);
      try {
        this.turn.abandoned(id);
      } catch {} // a clock of the caller's may throw; the lease ends by itself
    }
  }

  end(end) {
    this.catchUp();
    this.tell();
    if (end.end === "succeeded") {
      this.error = undefined;
      return;
    }
    const hasOriginal = this.error !== undefined;
    if (end.raised(hasOriginal) !== "original") {
      const cause = this.error ?? (end.timedOut ? new CallTimeout(words.givenUpOn("the model")) : undefined);
      this.error = errorOf(end, hasOriginal, cause);
    }
    this.agent.session.log("warn", `the run stopped: ${end.stopReason}: ${end.message}`);
  }

  result() {
    const report = this.turn.report();
    const stopReason = report.stopReason ?? "error";
    if (this.raiseOn.has(stopReason) && this.error !== undefined) {
      throw this.error;
    }
    return {
      answer: this.turn.degradedAnswer() ?? this.answer,
      steps: report.steps,
      blocked: report.blocked,
      degraded: report.degraded,
      stopReason,
      error: this.error,
      route: report.route,
      model: this.answeredBy,
      attempts: report.attempts,
      usage: report.usage,
      spent: report.spent,
      cost: undefined,
      lines: report.lines,
      messages: this.messages,
    };
  }
}

/** A question or a client that can be taken back, as an attempt can. */
function stoppable(asked) {
  const controller = new AbortController();
  return Object.assign(asked, { signal: controller.signal, abort: (reason) => controller.abort(reason) });
}

/** Tells what was started under a command why nobody waits for it any more. */
function stop(command, why) {
  command?.abort?.((REASONS[why] ?? REASONS.superseded)(command));
}

const REASONS = {
  timed_out: ({ kind, work, timeout }) =>
    new CallTimeout(words.givenUpOn(kind === "attempt" ? `the ${work}` : "the approver", timeout)),
  deadline: () => new DeadlineExceeded(words.deadlinePassed()),
  superseded: () => new DOMException("its result is no longer needed", "AbortError"),
};

function release(held, id) {
  const command = held.get(id);
  held.delete(id);
  return command;
}
