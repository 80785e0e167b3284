// Between the reader of a model's stream and the loop that waits for its reply.

/** What a model's reader saw in a chunk: its text, whether the stream made progress, and the usage told so far. */
export class Saw {
  constructor(text, isMeaningful, usage) {
    this.text = text;
    this.isMeaningful = isMeaningful;
    this.usage = usage;
  }
}

/** What a model whose `streams` is true gets as the fourth argument of its `ask`. */
export class Watch {
  #tell;

  /** @param tell what hears of it, until nobody waits for the reply any more. */
  constructor(tell) {
    this.#tell = tell;
  }

  /** The reader took a chunk. `usage` is what counts as spent if the stream breaks. */
  saw(text, isMeaningful = true, usage = undefined) {
    this.#tell(new Saw(typeof text === "string" ? text : "", Boolean(isMeaningful), usage));
  }
}
