// A session, as the engine knows it.

import { era, monotonic } from "./clock.js";
import { checked, collects, GONE, native, parsed } from "./native.js";
import { shown } from "./options.js";
import { engineOf, policyOf } from "./policy.js";

const SEEDS = 2n ** 64n;
const registry = collects ? new FinalizationRegistry(collected) : undefined;

function collected({ life, handle }) {
  if (handle !== undefined) {
    life.engine?.turnDrop(handle);
  }
}

/** The process or the conversation, as the engine knows it; clients and the user's route objects stay here. */
export class MachineSession {
  #clients = [];
  /** The clients that attempts began with. */
  #pinned = new WeakMap();
  #clock;
  #era = era;
  #policy;
  /** What is known of it to those who tell that turns were collected: not more, or nothing would ever be. */
  #life;

  /**
   * @param routes pairs of the user's object and its fields; none for a session without routes.
   * @param oneSlot whether the host keeps one client at a time: making one is making the others not ready.
   */
  constructor(policy, routes, clock, seed, oneSlot = false, restored = undefined) {
    const fields = routes.map(([, one]) => one);
    const make = restored ?? (() => native.EngineSession.begin(engineOf(policy), fields, seedOf(seed), oneSlot));
    this.routes = routes.map(([object]) => object);
    this.#clock = clock ?? undefined;
    this.engine = checked(make);
    this.#life = { engine: this.engine };
  }

  /** A session from a snapshot, over a policy and a chain of today; `epoch` differs from those of the processes before. */
  static restore(text, policy, routes, clock, epoch, wall, oneSlot = false) {
    const fields = routes.map(([, one]) => one);
    const now = clock ? clock() : monotonic();
    const stored = parsed("snapshot", text, "the text of a session's snapshot");
    const make = () => native.EngineSession.restore(stored, engineOf(policy), fields, epoch, now, wall, oneSlot);
    return new MachineSession(policy, routes, clock, undefined, oneSlot, make);
  }

  /** Milliseconds on its clock. */
  now() {
    if (this.#clock !== undefined) {
      return this.#clock();
    }
    if (this.#era !== era) {
      this.#era = era;
      this.engine.onAnotherClock();
    }
    return monotonic();
  }

  get policy() {
    this.#policy ??= policyOf(this.engine);
    return this.#policy;
  }

  /** The state as text; `wall` is milliseconds since the Unix epoch. Clients and permits do not travel. */
  snapshot(wall = Date.now()) {
    return JSON.stringify(this.engine.snapshot(this.now(), wall));
  }

  /** Whether calls of it may be hedged, which is for loops that can have two requests under way at once. */
  get hedges() {
    return this.engine.hedges();
  }

  breakerMetrics(route) {
    return this.engine.metrics(route, this.now());
  }

  orderBreaker(route, order) {
    checked(() => this.engine.order(route, String(order)));
  }

  isolateRoute(route) {
    this.engine.isolate(route, true);
  }

  releaseRoute(route) {
    this.engine.isolate(route, false);
  }

  resetRoute(route) {
    this.engine.reset(route);
  }

  standingApprovals() {
    return this.engine.approvals();
  }

  standFor(tool) {
    this.engine.approve(String(tool));
  }

  withdrawApproval(tool) {
    return this.engine.withdraw(String(tool));
  }

  /** The warning about a client that repeats its requests by itself; without a route, around a plain function. */
  multiplied(route, retries) {
    return this.engine.multiplied(route, retries);
  }

  /** The host has made or closed a route's client by itself, between turns. */
  setReady(route, ready) {
    this.engine.setReady(route, ready);
  }

  /**
   * Drops a turn when nobody holds it any more, unless its handle is taken out of what this returns: somebody else may have
   * its place by then. Where nothing tells of that, it goes with the session.
   */
  keep(turn) {
    const kept = { life: this.#life, handle: turn.handle };
    registry?.register(turn, kept);
    return kept;
  }

  /** Gives its place in the engine back before the collector would, for a host that knows that it is over. */
  release() {
    this.engine.free();
    this.engine = GONE;
    this.#life.engine = undefined;
  }

  /** The end of a `using` block. */
  leave() {
    if (!collects) {
      this.release();
    }
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
    throw new TypeError(`seed: ${shown(seed)} is not allowed; use a whole number or a bigint`);
  }
  return ((BigInt(seed) % SEEDS) + SEEDS) % SEEDS;
}
