// Collects plain facts about an error; the core decides what they mean.

import { headerNames } from "../engine/judge.js";
import { names } from "../engine/words.js";
import { bodyText } from "./body.js";
import { get, isArray, isObject, isPlain, parent } from "./peek.js";

/** So many errors of a chain are looked at, the first included. */
const DEEPEST = 16;
/** A code or a name longer than this is none. */
const LONGEST_WORD = 128;
const LONGEST_HEADER = 1024;
const LONGEST_TEXT = 4096;
/** So many headers of a plain object are looked at. */
const MOST_HEADERS = 256;
/** A client that says it has asked again more often is believed so far. */
const MOST_RETRIES = 1000;
/** What failsoft's own errors carry, of whichever copy: the list of their codes. */
const BRAND = Symbol.for("failsoft.error");
/** Where clients leave a status, headers and a body: on the error itself or on the response that it carries. */
const STATUSES = ["status", "statusCode", "httpStatusCode", "code"];
const HEADERS = ["headers", "responseHeaders"];
const BODIES = ["responseBody", "error", "body", "data"];
/** Classes that only the package of one provider has. */
const PACKAGES = { AnthropicError: "anthropic", BedrockRuntimeServiceException: "bedrock" };

/** The facts about an error, for the engine. `phase` and `provider` are what the host knows beside it. */
export function facts(error, { phase, provider } = {}) {
  const found = { classes: [], headers: {}, retriesInside: 0, phase: phase ?? undefined, wallMs: Date.now() };
  for (const one of chain(error)) {
    found.message ??= textOf(one);
    found.classes.push(...namesOf(one));
    found.retriesInside = Math.max(found.retriesInside, retriesInside(one));
    found.phase ??= knownPhase(one);
    if (found.status === undefined) {
      readResponse(one, found);
    }
  }
  const ofPackage = found.classes.find((name) => Object.hasOwn(PACKAGES, name));
  found.provider = word(provider)?.toLowerCase() ?? PACKAGES[ofPackage];
  found.message ??= textOf(error);
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

/**
 * The error, then its causes, nearest first. A group is nothing but the errors that it gathers: they stand in its place.
 * Of attempts in a row only the last one counts.
 */
function chain(error) {
  const seen = new Set();
  const told = [];
  const waiting = [error];
  while (waiting.length > 0 && seen.size < DEEPEST) {
    const one = waiting.shift();
    if (!isObject(one) || seen.has(one)) {
      continue;
    }
    seen.add(one);
    const last = get(one, "lastError");
    const gathered = isObject(last) ? [last] : listed(get(one, "errors"));
    const isGroup = gathered.length > 0 && classesOf(one).includes("AggregateError");
    if (!isGroup) {
      told.push(one);
    }
    const inner = get(one, "error"); // of an event, or of a part of a stream; of the SDKs it is the body
    const causes = [get(one, "cause"), isPlain(inner) ? undefined : inner];
    waiting.unshift(...(isGroup ? [...gathered, ...causes] : [...causes, ...gathered]));
  }
  return told;
}

/** The first few of a list; none of what is no list. */
function listed(list) {
  const length = isArray(list) ? Math.min(whole(get(list, "length")), DEEPEST) : 0;
  return Array.from({ length }, (_, i) => get(list, i));
}

/**
 * The names an error goes by: the words that outlast a bundler, which renames classes, then the classes themselves.
 * Node's `code` says what happened, and with its `syscall` also how far things had come. A library's own code says less
 * than the name beside it. Axios says other things by Node's codes, unless it only hands on that of its cause.
 */
function namesOf(error) {
  const classes = classesOf(error);
  const words = ownNames(error);
  const code = word(get(error, "code"));
  const syscall = word(get(error, "syscall"));
  const name = word(get(error, "name"));
  const isOfAxios = get(error, "isAxiosError") === true && get(error, "cause") === undefined;
  const own = classes.includes(name) ? undefined : name;
  if (syscall !== undefined) {
    words.push(code && `${syscall} ${code}`, code, own);
  } else {
    words.push(isOfAxios ? code && `axios ${code}` : undefined, own, code);
  }
  return [...words.filter((one) => one !== undefined), ...classes];
}

/** The names of its class and of the classes above, up to and with `Error`. */
function classesOf(error) {
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
  return classes;
}

/** The classes of a failsoft error, from the codes it is branded with: `call_timeout` is `CallTimeout`. */
function ownNames(error) {
  const codes = listed(get(error, BRAND)).filter((code) => word(code) !== undefined);
  return codes.map((code) => code.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase()));
}

/** How often a client has asked again by itself, where it tells: that of the package `ai`, and those of AWS. */
function retriesInside(error) {
  const attempts = isObject(get(error, "lastError")) ? get(get(error, "errors"), "length") : undefined;
  const most = Math.max(whole(attempts), whole(get(get(error, "$metadata"), "attempts")));
  return Math.min(Math.max(most - 1, 0), MOST_RETRIES);
}

function whole(value) {
  return Number.isSafeInteger(value) ? value : 0;
}

/** How far it had come, where the reader of a stream has noted that on what it met. */
function knownPhase(error) {
  const phase = get(error, "failsoftPhase");
  return names().failure_phase.includes(phase) ? phase : undefined;
}

/** What is left of the answer, wherever a client has put it. The word of an AWS service is the name of its error. */
function readResponse(error, found) {
  for (const holder of [error, get(error, "response"), get(error, "$metadata"), get(error, "$response")]) {
    for (const name of STATUSES) {
      const value = get(holder, name);
      if (Number.isInteger(value) && value >= 100 && value <= 599) {
        found.status ??= value;
      }
    }
    for (const name of HEADERS) {
      readHeaders(get(holder, name), found.headers);
    }
    for (const name of BODIES) {
      found.body ??= bodyText(get(holder, name));
    }
  }
  found.body ??= jsonOf(get(error, "message"));
  found.code ??= get(error, BRAND) ? undefined : word(get(error, "code")); // ours are no words of a provider
  found.errorType ??= word(get(error, "type")) ?? (get(error, "$fault") && word(get(error, "name")));
}

/** A message that is the answer's body, as that of `@google/genai`. */
function jsonOf(message) {
  return typeof message === "string" && message.startsWith("{") ? bodyText(message) : undefined;
}

/** The headers that the engine reads: of a `Headers`, of whatever else has a `get`, or of a plain object in any case. */
function readHeaders(headers, found) {
  if (!isObject(headers)) {
    return;
  }
  const known = headerNames();
  try {
    if (typeof headers.get === "function") {
      for (const name of known) {
        keepHeader(found, name, headers.get(name));
      }
      return;
    }
    for (const key of Object.keys(headers).slice(0, MOST_HEADERS)) {
      const name = key.toLowerCase();
      if (known.includes(name)) {
        keepHeader(found, name, headers[key]);
      }
    }
  } catch {} // what was read until then is read
}

/** A header is a text; of one that came more than once Node has a list. */
function keepHeader(found, name, value) {
  const text = isArray(value) ? get(value, 0) : value;
  if (typeof text === "string" && text.length > 0 && text.length <= LONGEST_HEADER) {
    found[name] ??= text;
  }
}

function word(value) {
  return typeof value === "string" && value.length > 0 && value.length <= LONGEST_WORD ? value : undefined;
}
