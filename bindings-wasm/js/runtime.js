// A `Runtime`: for hosts that keep their model, its client and all that belongs to them in one mutable place.

import { textOf } from "./classify.js";
import { closed, Held, Making, runtimes, Slot } from "./clients.js";
import { InvalidOption } from "./errors.js";
import { checkOptionalFunction, checkOptions, shown } from "./options.js";
import { Route } from "./route.js";

/** What says where and as whom to ask: it never goes along to another provider or base URL. */
const OF_A_PLACE = ["provider", "baseUrl", "apiKey", "apiMode", "clientArguments"];
/** What holds for one model of one place. */
const OF_A_MODEL = ["contextWindow", "promptCaching"];
const PLACES = ["provider", "baseUrl", "apiMode"];
const TOLD = ["provider", "model", "apiMode"];
/** Fields that begin so belong to the API modes that begin so, and to no other. */
const MODES = {
  anthropic: ["anthropic"],
  openai: ["chat", "responses", "codex"],
  bedrock: ["bedrock"],
  aws: ["bedrock"],
};
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
    this.#commit(fitting({}, fields, this.#modes), 0, true);
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
      const making = this.#makingOf(fitting(base, fields, this.#modes), 0, true);
      this.#done(making, await making.build());
    });
  }

  /** Goes to a fallback. False if its client could not be made: then nothing has changed. */
  use(to) {
    return this.#changing("use", () => {
      const place = this.#joined()?.routes.indexOf(to) ?? -1;
      const values = fitting(this.#primary, fieldsOf(to), this.#modes);
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
      this.#log(`the client of ${making.label} could not be made: ${textOf(error)}`);
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
    this.#turn = new WeakRef(turn);
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

/** What a fallback puts in force: its `runtime` fields, over what the route says of itself. */
function fieldsOf(to) {
  if (!(to instanceof Route)) {
    return to;
  }
  const own = { provider: to.provider, model: to.model, baseUrl: to.endpoint, contextWindow: to.contextWindow };
  const said = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(said), ...to.runtime };
}

/** The values of the next place: what goes along from `base`, what its API mode brings, and what was given. */
function fitting(base, fields, modes) {
  if (typeof fields !== "object" || fields === null) {
    throw new TypeError(`Runtime: ${shown(fields)} is not an object of fields; use one such as { model: "m" }`);
  }
  Object.keys(fields).forEach(checkName);
  const moves =
    Object.keys(base).length === 0 || PLACES.some((name) => Object.hasOwn(fields, name) && fields[name] !== base[name]);
  const before = base.apiMode;
  const mode = Object.hasOwn(fields, "apiMode") ? fields.apiMode : moves ? undefined : before;
  const stays = new Set(Object.keys(base));
  const drop = (names) => {
    for (const name of names) {
      stays.delete(name);
    }
  };
  if (moves) {
    drop([...OF_A_PLACE, ...OF_A_MODEL, ...Object.keys(modes[before] ?? {})]);
    drop([...stays].filter((name) => familyOf(name) !== undefined));
  }
  if ((Object.hasOwn(fields, "model") ? fields.model : base.model) !== base.model) {
    drop(OF_A_MODEL);
  }
  const kept = [...stays].map((name) => [name, base[name]]);
  const values = { ...Object.fromEntries(kept), ...(moves ? modes[mode] : {}), ...fields };
  return copied(Object.fromEntries(Object.entries(values).filter(([name]) => applies(name, mode))));
}

function familyOf(name) {
  return Object.keys(MODES).find((one) => name.startsWith(one) && /^[A-Z]/.test(name.slice(one.length)));
}

/** Whether a field applies to an API mode. Of a mode that is not known nothing is known. */
function applies(name, mode) {
  const fits = (known) => typeof mode === "string" && mode.startsWith(known);
  const isKnown = Object.values(MODES).flat().some(fits);
  const family = familyOf(name);
  return !isKnown || family === undefined || MODES[family].some(fits);
}

function checkName(name) {
  if (name in Runtime.prototype) {
    throw new InvalidOption(`Runtime: ${shown(name)} is not allowed as a field; use a name that is none of its own`);
  }
}

/** A deep copy of plain data. Anything else, such as a connection amid the arguments of a client, is shared. */
function copied(value, seen = new Map()) {
  if (typeof value !== "object" || value === null || seen.has(value)) {
    return seen.get(value) ?? value;
  }
  const form = Object.getPrototypeOf(value);
  const made = Array.isArray(value) ? [] : form === Object.prototype || form === null ? {} : undefined;
  if (made !== undefined) {
    seen.set(value, made);
    for (const name of Object.keys(value)) {
      made[name] = copied(value[name], seen);
    }
    return made;
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, one]) => [key, copied(one, seen)]));
  }
  return value instanceof Set ? new Set([...value].map((one) => copied(one, seen))) : dated(value);
}

function dated(value) {
  return value instanceof Date ? new Date(value) : value;
}
