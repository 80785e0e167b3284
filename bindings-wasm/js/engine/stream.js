// What a stream of chunks comes to: judged by the core, which keeps no more of it than a number.

import { native } from "./native.js";
import { names } from "./words.js";

/** The fields of a chunk, each with its bit. */
const FIELDS = ["text", "toolCall", "reasoning", "finish", "refusal", "usage", "terminator", "malformed", "other"];

const COURSE = 2 ** 24;

/** The longest refusal that is kept: it is told to people. */
const LONGEST_REFUSAL = 2000;

export class Stream {
  /** For how many milliseconds at most a stream is read on after `take` has said "finished". */
  static get TAIL() {
    return native.streamWaits()[0];
  }

  /** For how many milliseconds at most a source that has said all is read on, so that its connection can be used again. */
  static get LINGER() {
    return native.streamWaits()[1];
  }

  #course;
  #finish;
  #refusal = "";

  constructor({ acceptCut = false, wantsUsage = false } = {}) {
    this.#course = native.streamNew(acceptCut, wantsUsage);
  }

  /** Takes the next chunk: "nothing", "progress", "finished" (only the usage is missing) or "done" (read no further). */
  take(chunk) {
    let holds = 0;
    for (let place = 0; place < FIELDS.length; place++) {
      if (chunk[FIELDS[place]]) holds |= 1 << place;
    }
    if (chunk.finish) this.#finish = String(chunk.finish);
    if (chunk.refusal && this.#refusal.length < LONGEST_REFUSAL) this.#refusal += chunk.refusal;
    const said = native.streamTake(this.#course, holds);
    this.#course = said % COURSE;
    return names().seen[Math.floor(said / COURSE)];
  }

  /** Nothing more is read: why it may not be taken for a whole answer; undefined when it may. */
  end() {
    const [kind, what] = native.streamEnd(this.#course, this.#finish, this.#refusal);
    return kind === undefined ? undefined : { kind, what };
  }

  /** How far it has come, for the classification of an error that is met while it is read. */
  get phase() {
    return names().failure_phase[native.streamPhase(this.#course)];
  }

  /** Whether a part of the answer has come. */
  get hasProgressed() {
    return this.phase === "idle";
  }
}
