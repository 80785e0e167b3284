// The loops of a call: one attempt after the other, or, where it may be hedged, one beside the other.

import { words } from "../engine/words.js";
import { CallTimeout } from "../errors.js";
import { judged } from "../facts/classify.js";
import { Driver, driven, TaskDriver } from "./driver.js";
import { within } from "./race.js";

/** By the built-in rules alone. */
const plainly = (error) => judged(error)[0];

/** Drives a call to its end. `judge(error, attempt)` says what went wrong; `last` is the error of an attempt made before. */
export function drive(call, request, owner, { judge = plainly, last, ...how } = {}) {
  return driven(Object.assign(new OneByOne(call, owner, how), { request, judge, last }));
}

/** As `drive`, for a call that may be hedged. */
export function driveHedged(call, request, owner, { judge = plainly, last, ...how } = {}) {
  return driven(Object.assign(new Hedged(call, owner, how), { request, judge, last }));
}

class OneByOne extends Driver {
  value = undefined;

  async attempt(attempt) {
    const { signal } = this;
    let value;
    try {
      value = await within(attempt.timeout, () => this.request(attempt), "the call", { signal, stop: attempt });
    } catch (error) {
      signal?.throwIfAborted();
      this.last = error;
      this.machine.failed(attempt.id, this.judge(error, attempt));
      this.letGo(attempt);
      return;
    }
    this.isOver = this.machine.succeeded(attempt.id);
    this.value = value;
    this.letGo(attempt);
  }

  result() {
    return this.value;
  }
}

class Hedged extends TaskDriver {
  value = undefined;

  attempt(attempt) {
    this.tasks.start(attempt.id, () => this.request(attempt));
  }

  heard(attempt, [id, value, error, hasFailed]) {
    if (hasFailed) {
      this.last = error;
      this.machine.failed(id, this.judge(error, attempt));
    } else if (this.machine.succeeded(id)) {
      this.value = value;
    }
    this.letGo(attempt);
  }

  late(attempt) {
    return new CallTimeout(words.givenUpOn("the call", attempt.timeout));
  }

  result() {
    return this.value;
  }
}
