// The one loop: it asks a machine (a call, or the turn of an agent) what to do, and has it done. It acts; every decision is the
// core's. What differs between calls, streams and runs stands in the classes that extend it.

import { BreakerOpen, CallTimeout, DeadlineExceeded, Exhausted, StepLimitExceeded } from "../errors.js";
import { unlessAborted, within } from "./race.js";
import { Tasks } from "./tasks.js";
import { current } from "./time.js";

/** Does what a machine says. Whoever extends it says how an attempt is made, and what is told of it. */
export class Driver {
  /** What was taken and not reported, by its id. */
  held = new Map();
  /** The last error of an attempt: the cause of an end that is none. */
  last = undefined;
  isOver = false;

  /**
   * @param owner keeps the clients: `hold(attempt)`, `letGo(attempt)` and `prepare(change, signal)`, where it has any.
   * @param sleep the caller's own, in place of the source of time.
   */
  constructor(machine, owner, { sleep, signal } = {}) {
    this.machine = machine;
    this.owner = owner;
    this.sleep = sleep;
    this.signal = signal;
  }

  /** The loop. It yields what the consumer is told, and returns what it came to. */
  async *run() {
    try {
      while (!this.isOver) {
        this.signal?.throwIfAborted();
        this.report();
        const command = this.machine.next();
        yield* this.news(command);
        await this.#perform(command);
        yield* this.news();
      }
      return await this.result();
    } finally {
      await this.#leave();
    }
  }

  #perform(command) {
    switch (command.kind) {
      case "attempt":
        command.follow(this.signal);
        this.held.set(command.id, command);
        this.owner?.hold?.(command);
        return this.attempt(command);
      case "wait":
        return command.why === "running" ? this.running(command.delay) : this.#wait(command);
      case "rebuild":
      case "switch":
        this.held.set(command.id, command);
        return this.prepare(command);
      case "ask_approval":
        this.held.set(command.id, command);
        return this.ask(command);
      case "cancel":
        return this.cancel(this.held.get(command.id), command.why);
      case "finish":
        this.isOver = true;
        return this.finish(command);
      default:
        this.held.set(command.id, command);
        throw new Error(`this host does not know the command ${command.kind}: update failsoft`);
    }
  }

  async #wait(command) {
    this.held.set(command.id, command);
    await asleep(command.delay, this.sleep, this.signal);
    this.signal?.throwIfAborted();
    this.machine.waited(command.id);
    this.held.delete(command.id);
  }

  /** Permits go back; what was reported already changes nothing. */
  async #leave() {
    if (!this.isOver) {
      const reason = this.signal?.aborted ? this.signal.reason : needless();
      for (const [id, command] of this.held) {
        try {
          this.machine.abandoned(id);
        } catch {} // a clock of the caller's may throw; the lease ends by itself
        command.abort?.(reason);
      }
    }
    await this.close();
    for (const command of this.held.values()) {
      this.owner?.letGo?.(command);
    }
  }

  /** An attempt is over, or nobody waits for it any more. */
  letGo(attempt) {
    this.held.delete(attempt.id);
    attempt.done();
    this.owner?.letGo?.(attempt);
  }

  // ---- What may be done otherwise. ----

  /** Tells the machine what came in meanwhile. */
  report() {}

  /** What the consumer is told, before what is to be done and after it. */
  *news() {}

  /** Has a route's client made. */
  async prepare(command) {
    const isReady = await prepared(this.machine, command, this.owner, this.signal);
    this.signal?.throwIfAborted();
    this.prepared(command, isReady);
  }

  prepared({ id }, isReady) {
    isReady ? this.machine.ready(id) : this.machine.notReady(id);
    this.held.delete(id);
  }

  /** The end. Throws what it means, unless it is a success. */
  finish(end) {
    if (end.end !== "succeeded") {
      raiseEnd(end, this.last);
    }
  }

  result() {}

  close() {
    this.machine.release();
  }
}

/** A driver whose attempts run beside it: it waits for what they report. */
export class TaskDriver extends Driver {
  tasks = new Tasks();

  report() {
    for (let report = this.tasks.take(); report !== undefined; report = this.tasks.take()) {
      this.heard(this.held.get(report[0]), report);
    }
  }

  running(delay) {
    return this.tasks.wait(delay, this.signal);
  }

  cancel(command, why) {
    this.tasks.cancel(command.id);
    const reason = this.reasonOf(command, why);
    this.held.delete(command.id);
    command.abort(reason);
    this.owner.letGo(command);
  }

  /** Why nobody waits for it any more, for whoever listens to its signal. */
  reasonOf(command, why) {
    if (why !== "timed_out") {
      return needless();
    }
    this.last = this.late(command);
    return this.last;
  }

  close() {
    this.tasks.close();
    return super.close();
  }
}

/** Runs a loop that has no consumer, and brings what it came to. */
export async function driven(driver) {
  const { value } = await driver.run().next();
  return value;
}

/** Why something is stopped whose result nobody waits for. */
export function needless() {
  return new DOMException("its result is no longer needed", "AbortError");
}

/** Has a route's client made, until its time is over: one that comes later is closed. */
async function prepared(machine, command, owner, signal) {
  const left = command.until === undefined ? Infinity : Math.max(0, command.until - machine.now());
  const gone = new AbortController();
  const stop = { abort: (reason) => gone.abort(reason), done() {} };
  try {
    return await within(left, () => owner.prepare(command, gone.signal), "the client", { signal, stop });
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

const ERRORS = {
  deadline_exceeded: DeadlineExceeded,
  step_limit_exceeded: StepLimitExceeded,
  breaker_open: BreakerOpen,
  exhausted: Exhausted,
};

/** The error of ours that an end stands for. */
export function errorOf(end, hasOriginal = false, cause = undefined) {
  const { [end.raised(hasOriginal)]: type = Exhausted } = ERRORS;
  return new type(end.message, { cause, retryIn: end.retryIn });
}
