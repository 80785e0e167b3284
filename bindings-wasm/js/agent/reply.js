// What models and tools bring, as facts.

import { canonicalDigest, readReply as kindOf } from "../engine/policy.js";
import { foreignName, foreignQuoted, foreignText } from "../engine/words.js";
import { textOf } from "../facts/facts.js";

/** On its way to the core it would become another character, and the digest that of another text. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A model's reply: its kind (the core's word), its tool calls, its text, its usage, and who answered. */
export function readReply(value, step) {
  const known = isObject(value) ? value : {};
  const answer = typeof known.answer === "string" ? known.answer : "";
  const asked = Array.isArray(known.toolCalls) ? known.toolCalls : [];
  const calls = asked.map((one, place) => readCall(one, `call_${step}_${place}`));
  return {
    kind: kindOf(answer, calls.length),
    calls,
    answer,
    usage: readUsage(known.usage),
    model: typeof known.model === "string" ? known.model : undefined,
  };
}

/** What a model used, as far as that is known. */
export function readUsage(usage) {
  return { inputTokens: tokens(usage?.inputTokens), outputTokens: tokens(usage?.outputTokens) };
}

function readCall(call, otherwise) {
  const { id, name, arguments: given = {} } = isObject(call) ? call : {};
  return {
    id: typeof id === "string" && id !== "" ? id : otherwise,
    name: typeof name === "string" ? name : asText(name),
    arguments: given,
  };
}

function tokens(count) {
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

/**
 * The arguments of a tool call, read once: what is shown, approved and run is made from the one text that the digest is
 * of. Never throws: what is no plain data has a `complaint` in place of a `digest`.
 */
export function readArguments(name, given) {
  let text;
  try {
    text = typeof given === "string" ? given : JSON.stringify(given, plain);
  } catch (error) {
    // Its first line: V8 draws a picture of a cycle.
    return { complaint: `the arguments are not plain data: ${foreignText(textOf(error).split("\n", 1)[0])}` };
  }
  if (text === undefined) {
    return { complaint: `the arguments are not plain data: ${typeof given}` };
  }
  if (LONE_SURROGATE.test(text)) {
    return { complaint: "the arguments hold a lone surrogate, which is no text" };
  }
  const { digest, complaint } = canonicalDigest(name, text);
  return digest === undefined ? { complaint } : { digest, arguments: JSON.parse(text) };
}

/** Refuses what JSON would quietly make something else of: NaN and the infinities would become null, a Map {}. */
function plain(key, value) {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new TypeError(`${value} is no number that JSON knows${place(key)}`);
  }
  if (value instanceof Map || value instanceof Set) {
    throw new TypeError(`a ${foreignName(value.constructor.name)} is no object that JSON knows${place(key)}`);
  }
  return value;
}

function place(key) {
  return key === "" ? "" : ` (at ${foreignQuoted(key)})`;
}

/** A tool's result as text for the model. Never throws. */
export function asText(value) {
  if (typeof value === "string") {
    return value;
  }
  try {
    return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one)) ?? bare(value);
  } catch {
    return bare(value);
  }
}

function bare(value) {
  try {
    return value === undefined ? "null" : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

export function isObject(value) {
  return typeof value === "object" && value !== null;
}
