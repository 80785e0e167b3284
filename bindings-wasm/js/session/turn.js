// One turn of a session: for those with a loop or a framework of their own.

import { passGate } from "../agent/approval.js";
import { checkFlag, checkFunction, checkOptions, checkSignal, checkSpan, checkText } from "../engine/options.js";
import { stands } from "../engine/policy.js";
import { Call, MachineTurn, restoring } from "../engine/turn.js";
import { words } from "../engine/words.js";
import { CallTimeout, DeadlineExceeded, StepLimitExceeded } from "../errors.js";
import { drive, driveHedged } from "../loops/call.js";
import { found, within } from "../loops/context.js";
import { Home, isThenable, promised, Race } from "../loops/race.js";
import { streamOf } from "../loops/streaming.js";
import { current } from "../loops/time.js";
import { runtimes } from "./clients.js";

/** One request of a user. It begins at the primary, and all its calls share one deadline and one event log. */
export class Turn extends MachineTurn {
  /** @param owner the session. @param options `tools` for a turn that runs them itself, and those of `Session.turn`. */
  constructor(owner, { tools, deadline, parent, shareBudgets = false, runId, restored } = {}) {
    checkFlag("turn: shareBudgets", shareBudgets);
    const above = restored === undefined ? found("turn", parent) : undefined;
    super(owner.core, tools, restored);
    this.owner = owner;
    this.home = undefined;
    if (above !== undefined) {
      this.inherit(above, shareBudgets ?? false);
    }
    if (deadline !== undefined && deadline !== null) {
      checkSpan("turn", "deadline", deadline);
      this.shorten(deadline);
    }
    if (runId !== undefined && runId !== null) {
      checkText("runId", runId);
      this.setRunId(runId);
    }
    runtimes.begin(owner.runtime, this);
  }

  /** A turn of this session from its snapshot, its tools given anew. After a death, report `interrupted` first. */
  static restore(owner, text, tools = [], wall = Date.now()) {
    return made(owner, { tools, restored: restoring(owner.core, text, tools, wall) });
  }

  /**
   * Makes a request by `request(attempt)`, sync or async: again, or on another route, as long as the policy allows.
   *
   * `attempt.route`, `.client`, `.timeout`, `.idempotencyKey` and `.signal` say how to make it. A request that does not
   * listen to the signal is left behind at its limit all the same. Whatever is wrong comes as a rejection: `Exhausted`
   * (everything was tried; the last error is the cause), `BreakerOpen` (nothing could be asked; `retryIn` says when to
   * come back), `DeadlineExceeded` (the turn's time is over), or the original error, unchanged, where asking again
   * cannot help. With `signal`, its reason.
   */
  call(request, options) {
    try {
      const signal = options === undefined ? undefined : signalOf(options);
      checkFunction("call", request);
      signal?.throwIfAborted();
      if (this.owner.clients !== undefined) {
        return this.#slowly(this.#counted(options?.contextTokens), request, signal);
      }
      const entered = this.enter(false, true, options?.contextTokens);
      if (entered.kind !== "attempt") {
        return this.#slowly(entered, request, signal);
      }
      if (signal !== undefined) {
        entered.follow(signal);
      }
      let value;
      let isPending;
      try {
        value = request(entered);
        isPending = isThenable(value);
      } catch (error) {
        return this.after(entered, request, signal, error);
      }
      if (!isPending) {
        entered.done();
        this.settle(entered);
        return Promise.resolve(value);
      }
      this.home ??= new Home();
      return new Promise((resolve, reject) => {
        const asked = new Asked(this, entered, request, resolve, reject);
        const source = current();
        // The engine's own number spares a look at the clock, unless it is on a clock of the caller's.
        const until = this.owner.clock === undefined ? entered.until : source.now() + entered.timeout;
        asked.watch(promised(value), source, until ?? Infinity, signal);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Makes a request that brings a stream, and hands on its chunks: `for await (const chunk of turn.stream(request))`.
   *
   * `request(attempt)` brings whatever can be iterated, such as what an SDK returns for `stream: true`, or a
   * `ReadableStream`. Before the first chunk that is a part of an answer everything may be asked again, unnoticed. After
   * it, a stream that breaks, hangs, or ends without the reason for its end is an error; it is never continued. The
   * options are described in `index.d.ts`. Leaving the loop early closes the source.
   */
  stream(request, options) {
    runtimes.begin(this.owner.runtime, this);
    return streamOf(this, request, options);
  }

  /** The host's own: the first attempt failed, and its call goes on from there by the loop. */
  async after(attempt, request, signal, error) {
    attempt.done();
    if (signal?.aborted) {
      this.settleAbandoned(attempt);
      throw signal.reason;
    }
    const failure = this.owner.judge(error, attempt);
    return this.#slowly(this.settleFailed(attempt, failure), request, signal, error);
  }

  /** A call of a session that counts who uses its clients: it goes the long way, which does. */
  #counted(contextTokens) {
    runtimes.begin(this.owner.runtime, this);
    return new Call(this, { contextTokens });
  }

  #slowly(call, request, signal, last) {
    const { sleep } = this.owner;
    const judge = (error, attempt) => this.owner.judge(error, attempt);
    const loop = this.owner.core.hedges ? driveHedged : drive;
    return loop(call, request, this.owner, { sleep, judge, signal, last });
  }

  /**
   * Runs `fn(turn)`, sync or async, and returns what it does: this is the current turn of all that it starts, where the
   * platform can tell (`AsyncLocalStorage`). Elsewhere it is just run: tell turns their `parent`.
   */
  run(fn) {
    checkFunction("run", fn);
    return within(this, () => fn(this));
  }

  /** Counts a step of your own loop. Throws `StepLimitExceeded` or `DeadlineExceeded` when it may not be taken. */
  step() {
    const limit = this.takeStep();
    if (limit === "deadline") {
      throw new DeadlineExceeded(words.deadlinePassed());
    }
    if (limit !== undefined) {
      throw new StepLimitExceeded(words.noStepsLeft());
    }
  }

  /**
   * Resolves when a tool call of your own loop may run; rejects with `ApprovalDenied`, whose `reason` says why, when it
   * may not. Standing approvals of the session count.
   */
  async gate(tool, given, options) {
    checkOptions("gate", options, ["risky", "approver", "signal"]);
    const { policy } = this.owner;
    const word = await passGate(policy, tool, given, { ...options, standing: this.owner.approvals() });
    if (word !== undefined && stands(word)) {
      this.owner.core.standFor(tool);
    }
  }

  /** Lets the next turn have the session's `Runtime`, which serves one at a time. Without a Runtime it does nothing. */
  end() {
    runtimes.end(this.owner.runtime, this);
  }

  /** The end of a `using` block. */
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.end();
    this.leave();
  }

  /** What became of the turn so far. */
  report() {
    const { inputTokens, outputTokens, spentInputTokens, spentOutputTokens, ...report } = this.tally();
    const spent = { inputTokens: spentInputTokens, outputTokens: spentOutputTokens };
    return { ...report, usage: { inputTokens, outputTokens }, spent };
  }
}

// Apart: a class that names itself in its body is given another name where it is joined to others.
function made(owner, options) {
  return new Turn(owner, options);
}

/** The first attempt of a call, on its short way: most calls end with it. */
class Asked extends Race {
  constructor(turn, attempt, request, resolve, reject) {
    super();
    this.turn = turn;
    this.attempt = attempt;
    this.request = request;
    this.resolve = resolve;
    this.reject = reject;
  }

  won(value) {
    try {
      if (this.signal !== undefined) {
        this.attempt.done();
      }
      this.turn.settle(this.attempt);
    } catch (error) {
      this.reject(error); // a clock of the caller's may throw
      return;
    }
    this.resolve(value);
  }

  lost(error) {
    this.resolve(this.turn.after(this.attempt, this.request, this.signal, error));
  }

  late() {
    const { attempt } = this;
    const error = new CallTimeout(words.givenUpOn("the call", attempt.timeout));
    attempt.abort(error);
    this.turn.home.run(() => this.lost(error));
  }

  left(reason) {
    this.reject(reason);
    this.attempt.abort(reason);
    try {
      this.turn.settleAbandoned(this.attempt);
    } catch {} // a clock of the caller's may throw; the lease ends by itself
  }
}

function signalOf(options) {
  checkOptions("call", options, ["signal", "contextTokens"]);
  const signal = options.signal ?? undefined;
  checkSignal("call", signal);
  return signal;
}
