// What a turn tells of itself: its notices, and what became of it. They are read from the numbers that the engine wrote.

import { native, out } from "./engine.js";
import { known, readFailure } from "./failure.js";
import { names } from "./words.js";

/** The notice of this line. `routes` are the names of the chain. */
export function readNotice(line, routes) {
  const { notice, failure_kind: kinds, follows } = names();
  const [at, what, place, attempt, kind, next, delay] = out();
  const failed = { attempt: known(attempt), kind: kinds[kind], next: follows[next], delay: known(delay) };
  return { at, line, what: notice[what], route: routes[place], ...failed };
}

/** What became of the turn behind this handle, so far. */
export function readTally(turn) {
  const route = native.turnTally(turn);
  const [stopReason, degraded, ...counts] = out().subarray(7, 16);
  const [steps, attempts, toolCalls, inputTokens, outputTokens, spentInput, spentOutput] = counts.map(known);
  return {
    route,
    stopReason: names().stop_reason[stopReason],
    degraded: degraded !== 0,
    steps,
    attempts,
    toolCalls,
    inputTokens,
    outputTokens,
    spentInputTokens: spentInput,
    spentOutputTokens: spentOutput,
    failure: readFailure(0),
    blocked: native.turnBlocked(turn),
    lines: native.turnLines(turn),
  };
}
