// One failure: a kind, and what else is known of it. The engine reads it and writes it as a plain object.

import { checked, native } from "./native.js";

export class Failure {
  /** @see the types for what each option means. */
  constructor(kind, { status, retryAfter, resetAfter, phase, shouldRetry, effect } = {}) {
    const fields = { kind: String(kind), status, retryAfter, resetAfter, phase: word(phase), effect: word(effect) };
    fields.shouldRetry = shouldRetry === undefined ? undefined : Boolean(shouldRetry);
    Object.assign(
      this,
      checked(() => native.failureNew(fields)),
    );
    Object.freeze(this);
  }

  /** The same for what the caller's own word says is worth another attempt, or is not. */
  judged(wanted) {
    return failureOf(native.failureJudged(this, Boolean(wanted)));
  }

  /** Also of another copy of the package. */
  static [Symbol.hasInstance](value) {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** Failures of another copy of the package are failures, too. */
const BRAND = Symbol.for("failsoft.failure");
Object.defineProperty(Failure.prototype, BRAND, { value: true });

/** A failure that the engine wrote; `undefined` if it wrote none. */
export function failureOf(fields) {
  return fields && Object.freeze(Object.assign(Object.create(Failure.prototype), fields));
}

/** What crosses as text must be text. */
function word(given) {
  return given === undefined ? undefined : String(given);
}
