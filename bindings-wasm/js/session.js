// One session over several routes: for those with a loop or a framework of their own.

import { passGate } from "./approval.js";
import { classify, explain, judged, textOf } from "./classify.js";
import { drive } from "./drive.js";
import { CallTimeout, DeadlineExceeded, InvalidOption, StepLimitExceeded } from "./errors.js";
import { driveHedged } from "./hedged.js";
import { MachineSession, MachineTurn, Policy, stands, words } from "./machine.js";
import { checkFunction, checkOptionalFunction, checkOptions, checkSignal, checkSpan, shown } from "./options.js";
import { get } from "./peek.js";
import { Home, isThenable, promised, Race } from "./race.js";
import { fieldsOf, Route } from "./route.js";
import { restoring } from "./rows.js";
import { streamOf } from "./streaming.js";
import { current } from "./time.js";

const OPTIONS = ["routes", "policy", "clock", "sleep", "seed", "log"];
const JUDGING = ["phase", "provider"];

/**
 * The process or the conversation: one policy, one chain of routes, and what has been learnt about them. The options
 * are explained in the types.
 */
export class Session {
  #log;
  #hasWarned = false;

  constructor(options) {
    checkOptions("Session", options ?? {}, OPTIONS);
    const { routes, policy = new Policy(), clock, sleep, seed, log = toConsole } = options ?? {};
    if (typeof routes === "string" || typeof routes?.[Symbol.iterator] !== "function") {
      throw new TypeError(`Session: routes: ${shown(routes)} is not a list; use one such as ["primary", "backup"]`);
    }
    for (const [name, hook] of Object.entries({ clock, sleep, log })) {
      checkOptionalFunction(`Session: ${name}`, hook);
    }
    this.routes = [...routes].map(Route.of);
    if (this.routes.length === 0) {
      throw new InvalidOption("routes: an empty chain is not allowed; use 1 to 64 routes");
    }
    this.sleep = sleep ?? undefined;
    this.clock = clock ?? undefined;
    this.#log = log;
    this.core = new MachineSession(
      policy,
      this.routes.map((route) => [route, fieldsOf(route)]),
      this.clock,
      seed,
    );
  }

  get policy() {
    return this.core.policy;
  }

  /** Begins a turn: one request of a user. `deadline`, in milliseconds, can only shorten the policy's own. */
  turn(options) {
    checkOptions("turn", options, ["deadline"]);
    return new Turn(this, options);
  }

  /** What the breaker of a route would do with a call now: `closed`, `open` or `half_open`. */
  breaker(route) {
    return this.core.breakerState(this.#place(route));
  }

  /** Forgets all that was held against a route: breakers close, rests end. */
  reset(route) {
    this.core.resetRoute(this.#place(route));
  }

  /** What kind of failure an error is, by this session's policy. */
  classify(error, options) {
    checkOptions("classify", options, JUDGING);
    return classify(error, { ...options, policy: this.policy });
  }

  /** The same with the rule that decided, the facts that made it hold, and what the engine will do. */
  explain(error, options) {
    checkOptions("explain", options, JUDGING);
    return explain(error, { ...options, policy: this.policy });
  }

  /** Tools that were approved for longer than one call. */
  approvals() {
    return this.core.standingApprovals();
  }

  /** Takes back such an approval; false if there was none. */
  withdrawApproval(tool) {
    return this.core.withdrawApproval(tool);
  }

  /** The host's own: makes a route's client, or makes it again. The new one takes its place only once it is there. */
  async prepare(change, signal) {
    const route = this.routes[change.route];
    try {
      if (change.kind === "rebuild") {
        await route.close?.(this.core.clientOf(change.route));
      }
      const client = await route.activate?.(route);
      if (signal?.aborted) {
        await route.close?.(client); // nobody waits for it any more, and nobody else would close it
        return false;
      }
      this.core.setClient(change.route, client);
      this.#warnOf(get(client, "maxRetries"), route);
      return true;
    } catch (error) {
      this.log("warn", `the client of route ${route.name} could not be made: ${textOf(error)}`);
      return false;
    }
  }

  /** The host's own: what a failure is, by the session's policy; and the one place that learns who else asks again. */
  judge(error, attempt) {
    const route = attempt?.route;
    const [failure, retries] = judged(error, { provider: route?.provider }, this.policy);
    this.#warnOf(retries, route);
    return failure;
  }

  /** Two that repeat the same request multiply it: once is enough to say so. */
  #warnOf(retries, route) {
    if (Number.isSafeInteger(retries) && retries > 0 && !this.#hasWarned) {
      this.#hasWarned = true;
      this.log("warn", this.core.multiplied(route?.name, retries));
    }
  }

  /** The host's own: an entry for whoever listens. A log that fails must not break what it tells of. */
  log(level, message, at = undefined) {
    try {
      this.#log?.(at === undefined ? { level, message } : { level, at, message });
    } catch {}
  }

  #place(name) {
    const place = this.routes.findIndex((route) => route.name === name);
    if (place < 0) {
      const names = this.routes.map((route) => route.name).join(", ");
      throw new InvalidOption(`route: ${shown(name)} is not allowed; use one of ${names}`);
    }
    return place;
  }
}

function toConsole({ level, message }) {
  if (level === "warn") {
    console.warn(`failsoft: ${message}`);
  }
}

/** One request of a user. It begins at the primary, and all its calls share one deadline and one account. */
export class Turn extends MachineTurn {
  /** @param owner the session. @param options `tools` for a turn that runs them itself, and `deadline`. */
  constructor(owner, { tools = [], deadline, restored } = {}) {
    super(owner.core, tools, restored);
    this.owner = owner;
    this.home = undefined;
    if (deadline !== undefined) {
      checkSpan("turn", "deadline", deadline);
      this.shorten(deadline);
    }
  }

  /** A turn of this session from its snapshot, its tools given anew. After a death, report `interrupted` first. */
  static restore(owner, text, tools = [], wall = Date.now()) {
    return new Turn(owner, { tools, restored: restoring(owner.core, text, tools, wall) });
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
      const entered = this.enter();
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

  #slowly(call, request, signal, last) {
    const { sleep } = this.owner;
    const judge = (error, attempt) => this.owner.judge(error, attempt);
    const loop = this.owner.core.hedges ? driveHedged : drive;
    return loop(call, request, this.owner, { sleep, judge, signal, last });
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

  /** What became of the turn so far. */
  report() {
    const { inputTokens, outputTokens, spentInputTokens, spentOutputTokens, ...report } = this.tally();
    const spent = { inputTokens: spentInputTokens, outputTokens: spentOutputTokens };
    return { ...report, usage: { inputTokens, outputTokens }, spent };
  }
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
  checkOptions("call", options, ["signal"]);
  const signal = options.signal ?? undefined;
  checkSignal("call", signal);
  return signal;
}
