// What the consumer of `agent.stream` is told, from what the engine says and what models and tools bring.

import { Discard } from "./events.js";

/** Events that the consumer has not had yet, oldest first. */
export class News {
  #waiting = [];
  #collect;
  #step = 0;
  /** Whether the consumer has text of a reply that is not whole yet. */
  #hasText = false;
  #why = "";

  /** @param collect text is told only once its reply is whole. */
  constructor(collect) {
    this.#collect = collect;
  }

  get isWaiting() {
    return this.#waiting.length > 0;
  }

  take() {
    return this.#waiting.shift();
  }

  attempt({ step }) {
    if (step !== undefined && step !== this.#step) {
      this.#step = step;
      this.#why = "";
      this.#waiting.push({ type: "step", step });
    }
  }

  notice({ what, route, attempt, kind, next, delay }) {
    if (route === undefined) {
      return; // of a tool or of the turn itself
    }
    switch (what) {
      case "attempt_failed":
        this.#why = kind;
        if (this.#hasText) {
          this.#hasText = false;
          this.#waiting.push(new Discard(kind, this.#step));
        }
        if (next === "again" || next === "rebuild") {
          this.#waiting.push({ type: "retry", route, failure: kind, delay: delay ?? 0, attempt: attempt ?? 1 });
        }
        break;
      case "skipped":
      case "not_ready":
        this.#why ||= what;
        break;
      case "moved_on":
        this.#waiting.push({ type: "switch", route, reason: this.#why });
        break;
      case "returned":
        this.#waiting.push({ type: "switch", route, reason: what });
        break;
    }
  }

  /** A part of the text of a reply that is still coming. */
  saw(text) {
    if (text !== "" && !this.#collect) {
      this.#hasText = true;
      this.#waiting.push({ type: "text", text, step: this.#step });
    }
  }

  /** A whole reply, whose text may have been told already. */
  replied(answer, calls) {
    if (answer !== "" && !this.#hasText) {
      this.#waiting.push({ type: "text", text: answer, step: this.#step });
    }
    this.#hasText = false;
    for (const { id, name, arguments: given } of calls) {
      this.#waiting.push({ type: "tool_call", id, name, arguments: copied(given) });
    }
  }

  tool({ id, name }, content, outcome) {
    this.#waiting.push({ type: "tool_result", id, name, content, outcome });
  }
}

/** Whatever becomes of an event, what runs is what was asked for. What is no plain data does not run. */
function copied(given) {
  try {
    return structuredClone(given);
  } catch {
    return given;
  }
}
