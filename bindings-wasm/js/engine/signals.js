// The caller's signal is listened to once, however many calls follow it: Node takes more than ten listeners for a leak.

const audiences = new WeakMap();

/** Tells `listener.handleEvent()` when the signal is aborted, until it is unheard. */
export function hear(signal, listener) {
  if (signal === undefined) {
    return;
  }
  let audience = audiences.get(signal);
  if (audience === undefined) {
    audience = new Audience();
    audiences.set(signal, audience);
  }
  if (audience.listeners.size === 0) {
    signal.addEventListener("abort", audience);
  }
  audience.listeners.add(listener);
}

/** Takes it back. */
export function unhear(signal, listener) {
  const audience = signal === undefined ? undefined : audiences.get(signal);
  if (audience?.listeners.delete(listener) && audience.listeners.size === 0) {
    signal.removeEventListener("abort", audience);
  }
}

class Audience {
  listeners = new Set();

  handleEvent() {
    for (const listener of [...this.listeners]) {
      listener.handleEvent();
    }
  }
}

/** What can be stopped, and has a signal for whoever listens: made when it is first read, since most never look. */
export class Stoppable {
  #controller = undefined;
  #caller = undefined;
  #forward = undefined;
  /** Why it was stopped, in a box: a reason may be anything. */
  #stopped = undefined;

  /** Aborted when it is given up on, and when the caller's own signal is. */
  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#stopped !== undefined) {
        this.#controller.abort(this.#stopped.reason);
      } else if (this.#caller !== undefined) {
        this.#listen();
      }
    }
    return this.#controller.signal;
  }

  /** The host's own: the signal follows the caller's until `done`. */
  follow(signal) {
    this.#caller = signal ?? undefined;
    return this;
  }

  /** The host's own: stops what it started. */
  abort(reason) {
    this.done();
    this.#stopped ??= { reason };
    this.#controller?.abort(this.#stopped.reason);
  }

  /** The host's own: it is over, and nothing listens any more. */
  done() {
    if (this.#forward !== undefined) {
      unhear(this.#caller, this.#forward);
      this.#forward = undefined;
    }
    this.#caller = undefined;
  }

  #listen() {
    const caller = this.#caller;
    if (caller.aborted) {
      this.abort(caller.reason);
    } else {
      this.#forward = { handleEvent: () => this.abort(caller.reason) };
      hear(caller, this.#forward);
    }
  }
}
