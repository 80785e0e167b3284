// The host loop of a call. It acts; every decision is the core's.

import { judged } from "./classify.js";
import { BreakerOpen, CallTimeout, DeadlineExceeded, Exhausted, StepLimitExceeded } from "./errors.js";
import { unlessAborted, within } from "./race.js";
import { current } from "./time.js";

export { within } from "./race.js";
export { Tasks } from "./tasks.js";

/** Drives a call to its end. `judge(error, attempt)` says what went wrong; `last` is the error of an attempt made before. */
export async function drive(call, request, routes, { sleep, judge = plainly, signal, last } = {}) {
  let held;
  try {
    signal?.throwIfAborted();
    while (true) {
      const command = call.next();
      held = command;
      switch (command.kind) {
        case "attempt": {
          let value;
          routes?.hold?.(command);
          try {
            value = await attempted(command, request, signal);
          } catch (error) {
            signal?.throwIfAborted();
            last = error;
            call.failed(command.id, judge(error, command));
            break;
          } finally {
            routes?.letGo?.(command);
          }
          if (call.succeeded(command.id)) {
            return value;
          }
          break;
        }
        case "wait":
          await asleep(command.delay, sleep, signal);
          signal?.throwIfAborted();
          call.waited(command.id);
          break;
        case "rebuild":
        case "switch": {
          const ready = await prepared(call, command, routes, signal);
          signal?.throwIfAborted();
          ready ? call.ready(command.id) : call.notReady(command.id);
          break;
        }
        case "finish":
          held = undefined;
          raiseEnd(command, last);
          break;
        default:
          throw new Error(`this host does not know the command ${command.kind}: update failsoft`);
      }
    }
  } catch (error) {
    if (held !== undefined) {
      call.abandoned(held.id); // changes nothing if it was reported
    }
    throw error;
  } finally {
    call.release();
  }
}

/** By the built-in rules alone. */
function plainly(error) {
  return judged(error)[0];
}

/** Makes the request of an attempt, under its limit. */
function attempted(attempt, request, signal) {
  attempt.follow(signal);
  return within(attempt.timeout, () => request(attempt), "the call", { signal, stop: attempt });
}

/** Has a route's client made, until its time is over: one that comes later is closed. */
export async function prepared(call, command, routes, signal) {
  const left = command.until === undefined ? Infinity : Math.max(0, command.until - call.turn.now());
  const gone = new AbortController();
  const stop = { abort: (reason) => gone.abort(reason), done() {} };
  try {
    return await within(left, () => routes.prepare(command, gone.signal), "the client", { signal, stop });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof CallTimeout)) {
      throw error;
    }
    return false;
  }
}

/** Waits by the caller's own `sleep(delay, signal)`, or by the source of time that is in place. */
export function asleep(delay, sleep, signal) {
  return sleep ? unlessAborted(signal, () => sleep(delay, signal)) : current().sleep(delay, signal);
}

/** Throws what an end means: the original error if it is permanent, else ours with the original as cause. */
export function raiseEnd(end, last) {
  const hasOriginal = last !== undefined;
  throw end.raised(hasOriginal) === "original" ? last : errorOf(end, hasOriginal, last);
}

/** The error of ours that an end stands for. */
export function errorOf(end, hasOriginal = false, cause = undefined) {
  const options = { cause, retryIn: end.retryIn };
  switch (end.raised(hasOriginal)) {
    case "deadline_exceeded":
      return new DeadlineExceeded(end.message, options);
    case "step_limit_exceeded":
      return new StepLimitExceeded(end.message, options);
    case "breaker_open":
      return new BreakerOpen(end.message, options);
    default:
      return new Exhausted(end.message, options);
  }
}
