// Another attempt after a failure that may pass: as a function, and around a function.

import {
  checkFunction,
  checkOptionalFunction,
  checkOptions,
  checkSignal,
  isGenerator,
  shown,
} from "../engine/options.js";
import { Policy } from "../engine/policy.js";
import { MachineSession } from "../engine/session.js";
import { Call, MachineTurn } from "../engine/turn.js";
import { foreignName } from "../engine/words.js";
import { judged } from "../facts/classify.js";
import { drive } from "../loops/call.js";
import { currentTurn, timeLeft } from "../loops/context.js";
import { isThenable, promised, unlessAborted } from "../loops/race.js";

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
export function turnOf({ policy, clock, seed }) {
  const turn = new MachineTurn(new MachineSession(policy(), [], clock, seed), []);
  const above = currentTurn();
  if (above !== undefined) {
    turn.inherit(above);
  }
  return turn;
}

/** Nobody else has heard of it: sooner than the collector would. */
export function release(turn) {
  turn.release();
  turn.session.release();
}

/** Options that were checked: a policy to be had, and a judge. */
export function settingsOf(where, options) {
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
  const given = [maxAttempts, base, factor, cap, jitter];
  if (given.some((one) => Object(one) === one)) {
    return Policy.forRetry({ maxAttempts, base, factor, cap, jitter }); // which refuses it: none of them is an object
  }
  const key = given.map((one) => `${typeof one} ${String(one)}`).join();
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
      `retrying: ${foreignName(fn.name || "this")} is a generator, and what it has already given away cannot be taken back; ` +
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
