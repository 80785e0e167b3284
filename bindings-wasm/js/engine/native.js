// The one instance of the engine. An entry of the package starts it: `index.js` with the module that it carries, `wasm.js`
// with one that it is given.

import { InvalidOption } from "../errors.js";

/** The exports of the binding; they throw until the engine has been started. */
export let native = refusing(
  'the engine is not there yet: import "failsoft", or with "failsoft/wasm" first `await init(module)`',
);

/** Whether the collector tells of what nobody holds any more. Where it does not, the end of a `using` block does. */
export const collects = typeof FinalizationRegistry === "function";

/** What stands in place of an object of the engine that was given back. */
export const GONE = refusing("this is over, and its place in the engine was given back");

let memory;
let numbers;
let address = 0;
let length = 0;

/** @param exports what wasm-bindgen made. @param instance the raw exports, for their memory. */
export function start(exports, instance) {
  // A plain object: quicker to ask than a module's namespace.
  native = { ...exports };
  memory = instance.memory;
  address = exports.outAddress();
  length = exports.outLength();
}

/** The numbers that the last verb said. The view is made anew when the memory has grown. */
export function out() {
  if (numbers === undefined || numbers.length === 0) {
    numbers = new Float64Array(memory.buffer, address, length);
  }
  return numbers;
}

/** Runs what may refuse its input; the engine's one line becomes an error. */
export function checked(verb) {
  try {
    return verb();
  } catch (error) {
    if (typeof error === "string") {
      throw new InvalidOption(error);
    }
    throw error;
  }
}

/** What a JSON text says, or a complaint about the field that holds it. */
export function parsed(field, text, allowed) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidOption(`${field}: ${native.foreignText(error.message)} is not allowed; use ${allowed}`);
  }
}

/** How many objects of the engine are alive, and the bytes of its memory: for tests. */
export function statistics() {
  native.statistics();
  const [policies, sessions, turns, calls, circuits, counters] = out();
  return { policies, sessions, turns, calls, circuits, counters, bytes: memory.buffer.byteLength };
}

/** NaN stands for what is absent. */
export function known(number) {
  return Number.isNaN(number) ? undefined : number;
}

function refusing(why) {
  const refuse = () => {
    throw new Error(`failsoft: ${why}`);
  };
  return new Proxy({}, { get: refuse });
}
