// Collects plain facts about an error; the core decides what they mean.

import { classifyFacts, Failure } from "./machine.js";

/** So many errors of a chain are looked at, the first included. */
const DEEPEST = 16;
/** A code, a name or a header longer than this is none. */
const LONGEST_WORD = 128;
const LONGEST_TEXT = 4096;
/** So many headers of a plain object are looked at. */
const MOST_HEADERS = 256;
/** What failsoft's own errors carry, of whichever copy: the list of their codes. */
const BRAND = Symbol.for("failsoft.error");

/**
 * What kind of failure an error is.
 *
 * Looks at its code, its name and the names of its classes, those of its causes, at an HTTP status, headers and error
 * body where it carries them (as those of `openai`, `@anthropic-ai/sdk` and axios do), and never at anything else. A
 * failure that an error brings along as `failsoftFailure` is taken as it is.
 */
export function classify(error) {
  return broughtAlong(error) ?? classifyFacts(facts(error));
}

/** The facts themselves, for those who wonder about a classification. */
export function facts(error) {
  const found = { classes: [], message: textOf(error), wallMs: Date.now() };
  for (const one of chain(error)) {
    found.classes.push(...namesOf(one));
    if (found.status === undefined) {
      readResponse(one, found);
    }
  }
  return found;
}

/** What an error says of itself, if it can; 4096 characters at most. */
export function textOf(error) {
  const message = isObject(error) ? get(error, "message") : undefined;
  if (typeof message === "string") {
    return message.slice(0, LONGEST_TEXT);
  }
  try {
    const text = String(error);
    return text === "[object Object]" ? "" : text.slice(0, LONGEST_TEXT);
  } catch {
    return "";
  }
}

/** A failure of another copy of this package is made again here: its numbers are all there is to it. */
function broughtAlong(error) {
  const known = get(error, "failsoftFailure");
  if (!isObject(known)) {
    return undefined;
  }
  try {
    return parent(known) === Failure.prototype ? known : new Failure(known.kind, known);
  } catch {
    return undefined;
  }
}

/** The error, then its causes and the errors it gathers, nearest first. */
function chain(error) {
  const seen = new Set();
  const waiting = [error];
  while (waiting.length > 0 && seen.size < DEEPEST) {
    const one = waiting.shift();
    if (!isObject(one) || seen.has(one)) {
      continue;
    }
    seen.add(one);
    waiting.push(get(one, "cause"));
    const inner = get(one, "errors");
    for (let i = 0; isArray(inner) && i < DEEPEST; i += 1) {
      waiting.push(get(inner, i));
    }
  }
  return seen;
}

/**
 * The names an error goes by: the words that outlast a bundler, which renames classes, then the classes themselves up
 * to and with `Error`. Node's `code` says what happened; with its `syscall`, also how far things had come.
 */
function namesOf(error) {
  const classes = [];
  let proto = parent(error);
  for (let i = 0; i < DEEPEST && isObject(proto); i += 1) {
    const name = word(get(get(proto, "constructor"), "name"));
    if (name !== undefined && classes.at(-1) !== name) {
      classes.push(name);
    }
    if (name === "Error" || name === "Object") {
      break;
    }
    proto = parent(proto);
  }
  const code = word(get(error, "code"));
  const syscall = word(get(error, "syscall"));
  const name = word(get(error, "name"));
  const names = ownNames(error);
  if (code !== undefined && syscall !== undefined) {
    names.push(`${syscall} ${code}`);
  }
  if (code !== undefined) {
    names.push(code);
  }
  if (name !== undefined && !classes.includes(name)) {
    names.push(name);
  }
  return [...names, ...classes];
}

/** The classes of a failsoft error, from the codes it is branded with: `call_timeout` is `CallTimeout`. */
function ownNames(error) {
  const codes = get(error, BRAND);
  const names = [];
  for (let i = 0; isArray(codes) && i < DEEPEST; i += 1) {
    const code = word(get(codes, i));
    if (code !== undefined) {
      names.push(code.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase()));
    }
  }
  return names;
}

function readResponse(error, found) {
  const response = get(error, "response");
  for (const holder of [error, response]) {
    for (const name of ["status", "statusCode", "code"]) {
      const value = get(holder, name);
      if (Number.isInteger(value) && value >= 100 && value <= 599) {
        found.status ??= value;
      }
    }
    const headers = get(holder, "headers");
    found.retryAfterMs ??= header(headers, "retry-after-ms");
    found.retryAfter ??= header(headers, "retry-after");
    found.shouldRetry ??= header(headers, "x-should-retry");
  }
  // The body of the answer, whole or already opened: `error` of the SDKs, `data` of axios.
  const body = [get(error, "error"), get(error, "body"), get(error, "data"), get(response, "data")].find(isObject);
  const inner = get(body, "error");
  for (const source of [isObject(inner) ? inner : body, error]) {
    found.code ??= word(get(source, "code"));
    found.errorType ??= word(get(source, "type"));
  }
}

/** A header of a `Headers`, of whatever else has a `get`, or of a plain object in any case. */
function header(headers, name) {
  if (!isObject(headers)) {
    return undefined;
  }
  try {
    if (typeof headers.get === "function") {
      return word(headers.get(name));
    }
    const keys = Object.keys(headers).slice(0, MOST_HEADERS);
    return word(headers[keys.find((key) => key.toLowerCase() === name)]);
  } catch {
    return undefined;
  }
}

function word(value) {
  return typeof value === "string" && value.length > 0 && value.length <= LONGEST_WORD ? value : undefined;
}

function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A property, or undefined: a getter or a proxy may throw anything, and a classification must not. */
function get(holder, name) {
  try {
    return holder?.[name];
  } catch {
    return undefined;
  }
}

function parent(value) {
  try {
    return Object.getPrototypeOf(value);
  } catch {
    return undefined;
  }
}

function isArray(value) {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
