// Server-sent events: bytes as they come off the wire to the data of events. No judgement, and no network.

/**
 * Takes bytes in whatever pieces they come, and gives the events that are whole, as pairs of their name, if they have
 * one, and their data.
 *
 * Lines end at a newline, a carriage return, or both. Comments (lines that begin with a colon) are how servers keep a
 * connection alive; they make no event.
 */
export class Decoder {
  // A piece may end amid a character.
  #decoder = new TextDecoder();
  #rest = [];
  #afterReturn = false;
  #name = undefined;
  #data = [];

  feed(piece) {
    return this.#events(typeof piece === "string" ? piece : this.#decoder.decode(piece, { stream: true }));
  }

  /** Nothing more comes. An event without its blank line counts: whether it is whole shows in its JSON. */
  end() {
    return this.#events(`${this.#decoder.decode()}\n\n`);
  }

  #events(piece) {
    let text = piece;
    if (this.#afterReturn && text !== "") {
      // The newline of a pair whose return came in the piece before.
      text = text.startsWith("\n") ? text.slice(1) : text;
      this.#afterReturn = false;
    }
    this.#afterReturn ||= text.endsWith("\r");
    const [first, ...others] = text.split(/\r\n|\r|\n/);
    this.#rest.push(first);
    if (others.length === 0) {
      return []; // amid a line, which may be long: it is put together once
    }
    const lines = [this.#rest.join(""), ...others.slice(0, -1)];
    this.#rest = [others.at(-1)];
    return lines.map((line) => this.#take(line)).filter((event) => event !== undefined);
  }

  #take(line) {
    if (line === "") {
      const event = this.#data.length > 0 ? [this.#name, this.#data.join("\n")] : undefined;
      this.#name = undefined;
      this.#data = [];
      return event;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#data.push(value);
    } else if (field === "event") {
      this.#name = value;
    }
    return undefined;
  }
}
