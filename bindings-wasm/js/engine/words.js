// The core's words and sentences.

import { native } from "./native.js";

/** The engine's lists, in its order. */
const LISTS = ["failure_kind", "failure_phase", "failure_effect", "stop_reason", "limit", "wait_why", "switch_why"];
LISTS.push("cancel_why", "decision", "replay", "raised", "reply_kind", "notice", "follows", "seen");

let lists;

/** The lists of words, by the names of `tests/vectors/names.json`. */
export function names() {
  lists ??= Object.fromEntries(LISTS.map((list, place) => [list, native.names(place)]));
  return lists;
}

/** Every word for why a run stops. */
export function stopReasons() {
  return [...names().stop_reason];
}

/** Sentences of errors, the same in every language. */
export const words = {
  givenUpOn: (what, millis) => native.givenUpOn(String(what), millis ?? NaN),
  breakerOpen: (retryIn) => native.breakerOpen(retryIn ?? NaN),
  emptyReply: () => native.emptyReply(),
  stepsTaken: (most) => native.stepsTaken(most),
  noStepsLeft: () => native.noStepsLeft(),
  deadlinePassed: () => native.deadlinePassed(),
  streamFailed: (route, what) => native.streamFailed(route, String(what)),
  noStream: (found) => native.noStream(String(found)),
};

/** A name that somebody else wrote, as messages show it: on one line, escaped and cut at 64 characters. */
export function foreignName(text) {
  return native.foreignName(beginning(text));
}

/** The same for a text, which is cut at 200 characters. */
export function foreignText(text) {
  return native.foreignText(beginning(text));
}

/** As `foreignName`, in quotes. */
export function foreignQuoted(text) {
  return native.foreignQuoted(beginning(text));
}

/** More than is ever shown: a body of megabytes need not cross. */
function beginning(text) {
  return String(text).slice(0, 1000);
}

/** The sentence for a tool that a rule of the policy denies. */
export function deniedByRule(tool) {
  return native.deniedByRule(String(tool));
}

/** What a model is told about a tool that ran and failed. */
export function toolFailed(name, error) {
  return native.toolFailed(String(name), String(error));
}
