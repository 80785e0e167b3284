// What happens in a run of an agent, as it happens: `for await (const event of agent.stream(task))`.
//
// Events are plain objects with a `type`, ready to be sent on as JSON. One of them also stands among the chunks of
// `turn.stream`, which may be anything: so it has a class.

/**
 * What came of this answer so far is void: the stream broke, and it is asked for again from its beginning. `reason` is
 * the kind of the failure.
 */
export class Discard {
  /** @param step of an agent's run; among the chunks of a turn there is none. */
  constructor(reason, step = undefined) {
    this.type = "discard";
    this.reason = reason;
    if (step !== undefined) {
      this.step = step;
    }
  }
}
