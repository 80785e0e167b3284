// A circuit breaker for those who want nothing else.

import { BreakerOpen } from "./errors.js";
import { Circuit, Policy, words } from "./machine.js";
import { checkFunction, checkOptionalFunction, checkOptions, isGenerator } from "./options.js";
import { isThenable, promised } from "./race.js";
import { named } from "./retry.js";

const NUMBERS = ["consecutive", "rate", "minCalls", "window", "open", "maxOpen", "probes"];

/**
 * Stops calling what keeps failing, and tries again with exactly one probe: `await breaker.call(fn, ...args)`, or
 * `breaker.wrap(fn)`. Every error counts but those in `ignore` and an `AbortError`: whoever was called off proves
 * nothing. The options are explained in the types.
 */
export class CircuitBreaker {
  #circuit;
  #ignore;

  constructor(options) {
    checkOptions("CircuitBreaker", options, [...NUMBERS, "ignore", "clock"]);
    const { ignore = [], clock, ...numbers } = options ?? {};
    this.#ignore = Array.isArray(ignore) ? ignore : [ignore];
    for (const one of this.#ignore) {
      checkFunction("CircuitBreaker: ignore", one);
    }
    checkOptionalFunction("CircuitBreaker: clock", clock);
    this.#circuit = new Circuit(new Policy({ breaker: numbers }), clock ?? undefined);
  }

  /** `closed`, `open` or `half_open`. */
  get state() {
    return this.#circuit.state();
  }

  /** Calls `fn(...given)`, sync or async, if the breaker lets it; else rejects with `BreakerOpen`. */
  call(fn, ...given) {
    try {
      checkFunction("call", fn);
      return this.#guard(() => fn(...given));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** A function of the same parameters that is guarded. */
  wrap(fn) {
    checkFunction("wrap", fn);
    if (isGenerator(fn)) {
      const name = fn.name || "this";
      throw new TypeError(`CircuitBreaker: ${name} is a generator: guard the function that reads it to its end`);
    }
    const breaker = this;
    return named(fn, function (...given) {
      return breaker.call(() => fn.apply(this, given));
    });
  }

  #guard(work) {
    const { permit, retryIn } = this.#circuit.admit();
    if (permit === undefined) {
      throw new BreakerOpen(words.breakerOpen(retryIn), { retryIn });
    }
    const works = (value) => {
      this.#circuit.settle(permit, true);
      return value;
    };
    const fails = (error) => {
      this.#circuit.settle(permit, this.#isNeutral(error) ? undefined : false);
      throw error;
    };
    let value;
    try {
      value = work();
      if (!isThenable(value)) {
        value = works(value);
        return Promise.resolve(value);
      }
    } catch (error) {
      return fails(error);
    }
    return promised(value).then(works, fails);
  }

  #isNeutral(error) {
    return error?.name === "AbortError" || this.#ignore.some((one) => error instanceof one);
  }
}
