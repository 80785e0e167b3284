// One session over several routes: for those with a loop or a framework of their own.

import { passGate } from "./approval.js";
import { classify, explain, judged } from "./classify.js";
import { Clients, runtimes } from "./clients.js";
import { found, within } from "./context.js";
import { drive } from "./drive.js";
import { CallTimeout, DeadlineExceeded, InvalidOption, StepLimitExceeded } from "./errors.js";
import { driveHedged } from "./hedged.js";
import { Isolation } from "./isolation.js";
import { Call, MachineSession, MachineTurn, Policy, stands, words } from "./machine.js";
import { checkFunction, checkOptionalFunction, checkOptions, checkSignal, checkSpan, shown } from "./options.js";
import { get } from "./peek.js";
import { Home, isThenable, promised, Race } from "./race.js";
import { fieldsOf, Route } from "./route.js";
import { restoring } from "./rows.js";
import { Runtime } from "./runtime.js";
import { streamOf } from "./streaming.js";
import { current } from "./time.js";

const OPTIONS = ["routes", "policy", "clock", "sleep", "seed", "log", "runtime"];
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
    const { routes, policy = new Policy(), clock, sleep, seed, log = toConsole, runtime } = options ?? {};
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
    if (runtime !== undefined && !(runtime instanceof Runtime)) {
      throw new TypeError(`Session: runtime: ${shown(runtime)} is not a Runtime`);
    }
    this.runtime = runtime;
    const pairs = this.routes.map((route, place) => [route, this.#fieldsOf(route, place)]);
    this.core = new MachineSession(policy, pairs, this.clock, seed, runtime !== undefined);
    /** Who uses which client; undefined where there are none. */
    this.clients = Clients.areNeeded(this) ? new Clients(this) : undefined;
  }

  #fieldsOf(route, place) {
    if (this.runtime !== undefined) {
      return runtimes.fieldsOf(this.runtime, route, place, fieldsOf(route));
    }
    if (route.runtime !== undefined) {
      throw new InvalidOption(`routes[${place}].runtime: not allowed without a Runtime; use the option runtime`);
    }
    return fieldsOf(route);
  }

  get policy() {
    return this.core.policy;
  }

  /**
   * Begins a turn: one request of a user, or a part of one. `deadline`, in milliseconds, can only shorten the policy's own. It has
   * the time left of its `parent` at most, by default the current turn, and with `shareBudgets` uses up its budgets, too.
   */
  turn(options) {
    checkOptions("turn", options, ["deadline", "parent", "shareBudgets"]);
    return new Turn(this, options);
  }

  /** What the breaker of a route is doing now. */
  breaker(route) {
    return this.breakerMetrics(route).state;
  }

  /** What the breaker of a route goes by now. It is that of the route's deployment. */
  breakerMetrics(route) {
    return this.core.breakerMetrics(this.#place(route));
  }

  /** Takes a route out of use, with all routes to the same deployment, until what this returns is released. */
  isolate(route) {
    const place = this.#place(route);
    this.core.isolateRoute(place);
    return new Isolation(() => this.core.releaseRoute(place));
  }

  /** Orders the breaker of a route to refuse, until `automatic`. */
  forceOpen(route) {
    this.core.orderBreaker(this.#place(route), "force_open");
  }

  /** Orders it to let everything pass and to count nothing, until `automatic`. */
  forceClosed(route) {
    this.core.orderBreaker(this.#place(route), "force_closed");
  }

  /** Orders it to let everything pass and to count it, until `automatic`. */
  metricsOnly(route) {
    this.core.orderBreaker(this.#place(route), "metrics_only");
  }

  /** Takes such an order back: it decides by itself again, with what it counted meanwhile. */
  automatic(route) {
    this.core.orderBreaker(this.#place(route), "automatic");
  }

  /** Forgets all that was held against a route: breakers close, rests end. What was ordered by hand stays. */
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

  /**
   * Closes the clients that `activate` made; one that is in use, when its last request ends. The session can be used on: a
   * route's client is made again before it is next asked.
   */
  async close() {
    await this.clients?.closeAll();
  }

  /** The host's own: makes a route's client, or makes it again. */
  async prepare(change, signal) {
    return this.clients === undefined || (await this.clients.prepare(change, signal));
  }

  /** The host's own: a request begins, and uses the client of its attempt. */
  hold(attempt) {
    this.clients?.hold(attempt);
  }

  /** The host's own: it ended, failed, or was given up on. */
  letGo(attempt) {
    this.clients?.letGo(attempt);
  }

  /** The host's own: a client is in service, which may ask again by itself. */
  lookAt(client, route) {
    this.#warnOf(get(client, "maxRetries"), route);
  }

  /** The host's own: what a failure is, by the session's policy; and the one place that learns who else asks again. */
  judge(error, attempt) {
    const route = attempt?.route;
    const provider = route?.provider ?? this.runtime?.provider;
    const [failure, retries] = judged(error, { provider }, this.policy);
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
  /** @param owner the session. @param options `tools` for a turn that runs them itself, and those of `Session.turn`. */
  constructor(owner, { tools = [], deadline, parent, shareBudgets = false, restored } = {}) {
    const above = restored === undefined ? found("turn", parent) : undefined;
    super(owner.core, tools, restored);
    this.owner = owner;
    this.home = undefined;
    if (above !== undefined) {
      this.inherit(above, shareBudgets);
    }
    if (deadline !== undefined) {
      checkSpan("turn", "deadline", deadline);
      this.shorten(deadline);
    }
    runtimes.begin(owner.runtime, this);
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

  /** What became of the turn so far. */
  report() {
    const { inputTokens, outputTokens, spentInputTokens, spentOutputTokens, ...report } = this.tally();
    const spent = { inputTokens: spentInputTokens, outputTokens: spentOutputTokens };
    return { ...report, usage: { inputTokens, outputTokens }, spent };
  }
}

// `using` and `await using`, where the language has them.
if (Symbol.dispose !== undefined) {
  Turn.prototype[Symbol.dispose] = Turn.prototype.end;
}
if (Symbol.asyncDispose !== undefined) {
  Session.prototype[Symbol.asyncDispose] = Session.prototype.close;
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
