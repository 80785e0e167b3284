// Another attempt after a failure that may pass: as a function, around a function, and as a loop.

import { judged } from "./classify.js";
import { currentTurn, timeLeft } from "./context.js";
import { asleep, drive, errorOf } from "./drive.js";
import { Call, MachineSession, MachineTurn, Policy } from "./machine.js";
import { checkFunction, checkOptionalFunction, checkOptions, checkSignal, isGenerator, shown } from "./options.js";
import { isThenable, promised, unlessAborted } from "./race.js";

const NUMBERS = ["maxAttempts", "base", "factor", "cap", "jitter"];
const OPTIONS = [...NUMBERS, "on", "signal", "sleep", "clock", "seed"];
const MOST_POLICIES = 256;

/**
 * Calls `fn({ number, signal })`, and again if it fails in a way that may pass. Resolves with its value.
 *
 * Rejects with `Exhausted` when the last attempt failed too (its error is the cause), with the original error,
 * unchanged, where asking again cannot help, and with `signal.reason` when the signal is aborted. A mistake in the
 * options comes as a rejection, too, before the first attempt. The options are explained in the types.
 */
export function retry(fn, options) {
  try {
    const settings = options === undefined ? DEFAULTS : settingsOf("retry", options);
    checkFunction("retry", fn);
    if (timeLeft() !== undefined) {
      return withinTurn(fn, settings);
    }
    return settings.signal === undefined ? first(fn, settings) : firstUnlessAborted(fn, settings);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Under the deadline of the current turn: nothing begins after it, and what is under way then is given up on. */
async function withinTurn(fn, settings) {
  const { sleep, signal } = settings;
  const turn = turnOf(settings);
  const judge = (error) => settings.judge(error, turn.session);
  try {
    return await drive(new Call(turn), (attempt) => fn(attempt), undefined, { sleep, judge, signal });
  } finally {
    release(turn);
  }
}

/** The first attempt: it runs before there is any machinery, which most calls never need. */
function first(fn, settings) {
  let value;
  try {
    value = fn(new FirstAttempt());
    if (!isThenable(value)) {
      return Promise.resolve(value);
    }
  } catch (error) {
    return again(fn, settings, error);
  }
  return promised(value).then(undefined, (error) => again(fn, settings, error));
}

async function firstUnlessAborted(fn, settings) {
  const { signal } = settings;
  try {
    return await unlessAborted(signal, () => fn(new FirstAttempt(signal)));
  } catch (error) {
    signal.throwIfAborted();
    return again(fn, settings, error);
  }
}

/** What the function is given the first time. The signal is made only for those who look. */
class FirstAttempt {
  #signal;

  constructor(signal) {
    this.#signal = signal;
  }

  get number() {
    return 1;
  }

  get signal() {
    this.#signal ??= new AbortController().signal;
    return this.#signal;
  }
}

/** The first attempt has failed: now there is something to decide. */
async function again(fn, settings, last) {
  const { sleep, signal } = settings;
  const turn = turnOf(settings);
  const judge = (error) => settings.judge(error, turn.session);
  try {
    const failure = judge(last);
    const entered = turn.enter();
    const call = entered.kind === "attempt" ? turn.settleFailed(entered, failure) : entered;
    return await drive(call, (attempt) => fn(attempt), undefined, { sleep, judge, signal, last });
  } finally {
    release(turn);
  }
}

/** A turn without routes, within the current one if there is one. */
function turnOf({ policy, clock, seed }) {
  const turn = new MachineTurn(new MachineSession(policy(), [], clock, seed), []);
  const above = currentTurn();
  if (above !== undefined) {
    turn.inherit(above);
  }
  return turn;
}

/** Nobody else has heard of it: sooner than the collector would. */
function release(turn) {
  turn.release();
  turn.session.release();
}

/** Options that were checked: a policy to be had, and a judge. */
function settingsOf(where, options) {
  checkOptions(where, options, OPTIONS);
  const { on, signal, sleep, clock, seed } = options ?? {};
  checkSignal(where, signal ?? undefined);
  checkOptionalFunction(`${where}: sleep`, sleep);
  checkOptionalFunction(`${where}: clock`, clock);
  const policy = policyOf(options ?? {});
  return { policy: () => policy, judge: judgeOf(where, on), signal: signal ?? undefined, sleep, clock, seed };
}

/** Without options there is no policy to be made before it is needed. */
const DEFAULTS = { policy: () => policyOf({}), judge };
const policies = new Map();
let latest = {};

/** Policies are made once: the same few numbers come again and again. */
function policyOf({ maxAttempts, base, factor, cap, jitter }) {
  if (
    latest.policy !== undefined &&
    latest.maxAttempts === maxAttempts &&
    latest.base === base &&
    latest.factor === factor &&
    latest.cap === cap &&
    latest.jitter === jitter
  ) {
    return latest.policy;
  }
  const key = [maxAttempts, base, factor, cap, jitter].map((one) => `${typeof one} ${shown(one)}`).join();
  let policy = policies.get(key);
  if (policy === undefined) {
    policy = Policy.forRetry({ maxAttempts, base, factor, cap, jitter });
    if (policies.size >= MOST_POLICIES) {
      policies.clear();
    }
    policies.set(key, policy);
  }
  latest = { maxAttempts, base, factor, cap, jitter, policy };
  return policy;
}

/** What a failure is; and the one place that learns who else asks again, which is told once. */
function judge(error, session) {
  const [failure, retries] = judged(error);
  if (retries > 0 && !hasWarned) {
    hasWarned = true;
    console.warn(`failsoft: ${session.multiplied(undefined, retries)}`);
  }
  return failure;
}

let hasWarned = false;

/** What counts as worth another attempt: the failure table, or the caller's own word. */
function judgeOf(where, on) {
  if (on === undefined || on === null) {
    return judge;
  }
  const classes = Array.isArray(on) ? on : isClass(on) ? [on] : undefined;
  if (classes === undefined) {
    checkFunction(`${where}: on`, on);
    return (error, session) => judge(error, session).judged(Boolean(on(error)));
  }
  for (const one of classes) {
    if (!isClass(one)) {
      throw new TypeError(`${where}: on: ${shown(one)} is not a class of errors`);
    }
  }
  return (error, session) => judge(error, session).judged(classes.some((one) => error instanceof one));
}

/** A class, told from a predicate. */
function isClass(fn) {
  return (
    typeof fn === "function" &&
    (fn === Error || fn.prototype instanceof Error || /^class\b/.test(Function.prototype.toString.call(fn)))
  );
}

/**
 * A function of the same parameters that is retried; the options are those of `retry`, checked now. Generators are
 * refused: what they have already given away cannot be taken back.
 */
export function retrying(fn, options) {
  settingsOf("retrying", options);
  checkFunction("retrying", fn);
  if (isGenerator(fn)) {
    throw new TypeError(
      `retrying: ${fn.name || "this"} is a generator, and what it has already given away cannot be taken back; ` +
        "retry the function that reads it to its end",
    );
  }
  return named(fn, function (...given) {
    return retry(() => fn.apply(this, given), options);
  });
}

/** Gives a wrapper the name and length of what it wraps. */
export function named(fn, wrapper) {
  for (const name of ["name", "length"]) {
    Object.defineProperty(wrapper, name, { value: fn[name], configurable: true });
  }
  return wrapper;
}

/**
 * Retries a block: `for await (const attempt of attempts({ maxAttempts: 3 })) { .. }`, with `await attempt.run(fn)` in
 * it, or a `try` whose `catch` says `attempt.failed(error)`. The loop ends with the first block that succeeds; the
 * error of the last one, or a permanent one, comes out of `run` or `failed`. The options are those of `retry`.
 */
export function attempts(options) {
  const settings = settingsOf("attempts", options);
  return { [Symbol.asyncIterator]: () => blocks(settings) };
}

async function* blocks(settings) {
  const { sleep, signal } = settings;
  const turn = turnOf(settings);
  const judge = (error) => settings.judge(error, turn.session);
  const call = new Call(turn);
  let last;
  try {
    while (true) {
      signal?.throwIfAborted();
      const command = call.next();
      switch (command.kind) {
        case "attempt": {
          const block = new Block(call, command, judge, signal);
          yield block;
          last = block.leave();
          break;
        }
        case "wait":
          await asleep(command.delay, sleep, signal);
          signal?.throwIfAborted();
          call.waited(command.id);
          break;
        case "finish":
          if (command.end !== "succeeded") {
            // The deadline of the current turn has passed: before the first block, or during a wait.
            throw errorOf(command, last !== undefined, last);
          }
          return;
        default:
          throw new Error(`this host does not know the command ${command.kind}: update failsoft`);
      }
    }
  } finally {
    call.release();
    release(turn);
  }
}

/** One attempt of `attempts`: `number` counts from 1, `signal` is aborted with that of the options. */
class Block {
  #call;
  #attempt;
  #judge;
  #caller;
  #isOver = false;
  #error;

  constructor(call, attempt, judge, signal) {
    this.#call = call;
    this.#attempt = attempt.follow(signal);
    this.#judge = judge;
    this.#caller = signal;
  }

  get number() {
    return this.#attempt.number;
  }

  get signal() {
    return this.#attempt.signal;
  }

  /** Runs `fn({ number, signal })`. Resolves with its value, or with undefined when there will be another attempt. */
  async run(fn) {
    checkFunction("run", fn);
    try {
      return await unlessAborted(this.#caller, () => fn(this));
    } catch (error) {
      this.#caller?.throwIfAborted();
      this.failed(error);
      return undefined;
    }
  }

  /** The block failed. Throws when that was the end: the error itself, or `Exhausted` with it as cause. */
  failed(error) {
    this.#caller?.throwIfAborted();
    if (this.#isOver) {
      return;
    }
    this.#end();
    this.#error = error;
    this.#call.failed(this.#attempt.id, this.#judge(error));
    const end = this.#call.poll();
    if (end.kind === "finish") {
      throw end.raised(true) === "original" ? error : errorOf(end, true, error);
    }
  }

  /** The block was left: without a word it worked, else it tells the error. */
  leave() {
    if (!this.#isOver) {
      this.#end();
      this.#call.succeeded(this.#attempt.id);
    }
    return this.#error;
  }

  #end() {
    this.#isOver = true;
    this.#attempt.done();
  }
}
