// Where chunks come from: whatever can be iterated, pulled one at a time, and closed.

import { Stream } from "../engine/stream.js";
import { words } from "../engine/words.js";
import { promised, within } from "./race.js";
import { Tasks } from "./tasks.js";
import { current } from "./time.js";

/** So many milliseconds a source may take to close; one that hangs would hold whoever leaves it. */
const PATIENCE = 1000;

/** Something with `next()` and `close()` over a ReadableStream, an iterable or an iterator, sync or async. */
export function sourceOf(given) {
  if (typeof given?.getReader === "function") {
    return new ReaderSource(given.getReader());
  }
  const isWhole = typeof given === "string" || ArrayBuffer.isView(given);
  const make = isWhole ? undefined : (given?.[Symbol.asyncIterator] ?? given?.[Symbol.iterator]);
  if (typeof make === "function") {
    return new IteratorSource(make.call(given), given);
  }
  if (!isWhole && typeof given?.next === "function") {
    return new IteratorSource(given, given);
  }
  throw new TypeError(words.noStream(nameOf(given)));
}

/** Cancelled as such, so that the response that it belongs to is closed even while a piece of it is awaited. */
class ReaderSource {
  constructor(reader) {
    this.reader = reader;
  }

  next() {
    return this.reader.read();
  }

  close() {
    return this.reader.cancel();
  }
}

class IteratorSource {
  constructor(iterator, given) {
    this.iterator = iterator;
    this.given = given;
  }

  async next() {
    const { done, value } = await this.iterator.next();
    return { done, value: done ? undefined : await value };
  }

  close() {
    // The streams of the SDKs have a controller. A generator that waits for bytes does not hear of its end.
    const { controller } = this.given;
    if (typeof AbortController === "function" && controller instanceof AbortController) {
      controller.abort();
    }
    return this.iterator.return?.();
  }
}

/** Pulls the chunks of what a request brings one at a time, and leaves a pull that takes too long. */
export class Puller {
  #tasks = new Tasks();
  #request;
  #source = undefined;
  #isPulling = false;
  #isOver = false;
  #isLeft;

  /** Without a request, one that has nothing to pull. */
  constructor(request = undefined) {
    this.#request = request;
    this.#isLeft = request === undefined;
  }

  /** What the source brings next, as `{ chunk }`, `{ isEnd }` or `{ error }`; undefined if that takes longer. */
  async next(limit, signal) {
    if (!this.#isPulling) {
      this.#isPulling = true;
      this.#tasks.start(0, () => this.#pull());
    }
    await this.#tasks.wait(limit, signal);
    const report = this.#tasks.take();
    if (report === undefined) {
      return undefined;
    }
    this.#isPulling = false;
    const [, step, error, hasFailed] = report;
    this.#isOver = hasFailed || Boolean(step.done);
    return hasFailed ? { error, isError: true } : { chunk: step.value, isEnd: Boolean(step.done) };
  }

  /** Reads on for a little, until the source ends by itself. What hangs already is not waited for. */
  async readOut(signal) {
    const until = current().now() + Stream.LINGER;
    for (let left = Stream.LINGER; !this.#isOver && !this.#isPulling && left > 0; left = until - current().now()) {
      await this.next(left, signal);
    }
  }

  /** Leaves the source and closes it. Whoever waits for a chunk of it is not waited for. */
  async close() {
    if (this.#isLeft) {
      return;
    }
    this.#isLeft = true;
    this.#tasks.close();
    if (this.#source !== undefined) {
      await closed(this.#source, this.#isPulling);
    }
  }

  async #pull() {
    if (this.#source === undefined) {
      this.#source = sourceOf(await this.#request());
      if (this.#isLeft) {
        return await closed(this.#source, true); // nobody waits for it any more, and nobody else would close it
      }
    }
    return await this.#source.next();
  }
}

/** Closes what can be closed. How that goes interests nobody any more. */
export async function closed(source, isHanging) {
  try {
    const closing = promised(source?.close());
    closing.catch(() => {});
    // What hangs in a piece of its work closes once that is over, if ever.
    if (!isHanging) {
      await within(PATIENCE, () => closing);
    }
  } catch {}
}

function nameOf(given) {
  if (typeof given !== "object" || given === null) {
    return typeof given;
  }
  const name = given.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "object";
}
