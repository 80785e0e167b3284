// The plain functions: one guard around one call.

import { passGate } from "../agent/approval.js";
import { StepCounter } from "../engine/circuit.js";
import { checkFunction, checkOptionalFunction, checkOptions, checkSignal, checkSpan } from "../engine/options.js";
import { Policy } from "../engine/policy.js";
import { Stoppable } from "../engine/signals.js";
import { words } from "../engine/words.js";
import { CallTimeout, StepLimitExceeded } from "../errors.js";
import { tellLate, timeLeft } from "../loops/context.js";
import { within } from "../loops/race.js";
import { Session } from "../session/session.js";

/**
 * Calls `fn({ signal })` and gives up on it after `timeout` milliseconds. Resolves with its value, or rejects with its
 * error unchanged.
 *
 * At the limit the signal is aborted and the rejection is a `CallTimeout`, also where `fn` does not listen to the
 * signal: then it is left behind, and what it brings is dropped. Where the current turn has less time left than that, it
 * holds, and the rejection is a `DeadlineExceeded`.
 */
export async function callWithDeadline(fn, timeout, options) {
  checkOptions("callWithDeadline", options, ["signal", "clock"]);
  checkFunction("callWithDeadline", fn);
  const { signal, clock } = options ?? {};
  checkSignal("callWithDeadline", signal ?? undefined);
  checkOptionalFunction("callWithDeadline: clock", clock);
  checkSpan("attempt", "timeout", timeout);
  const given = new Stoppable();
  const name = fn.name || "the call";
  const ends = { signal: signal ?? undefined, clock: clock ?? undefined, stop: given };
  const left = timeLeft();
  if (left === undefined) {
    return within(timeout, () => fn(given), name, ends);
  }
  try {
    return await within(Math.min(timeout, left), () => fn(given), name, ends);
  } catch (error) {
    if (error instanceof CallTimeout) {
      tellLate(error);
    }
    throw error;
  }
}

let fallbackPolicy;

/**
 * Calls the first option as `option({ signal })`, the next one if it fails, and so on. Resolves with the first value.
 *
 * It moves on at every error; when none succeeds it rejects with `Exhausted`, and the last error is the cause. The last
 * argument may be `{ signal }`.
 */
export async function fallback(...given) {
  const options = typeof given.at(-1) === "object" ? given.pop() : undefined;
  checkOptions("fallback", options, ["signal"]);
  for (const option of given) {
    checkFunction("fallback", option);
  }
  fallbackPolicy ??= Policy.forFallback();
  const routes = given.map((_, place) => `option ${place + 1}`);
  const session = new Session({ routes, policy: fallbackPolicy });
  const request = (attempt) => given[session.routes.indexOf(attempt.route)](attempt);
  const turn = session.turn();
  try {
    return await turn.call(request, options);
  } finally {
    turn.release();
    session.core.release();
  }
}

/** Lets exactly `maxSteps` steps through, 1 to 100,000. */
export class StepLimiter {
  #counter;

  constructor(maxSteps) {
    this.maxSteps = maxSteps;
    this.#counter = new StepCounter(new Policy({ turn: { steps: maxSteps } }));
  }

  /** Takes a step and returns its number; throws `StepLimitExceeded` when there is none left. */
  tick() {
    const number = this.#counter.tick();
    if (number === undefined) {
      throw new StepLimitExceeded(words.stepsTaken(this.maxSteps));
    }
    return number;
  }

  /** Steps taken so far. */
  get steps() {
    return this.#counter.taken;
  }
}

let plainPolicy;

/**
 * Resolves when a tool call may run; rejects with `ApprovalDenied`, whose `reason` says why, when it may not.
 *
 * `risky` says whether it needs approval: a boolean, a list or set of tool names, or `risky(tool, args)`.
 * `approver(request)` answers with a boolean or a decision (`once`, `session`, `always`, `deny`). No approver means no.
 */
export async function approvalGate(tool, args, options) {
  checkOptions("approvalGate", options, ["risky", "approver", "signal"]);
  if (options?.risky === undefined) {
    throw new TypeError("approvalGate: say whether it is risky: a boolean, names of tools, or a function");
  }
  plainPolicy ??= new Policy();
  await passGate(plainPolicy, tool, args, options);
}
