// The text of an answer's body, from whatever a client left of it. Never reads what would have to be waited for.

import { get, isArray, isPlain } from "./peek.js";

/** The engine looks at no more of a body. */
const LONGEST = 65_536;
const DEEPEST = 16;

/** A text as it is, bytes as text, parsed JSON as JSON again; undefined for a stream and whatever else is not there yet. */
export function bodyText(body) {
  if (typeof body === "string") {
    return body.slice(0, LONGEST) || undefined;
  }
  if (isPlain(body) || isArray(body)) {
    const told = { text: "", left: LONGEST };
    tell(body, told, DEEPEST);
    return told.text;
  }
  return bytesText(body);
}

/** JSON again, cut where the engine would cut it: what is left of a body may be without end, or bite its own tail. */
function tell(value, told, depth) {
  if (typeof value === "object" && value !== null && depth > 0) {
    const isList = isArray(value);
    const names = isList ? undefined : keysOf(value);
    const length = isList ? get(value, "length") : names.length;
    say(told, isList ? "[" : "{");
    for (let i = 0; i < length && told.left > 0; i += 1) {
      say(told, i > 0 ? "," : "");
      say(told, isList ? "" : `${JSON.stringify(names[i].slice(0, told.left))}:`);
      tell(get(value, isList ? i : names[i]), told, depth - 1);
    }
    say(told, isList ? "]" : "}");
  } else if (typeof value === "string") {
    say(told, JSON.stringify(value.slice(0, Math.max(0, told.left))));
  } else {
    say(told, Number.isFinite(value) || typeof value === "boolean" ? String(value) : "null");
  }
}

function say(told, text) {
  told.text += text.slice(0, Math.max(0, told.left));
  told.left -= text.length;
}

function keysOf(value) {
  try {
    return Object.keys(value);
  } catch {
    return [];
  }
}

function bytesText(body) {
  try {
    const bytes = ArrayBuffer.isView(body) ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : undefined;
    const whole = bytes ?? (body instanceof ArrayBuffer ? new Uint8Array(body) : undefined);
    return whole && new TextDecoder().decode(whole.subarray(0, LONGEST));
  } catch {
    return undefined;
  }
}
