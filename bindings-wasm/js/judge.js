// What a failure is, from plain facts: judged by the core.

import { native } from "./engine.js";
import { readFailure } from "./failure.js";
import { checked } from "./handles.js";

/** The failure that these facts make. */
export function classifyFacts(facts) {
  checked(() => native.classify(facts));
  return readFailure(0);
}

/** The name of the rule that decides. */
export function decidingRule(facts) {
  return checked(() => native.decidingRule(facts));
}
