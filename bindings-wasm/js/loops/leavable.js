// Streams that can be left at any time, also while they wait.

import { hear, unhear } from "../engine/signals.js";

/**
 * An async generator whose `return()` does not wait for what the generator waits for. One that nobody holds any more is
 * left, too.
 */
export class Leavable {
  #reading;

  /**
   * @param make makes the generator when the first value is asked for. It is given a signal, which follows that of the
   *   caller and is aborted when the stream is left.
   */
  constructor(make, caller) {
    this.#reading = new Reading(make, caller);
  }

  async next() {
    dropped?.unregister(this);
    const step = await this.#reading.next();
    if (!step.done) {
      // Only while it is in the consumer's hands: who still waits for a value has not dropped it.
      dropped?.register(this, this.#reading, this);
    }
    return step;
  }

  /** Leaves it: what it reads is closed, and what it waits for is not waited for. */
  async return(value) {
    dropped?.unregister(this);
    await this.#reading.leave();
    return { done: true, value };
  }

  async throw(error) {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    await this.return();
  }
}

/** What is read. It does not know who reads it, so that a stream that was dropped can be collected, and left. */
class Reading {
  #make;
  #caller;
  #controller = new AbortController();
  #values = undefined;
  #isLeft = false;

  constructor(make, caller) {
    this.#make = make;
    this.#caller = caller;
  }

  async next() {
    if (this.#isLeft) {
      return END;
    }
    try {
      const step = await this.#begun().next();
      if (step.done) {
        this.#end();
      }
      return step;
    } catch (error) {
      if (this.#isLeft) {
        return END;
      }
      this.#end();
      throw error;
    }
  }

  async leave() {
    if (!this.#isLeft) {
      this.#end();
      this.#controller.abort(new DOMException("its consumer left the stream", "AbortError"));
      await this.#values?.return().catch(() => {}); // how that goes interests nobody any more
    }
  }

  /** The caller's signal was aborted. */
  handleEvent() {
    this.#controller.abort(this.#caller.reason);
  }

  #begun() {
    if (this.#values === undefined) {
      this.#values = this.#make(this.#controller.signal);
      if (this.#caller?.aborted) {
        this.handleEvent();
      } else {
        hear(this.#caller, this);
      }
    }
    return this.#values;
  }

  #end() {
    this.#isLeft = true;
    unhear(this.#caller, this);
  }
}

const dropped = globalThis.FinalizationRegistry && new FinalizationRegistry((reading) => void reading.leave());
const END = Object.freeze({ done: true, value: undefined });
