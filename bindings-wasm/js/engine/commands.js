// Commands: what a host loop switches over by `kind`. An attempt is read from numbers, for every call has one; the others the engine
// writes as objects.

import { failureOf } from "./failure.js";
import { checked, known, native, out } from "./native.js";
import { Stoppable } from "./signals.js";

const WORKS = ["model", "tool", "function"];

/** Make this request, then report what became of it. */
export class Attempt extends Stoppable {
  #session;
  #place;
  #until;
  #spans;
  #key1;
  #key2;
  #key3;
  #key4;
  #keyRest;

  /** @param entry the handle of what the short way let through; -1 for an attempt of a machine. */
  constructor(session, entry = -1) {
    super();
    const numbers = out();
    this.#session = session;
    this.#place = numbers[1] | 0;
    this.#until = numbers[8];
    // Of streams alone. What is a whole number is made one here: one that is not takes room of its own, for every call.
    this.#spans = numbers[9] >= 0 || numbers[10] >= 0 ? [numbers[9], numbers[10]] : undefined;
    this.#key1 = numbers[11] | 0;
    this.#key2 = numbers[12] | 0;
    this.#key3 = numbers[13] | 0;
    this.#key4 = numbers[14] | 0;
    this.#keyRest = numbers[15];
    this.entry = entry;
    this.id = numbers[0] >>> 0;
    this.generation = numbers[2] >>> 0;
    this.work = WORKS[numbers[3] | 0];
    this.detail = numbers[4] | 0;
    this.withTools = numbers[5] !== 0;
    this.number = numbers[6] >>> 0;
    this.timeout = numbers[7];
  }

  /** The route to ask, the very object that the session was made with; undefined for tools and functions without routes. */
  get route() {
    return this.#session.routes[this.#place];
  }

  /** The route's client: what its `activate` made, or what it was given as `client`; undefined for a route with neither. */
  get client() {
    return this.#session.clientOf(this.#place, this);
  }

  get until() {
    return known(this.#until);
  }

  get firstProgress() {
    return this.#spans && known(this.#spans[0]);
  }

  get idle() {
    return this.#spans && known(this.#spans[1]);
  }

  /** The same on every attempt of the call. It is made when it is read. */
  get idempotencyKey() {
    return checked(() => native.keyText(this.#key1, this.#key2, this.#key3, this.#key4, this.#keyRest));
  }

  /** The tool call's place in the model's reply. */
  get index() {
    return this.work === "tool" ? this.detail : undefined;
  }

  /** Which model request of the turn it is, from 1. */
  get step() {
    return this.work === "model" ? this.detail : undefined;
  }
}

class Command extends Stoppable {
  constructor({ kind, ...fields }) {
    super();
    Object.assign(this, fields);
  }
}

/** Sleep `delay`, then report `waited`; with why "running" wait for a report instead. */
export class Wait extends Command {}

/** Make this route's client ready, then report `ready` or `notReady`. */
export class Switch extends Command {}

/** Close this route's client and make it again, then report `ready` or `notReady`. */
export class Rebuild extends Command {}

/** Ask a person whether this tool call may run, then report `decided`. */
export class AskApproval extends Command {}

/** Stop what was taken under this id. */
export class Cancel extends Command {}

/** It is over. */
export class Finish extends Command {
  #raises;

  constructor({ raises, failure, ...fields }) {
    super(fields);
    this.#raises = raises;
    this.failure = failureOf(failure);
  }

  /** Which error this end is: the original one, or one of ours. */
  raised(hasOriginal) {
    return this.#raises[Number(hasOriginal)];
  }
}

const KINDS = { attempt: Attempt, wait: Wait, switch: Switch, rebuild: Rebuild };
Object.assign(KINDS, { ask_approval: AskApproval, cancel: Cancel, finish: Finish });
for (const [kind, one] of Object.entries(KINDS)) {
  Object.defineProperty(one.prototype, "kind", { value: kind, enumerable: true });
}

/** The command that the engine said: undefined for an attempt, whose numbers stand in `out`. */
export function readCommand(said, session) {
  if (said === undefined) {
    return new Attempt(session);
  }
  if (said === null) {
    throw new Error("this call or turn is over, and its place was given back");
  }
  return new KINDS[said.kind](said);
}
