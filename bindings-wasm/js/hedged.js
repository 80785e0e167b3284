// The host loop of a call that may be hedged: that of `drive.js`, but that an attempt and the one beside it are under way at
// once, and the loop waits for what they report.

import { asleep, prepared, raiseEnd } from "./drive.js";
import { CallTimeout } from "./errors.js";
import { words } from "./machine.js";
import { Tasks } from "./tasks.js";

/** Drives a call to its end. `judge(error, attempt)` says what went wrong. */
export async function driveHedged(call, request, routes, { sleep, judge, signal, last }) {
  const tasks = new Tasks();
  const held = new Map();
  let command;
  let answer;
  let isOver = false;
  try {
    while (true) {
      signal?.throwIfAborted();
      for (let report = tasks.take(); report !== undefined; report = tasks.take()) {
        const [id, value, error, hasFailed] = report;
        const attempt = held.get(id);
        if (hasFailed) {
          last = error;
          call.failed(id, judge(error, attempt));
        } else if (call.succeeded(id)) {
          answer = value;
        }
        held.delete(id);
        attempt.done();
        routes.letGo(attempt);
      }
      command = call.next();
      switch (command.kind) {
        case "attempt": {
          const attempt = command;
          attempt.follow(signal);
          held.set(attempt.id, attempt);
          routes.hold(attempt);
          tasks.start(attempt.id, () => request(attempt));
          break;
        }
        case "wait":
          if (command.why === "running") {
            await tasks.wait(command.delay, signal);
          } else {
            await asleep(command.delay, sleep, signal);
            signal?.throwIfAborted();
            call.waited(command.id);
          }
          break;
        case "rebuild":
        case "switch": {
          const ready = await prepared(call, command, routes, signal);
          signal?.throwIfAborted();
          ready ? call.ready(command.id) : call.notReady(command.id);
          break;
        }
        case "cancel": {
          const attempt = held.get(command.id);
          held.delete(command.id);
          tasks.cancel(command.id);
          if (command.why === "timed_out") {
            last = new CallTimeout(words.givenUpOn("the call", attempt.timeout));
            attempt.abort(last);
          } else {
            attempt.abort(needless());
          }
          routes.letGo(attempt);
          break;
        }
        case "finish":
          isOver = true;
          if (command.end !== "succeeded") {
            raiseEnd(command, last);
          }
          return answer;
        default:
          throw new Error(`this host does not know the command ${command.kind}: update failsoft`);
      }
    }
  } catch (error) {
    if (!isOver) {
      abandon(call, [...held.keys(), command?.id]);
    }
    for (const attempt of held.values()) {
      attempt.abort(signal?.aborted ? signal.reason : needless());
      routes.letGo(attempt);
    }
    throw error;
  } finally {
    tasks.close();
    call.release();
  }
}

/** Permits go back; what was reported already changes nothing. */
function abandon(call, ids) {
  for (const id of ids) {
    try {
      if (id !== undefined) {
        call.abandoned(id);
      }
    } catch {} // a clock of the caller's may throw; the lease ends by itself
  }
}

/** Why what the other attempt was before is stopped. */
function needless() {
  return new DOMException("its result is no longer needed", "AbortError");
}
