// Holding a breaker out of use.

/** Holds a breaker out of use until `release()`, or to the end of a block with `using`. Every holder counts. */
export class Isolation {
  #release;

  constructor(release) {
    this.#release = release;
  }

  /** Lets go. To do so again does nothing. */
  release() {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.release();
  }
}
