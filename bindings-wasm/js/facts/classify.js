// What kind of failure an error is, and why.

import { Failure } from "../engine/failure.js";
import { classifyFacts, explainFacts, explainFailure } from "../engine/judge.js";
import { checkOptions } from "../engine/options.js";
import { facts } from "./facts.js";
import { get, isObject, parent } from "./peek.js";

const OPTIONS = ["phase", "policy", "provider"];

/**
 * What kind of failure an error is.
 *
 * Looks at its code, its name and the names of its classes, those of its causes, at an HTTP status, headers and body
 * where it carries them (as those of `openai`, `@anthropic-ai/sdk`, `ai` and axios do), and never at anything else:
 * nothing is read from a connection. A failure that an error brings along as `failsoftFailure` is taken as it is.
 */
export function classify(error, options) {
  checkOptions("classify", options, OPTIONS);
  return judged(error, options ?? undefined, options?.policy)[0];
}

/** As `classify`, with the rule that decided, the facts that made it hold, and what the engine will do. */
export function explain(error, options) {
  checkOptions("explain", options, OPTIONS);
  const failure = broughtAlong(error);
  return failure === undefined
    ? explainFacts(facts(error, options), options?.policy)
    : explainFailure(failure, options?.policy);
}

/** What kind of failure it is, and how often the client had asked again by itself. */
export function judged(error, known, policy) {
  const failure = broughtAlong(error);
  if (failure !== undefined) {
    return [failure, 0];
  }
  const found = facts(error, known);
  return [classifyFacts(found, policy), found.retriesInside];
}

/** A failure of another copy of this package is made again here: its numbers are all there is to it. */
function broughtAlong(error) {
  const known = get(error, "failsoftFailure");
  if (!isObject(known)) {
    return undefined;
  }
  try {
    return parent(known) === Failure.prototype ? known : new Failure(known.kind, known);
  } catch {
    return undefined;
  }
}
