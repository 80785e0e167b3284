// A breaker and a step counter for those who want nothing else.

import { monotonic } from "./clock.js";
import { native, out } from "./engine.js";
import { known } from "./failure.js";
import { keep, TABLES } from "./handles.js";
import { handleOf } from "./policy.js";

/** One breaker, by the numbers of a policy's `breaker` part. */
export class Circuit {
  #clock;

  constructor(policy, clock) {
    this.#clock = clock ?? monotonic;
    this.handle = keep(this, TABLES.circuits, native.circuitNew(handleOf(policy)));
  }

  /** A permit, or the milliseconds until asking may be admitted. The permit lapses after `lease`, without it never. */
  admit(lease) {
    const permit = native.circuitAdmit(this.handle, this.#clock(), lease ?? NaN);
    return permit < 0 ? { retryIn: known(out()[0]) } : { permit };
  }

  /** True counts a success, false a failure, undefined gives the permit back. */
  settle(permit, passed) {
    native.circuitSettle(this.handle, this.#clock(), permit, passed === undefined ? -1 : Number(passed));
  }

  state() {
    return native.circuitState(this.handle, this.#clock());
  }
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
