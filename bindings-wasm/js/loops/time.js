// Real time, and the place where `failsoft/testing` puts virtual time instead.

import { monotonic } from "../engine/clock.js";
import { hear, unhear } from "../engine/signals.js";

/** Longer spans are cut into slices: a timer takes 2^31 - 1 ms at most, and some systems misjudge long ones. */
const LONGEST_SLEEP = 3_600_000;
/** Alarms that ring within the same span of so many milliseconds share a list. */
const GRAIN = 64;

/** Something that rings at a time, once. Whoever makes one gives it a `ring()`. */
export class Alarm {
  // Not as class fields, here and in what extends it: those take three times as long to make.
  constructor() {
    this.until = Infinity;
    this.list = undefined;
    this.before = undefined;
    this.after = undefined;
  }
}

/**
 * What real and virtual time have in common. They add `virtual`, `now`, `arm(alarm, until)`, `disarm(alarm)`, `record`.
 */
export class TimeSource {
  /** A wait of a loop, in milliseconds; rejects with `signal.reason` when the signal is aborted. */
  sleep(delay, signal) {
    this.record(delay);
    return rest(this, delay, signal);
  }
}

/**
 * Alarms that seldom ring: the limit of an attempt is nearly always disarmed, so arming and disarming must cost next to
 * nothing. They wait in linked lists by when they ring, and one timer watches the earliest list.
 *
 * The timer keeps the process alive as long as an alarm is armed, and is cleared soon after the last one is not: once
 * per turn of the event loop, rather than once per attempt.
 */
class RealTime extends TimeSource {
  virtual = false;
  #lists = new Map();
  #latest = undefined;
  #armed = 0;
  #timer = undefined;
  #rings = Infinity;
  #isSweeping = false;
  #by = undefined;

  now() {
    return monotonic();
  }

  arm(alarm, until) {
    if (this.#by !== globalThis.setTimeout) {
      this.#begin();
    }
    const place = Math.floor(until / GRAIN);
    let list = this.#latest;
    if (list === undefined || list.place !== place) {
      list = this.#listAt(place);
    }
    alarm.until = until;
    link(list, alarm);
    this.#armed += 1;
    if (until < this.#rings) {
      this.#set(until, place);
    }
  }

  disarm(alarm) {
    const list = alarm.list;
    if (list === undefined) {
      return;
    }
    unlink(alarm);
    if (list.after === list && list !== this.#latest) {
      this.#lists.delete(list.place);
    }
    this.#armed -= 1;
    if (this.#armed === 0 && !this.#isSweeping) {
      this.#isSweeping = true;
      soon(this.#sweep);
    }
  }

  record() {}

  /** Somebody's fake timers came or went: the timer that was set is not to be relied upon. */
  #begin() {
    this.#by = globalThis.setTimeout;
    this.#isSweeping = false;
    this.#timer = undefined;
    this.#rings = Infinity;
  }

  #due() {
    const now = this.now();
    const due = [...this.#alarms()].filter((alarm) => alarm.until <= now);
    return due.sort((one, other) => one.until - other.until);
  }

  #first() {
    let first = NEVER;
    for (const alarm of this.#alarms()) {
      first = alarm.until < first.until ? alarm : first;
    }
    return first;
  }

  *#alarms() {
    for (const list of this.#lists.values()) {
      for (let alarm = list.after; alarm !== list; alarm = alarm.after) {
        yield alarm;
      }
    }
  }

  /** The list for a place. One that is empty is kept only while it is the latest, so that they do not gather. */
  #listAt(place) {
    const latest = this.#latest;
    if (latest !== undefined && latest.after === latest) {
      this.#lists.delete(latest.place);
    }
    let list = this.#lists.get(place);
    if (list === undefined) {
      list = { place, before: undefined, after: undefined };
      list.before = list.after = list;
      this.#lists.set(place, list);
    }
    this.#latest = list;
    return list;
  }

  /** Sets the timer to look at a list: at once precisely if that is near, else when the list's time begins. */
  #set(until, place) {
    const now = this.now();
    this.#rings = until - now < 2 * GRAIN ? until : place * GRAIN;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#ring, Math.min(Math.max(Math.ceil(this.#rings - now), 1), LONGEST_SLEEP));
  }

  #ring = () => {
    this.#timer = undefined;
    this.#rings = Infinity;
    for (const alarm of this.#due()) {
      // What rang before may have disarmed it.
      if (alarm.list !== undefined) {
        this.disarm(alarm);
        rung(alarm);
      }
    }
    const next = this.#first();
    if (next.until < this.#rings) {
      this.#set(next.until, Math.floor(next.until / GRAIN));
    }
  };

  #sweep = () => {
    this.#isSweeping = false;
    if (this.#armed === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#rings = Infinity;
    }
  };
}

function link(list, alarm) {
  const last = list.before;
  alarm.list = list;
  alarm.before = last;
  alarm.after = list;
  last.after = alarm;
  list.before = alarm;
}

function unlink(alarm) {
  alarm.before.after = alarm.after;
  alarm.after.before = alarm.before;
  alarm.list = alarm.before = alarm.after = undefined;
}

/** After what is due in this turn of the event loop. */
function soon(work) {
  (globalThis.setImmediate ?? setTimeout)(work);
}

const NEVER = new Alarm();
let installed = new RealTime();

/** The source of time that is in place. */
export function current() {
  return installed;
}

/** Puts another source of time in place and returns the one before. */
export function install(source) {
  const before = installed;
  installed = source;
  return before;
}

/** A wait that ends when it is rung: by its time, or before that by whoever has what is waited for. */
export class Pause extends Alarm {
  constructor(source, delay, signal, resolve, reject) {
    super();
    this.source = source;
    this.signal = signal;
    this.resolve = resolve;
    this.reject = reject;
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    hear(signal, this);
    if (delay < Infinity) {
      source.arm(this, source.now() + delay);
    }
  }

  ring() {
    this.#end();
    this.resolve();
  }

  /** The signal was aborted. */
  handleEvent() {
    this.#end();
    this.reject(this.signal.reason);
  }

  #end() {
    this.source.disarm(this);
    unhear(this.signal, this);
  }
}

/** Sleeps so many milliseconds on a source of time; rejects with `signal.reason` when the signal is aborted. */
export function rest(source, delay, signal) {
  return new Promise((resolve, reject) => {
    new Pause(source, delay, signal, resolve, reject);
  });
}

/** Rings one alarm. What it throws is nobody else's: the others ring all the same. */
export function rung(alarm) {
  try {
    alarm.ring();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
