// A call whose attempts are streams, and whose consumer gets their chunks. It acts; every decision is the core's.

import { Course, mark } from "./course.js";
import { asleep, prepared, raiseEnd } from "./drive.js";
import { CallTimeout } from "./errors.js";
import { Discard } from "./events.js";
import { Leavable } from "./leavable.js";
import { Call, Stream, words } from "./machine.js";
import { checkFunction, checkOptionalFunction, checkOptions, checkSignal } from "./options.js";
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
    const judge = (error, attempt) => owner.judge(error, attempt);
    const state = new Streaming(call, judge, { read, acceptCut, collect });
    return drive(state, request, owner, { sleep: owner.sleep, signal: leaving });
  };
  return new Leavable(begin, signal ?? undefined);
}

/** Drives a call whose attempts are streams to its end, and hands on their chunks. */
async function* drive(state, request, routes, { sleep, signal }) {
  const { call } = state;
  let source = new Puller();
  let running;
  let held;
  try {
    signal.throwIfAborted();
    while (true) {
      const command = call.next();
      switch (command.kind) {
        case "attempt":
          held = command;
          running = command.follow(signal);
          routes.hold(command);
          state.begin(command);
          source = new Puller(() => request(command));
          break;
        case "wait":
          if (command.why === "running") {
            if (state.take(await source.next(state.patience(command.delay), signal))) {
              running.done();
              running = undefined;
              if (!state.isWhole) {
                await source.close();
                routes.letGo(held);
              }
            }
            for (const chunk of state.news()) {
              yield chunk;
              signal.throwIfAborted();
            }
            if (state.isWhole) {
              await source.readOut(signal);
              return;
            }
          } else {
            state.hold(command.id);
            await asleep(command.delay, sleep, signal);
            signal.throwIfAborted();
            call.waited(command.id);
          }
          break;
        case "rebuild":
        case "switch": {
          state.hold(command.id);
          const ready = await prepared(call, command, routes, signal);
          signal.throwIfAborted();
          ready ? call.ready(command.id) : call.notReady(command.id);
          break;
        }
        case "cancel":
          running.abort(state.late());
          running = undefined;
          await source.close();
          routes.letGo(held);
          break;
        case "finish":
          raiseEnd(command, state.last);
          break;
        default:
          throw new Error(`this host does not know the command ${command.kind}: update failsoft`);
      }
    }
  } finally {
    state.abandon();
    running?.abort(signal.aborted ? signal.reason : new DOMException("its result is no longer needed", "AbortError"));
    await source.close();
    routes.letGo(held);
    call.release();
  }
}

/** What the loop keeps of its call. */
class Streaming {
  last = undefined;
  isWhole = false;
  #options;
  #judge;
  #attempt;
  #course;
  #held = 0;
  #hasHanded = false;
  /** What broke an attempt whose chunks the consumer still has. */
  #void = undefined;
  #tail = Infinity;

  /** @param judge says of an error and its attempt what kind of failure it is. */
  constructor(call, judge, options) {
    this.call = call;
    this.#judge = judge;
    this.#options = options;
  }

  begin(attempt) {
    this.#attempt = attempt;
    this.#held = attempt.id;
    this.#hasHanded = false;
    this.#tail = Infinity;
    this.#course = new Course(attempt.route?.name, this.#options);
  }

  hold(id) {
    this.#held = id;
  }

  /** For how long to wait for the next chunk. */
  patience(delay) {
    return Math.max(0, Math.min(delay, this.#tail - current().now()));
  }

  /** Takes a chunk, the end or an error of the source, or that nothing came: whether it is read no further. */
  take(outcome) {
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
      this.call.progress(this.#held, this.#course.take(chunk));
    } catch (wrong) {
      return this.#fail(wrong);
    }
    if (this.#course.isFinished && this.#tail === Infinity) {
      this.#tail = current().now() + Stream.TAIL;
    }
    return this.#course.isDone && this.#end();
  }

  /** The engine has given up on the attempt: why, for whoever listens to its signal. */
  late() {
    this.last = new CallTimeout(words.givenUpOn("the stream"));
    this.#void = this.#hasHanded ? "timed_out" : this.#void;
    return this.last;
  }

  /** What the consumer may have now. While it has a chunk nobody can be late. */
  *news() {
    for (const chunk of this.isWhole ? this.#course.rest() : this.#course.ready()) {
      if (this.#void !== undefined) {
        const reason = this.#void;
        this.#void = undefined;
        yield new Discard(reason);
      }
      yield chunk;
      this.#hasHanded = true;
      if (!this.isWhole) {
        this.call.progress(this.#held, true);
      }
    }
  }

  /** It is left; nothing changes where that is known already. */
  abandon() {
    try {
      this.call.abandoned(this.#held);
    } catch {} // a clock of the caller's may throw; the lease ends by itself
  }

  #end() {
    const wrong = this.#course.wrong();
    if (wrong !== undefined) {
      return this.#fail(wrong);
    }
    this.isWhole = this.call.succeeded(this.#held);
    return true;
  }

  #fail(wrong) {
    const failure = this.#judge(mark(wrong, this.#course.stream), this.#attempt);
    this.last = wrong;
    this.#void = this.#hasHanded ? failure.kind : this.#void;
    this.call.failed(this.#held, failure);
    return true;
  }
}
