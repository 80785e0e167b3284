// A reply collected from a stream of the real SDKs: their bytes where these are server-sent events, else their chunks.
//
// Read as bytes, a chunk that is no JSON can be skipped; the SDKs' own iterators break at it.

import { isObject } from "../agent/reply.js";
import { Stream } from "../engine/stream.js";
import { words } from "../engine/words.js";
import { CallTimeout } from "../errors.js";
import { errorIn } from "../facts/chunks.js";
import { providerError, UnusableReply } from "../facts/course.js";
import { Decoder } from "../facts/sse.js";
import { unlessAborted, within } from "../loops/race.js";
import { closed, sourceOf } from "../loops/source.js";
import { current } from "../loops/time.js";

/** The reply of one request while its stream is read. */
export class Collecting {
  /** The reply itself, where the provider sent it whole in place of a stream. */
  whole = undefined;
  /** When something came last. */
  heard = undefined;
  #readUsage;
  #watch;
  #spent = undefined;
  #tail = Infinity;

  /** @param reply puts the chunks together. @param readUsage puts usage into failsoft's words. */
  constructor(name, reply, readUsage, { acceptCut, wantsUsage, watch }) {
    this.name = name;
    this.reply = reply;
    this.stream = new Stream({ acceptCut, wantsUsage });
    this.#readUsage = readUsage;
    this.#watch = watch;
  }

  /** For how long to wait for what comes next. */
  get patience() {
    return Math.max(0, this.#tail - current().now());
  }

  /** Takes an event: whether the stream is read no further. */
  takeEvent([name, data]) {
    const text = data.trim();
    if (text === "[DONE]") {
      return this.#take({ terminator: true });
    }
    let chunk = text === "" ? {} : readJSON(text);
    if (name === "error" && errorIn(chunk) === undefined) {
      chunk = { error: chunk ?? text }; // its name alone says what it is
    }
    return isObject(chunk) && !Array.isArray(chunk) ? this.takeChunk(chunk) : this.#take({ malformed: true });
  }

  /** As `takeEvent`, of a chunk that the SDK has read. Throws the provider's own error amid the stream. */
  takeChunk(chunk) {
    const wrong = providerError(chunk);
    if (wrong !== undefined) {
      throw wrong;
    }
    let facts;
    let text;
    try {
      facts = this.reply.read(chunk);
      text = this.reply.add(chunk);
    } catch {
      return this.#take({ malformed: true }); // JSON, but in no shape of this API
    }
    return this.#take(facts, text);
  }

  #take(facts, text = "") {
    const seen = this.stream.take(facts);
    const spent = this.spent();
    if (text !== "" || seen !== "nothing" || !isSame(spent, this.#spent)) {
      this.#spent = spent;
      // What is not part of the answer is told for its usage alone.
      this.#watch?.saw(text, seen !== "nothing" && this.stream.hasProgressed, spent);
    }
    if (seen === "finished" && this.#tail === Infinity) {
      this.#tail = current().now() + Stream.TAIL;
    }
    return seen === "done";
  }

  /** The usage that was told so far. */
  spent() {
    return this.#readUsage(this.reply.spent);
  }

  /** What it came to, now that nothing more is read. */
  parts() {
    const ended = this.stream.end();
    if (ended !== undefined) {
      throw new UnusableReply(words.streamFailed(this.name, ended.what), ended.kind);
    }
    return this.reply.parts();
  }
}

/** Reads what a request for a stream brings as far as it must be read. `request` is what the SDK's `create` returned. */
export async function collect(request, course, signal) {
  const response = typeof request?.asResponse === "function" ? await request.asResponse() : undefined;
  const kind = String(response?.headers?.get?.("content-type") ?? "").toLowerCase();
  if (kind.startsWith("application/json")) {
    const text = await unlessAborted(signal, () => response.text());
    course.whole = readJSON(text) ?? text;
    return;
  }
  const isWire = kind.startsWith("text/event-stream");
  const source = isWire ? new Events(sourceOf(response.body ?? [])) : sourceOf(await request);
  const take = isWire ? (event) => course.takeEvent(event) : (chunk) => course.takeChunk(chunk);
  let isHanging = false;
  const pull = async (patience, work) => {
    isHanging = true;
    const step = await within(patience, work, course.name, { signal });
    isHanging = false;
    course.heard = current().now();
    return step;
  };
  try {
    // After the end is known, only the usage is waited for.
    while (course.patience > 0) {
      const { done, value } = await pull(course.patience, () => source.next());
      if (done) {
        return;
      }
      if (take(value)) {
        await pull(Stream.LINGER, () => readOut(source)).catch(() => {});
        return;
      }
    }
  } catch (error) {
    const isTail = error instanceof CallTimeout && course.patience === 0;
    if (signal?.aborted || !isTail) {
      throw error;
    }
  } finally {
    await closed(source, isHanging);
  }
}

async function readOut(source) {
  while (!(await source.next()).done) {}
}

/** The events in the bytes of a source. */
class Events {
  #source;
  #decoder = new Decoder();
  #waiting = [];
  #isOver = false;

  constructor(source) {
    this.#source = source;
  }

  async next() {
    while (this.#waiting.length === 0 && !this.#isOver) {
      const { done, value } = await this.#source.next();
      this.#isOver = Boolean(done);
      this.#waiting = done ? this.#decoder.end() : this.#decoder.feed(value);
    }
    return { done: this.#waiting.length === 0, value: this.#waiting.shift() };
  }

  close() {
    return this.#source.close();
  }
}

/** What a text says; undefined where it is no JSON. */
function readJSON(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSame(spent, known) {
  return spent?.inputTokens === known?.inputTokens && spent?.outputTokens === known?.outputTokens;
}
