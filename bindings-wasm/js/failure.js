// One failure, as the engine sees it: a kind and a few numbers.

import { native, out } from "./engine.js";
import { checked } from "./handles.js";
import { names } from "./words.js";

export class Failure {
  /** @see the types for what each option means. */
  constructor(kind, { status, retryAfter, resetAfter, phase, shouldRetry, effect } = {}) {
    const hint = shouldRetry === undefined ? -1 : Number(shouldRetry);
    checked(() =>
      native.failureNew(
        String(kind),
        status ?? -1,
        retryAfter ?? NaN,
        resetAfter ?? NaN,
        word(phase),
        hint,
        word(effect),
      ),
    );
    read(this, 0);
  }

  /** The same for what the caller's own word says is worth another attempt, or is not. */
  judged(wanted) {
    native.failureJudged(...numbersOf(this), Boolean(wanted));
    return readFailure(0);
  }

  /** Also of another copy of the package. */
  static [Symbol.hasInstance](value) {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** Failures of another copy of the package are failures, too. */
const BRAND = Symbol.for("failsoft.failure");
Object.defineProperty(Failure.prototype, BRAND, { value: true });

/** A failure that the engine wrote from this place on; `undefined` if it wrote none. */
export function readFailure(from) {
  return out()[from] < 0 ? undefined : read(Object.create(Failure.prototype), from);
}

function read(failure, from) {
  const [kind, status, retryAfter, resetAfter, phase, hint, effect] = out().subarray(from, from + 7);
  failure.kind = names().failure_kind[kind];
  failure.status = status >= 0 ? status : undefined;
  failure.retryAfter = known(retryAfter);
  failure.resetAfter = known(resetAfter);
  failure.phase = names().failure_phase[phase];
  failure.shouldRetry = hint < 0 ? undefined : hint === 1;
  failure.effect = names().failure_effect[effect];
  return Object.freeze(failure);
}

/** The seven numbers of a failure. */
export function numbersOf(failure) {
  const { failure_kind: kinds, failure_phase: phases, failure_effect: effects } = names();
  return [
    kinds.indexOf(failure.kind),
    failure.status ?? -1,
    failure.retryAfter ?? NaN,
    failure.resetAfter ?? NaN,
    phases.indexOf(failure.phase),
    failure.shouldRetry === undefined ? -1 : Number(failure.shouldRetry),
    effects.indexOf(failure.effect),
  ];
}

/** What crosses as text must be text. */
function word(given) {
  return given === undefined ? undefined : String(given);
}

/** NaN stands for what is absent. */
export function known(number) {
  return Number.isNaN(number) ? undefined : number;
}
