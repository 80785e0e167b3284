// What a failure is, from plain facts: judged by the core.

import { failureOf } from "./failure.js";
import { checked, native } from "./native.js";
import { engineOf, Policy } from "./policy.js";

/** What was decided about a failure, and why. As a text it is for people. */
export class Explanation {
  #text;

  constructor({ text, ...told }, failure = failureOf(told.failure)) {
    Object.assign(this, told, { failure });
    this.#text = text;
    Object.freeze(this);
  }

  toString() {
    return this.#text;
  }
}

let headers;

/** The headers that are worth handing over, in lower case. */
export function headerNames() {
  headers ??= native.headerNames();
  return headers;
}

/** The failure that these facts make, by the rules of a policy or only the built-in ones. */
export function classifyFacts(facts, policy) {
  return failureOf(checked(() => by(policy).classify(facts)));
}

/** The same with the rule that decided, what made it hold, and what follows. */
export function explainFacts(facts, policy) {
  return new Explanation(checked(() => by(policy).explain(facts)));
}

/** The same for a failure that is known already. */
export function explainFailure(failure, policy) {
  return new Explanation(by(policy).explainFailure(failure), failure);
}

let builtIn;

function by(policy) {
  builtIn ??= new Policy();
  return engineOf(policy ?? builtIn);
}
