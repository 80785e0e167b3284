// One run of an agent: the loop, and what passes between the models, the tools, the approver and the engine.

import { classify, textOf } from "./classify.js";
import { asleep, errorOf } from "./drive.js";
import { CallTimeout, DeadlineExceeded, InvalidOption } from "./errors.js";
import { decision, stopReasons, toolFailed, words } from "./machine.js";
import { checkOptions, checkSignal } from "./options.js";
import { asText, isObject, readArguments, readReply } from "./reply.js";
import { Turn } from "./session.js";
import { Tasks } from "./tasks.js";

/** One turn of an agent: keeps messages, values and errors, which the core never sees. */
export class Run {
  constructor(agent, task, options) {
    checkOptions("run", options, ["signal", "raiseOn"]);
    const { signal, raiseOn = [] } = options ?? {};
    checkSignal("run", signal ?? undefined);
    this.agent = agent;
    this.signal = signal ?? undefined;
    this.raiseOn = new Set(typeof raiseOn === "string" ? [raiseOn] : raiseOn);
    const reasons = stopReasons();
    for (const reason of this.raiseOn) {
      if (!reasons.includes(reason)) {
        throw new InvalidOption(`raiseOn: "${reason}" is not allowed; use some of ${reasons.join(", ")}`);
      }
    }
    if (typeof task !== "string" && !(Array.isArray(task) && task.every(isObject))) {
      throw new TypeError("run: use a text, or a list of messages such as { role: 'user', content: 'hi' }");
    }
    this.messages = typeof task === "string" ? [{ role: "user", content: task }] : task.map((one) => ({ ...one }));
    this.tools = new Map(agent.tools.map((tool) => [tool.name, tool]));
    this.turn = new Turn(agent.session, { tools: agent.tools.map((tool) => tool.row()) });
    this.calls = [];
    this.contents = new Map();
    this.answer = "";
    this.error = undefined;
  }

  async drive() {
    const tasks = new Tasks();
    const held = new Map();
    try {
      while (true) {
        this.signal?.throwIfAborted();
        this.tell();
        const command = this.turn.next();
        switch (command.kind) {
          case "attempt":
            held.set(command.id, command);
            this.catchUp(command);
            tasks.start(command.id, () => this.perform(command));
            break;
          case "ask_approval":
            held.set(command.id, stoppable(command));
            tasks.start(command.id, () => this.ask(command));
            break;
          case "wait":
            if (command.why === "running") {
              await tasks.wait(command.delay, this.signal);
              this.signal?.throwIfAborted();
              for (let report = tasks.take(); report !== undefined; report = tasks.take()) {
                this.report(release(held, report[0]), report);
              }
            } else {
              held.set(command.id, command);
              await asleep(command.delay, this.agent.session.sleep, this.signal);
              held.delete(command.id);
              this.turn.waited(command.id);
            }
            break;
          case "rebuild":
          case "switch":
            held.set(command.id, stoppable(command));
            tasks.start(command.id, () => this.agent.session.prepare(command, command.signal));
            break;
          case "cancel":
            tasks.cancel(command.id);
            stop(release(held, command.id), command.why);
            break;
          case "finish":
            return this.end(command);
          default:
            throw new Error(`this host does not know the command ${command.kind}: update failsoft`);
        }
      }
    } catch (error) {
      this.abandon(held, error);
      throw error;
    } finally {
      tasks.close();
    }
  }

  // ---- What the host does. ----

  /** An attempt's work. The reply is read here: what cannot even be read is a failure of the attempt. */
  async perform(attempt) {
    if (attempt.work === "tool") {
      const { tool, given } = this.toolCall(attempt);
      return await tool.fn(given, contextOf(attempt));
    }
    const model = this.agent.byRoute.get(attempt.route);
    const messages = this.messages.map((message) => ({ ...message }));
    const specs = attempt.withTools ? this.agent.tools.map((tool) => tool.spec()) : [];
    const reply =
      typeof model.ask === "function"
        ? await model.ask(messages, specs, attempt)
        : await model(messages, specs, contextOf(attempt));
    return readReply(reply, attempt.step);
  }

  async ask(asked) {
    if (this.agent.approver === undefined) {
      return "no_approver";
    }
    const call = this.calls[asked.index];
    // A copy: whatever the approver does to it, what runs is what was asked about.
    const given = structuredClone(call.arguments);
    const request = Object.freeze({ tool: call.name, arguments: given, digest: asked.digest });
    return await this.agent.approver(request, { signal: asked.signal });
  }

  toolCall(attempt) {
    const call = this.calls[attempt.index];
    return { tool: this.tools.get(call.name), given: structuredClone(call.arguments) };
  }

  // ---- What it reports. ----

  report(command, [, value, error, hasFailed]) {
    switch (command?.kind) {
      case "attempt":
        if (command.work === "tool") {
          this.reportTool(command, value, error, hasFailed);
        } else if (!hasFailed) {
          this.reportReply(command, value);
        } else if (this.turn.failed(command.id, classify(error))) {
          this.error = error;
        }
        break;
      case "ask_approval":
        if (hasFailed) {
          this.agent.session.log("warn", `the approver failed, which is not a yes: ${describe(error)}`);
        }
        this.turn.decided(command.id, decision(value, hasFailed), command.digest);
        break;
      case "rebuild":
      case "switch":
        value === true ? this.turn.ready(command.id) : this.turn.notReady(command.id);
        break;
    }
  }

  reportTool(attempt, value, error, hasFailed) {
    if (!hasFailed) {
      if (this.turn.succeeded(attempt.id)) {
        this.contents.set(attempt.index, asText(value));
      }
    } else if (this.turn.failed(attempt.id, classify(error))) {
      this.contents.set(attempt.index, toolFailed(this.calls[attempt.index].name, describe(error)));
    }
  }

  reportReply(attempt, { kind, calls, answer, usage }) {
    const rows = calls.map((call) => this.row(call));
    // Copies: whatever becomes of the conversation, what runs is what was asked for.
    const told = calls.map((call, place) => (rows[place].digest === undefined ? { ...call } : structuredClone(call)));
    if (!this.turn.replied(attempt.id, kind, rows, usage)) {
      return;
    }
    if (kind === "answer") {
      this.answer = answer;
      this.messages.push({ role: "assistant", content: answer });
    } else if (kind === "tool_calls") {
      this.calls = calls;
      this.contents.clear();
      this.messages.push({ role: "assistant", content: answer, toolCalls: told });
    }
  }

  /** A tool call for the core: its name, the digest of its arguments or what is wrong with them, its risk. */
  row(call) {
    const { name } = call;
    const { digest, complaint, arguments: given } = readArguments(name, call.arguments);
    if (digest === undefined) {
      return { name, complaint };
    }
    call.arguments = given;
    const tool = this.tools.get(name);
    const wrong = tool?.complaint(given);
    return wrong === undefined ? { name, digest, risky: this.riskOf(tool, given) } : { name, complaint: wrong };
  }

  riskOf(tool, given) {
    try {
      return tool?.riskOf(structuredClone(given));
    } catch (error) {
      const what = `the predicate of tool ${tool.name} failed, which is not a no to risk`;
      this.agent.session.log("warn", `${what}: ${describe(error)}`);
      return "unknown";
    }
  }

  /** Before the model is asked again, and at the end: what the last step's tools brought, in the model's order. */
  catchUp(attempt) {
    if (attempt?.work === "tool") {
      return;
    }
    this.calls.forEach(({ id, name }, index) => {
      const content = this.turn.sentence(index) ?? this.contents.get(index) ?? "";
      this.messages.push({ role: "tool", toolCallId: id, name, content });
    });
    this.calls = [];
    this.contents.clear();
  }

  tell() {
    for (const [at, line] of this.turn.notices()) {
      this.agent.session.log("info", line, at);
    }
  }

  abandon(held, reason) {
    for (const [id, command] of held) {
      this.turn.abandoned(id);
      command.abort?.(reason);
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
      answer: this.turn.calmAnswer() ?? this.answer,
      steps: report.steps,
      blocked: report.blocked,
      degraded: report.degraded,
      stopReason,
      error: this.error,
      route: report.route,
      attempts: report.attempts,
      usage: report.usage,
      cost: undefined,
      lines: report.lines,
      messages: this.messages,
    };
  }
}

/** What a function is handed beside its arguments. Both are made when they are read, which most functions never do. */
function contextOf(attempt) {
  return {
    attempt,
    get signal() {
      return attempt.signal;
    },
    get idempotencyKey() {
      return attempt.idempotencyKey;
    },
  };
}

/** An error for a model or a person: the name of its class, and what it says. */
function describe(error) {
  const text = textOf(error);
  try {
    const name = error.name === "Error" ? error.constructor.name : error.name;
    return typeof name === "string" && name !== "" && text !== "" ? `${name}: ${text}` : name || text;
  } catch {
    return text;
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
