// Breakers and a step counter for those who want nothing else.

import { era, monotonic } from "./clock.js";
import { checked, collects, GONE, known, native, out } from "./native.js";
import { engineOf } from "./policy.js";

/** One breaker by the numbers of a policy's `breaker` part, and one for each key. */
export class Circuit {
  #clock;
  #era = era;

  constructor(policy, clock, maxKeys) {
    this.#clock = clock ?? (() => this.#monotonic());
    this.engine = checked(() => native.EngineCircuit.begin(engineOf(policy), maxKeys));
  }

  #monotonic() {
    if (this.#era !== era) {
      this.#era = era;
      this.engine.onAnotherClock();
    }
    return monotonic();
  }

  /** A permit, or the milliseconds until asking may be admitted. The permit lapses after `lease`, without it never. */
  admit(lease, key) {
    if (this.engine.admit(this.#clock(), lease ?? NaN, key)) {
      const [slot, life, generation, since] = out();
      return { permit: { slot, life, generation, since } };
    }
    return { retryIn: known(out()[0]) };
  }

  /** True counts a success, false a failure, undefined gives the permit back. */
  settle({ slot, life, generation, since }, passed) {
    const outcome = passed === undefined ? -1 : Number(passed);
    this.engine.settle(this.#clock(), slot, life, generation, since, outcome);
  }

  metrics(key) {
    return this.engine.metrics(this.#clock(), key);
  }

  order(order, key) {
    checked(() => this.engine.order(String(order), key));
  }

  /** Takes it out of use; what it returns is for `release`. */
  isolate(key) {
    this.engine.isolate(key);
    const [slot, life] = out();
    return { slot, life };
  }

  release({ slot, life }) {
    this.engine.release(slot, life);
  }

  reset(key) {
    this.engine.reset(key);
  }

  /** The end of a `using` block. */
  leave() {
    if (!collects) {
      this.engine.free();
      this.engine = GONE;
    }
  }
}

/** Counts steps up to a policy's `turn.steps`. */
export class StepCounter {
  #engine;

  constructor(policy) {
    this.#engine = native.EngineCounter.begin(engineOf(policy));
  }

  /** The number of the step that is taken; undefined when there is none left. */
  tick() {
    return this.#engine.tick();
  }

  get taken() {
    return this.#engine.taken();
  }
}
