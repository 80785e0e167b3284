// One session over several routes: for those with a loop or a framework of their own.

import { steady } from "../engine/clock.js";
import { checkOptionalFunction, checkOptions, shown } from "../engine/options.js";
import { Policy } from "../engine/policy.js";
import { MachineSession } from "../engine/session.js";
import { foreignName } from "../engine/words.js";
import { InvalidOption } from "../errors.js";
import { classify, explain, judged } from "../facts/classify.js";
import { get } from "../facts/peek.js";
import { Isolation } from "../toolkit/isolation.js";
import { Clients, runtimes } from "./clients.js";
import { fieldsOf, Route } from "./route.js";
import { Runtime } from "./runtime.js";
import { Turn } from "./turn.js";

const OPTIONS = ["routes", "policy", "clock", "sleep", "seed", "log", "runtime"];
const JUDGING = ["phase", "provider"];
const OF_A_TURN = ["deadline", "parent", "shareBudgets", "runId"];

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
    this.clock = steady(clock);
    this.#log = log;
    if (runtime !== undefined && runtime !== null && !(runtime instanceof Runtime)) {
      throw new TypeError(`Session: runtime: ${shown(runtime)} is not a Runtime`);
    }
    this.runtime = runtime ?? undefined;
    const pairs = this.routes.map((route, place) => [route, this.#fieldsOf(route, place)]);
    this.core = new MachineSession(policy, pairs, this.clock, seed, this.runtime !== undefined);
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
   * the time left of its `parent` at most, by default the current turn, and with `shareBudgets` uses up its budgets, too. A turn with
   * a `runId` repeats its idempotency keys when it is run again.
   */
  turn(options) {
    checkOptions("turn", options, OF_A_TURN);
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

  /** Ends the manual override: it decides by itself again, with what it counted meanwhile. */
  automatic(route) {
    this.core.orderBreaker(this.#place(route), "automatic");
  }

  /** Forgets all that was held against a route: breakers close, cooldowns end. A manual override stays. */
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

  /** The end of an `await using` block. */
  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.close();
    this.core.leave();
  }

  /** The end of a `using` block: clients are closed, and not waited for. */
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
    this.core.leave();
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
      const names = this.routes.map((route) => foreignName(route.name)).join(", ");
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
