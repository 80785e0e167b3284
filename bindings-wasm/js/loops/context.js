// The turn that is under way here: turns that begin within it, retries and time limits find it without being told.

import { shown } from "../engine/options.js";
import { MachineTurn } from "../engine/turn.js";
import { words } from "../engine/words.js";
import { DeadlineExceeded } from "../errors.js";

/** What follows asynchronous code about. Node, Deno, Bun and Workers have it; browsers have nothing like it. */
const Storage = globalThis.process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;

/** Made with the first turn that runs something: in older versions of Node it makes every promise a little dearer. */
let storage;

/**
 * The turn that is under way here; undefined outside of all, and where the platform cannot tell.
 *
 * It is the one that runs this by `turn.run`, or that of the agent whose model or tool this is.
 */
export function currentTurn() {
  return storage?.getStore();
}

/** Runs `work`, to which this turn is the current one, with all that it starts. */
export function within(turn, work) {
  if (Storage === undefined) {
    return work();
  }
  storage ??= new Storage();
  return storage.run(turn, work);
}

/** The turn to begin within: the current one, the one that is given, or, for null, none. */
export function found(where, parent) {
  if (parent === undefined || parent === null || parent instanceof MachineTurn) {
    return parent === undefined ? currentTurn() : (parent ?? undefined);
  }
  throw new TypeError(
    `${where}: parent: ${shown(parent)} is not allowed; use a turn, null to stand alone, or leave it out`,
  );
}

/** Milliseconds that the current turn has left, if it has a deadline. Throws `DeadlineExceeded` when none is left. */
export function timeLeft() {
  const left = currentTurn()?.timeLeft();
  if (left <= 0) {
    throw new DeadlineExceeded(words.deadlinePassed());
  }
  return left;
}

/** Says of a call that was given up on that the time of the current turn is over, if it is: asking again cannot help. */
export function tellLate(error) {
  if (currentTurn()?.timeLeft() <= 0) {
    throw new DeadlineExceeded(words.deadlinePassed(), { cause: error });
  }
}
