// One stream of chunks while it is read: what may be handed on, and what it comes to. Shared by all who read streams.
//
// Nothing here waits or judges: the clocks are those of the engine's attempt, the judgement is that of its `Stream`.

import { asText, isObject } from "../agent/reply.js";
import { Failure } from "../engine/failure.js";
import { Stream } from "../engine/stream.js";
import { foreignText, words } from "../engine/words.js";
import { chunkReader, errorIn } from "./chunks.js";

/**
 * The provider replied, but with nothing that may be taken for a whole answer.
 *
 * `failsoftFailure` is what the engine makes of it, `reply` the SDK's own object, with all that there was; of a stream
 * there is none.
 */
export class UnusableReply extends Error {
  constructor(message, kind, reply, options) {
    super(message, options);
    this.failsoftFailure = new Failure(kind);
    this.reply = reply;
  }
}

/**
 * The provider sent an error in place of a reply, or amid a stream, under a status that promised one. `body` is all that
 * it said; `classify` reads it.
 */
export class ProviderError extends Error {
  constructor(message, body, options) {
    super(message, options);
    this.body = body;
  }
}

for (const [name, one] of Object.entries({ UnusableReply, ProviderError })) {
  Object.defineProperty(one.prototype, "name", { value: name, writable: true, configurable: true });
}

/** The error that this is, to be thrown; undefined if it is none. */
export function providerError(chunk) {
  const error = errorIn(chunk);
  if (error === undefined) {
    return undefined;
  }
  const said = isObject(error) ? error.message : error;
  return new ProviderError(foreignText(typeof said === "string" ? said : asText(error)), chunk);
}

/** Leaves with an error how far its stream had come and what it had used, for whoever classifies and counts. */
export function mark(error, stream, spent) {
  if (isObject(error) && Object.isExtensible(error)) {
    for (const [name, value] of Object.entries({ failsoftPhase: stream.phase, failsoftUsage: spent })) {
      if (value !== undefined) {
        Object.defineProperty(error, name, { value, writable: true, configurable: true });
      }
    }
  }
  return error;
}

/**
 * What is read of one attempt, for a consumer that gets its chunks unchanged.
 *
 * What is no part of an answer (the role, keep-alives) waits for the next chunk that is, and what comes from the reason
 * for its end on waits for the end: so a stream that has said nothing has handed on nothing, a reason for the end that is
 * handed on is true, and nobody is handed a chunk that does not set the clock anew.
 */
export class Course {
  #kept = [];
  #seen = "nothing";

  constructor(route, { read, acceptCut, collect }) {
    this.stream = new Stream({ acceptCut, wantsUsage: true });
    this.route = route;
    this.read = read ?? chunkReader();
    this.collect = collect;
  }

  /** Whether only the usage is missing, which is worth waiting for only `Stream.TAIL`. */
  get isFinished() {
    return this.#seen === "finished";
  }

  get isDone() {
    return this.#seen === "done";
  }

  /** Takes a chunk: whether the stream made progress. Throws the provider's own error amid the stream. */
  take(chunk) {
    const wrong = providerError(chunk);
    if (wrong !== undefined) {
      throw wrong;
    }
    const facts = this.read(chunk);
    this.#seen = this.stream.take(facts);
    if (!facts.malformed) {
      this.#kept.push(chunk);
    }
    return this.#seen === "progress" || (this.#seen !== "nothing" && this.stream.hasProgressed);
  }

  /** The chunks that may be handed on while the stream goes on. */
  ready() {
    return this.#seen === "progress" && !this.collect ? this.rest() : [];
  }

  /** The chunks that are left, once it is known to be whole. */
  rest() {
    return this.#kept.splice(0);
  }

  /** Why it may not be taken for a whole answer, now that nothing more comes. */
  wrong() {
    const ended = this.stream.end();
    if (ended === undefined) {
      return undefined;
    }
    return mark(new UnusableReply(words.streamFailed(this.route, ended.what), ended.kind), this.stream);
  }
}
