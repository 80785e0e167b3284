// Clients: who uses which, and when one may be closed. A request holds the client of its attempt, and lets go when it ends,
// fails, or is given up on: one that was left behind at its limit does not count. A client that others still use is taken
// out of service, and closed when the last lets go.

import { foreignName, foreignText } from "../engine/words.js";
import { textOf } from "../facts/facts.js";

/** What sessions and turns do with a `Runtime`; `runtime.js` says how. */
export const runtimes = {};

/** A client, and how many requests use it. */
export class Held {
  uses = 0;
  /** Why it is out of service; undefined while it is in service. */
  reason = undefined;
  #close;

  constructor(client, close, label, isOurs) {
    this.client = client;
    this.label = label;
    this.isOurs = isOurs;
    this.#close = close;
  }

  /** Takes it out of service. Returned if it is to be closed now, else the last who lets go closes it. */
  takenOut(reason) {
    this.reason = reason;
    return this.uses > 0 ? undefined : this;
  }

  /** One request lets go. Returned if it is to be closed now. */
  released() {
    this.uses -= 1;
    if (this.uses > 0 || this.reason === undefined) {
      return undefined;
    }
    this.reason = "retired";
    return this;
  }

  /** Calls its hook. */
  closing() {
    return this.#close?.(this.client, { reason: this.reason });
  }
}

/** A place for one client. What its verbs return is closed by whoever called. */
export class Slot {
  current = undefined;
  /** Told of the client that is in service from now on. */
  show;

  constructor(show = undefined) {
    this.show = show;
  }

  /** Puts a client into service, or none; the one before is out of service. */
  put(held, reason = "superseded") {
    const before = this.current;
    this.current = held;
    this.show?.(held?.client);
    return before?.takenOut(reason);
  }
}

/** A client under way: built first, and put into service once it is there, unless nobody waits for it any more. */
export class Making {
  #commit;

  /** @param commit changes, together with the client, what else has to change. */
  constructor(slot, label, build, close, commit = undefined) {
    Object.assign(this, { slot, label, close });
    /** There is nothing to make a client with: the one that is there stays. */
    this.keeps = build === undefined;
    this.build = build ?? (() => undefined);
    this.#commit = commit;
  }

  /** Whether it is in service now, and what is to be closed: the client before, or the one that came late. */
  done(client, signal) {
    const held = new Held(client, this.close, this.label, true);
    if (signal?.aborted) {
      return [false, held.takenOut("superseded")];
    }
    this.#commit?.();
    return [true, this.keeps ? undefined : this.slot.put(held)];
  }
}

/** The clients of a session: one for each route, or, with a `Runtime`, one for all of them. */
export class Clients {
  #session;
  #slots;
  #byRoute;
  #uses = new Map();

  constructor(session) {
    const { core, routes, runtime } = session;
    this.#session = session;
    if (runtime === undefined) {
      this.#slots = routes.map((_, place) => new Slot((client) => core.setClient(place, client)));
      routes.forEach((route, place) => {
        if (route.client !== undefined) {
          this.#slots[place].put(new Held(route.client, route.close, `route ${foreignName(route.name)}`, false));
          session.lookAt(route.client, route);
        }
      });
    } else {
      const slot = runtimes.join(runtime, session);
      this.#slots = routes.map(() => slot);
    }
    this.#byRoute = new Map(routes.map((route, place) => [route, this.#slots[place]]));
  }

  /** Whether there is anything to count. */
  static areNeeded({ routes, runtime }) {
    return runtime !== undefined || routes.some((one) => one.activate !== undefined || one.client !== undefined);
  }

  // ---- Who uses which. ----

  hold(attempt) {
    const held = this.#byRoute.get(attempt.route)?.current;
    if (held !== undefined) {
      held.uses += 1;
      this.#uses.set(attempt, held);
      this.#session.core.pin(attempt, held.client);
    }
  }

  letGo(attempt) {
    const held = this.#uses.get(attempt);
    if (held !== undefined) {
      this.#uses.delete(attempt);
      this.close(held.released());
    }
  }

  // ---- Making and closing. ----

  /** Makes a route's client, or makes it again. The new one takes its place only once it is there. */
  async prepare(change, signal) {
    const route = this.#session.routes[change.route];
    const making = this.#begin(route, change);
    try {
      if (change.kind === "rebuild") {
        if (making.keeps) {
          return false;
        }
        await this.close(making.slot.put(undefined, "rebuild"));
      }
      const client = await making.build(signal);
      const [isDone, old] = making.done(client, signal);
      this.close(old);
      if (isDone) {
        this.#session.lookAt(client, route);
      }
      return isDone;
    } catch (error) {
      this.#session.log("warn", `the client of ${making.label} could not be made: ${foreignText(textOf(error))}`);
      return false;
    }
  }

  #begin(route, { route: place }) {
    const { runtime } = this.#session;
    if (runtime !== undefined) {
      return runtimes.making(runtime, route, place);
    }
    const build = (signal) => route.activate?.(route, { signal });
    return new Making(this.#slots[place], `route ${foreignName(route.name)}`, build, route.close);
  }

  /** Closes every client that was made here, now, or when its last request ends. */
  async closeAll() {
    const { core, runtime } = this.#session;
    const emptied = new Set();
    const idle = [];
    this.#slots.forEach((slot, place) => {
      if (slot.current?.isOurs) {
        emptied.add(slot);
        idle.push(slot.put(undefined, "closed"));
      }
      if (emptied.has(slot)) {
        core.setReady(place, false);
      }
    });
    runtimes.leave(runtime, this.#session);
    await Promise.all(idle.map((held) => this.close(held)));
  }

  /** Closes a client that is out of service. How that goes interests nobody but the log. */
  close(held) {
    return closed(held, (line) => this.#session.log("warn", line));
  }
}

/** Closes a client that is out of service; what its hook throws is logged. */
export async function closed(held, log) {
  try {
    await held?.closing();
  } catch (error) {
    log(`the client of ${held.label} could not be closed: ${foreignText(textOf(error))}`);
  }
}
