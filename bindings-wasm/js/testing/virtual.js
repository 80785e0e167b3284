// A source of time that passes when nothing else happens.

import { rung, TimeSource } from "../loops/time.js";

/** So many turns of the event loop without a sign of life, and time passes. */
const QUIET_TURNS = 50;

export class VirtualSource extends TimeSource {
  virtual = true;
  slept = [];
  #alarms = [];
  #isWatching = false;
  #quiet = 0;

  constructor(start) {
    super();
    this.millis = start;
  }

  now() {
    this.#quiet = 0; // whoever asks for the time is doing something
    return this.millis;
  }

  arm(alarm, until) {
    this.#quiet = 0;
    alarm.until = until;
    alarm.list = this;
    const place = this.#alarms.findIndex((other) => other.until > until);
    this.#alarms.splice(place < 0 ? this.#alarms.length : place, 0, alarm);
    if (!this.#isWatching) {
      this.#isWatching = true;
      nextTurn(this.#watch);
    }
  }

  disarm(alarm) {
    if (alarm.list === this) {
      this.#quiet = 0;
      alarm.list = undefined;
      this.#alarms.splice(this.#alarms.indexOf(alarm), 1);
    }
  }

  record(delay) {
    this.slept.push(delay);
  }

  advance(millis) {
    this.#quiet = 0;
    this.millis += millis;
  }

  stop() {
    for (const alarm of this.#alarms.splice(0)) {
      alarm.list = undefined;
    }
  }

  #watch = () => {
    const [first] = this.#alarms;
    if (first === undefined) {
      this.#isWatching = false;
      return;
    }
    this.#quiet += 1;
    if (this.#quiet % 10 === 0 && isReading()) {
      this.#quiet = 0;
    } else if (this.#quiet > QUIET_TURNS) {
      this.millis = Math.max(this.millis, first.until);
      this.disarm(first);
      rung(first);
    }
    nextTurn(this.#watch);
  };
}

/** Whether Node is at something that ends by itself, such as reading a file: time does not pass over that. */
function isReading() {
  const busy = globalThis.process?.getActiveResourcesInfo?.() ?? [];
  return busy.some((resource) => resource.includes("Req"));
}

/**
 * Runs work in the next turn of the event loop. In browsers a message is quicker than a timer, which waits for 4 ms.
 */
const nextTurn = globalThis.setImmediate ?? byMessage();

function byMessage() {
  const waiting = [];
  let port;
  return (work) => {
    if (port === undefined) {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => waiting.shift()();
      port = channel.port2;
    }
    waiting.push(work);
    port.postMessage(undefined);
  };
}
