// A `Runtime`: for hosts that keep their model, its client and all that belongs to them in one mutable place.

import { checkFields, checkOptionalFunction, checkOptions, shown } from "../engine/options.js";
import { foreignText } from "../engine/words.js";
import { InvalidOption } from "../errors.js";
import { textOf } from "../facts/facts.js";
import { closed, Held, Making, runtimes, Slot } from "./clients.js";
import { copied, fieldsOf, fitting } from "./runtime_fields.js";

const TOLD = ["provider", "model", "apiMode"];
const OPTIONS = ["build", "close", "client", "modes"];
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/**
 * One mutable place for what a host swaps together: the client, and everything that says how it is used. The fields are
 * its own properties. It is described in `index.d.ts`.
 */
export class Runtime {
  static {
    // Methods of these names would stand in the way of fields.
    Object.assign(runtimes, {
      making: (one, route, place) => one.#making(route, place),
      fieldsOf: (one, route, place, fields) => one.#fieldsOf(route, place, fields),
      join: (one, session) => one.#join(session),
      leave: (one, session) => one?.#leave(session),
      begin: (one, turn) => one?.#begin(turn),
      end: (one, turn) => one?.#end(turn),
    });
  }

  #build;
  #close;
  #modes;
  #slot = new Slot();
  #primary = {};
  /** The place in the chain of what is in force; undefined for a fallback that was used by hand. */
  #place = 0;
  #session = undefined;
  #turn = undefined;

  constructor(fields = {}, options = {}) {
    checkOptions("Runtime", options, OPTIONS);
    const { build, close, client, modes } = options;
    checkOptionalFunction("Runtime: build", build);
    checkOptionalFunction("Runtime: close", close);
    this.#build = build ?? undefined;
    this.#close = close ?? undefined;
    this.#modes = copied(modes ?? {});
    checkFields("Runtime: modes", this.#modes);
    for (const [mode, own] of Object.entries(this.#modes)) {
      checked(own, `Runtime: modes.${mode}`);
    }
    this.#commit(fitting({}, checked(fields), this.#modes), 0, true);
    if (client !== undefined && client !== null) {
      this.#slot.put(new Held(client, this.#close, "the runtime", false));
    }
  }

  // ---- What is in force. ----

  /** The client in force; undefined before it is first made, and where there is nothing to make. */
  get client() {
    return this.#slot.current?.client;
  }

  /** Whether something else than the primary is in force. */
  get isOnFallback() {
    return this.#place !== 0;
  }

  /** Of most fields only the names: any of them may hold a secret. */
  toString() {
    const told = TOLD.filter((name) => Object.hasOwn(this, name)).map((name) => `${name}: ${shown(this[name])}`);
    const others = Object.keys(this).filter((name) => !TOLD.includes(name));
    const where = this.isOnFallback ? "on a fallback" : "on the primary";
    return `Runtime { ${[...told, where].join(", ")}${others.length > 0 ? "; holds " : ""}${others.join(", ")} }`;
  }

  [INSPECT]() {
    return this.toString();
  }

  toJSON() {
    return this.toString();
  }

  // ---- The ways to change it: build first, then swap everything at once. ----

  /** A deliberate change: these fields, over those of the primary, are a new primary from now on. */
  choose(fields) {
    return this.#changing("choose", async () => {
      const base = this.isOnFallback ? this.#primary : this;
      const making = this.#makingOf(fitting(base, checked(fields), this.#modes), 0, true);
      this.#done(making, await making.build());
    });
  }

  /** Goes to a fallback. False if its client could not be made: then nothing has changed. */
  use(to) {
    return this.#changing("use", () => {
      const place = this.#joined()?.routes.indexOf(to) ?? -1;
      const values = fitting(this.#primary, checked(fieldsOf(to)), this.#modes);
      return this.#change(this.#makingOf(values, place < 0 ? undefined : place));
    });
  }

  /** Goes back to the primary. False where it is in force already, and where its client could not be made. */
  restore() {
    return this.#changing("restore", () =>
      this.isOnFallback ? this.#change(this.#makingOf(copied(this.#primary), 0)) : false,
    );
  }

  /** Makes the client of what is in force, unless it is there. False if it could not be made. */
  open() {
    return this.#changing("open", () => this.#isOpen || this.#change(this.#makingOf({ ...this }, this.#place)));
  }

  /** Closes the client that `build` made, now or when its last request ends. A session does so by itself. */
  async close() {
    if (this.#slot.current?.isOurs) {
      const old = this.#slot.put(undefined, "closed");
      this.#tell(undefined);
      await closed(old, (line) => this.#log(line));
    }
  }

  // ---- How. ----

  async #change(making) {
    let client;
    try {
      client = await making.build();
    } catch (error) {
      this.#log(`the client of ${making.label} could not be made: ${foreignText(textOf(error))}`);
      return false;
    }
    this.#done(making, client);
    return true;
  }

  /** Swaps everything, and tells the session which of its routes is ready now. */
  #done(making, client) {
    const [, old] = making.done(client);
    this.#tell(this.#place);
    closed(old, (line) => this.#log(line));
  }

  #tell(ready) {
    const session = this.#joined();
    session?.routes.forEach((_, place) => {
      session.core.setReady(place, place === ready);
    });
  }

  get #isOpen() {
    return this.#build === undefined || this.#slot.current !== undefined;
  }

  #makingOf(values, place, isChosen = false) {
    const build = this.#build && ((signal) => this.#build(values, { signal }));
    return new Making(this.#slot, "the runtime", build, this.#close, () => this.#commit(values, place, isChosen));
  }

  #commit(values, place, isChosen) {
    for (const name of Object.keys(this)) {
      Reflect.deleteProperty(this, name);
    }
    Object.assign(this, values);
    this.#place = place;
    if (isChosen) {
      this.#primary = copied(values);
      this.#joined()?.core.resetRoute(0); // what was held against the primary before says nothing of this one
    }
  }

  #log(line) {
    const session = this.#joined();
    session === undefined ? console.warn(`failsoft: ${line}`) : session.log("warn", line);
  }

  // ---- What sessions and turns do with it. ----

  /** For the ladder: the client of a route, and what changes with it. */
  #making(route, place) {
    if (place === this.#place) {
      return this.#makingOf({ ...this }, place);
    }
    if (place === 0) {
      return this.#makingOf(copied(this.#primary), 0);
    }
    return this.#makingOf(fitting(this.#primary, fieldsOf(route), this.#modes), place);
  }

  /** A route as the core reads it: this Runtime is what makes it ready. */
  #fieldsOf(route, place, fields) {
    for (const name of ["activate", "close", "client"]) {
      if (route[name] !== undefined) {
        throw new InvalidOption(`routes[${place}].${name}: not allowed beside a Runtime; use the Runtime's own`);
      }
    }
    if (place === 0 && route.runtime !== undefined) {
      throw new InvalidOption("routes[0].runtime: not allowed; the primary's fields are those of the Runtime");
    }
    Object.keys(route.runtime ?? {}).forEach(checkName);
    return { ...fields, activates: true, ready: place === this.#place && this.#isOpen };
  }

  /** The place of the clients of all routes of a session. */
  #join(session) {
    const before = this.#joined();
    if (before !== undefined && before !== session) {
      throw new InvalidOption("runtime: it belongs to another session; close that one first, or make a second Runtime");
    }
    const { core, routes } = session;
    this.#session = new WeakRef(session);
    this.#slot.show = (client) => {
      for (const place of routes.keys()) {
        core.setClient(place, client);
      }
    };
    this.#slot.show(this.client);
    return this.#slot;
  }

  #leave(session) {
    if (this.#joined() === session) {
      this.#session = undefined;
    }
  }

  #joined() {
    return this.#session?.deref();
  }

  /** A turn begins on it. It ends by `end`, or when nobody has it any more. */
  #begin(turn, what = "turn") {
    const owner = this.#turn?.deref();
    if (owner !== undefined && owner !== turn) {
      throw new InvalidOption(
        `${what}: a turn is under way on this Runtime, which serves one at a time; end that one first ` +
          "(`turn.end()`, or `using`), or use a Session without a Runtime, or a second Runtime",
      );
    }
    if (turn.owner !== undefined && turn.owner !== this.#joined()) {
      this.#rejoin(turn.owner);
    }
    this.#turn = new WeakRef(turn);
  }

  /** A session that was closed is used on, unless another one has it by now. What was changed meanwhile is in force. */
  #rejoin(session) {
    this.#join(session);
    this.#tell(this.#isOpen ? this.#place : undefined);
  }

  #end(turn) {
    if (this.#turn?.deref() === turn) {
      this.#turn = undefined;
    }
  }

  /** A change by hand, which is as exclusive as a turn. */
  async #changing(what, change) {
    const one = {};
    this.#begin(one, what);
    try {
      return await change();
    } finally {
      this.#end(one);
    }
  }
}

/** Fields that may be put in force. */
function checked(fields, where = "Runtime") {
  checkFields(where, fields);
  Object.keys(fields).forEach(checkName);
  return fields;
}

function checkName(name) {
  if (name in Runtime.prototype) {
    throw new InvalidOption(`Runtime: ${shown(name)} is not allowed as a field; use a name that is none of its own`);
  }
}
