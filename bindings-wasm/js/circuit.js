// Breakers and a step counter for those who want nothing else.

import { era, monotonic } from "./clock.js";
import { native, out } from "./engine.js";
import { known } from "./failure.js";
import { checked, keep, TABLES } from "./handles.js";
import { handleOf } from "./policy.js";

/** One breaker by the numbers of a policy's `breaker` part, and one for each key. */
export class Circuit {
  #clock;
  #era = era;

  constructor(policy, clock, maxKeys) {
    this.#clock = clock ?? (() => this.#monotonic());
    const make = () => native.circuitNew(handleOf(policy), maxKeys);
    this.handle = keep(this, TABLES.circuits, checked(make));
  }

  /** A permit, or the milliseconds until asking may be admitted. The permit lapses after `lease`, without it never. */
  admit(lease, key) {
    if (native.circuitAdmit(this.handle, this.#clock(), lease ?? NaN, key)) {
      const [slot, life, generation, since] = out();
      return { permit: { slot, life, generation, since } };
    }
    return { retryIn: known(out()[0]) };
  }

  #monotonic() {
    if (this.#era !== era) {
      this.#era = era;
      native.circuitOnAnotherClock(this.handle);
    }
    return monotonic();
  }

  /** True counts a success, false a failure, undefined gives the permit back. */
  settle({ slot, life, generation, since }, passed) {
    const outcome = passed === undefined ? -1 : Number(passed);
    native.circuitSettle(this.handle, this.#clock(), slot, life, generation, since, outcome);
  }

  metrics(key) {
    return metricsOf(native.circuitMetrics(this.handle, this.#clock(), key));
  }

  order(order, key) {
    checked(() => native.circuitOrder(this.handle, String(order), key));
  }

  /** Takes it out of use; what it returns is for `release`. */
  isolate(key) {
    native.circuitIsolate(this.handle, key);
    const [slot, life] = out();
    return { slot, life };
  }

  release({ slot, life }) {
    native.circuitRelease(this.handle, slot, life);
  }

  reset(key) {
    native.circuitReset(this.handle, key);
  }
}

/** What the engine has just said of a breaker that is in this state. */
export function metricsOf(state) {
  const [calls, failed, slow, failureRate, slowRate, retryIn] = out();
  return {
    state,
    calls,
    failed,
    slow,
    failureRate: known(failureRate),
    slowRate: known(slowRate),
    retryIn: known(retryIn),
  };
}

/** Counts steps up to a policy's `turn.steps`. */
export class StepCounter {
  constructor(policy) {
    this.handle = keep(this, TABLES.counters, native.counterNew(handleOf(policy)));
  }

  /** The number of the step that is taken; undefined when there is none left. */
  tick() {
    return native.counterTick(this.handle) || undefined;
  }

  get taken() {
    return native.counterTaken(this.handle);
  }
}
