// What a failure is, from plain facts: judged by the core.

import { native } from "./engine.js";
import { numbersOf, readFailure } from "./failure.js";
import { checked } from "./handles.js";
import { handleOf } from "./policy.js";

/** What was decided about a failure, and why. As a text it is for people. */
export class Explanation {
  #text;

  constructor([rule, why, next, text], failure) {
    this.rule = rule;
    this.failure = failure;
    this.why = why;
    this.next = next;
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
  checked(() => native.classify(facts, known(policy)));
  return readFailure(0);
}

/** The same with the rule that decided, what made it hold, and what follows. */
export function explainFacts(facts, policy) {
  const told = checked(() => native.explain(facts, known(policy)));
  return new Explanation(told, readFailure(0));
}

/** The same for a failure that is known already. */
export function explainFailure(failure, policy) {
  const told = checked(() => native.explainFailure(...numbersOf(failure), known(policy)));
  return new Explanation(told, failure);
}

function known(policy) {
  return policy === undefined || policy === null ? undefined : handleOf(policy);
}
