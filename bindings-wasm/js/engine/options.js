// Options are checked by name: a typo must not silently mean the default.

import { Policy } from "./policy.js";
import { foreignName, foreignQuoted } from "./words.js";

/** Refuses options that a function does not have. `undefined` means none were given. */
export function checkOptions(where, options, allowed) {
  if (options === undefined) {
    return;
  }
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${where}: ${shown(options)} is not an options object; use some of ${allowed.join(", ")}`);
  }
  for (const name of Object.keys(options)) {
    if (!allowed.includes(name)) {
      throw new TypeError(`${where}: ${foreignName(name)} is not an option; use one of ${allowed.join(", ")}`);
    }
  }
}

/** Refuses what cannot be called. */
export function checkFunction(what, value) {
  if (typeof value !== "function") {
    throw new TypeError(`${what}: ${shown(value)} is not a function`);
  }
}

/** Refuses what `instanceof` cannot be asked about: an arrow function is no class. */
export function checkClass(what, value) {
  if (typeof value !== "function" || typeof value.prototype !== "object") {
    throw new TypeError(`${what}: ${shown(value)} is not a class`);
  }
}

/** As `checkFunction`, for what may be left out. */
export function checkOptionalFunction(what, value) {
  if (value !== undefined && value !== null) {
    checkFunction(what, value);
  }
}

/** Refuses what is neither true nor false: a text such as "no" must not mean yes. */
export function checkFlag(what, value) {
  if (value !== undefined && value !== null && typeof value !== "boolean") {
    throw new TypeError(`${what}: ${shown(value)} is not allowed; use true or false`);
  }
}

/** Refuses what is no text. */
export function checkText(what, value) {
  if (typeof value !== "string") {
    throw new TypeError(`${what}: ${shown(value)} is not allowed; use a text`);
  }
}

/** Refuses what is no object of named values. */
export function checkFields(what, fields) {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new TypeError(`${what}: ${shown(fields)} is not an object of fields; use one such as { model: "m" }`);
  }
}

/** Refuses what is no AbortSignal; another realm's is one, too. */
export function checkSignal(where, signal) {
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw new TypeError(`${where}: signal: ${shown(signal)} is not an AbortSignal`);
  }
}

/** Generators are refused where a function is guarded: what they have already given away cannot be taken back. */
export function isGenerator(fn) {
  return GENERATORS.includes(Object.prototype.toString.call(fn));
}

const GENERATORS = ["[object GeneratorFunction]", "[object AsyncGeneratorFunction]"];

/** A value in a message: short, on one line, and never a throw. */
export function shown(value) {
  try {
    if (typeof value === "string") {
      return foreignQuoted(value);
    }
    return foreignName(typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : value);
  } catch {
    return typeof value;
  }
}

const MOST_SPANS = 256;
const goodSpans = { timeout: new Set(), deadline: new Set() };

/** Refuses a span of time that a policy would refuse, in the core's words. The same few numbers come again and again. */
export function checkSpan(group, field, millis) {
  const good = goodSpans[field];
  if (!good.has(millis)) {
    new Policy({ [group]: { [field]: millis ?? Number.NaN } });
    if (good.size >= MOST_SPANS) {
      good.clear();
    }
    good.add(millis);
  }
}
