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

/** What can be stopped, and has a signal for whoever listens. */
export class Stoppable {
  /** Made for those who look or are followed by somebody: most never are. */
  #ends = undefined;

  /** Aborted when it is given up on, and when the caller's own signal is. */
  get signal() {
    this.#ends ??= new Ends();
    return this.#ends.signal;
  }

  /** The host's own: the signal follows the caller's until `done`. */
  follow(signal) {
    if (signal !== undefined) {
      this.#ends ??= new Ends();
      this.#ends.caller = signal;
    }
    return this;
  }

  /** The host's own: stops what it started. */
  abort(reason) {
    this.#ends ??= new Ends();
    this.#ends.abort(reason);
  }

  /** The host's own: it is over, and nothing listens any more. */
  done() {
    this.#ends?.done();
  }
}

/** A signal, made when it is first read; whom it follows, and why it was stopped. */
class Ends {
  #controller = undefined;
  /** In a box: a reason may be anything. */
  #stopped = undefined;
  caller = undefined;
  #isHearing = false;

  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#stopped !== undefined) {
        this.#controller.abort(this.#stopped.reason);
      } else if (this.caller?.aborted) {
        this.abort(this.caller.reason);
      } else {
        this.#isHearing = this.caller !== undefined;
        hear(this.caller, this);
      }
    }
    return this.#controller.signal;
  }

  abort(reason) {
    this.done();
    this.#stopped ??= { reason };
    this.#controller?.abort(this.#stopped.reason);
  }

  done() {
    if (this.#isHearing) {
      this.#isHearing = false;
      unhear(this.caller, this);
    }
    this.caller = undefined;
  }

  /** The caller's signal was aborted. */
  handleEvent() {
    this.abort(this.caller.reason);
  }
}
