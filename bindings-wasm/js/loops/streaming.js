// The loop of a call whose attempts are streams, and whose consumer gets their chunks.

import { Discard } from "../agent/events.js";
import { checkFunction, checkOptionalFunction, checkOptions, checkSignal } from "../engine/options.js";
import { Stream } from "../engine/stream.js";
import { Call } from "../engine/turn.js";
import { words } from "../engine/words.js";
import { CallTimeout } from "../errors.js";
import { Course, mark } from "../facts/course.js";
import { Driver } from "./driver.js";
import { Leavable } from "./leavable.js";
import { Puller } from "./source.js";
import { current } from "./time.js";

const OPTIONS = ["restartable", "collect", "acceptCut", "read", "signal", "contextTokens"];

/** What `turn.stream` brings. */
export function streamOf(turn, request, options) {
  checkOptions("stream", options, OPTIONS);
  const { restartable = false, collect = false, acceptCut = false, read, signal, contextTokens } = options ?? {};
  checkFunction("stream", request);
  checkOptionalFunction("stream: read", read);
  checkSignal("stream", signal ?? undefined);
  const { owner } = turn;
  const begin = (leaving) => {
    const call = new Call(turn, { streaming: true, restartable: restartable || collect, contextTokens });
    const how = { sleep: owner.sleep, signal: leaving };
    return new Streaming(call, request, owner, how, { read, acceptCut, collect }).run();
  };
  return new Leavable(begin, signal ?? undefined);
}

class Streaming extends Driver {
  #request;
  #options;
  #attempt = undefined;
  #source = new Puller();
  #course = undefined;
  #hasHanded = false;
  /** What broke an attempt whose chunks the consumer still has. */
  #void = undefined;
  #tail = Infinity;

  constructor(call, request, owner, how, options) {
    super(call, owner, how);
    this.#request = request;
    this.#options = options;
  }

  attempt(attempt) {
    this.#attempt = attempt;
    this.#hasHanded = false;
    this.#tail = Infinity;
    this.#course = new Course(attempt.route?.name, this.#options);
    this.#source = new Puller(() => this.#request(attempt));
  }

  async running(delay) {
    const patience = Math.max(0, Math.min(delay, this.#tail - current().now()));
    if (this.#take(await this.#source.next(patience, this.signal)) && !this.isOver) {
      await this.#stop();
    }
  }

  async cancel(attempt) {
    this.last = new CallTimeout(words.givenUpOn("the stream"));
    this.#void = this.#hasHanded ? "timed_out" : this.#void;
    attempt.abort(this.last);
    await this.#stop();
  }

  /** Takes a chunk, the end or an error of the source, or that nothing came: whether it is read no further. */
  #take(outcome) {
    if (outcome === undefined) {
      return current().now() >= this.#tail && this.#end();
    }
    const { chunk, isEnd, error, isError } = outcome;
    if (isError) {
      return this.#fail(error);
    }
    if (isEnd) {
      return this.#end();
    }
    try {
      this.machine.progress(this.#attempt.id, this.#course.take(chunk));
    } catch (wrong) {
      return this.#fail(wrong);
    }
    if (this.#course.isFinished && this.#tail === Infinity) {
      this.#tail = current().now() + Stream.TAIL;
    }
    return this.#course.isDone && this.#end();
  }

  /** What the consumer may have now. While it has a chunk nobody can be late. */
  *news() {
    const chunks = this.isOver ? this.#course.rest() : this.#course?.ready();
    for (const chunk of chunks ?? []) {
      if (this.#void !== undefined) {
        const reason = this.#void;
        this.#void = undefined;
        yield new Discard(reason);
      }
      yield chunk;
      this.#hasHanded = true;
      if (!this.isOver) {
        this.machine.progress(this.#attempt.id, true);
      }
      this.signal.throwIfAborted();
    }
  }

  /** The rest is read for a little, so that the connection can be used again. */
  result() {
    return this.#source.readOut(this.signal);
  }

  async close() {
    await this.#source.close();
    super.close();
  }

  async #stop() {
    await this.#source.close();
    this.letGo(this.#attempt);
  }

  #end() {
    const wrong = this.#course.wrong();
    if (wrong !== undefined) {
      return this.#fail(wrong);
    }
    this.isOver = this.machine.succeeded(this.#attempt.id);
    return true;
  }

  #fail(wrong) {
    const failure = this.owner.judge(mark(wrong, this.#course.stream), this.#attempt);
    this.last = wrong;
    this.#void = this.#hasHanded ? failure.kind : this.#void;
    this.machine.failed(this.#attempt.id, failure);
    return true;
  }
}
