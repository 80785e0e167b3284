// Work that is given up on: at a limit, or when a signal is aborted. Whoever waits for it is let go at once, even where
// the work itself does not listen; what it still brings is dropped, and no timer or listener is left behind.

import { hear, unhear } from "../engine/signals.js";
import { words } from "../engine/words.js";
import { CallTimeout } from "../errors.js";
import { Alarm, current } from "./time.js";

/**
 * Work under way that ends once: `won(value)`, `lost(error)`, `late()` at its limit or `left(reason)` by its signal.
 *
 * It is its own alarm and its own listener: a request that works costs no object beside it.
 */
export class Race extends Alarm {
  constructor() {
    super();
    this.source = undefined;
    this.signal = undefined;
    this.isOver = false;
  }

  /** Begins to watch a promise. `until` is on the clock of the source of time. */
  watch(promise, source, until, signal) {
    if (signal?.aborted) {
      this.isOver = true;
      this.left(signal.reason);
    } else {
      this.signal = signal;
      hear(signal, this);
      if (until < Infinity) {
        this.source = source;
        source.arm(this, until);
      }
    }
    // What is dropped is heard, too: a rejection that nobody hears would end the process.
    promise.then(
      (value) => {
        if (this.end()) {
          this.won(value);
        }
      },
      (error) => {
        if (this.end()) {
          this.lost(error);
        }
      },
    );
  }

  /** Whether it was not over before. */
  end() {
    if (this.isOver) {
      return false;
    }
    this.isOver = true;
    this.source?.disarm(this);
    unhear(this.signal, this);
    return true;
  }

  ring() {
    if (this.end()) {
      this.late();
    }
  }

  handleEvent() {
    if (this.end()) {
      this.left(this.signal.reason);
    }
  }
}

/**
 * Runs `work()`, sync or async, and gives up on it after so many milliseconds with a `CallTimeout`, or as soon as the
 * signal is aborted with its reason.
 *
 * @param stop told to `abort(reason)` when it is given up on, and that it is `done()` otherwise.
 * @param clock whose milliseconds they are; by default those of the source of time that is in place.
 */
export function within(timeout, work, what = "the call", { signal, clock, stop } = {}) {
  return new Promise((resolve, reject) => {
    new Limited(resolve, reject, timeout, what, clock, stop).run(work, signal);
  });
}

/** Runs `work()`, and gives up on it when the signal is aborted. */
export function unlessAborted(signal, work) {
  return within(Infinity, work, undefined, { signal });
}

class Limited extends Race {
  constructor(resolve, reject, timeout, what, clock, stop) {
    super();
    this.resolve = resolve;
    this.reject = reject;
    this.timeout = timeout;
    this.what = what;
    this.clock = clock;
    this.stop = stop;
    this.ends = undefined;
  }

  run(work, signal) {
    if (signal?.aborted) {
      this.left(signal.reason);
      return;
    }
    const source = current();
    const until = this.timeout < Infinity ? source.now() + this.timeout : Infinity;
    this.ends = this.clock === undefined ? undefined : this.clock() + this.timeout;
    let value;
    try {
      value = work();
    } catch (error) {
      signal?.aborted ? this.left(signal.reason) : this.lost(error);
      return;
    }
    this.watch(promised(value), source, until, signal);
  }

  /** By a clock of the caller's own, the time may not be over yet. */
  ring() {
    let left = 0;
    try {
      left = this.clock === undefined ? 0 : this.ends - this.clock();
    } catch (error) {
      if (this.end()) {
        this.lost(error); // a clock of the caller's may throw
      }
      return;
    }
    if (left > 0) {
      this.source.arm(this, this.source.now() + left);
    } else {
      super.ring();
    }
  }

  won(value) {
    this.stop?.done();
    this.resolve(value);
  }

  lost(error) {
    this.stop?.done();
    this.reject(error);
  }

  left(reason) {
    this.reject(reason);
    this.stop?.abort(reason);
  }

  late() {
    this.left(new CallTimeout(words.givenUpOn(this.what, this.timeout)));
  }
}

/**
 * Where a request goes on after its limit: in the async context (`AsyncLocalStorage`, traces) in which this was made. A
 * timer rings in the context of whoever set it, and ours is shared.
 */
export class Home {
  #work = [];
  #wake;

  constructor() {
    this.#open();
  }

  run(work) {
    this.#work.push(work);
    this.#wake();
  }

  #open() {
    const woken = new Promise((resolve) => {
      this.#wake = resolve;
    });
    woken.then(() => {
      this.#open();
      for (const work of this.#work.splice(0)) {
        work();
      }
    });
  }
}

/** Whether a value has to be waited for. */
export function isThenable(value) {
  const isHolder = (typeof value === "object" && value !== null) || typeof value === "function";
  return value instanceof Promise || (isHolder && typeof value.then === "function");
}

/** A value or a thenable as a promise. */
export function promised(value) {
  return value instanceof Promise ? value : Promise.resolve(value);
}
