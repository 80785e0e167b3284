// A session, as the engine knows it.

import { metricsOf } from "./circuit.js";
import { era, monotonic } from "./clock.js";
import { native } from "./engine.js";
import { checked, GONE, keep, letGo, parsed, TABLES } from "./handles.js";
import { handleOf, policyOf } from "./policy.js";

const SEEDS = 2n ** 64n;

/** The process or the conversation, as the engine knows it; clients and the user's route objects stay here. */
export class MachineSession {
  #clients = [];
  /** The clients that attempts began with. */
  #pinned = new WeakMap();
  #clock;
  #era = era;
  #policy;

  /**
   * @param routes pairs of the user's object and its fields; none for a session without routes.
   * @param oneSlot whether the host keeps one client at a time: making one is making the others not ready.
   */
  constructor(policy, routes, clock, seed, oneSlot = false, restored = undefined) {
    const fields = routes.map(([, one]) => one);
    const make = restored ?? (() => native.sessionNew(handleOf(policy), fields, seedOf(seed), oneSlot));
    this.routes = routes.map(([object]) => object);
    this.#clock = clock ?? undefined;
    this.handle = keep(this, TABLES.sessions, checked(make));
    this.routeNames = fields.map((one) => one.name ?? one);
  }

  /** A session from a snapshot, over a policy and a chain of today; `epoch` differs from those of the processes before. */
  static restore(text, policy, routes, clock, epoch, wall, oneSlot = false) {
    const fields = routes.map(([, one]) => one);
    const now = clock ? clock() : monotonic();
    const stored = parsed("snapshot", text, "the text of a session's snapshot");
    const make = () => native.sessionRestore(stored, handleOf(policy), fields, epoch, now, wall, oneSlot);
    return new MachineSession(policy, routes, clock, undefined, oneSlot, make);
  }

  /** Milliseconds on its clock. */
  now() {
    if (this.#clock !== undefined) {
      return this.#clock();
    }
    if (this.#era !== era) {
      this.#era = era;
      native.sessionOnAnotherClock(this.handle);
    }
    return monotonic();
  }

  get policy() {
    this.#policy ??= policyOf(this.handle);
    return this.#policy;
  }

  /** The state as text; `wall` is milliseconds since the Unix epoch. Clients and permits do not travel. */
  snapshot(wall = Date.now()) {
    return JSON.stringify(native.sessionSnapshot(this.handle, this.now(), wall));
  }

  /** Whether calls of it may be hedged, which is for loops that can have two requests under way at once. */
  get hedges() {
    return native.sessionHedges(this.handle);
  }

  breakerMetrics(route) {
    return metricsOf(native.sessionMetrics(this.handle, route, this.now()));
  }

  orderBreaker(route, order) {
    checked(() => native.sessionOrder(this.handle, route, String(order)));
  }

  isolateRoute(route) {
    native.sessionIsolate(this.handle, route, true);
  }

  releaseRoute(route) {
    native.sessionIsolate(this.handle, route, false);
  }

  resetRoute(route) {
    native.sessionReset(this.handle, route);
  }

  standingApprovals() {
    return native.sessionApprovals(this.handle);
  }

  standFor(tool) {
    native.sessionApprove(this.handle, String(tool));
  }

  /** The warning about a client that repeats its requests by itself; without a route, around a plain function. */
  multiplied(route, retries) {
    return native.sessionMultiplied(this.handle, route, retries);
  }

  withdrawApproval(tool) {
    return native.sessionWithdraw(this.handle, String(tool));
  }

  /** Gives its place in the engine back before the collector would, for a host that knows that it is over. */
  release() {
    letGo(this, TABLES.sessions, this.handle);
    this.handle = GONE;
  }

  /** The host has made or closed a route's client by itself, between turns. */
  setReady(route, ready) {
    native.sessionSetReady(this.handle, route, ready);
  }

  /** A route's client; for an attempt that was pinned, the one that it began with. */
  clientOf(route, attempt) {
    return attempt !== undefined && this.#pinned.has(attempt) ? this.#pinned.get(attempt) : this.#clients[route];
  }

  pin(attempt, client) {
    this.#pinned.set(attempt, client);
  }

  setClient(route, client) {
    this.#clients[route] = client;
  }
}

/** A seed of 64 bits; without one the engine asks the platform for randomness, when it first needs it. */
function seedOf(seed) {
  if (seed === undefined || seed === null) {
    return undefined;
  }
  if (typeof seed !== "bigint" && !Number.isSafeInteger(seed)) {
    throw new TypeError(`seed: ${String(seed)} is not allowed; use a whole number or a bigint`);
  }
  return ((BigInt(seed) % SEEDS) + SEEDS) % SEEDS;
}
