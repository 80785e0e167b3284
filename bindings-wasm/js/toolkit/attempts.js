// Another attempt after a failure that may pass: as a loop over the attempts.

import { checkFunction } from "../engine/options.js";
import { Call } from "../engine/turn.js";
import { Driver, errorOf } from "../loops/driver.js";
import { unlessAborted } from "../loops/race.js";
import { release, settingsOf, turnOf } from "./retry.js";

/**
 * Retries a block: `for await (const attempt of attempts({ maxAttempts: 3 })) { .. }`, with `await attempt.run(fn)` in
 * it, or a `try` whose `catch` says `attempt.failed(error)`. The loop ends with the first block that succeeds; the
 * error of the last one, or a permanent one, comes out of `run` or `failed`. The options are those of `retry`.
 */
export function attempts(options) {
  const settings = settingsOf("attempts", options);
  return { [Symbol.asyncIterator]: () => new Blocks(settings).run() };
}

/** The consumer is what makes the attempts: it is handed one at a time. */
class Blocks extends Driver {
  #turn;
  #judge;
  #block = undefined;

  constructor(settings) {
    const turn = turnOf(settings);
    super(new Call(turn), undefined, settings);
    this.#turn = turn;
    this.#judge = (error) => settings.judge(error, turn.session);
  }

  attempt(attempt) {
    this.#block = new Block(this.machine, attempt, this.#judge, this.signal);
  }

  *news() {
    const block = this.#block;
    if (block !== undefined) {
      this.#block = undefined;
      yield block;
      this.last = block.leave();
      this.held.clear();
    }
  }

  /** The deadline of the current turn has passed: before the first block, or during a wait. */
  finish(end) {
    if (end.end !== "succeeded") {
      throw errorOf(end, this.last !== undefined, this.last);
    }
  }

  close() {
    super.close();
    release(this.#turn);
  }
}

/** One attempt of `attempts`: `number` counts from 1, `signal` is aborted with that of the options. */
class Block {
  #call;
  #attempt;
  #judge;
  #caller;
  #isOver = false;
  #error;

  constructor(call, attempt, judge, signal) {
    this.#call = call;
    this.#attempt = attempt;
    this.#judge = judge;
    this.#caller = signal;
  }

  get number() {
    return this.#attempt.number;
  }

  get signal() {
    return this.#attempt.signal;
  }

  /** Runs `fn({ number, signal })`. Resolves with its value, or with undefined when there will be another attempt. */
  async run(fn) {
    checkFunction("run", fn);
    try {
      return await unlessAborted(this.#caller, () => fn(this));
    } catch (error) {
      this.#caller?.throwIfAborted();
      this.failed(error);
      return undefined;
    }
  }

  /** The block failed. Throws when that was the end: the error itself, or `Exhausted` with it as cause. */
  failed(error) {
    this.#caller?.throwIfAborted();
    if (this.#isOver) {
      return;
    }
    this.#end();
    this.#error = error;
    this.#call.failed(this.#attempt.id, this.#judge(error));
    const end = this.#call.poll();
    if (end.kind === "finish") {
      throw end.raised(true) === "original" ? error : errorOf(end, true, error);
    }
  }

  /** The block was left: without a word it worked, else it tells the error. */
  leave() {
    if (!this.#isOver) {
      this.#end();
      this.#call.succeeded(this.#attempt.id);
    }
    return this.#error;
  }

  #end() {
    this.#isOver = true;
    this.#attempt.done();
  }
}
