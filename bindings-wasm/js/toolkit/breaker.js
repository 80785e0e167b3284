// A circuit breaker for those who want nothing else.

import { Circuit } from "../engine/circuit.js";
import { steady } from "../engine/clock.js";
import {
  checkClass,
  checkFunction,
  checkOptionalFunction,
  checkOptions,
  isGenerator,
  shown,
} from "../engine/options.js";
import { Policy } from "../engine/policy.js";
import { foreignName, words } from "../engine/words.js";
import { BreakerOpen } from "../errors.js";
import { classify } from "../facts/classify.js";
import { isThenable, promised } from "../loops/race.js";
import { Isolation } from "./isolation.js";
import { named } from "./retry.js";

const NUMBERS = ["consecutive", "rate", "minCalls", "window", "countWindow", "slow", "slowRate", "open", "maxOpen"];
NUMBERS.push("probes", "successes", "halfOpen");

/**
 * Stops calling what keeps failing, and tries again with exactly one probe: `await breaker.call(fn, ...args)`, or
 * `breaker.wrap(fn)`. Every error counts but those in `ignore` and what an abort leaves, such as an `AbortError`: whoever
 * was called off proves nothing. The options are explained in the types.
 */
export class CircuitBreaker {
  #circuit;
  #ignore;
  #key;

  constructor(options) {
    if (options instanceof Keyed) {
      [this.#circuit, this.#ignore, this.#key] = options.parts;
      return;
    }
    checkOptions("CircuitBreaker", options, [...NUMBERS, "maxKeys", "ignore", "clock"]);
    const { ignore = [], clock, maxKeys, ...numbers } = options ?? {};
    this.#ignore = Array.isArray(ignore) ? ignore : [ignore];
    for (const one of this.#ignore) {
      checkClass("CircuitBreaker: ignore", one);
    }
    checkOptionalFunction("CircuitBreaker: clock", clock);
    this.#circuit = new Circuit(new Policy({ breaker: numbers }), steady(clock), maxKeys);
  }

  /**
   * The breaker of a key, with the same numbers and methods. Equal keys of one `CircuitBreaker` are one breaker; an
   * unknown one is closed.
   */
  keyed(key) {
    if (typeof key !== "string") {
      throw new TypeError(`CircuitBreaker: key: ${shown(key)} is not text`);
    }
    return ofKey([this.#circuit, this.#ignore, key]);
  }

  /** What it is doing now. */
  get state() {
    return this.metrics.state;
  }

  /** What it goes by now. */
  get metrics() {
    return this.#circuit.metrics(this.#key);
  }

  /** Takes it out of use until what this returns is released. Where several hold it, the last one counts. */
  isolate() {
    const held = this.#circuit.isolate(this.#key);
    return new Isolation(() => this.#circuit.release(held));
  }

  /** Orders it to refuse, until `automatic`. */
  forceOpen() {
    this.#circuit.order("force_open", this.#key);
  }

  /** Orders it to let everything pass and to count nothing, until `automatic`. What it had learnt is forgotten. */
  forceClosed() {
    this.#circuit.order("force_closed", this.#key);
  }

  /** Orders it to let everything pass and to count it, until `automatic`. */
  metricsOnly() {
    this.#circuit.order("metrics_only", this.#key);
  }

  /** Ends the manual override: it decides by itself again, with what it counted meanwhile. */
  automatic() {
    this.#circuit.order("automatic", this.#key);
  }

  /** Closes it and forgets what it has learnt. A manual override stays. */
  reset() {
    this.#circuit.reset(this.#key);
  }

  /** The end of a `using` block. A breaker of a key goes with the one that it is of. */
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    if (this.#key === undefined) {
      this.#circuit.leave();
    }
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
      throw new TypeError(
        `CircuitBreaker: ${foreignName(name)} is a generator: guard the function that reads it to its end`,
      );
    }
    const breaker = this;
    return named(fn, function (...given) {
      return breaker.call(() => fn.apply(this, given));
    });
  }

  #guard(work) {
    const { permit, retryIn } = this.#circuit.admit(undefined, this.#key);
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
    return this.#ignore.some((one) => error instanceof one) || classify(error).kind === "cancelled";
  }
}

function ofKey(parts) {
  return new CircuitBreaker(new Keyed(parts));
}

/** What `keyed` makes a breaker of, in place of options. */
class Keyed {
  constructor(parts) {
    this.parts = parts;
  }
}
