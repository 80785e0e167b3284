// Work that runs beside the one driver of a turn.

import { current, Pause } from "./time.js";

/** Tasks that leave their reports for the driver, which alone talks to the engine. */
export class Tasks {
  #running = new Map();
  #reports = [];
  #waiting = undefined;

  /** Starts work, sync or async; its report is taken with `take`. */
  start(key, work) {
    const task = {};
    this.#running.set(key, task);
    const report = (value, error, hasFailed) => {
      // What was cancelled reports to nobody.
      if (this.#running.get(key) === task) {
        this.#running.delete(key);
        this.#reports.push([key, value, error, hasFailed]);
        this.#waiting?.ring();
      }
    };
    new Promise((resolve) => resolve(work())).then(
      (value) => report(value, undefined, false),
      (error) => report(undefined, error, true),
    );
  }

  /** A report amid the work of a task. */
  tell(key, value) {
    if (this.#running.has(key)) {
      this.#reports.push([key, value, undefined, false]);
      this.#waiting?.ring();
    }
  }

  /** Drops whatever a task still brings. Stopping it is for whoever started it. */
  cancel(key) {
    this.#running.delete(key);
  }

  /** The next report: key, value, error, and whether it failed, for an error may be anything. */
  take() {
    return this.#reports.shift();
  }

  /** Resolves when there is a report, or after so many milliseconds; rejects with `signal.reason`. */
  wait(delay, signal) {
    return new Promise((resolve, reject) => {
      this.#waiting = new Pause(current(), delay, signal, resolve, reject);
      if (this.#reports.length > 0) {
        this.#waiting.ring();
      }
    });
  }

  /** Drops everything. */
  close() {
    this.#running.clear();
    this.#reports.length = 0;
  }
}
