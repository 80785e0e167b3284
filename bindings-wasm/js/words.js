// The core's words and sentences.

import { native } from "./engine.js";

let lists;

/** The lists of words, by the names of `tests/vectors/names.json`. */
export function names() {
  lists ??= native.names();
  return lists;
}

/** Every word for why a run stops. */
export function stopReasons() {
  return [...names().stop_reason];
}

/** Sentences of errors, the same in every language. */
export const words = {
  givenUpOn: (what, millis) => native.givenUpOn(what, millis ?? NaN),
  breakerOpen: (retryIn) => native.breakerOpen(retryIn ?? NaN),
  emptyReply: () => native.emptyReply(),
  stepsTaken: (most) => native.stepsTaken(most),
  noStepsLeft: () => native.noStepsLeft(),
  deadlinePassed: () => native.deadlinePassed(),
};

/** The sentence for a tool that a rule of the policy denies. */
export function deniedByRule(tool) {
  return native.deniedByRule(tool);
}

/** What a model is told about a tool that ran and failed. */
export function toolFailed(name, error) {
  return native.toolFailed(name, error);
}
