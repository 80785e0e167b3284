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
