// For tests: no real sleeping, scripted models, and what the engine noticed.

import { setDefaultClock } from "./engine/clock.js";
import { checkOptions } from "./engine/options.js";
import { install, rest } from "./loops/time.js";
import { VirtualSource } from "./testing/virtual.js";

export { calls, fails, hangs, says, script } from "./testing/script.js";
export { chunks, ends, streams } from "./testing/streams.js";

/**
 * Virtual time: a clock that moves only when nothing else can happen. `slept` lists the waits of the loops, in
 * milliseconds.
 *
 * `clock` and `sleep` are functions as the options of these names want them.
 */
export class VirtualTime {
  #source;
  #before = undefined;

  constructor(start = 0) {
    this.#source = new VirtualSource(start);
    this.clock = () => this.#source.now();
    this.sleep = (delay, signal) => this.#source.sleep(delay, signal);
  }

  /** Milliseconds. */
  get now() {
    return this.#source.millis;
  }

  get slept() {
    return this.#source.slept;
  }

  /** Moves the clock by hand, between two calls. */
  advance(millis) {
    this.#source.advance(millis);
  }

  /** What a hung call does: waits on this clock, by default for ever, and is no wait of the loop. */
  hang(millis = Infinity, signal = undefined) {
    return rest(this.#source, millis, signal);
  }

  /** Puts this clock under all of failsoft, until `restore`. */
  install() {
    this.#before ??= install(this.#source);
    setDefaultClock(this.clock);
    return this;
  }

  /** Puts back the time that was there before. Who still sleeps on this clock is not woken any more. */
  restore() {
    const before = this.#before;
    if (before !== undefined) {
      this.#before = undefined;
      install(before);
      setDefaultClock(before.virtual ? () => before.now() : undefined);
      this.#source.stop();
    }
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.restore();
  }
}

/**
 * No real sleeping: all of failsoft runs on a virtual clock, for the whole process. `await instant(async (time) => { ..
 * })`, or `const time = instant(); ..; time.restore()`, or `using time = instant()`.
 *
 * Time passes when many turns of the event loop brought nothing new. Real I/O and timers of your own are not waited
 * for.
 */
export function instant(...given) {
  const work = typeof given[0] === "function" ? given.shift() : undefined;
  const [options] = given;
  checkOptions("instant", options, ["start"]);
  const time = new VirtualTime(options?.start ?? 1_000_000).install();
  return work === undefined ? time : until(work, time);
}

async function until(work, time) {
  try {
    return await work(time);
  } finally {
    time.restore();
  }
}

/**
 * Records what is logged: `const log = new NoticeRecorder(); new Session({ routes, log })`. `log.entries` are the
 * entries as they came, `log.lines` their messages.
 */
export function NoticeRecorder() {
  // An instance is a function: it is given where a `log` is wanted.
  const log = (entry) => {
    log.entries.push(entry);
    log.lines.push(entry.message);
  };
  Object.setPrototypeOf(log, NoticeRecorder.prototype);
  return Object.assign(log, { entries: [], lines: [] });
}

Object.setPrototypeOf(NoticeRecorder.prototype, Function.prototype);
