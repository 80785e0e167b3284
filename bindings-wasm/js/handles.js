// Handles of the engine's tables, released when the object that holds one is collected: users have nothing to free.

import { memoryBytes, native, out } from "./engine.js";
import { InvalidOption } from "./errors.js";

/** The handle of what was given back: the engine knows none like it. */
export const GONE = -1;

/** The tables, in the engine's order. */
export const TABLES = { policies: 0, sessions: 1, turns: 2, calls: 3, circuits: 4, counters: 5 };

const HIGH = 2 ** 32;
const registry = new FinalizationRegistry((held) => native.release(Math.floor(held / HIGH), held % HIGH));

/** Releases this handle when `owner` is collected. */
export function keep(owner, table, handle) {
  registry.register(owner, table * HIGH + handle, owner);
  return handle;
}

/** Releases it now, where it is known that nobody will ask again. */
export function letGo(owner, table, handle) {
  registry.unregister(owner);
  native.release(table, handle);
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
    throw new InvalidOption(`${field}: ${error.message} is not allowed; use ${allowed}`);
  }
}

/** How many machines are alive, and the bytes of the engine's memory: for tests. */
export function statistics() {
  native.statistics();
  const counts = out();
  const tables = Object.entries(TABLES).map(([name, place]) => [name, counts[place]]);
  return { ...Object.fromEntries(tables), bytes: memoryBytes() };
}
