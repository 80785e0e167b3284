// The JavaScript side of the differential test: plays scripts, and writes down all that the machine says. Nothing here needs Node.
// What a script is, and what stands in a transcript, is told in `tests/src/differential.rs`.

import { commandFields, failure, failureFields, ms, plain } from "./form.mjs";
import { Actor, Timeline } from "./timeline.mjs";

const TOOL_CALLS = 4;

/** What is told of these scripts, one a line. */
export function transcript(machine, chunk) {
  const told = [];
  const lines = chunk.split("\n").filter((line) => line !== "");
  for (const [place, line] of lines.entries()) {
    told.push(`script ${place}`);
    const stage = new Stage(machine, JSON.parse(line), told);
    try {
      stage.play();
    } finally {
      stage.close();
    }
  }
  return [...told, ""].join("\n");
}

/** One session, its turns by number, and the transcript so far. */
class Stage extends Timeline {
  constructor(machine, { seed, snapshots, ...script }, told) {
    super(machine, { ...script, seed: BigInt(seed) }, "plain");
    Object.assign(this, { told, snapshots });
  }

  play() {
    for (const [at, turn, verb, value] of this.vector.steps) {
      this.now = at;
      this.told.push(`${at} ${verb}${this.act(turn, verb, value)}`);
      for (const notice of this.actors.get(turn)?.turn.notices() ?? []) this.told.push(noticed(notice));
    }
    this.left();
  }

  act(turn, verb, value) {
    switch (verb) {
      case "turn":
        this.actors.set(turn, new Player(this));
        if (value !== null) this.actors.get(turn).turn.streamOn(value.routes, value.restartable);
        return "";
      case "snapshot":
        this.restore(value);
        return "";
      case "breaker":
        return ` ${toJSON(this.metrics(value))}`;
      case "order":
        this.session.orderBreaker(value.route, value.order);
        return "";
      case "isolate":
        this.session.isolateRoute(value);
        return "";
      case "release":
        this.session.releaseRoute(value);
        return "";
      case "reset":
        this.session.resetRoute(value);
        return "";
      case "stand_for":
        this.session.standFor(value);
        return "";
      case "withdraw":
        return ` ${this.session.withdrawApproval(value)}`;
      default:
        return this.actors.get(turn).act(verb, value);
    }
  }

  /** What a breaker goes by: a word, and numbers; rates in thousandths, the time when it may be asked in milliseconds. */
  metrics(place) {
    const { state, calls, failed, slow, failureRate, slowRate, retryIn } = this.session.breakerMetrics(place);
    const rate = (part) => (part === undefined ? null : Math.round(part * 1000));
    const retryAt = retryIn === undefined ? null : this.now + retryIn;
    return [state, calls, failed, slow, rate(failureRate), rate(slowRate), retryAt];
  }

  /** What a snapshot holds, where the script asks for it: hosts order its fields as they like. */
  content(of) {
    return this.snapshots ? JSON.parse(of.snapshot(this.wall + this.now)) : null;
  }

  /** Tells what is left. */
  left() {
    const { session } = this;
    const told = {
      breakers: this.names.map((_, place) => this.metrics(place)),
      approvals: session.standingApprovals(),
      snapshot: this.content(session),
    };
    this.told.push(`session ${toJSON(told)}`);
    for (const [turn, player] of this.actors) this.told.push(`turn ${turn} ${toJSON(player.left())}`);
  }
}

class Player extends Actor {
  get machine() {
    return this.call ?? this.turn;
  }

  act(verb, value) {
    switch (verb) {
      case "call":
        this.hold(new this.host.machine.Call(this.turn, plain(value)));
        return "";
      case "poll":
        return this.say(this.machine.poll());
      case "next":
        return this.say(this.machine.next());
      case "enter":
        return this.enterBy(value);
      case "settle":
        this.end(value);
        return "";
      case "take_step":
        return ` ${JSON.stringify(this.turn.takeStep() ?? null)}`;
      case "shorten":
        this.turn.shorten(value);
        return "";
      default:
        return this.event(verb, value) ? " accepted" : " stale";
    }
  }

  say(command) {
    const [[word, said]] = Object.entries(commandFields(command, this.host.names, this.host.now));
    if (command.kind === "finish") {
      const { message, timedOut, retryIn } = command;
      const raised = [command.raised(false), command.raised(true)];
      const more = {
        retry_in_ms: ms(retryIn),
        timed_out: timedOut,
        raised,
        failure: ofFailure(command.failure),
        message,
      };
      Object.assign(said, more);
      delete said.retry_at_ms;
    }
    return ` ${word} ${toJSON(said)}`;
  }

  enterBy({ streaming, restartable }) {
    const entered = this.turn.enter(streaming, restartable);
    if (entered.kind === "attempt") {
      [this.call, this.letThrough] = [undefined, entered];
      return this.say(entered);
    }
    this.hold(entered);
    return " slow";
  }

  end(value) {
    if (value === "succeeded") this.turn.settle(this.letThrough);
    else if (value === "abandoned") this.turn.settleAbandoned(this.letThrough);
    else this.hold(this.turn.settleFailed(this.letThrough, failure(this.host.machine, value.failed)));
  }

  left() {
    const { turn, host } = this;
    const tally = turn.tally();
    const outcomes = Array.from({ length: TOOL_CALLS }, (_, index) => {
      const { outcome, limit } = turn.outcome(index) ?? {};
      return [outcome, limit, turn.sentence(index)];
    });
    return {
      route: tally.route,
      stop_reason: tally.stopReason,
      degraded: tally.degraded,
      steps: tally.steps,
      attempts: tally.attempts,
      tool_calls: tally.toolCalls,
      blocked: tally.blocked,
      input_tokens: tally.inputTokens,
      output_tokens: tally.outputTokens,
      spent_input_tokens: tally.spentInputTokens,
      spent_output_tokens: tally.spentOutputTokens,
      failure: ofFailure(tally.failure),
      lines: tally.lines,
      time_left_ms: ms(turn.timeLeft()),
      degraded_answer: turn.degradedAnswer(),
      outcomes,
      snapshot: host.content(turn),
    };
  }
}

function noticed({ at, line, what, route, attempt, kind, next, delay }) {
  return `  ${at} ${line} ${toJSON([what, route, [attempt, kind, next, ms(delay)]])}`;
}

const ofFailure = (found) => found && Object.values(failureFields(found));

const toJSON = (said) => JSON.stringify(ordered(said));

/** In the order of the names, all the way down. Absent is null: in lists JSON says so by itself. */
function ordered(value) {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value ?? null;
  const sorted = {};
  for (const name of Object.keys(value).sort()) sorted[name] = ordered(value[name]);
  return sorted;
}
