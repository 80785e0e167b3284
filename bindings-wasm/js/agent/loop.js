// The loop of a run: models, tools, approvers and clients work beside it.

import { words } from "../engine/words.js";
import { CallTimeout, DeadlineExceeded } from "../errors.js";
import { needless, TaskDriver } from "../loops/driver.js";
import { Saw } from "./watch.js";

export class RunLoop extends TaskDriver {
  #run;

  constructor(run, signal) {
    const { session } = run.agent;
    super(run.turn, session, { sleep: session.sleep, signal });
    this.#run = run;
  }

  attempt(attempt) {
    this.#run.begin(attempt);
    this.tasks.start(attempt.id, () => this.#run.perform(attempt, (saw) => this.tasks.tell(attempt.id, saw)));
  }

  ask(asked) {
    this.tasks.start(asked.id, () => this.#run.ask(asked));
  }

  /** Tools may run meanwhile: it is not waited for. */
  prepare(change) {
    this.tasks.start(change.id, () => this.owner.prepare(change, change.signal));
  }

  heard(command, report) {
    if (report[1] instanceof Saw) {
      this.#run.report(command, report);
      return;
    }
    this.held.delete(command.id);
    this.#run.report(command, report);
    this.letGo(command);
  }

  running(delay) {
    return this.#run.hasNews ? undefined : super.running(delay);
  }

  /** What is begun is begun before the consumer has its news; a wait is not. */
  *news(command) {
    if (command !== undefined) {
      this.#run.tell();
      if (command.kind !== "wait" || command.why === "running") {
        return;
      }
    }
    yield* this.#run.told();
  }

  reasonOf({ kind, work, timeout }, why) {
    switch (why) {
      case "timed_out":
        return new CallTimeout(words.givenUpOn(kind === "attempt" ? `the ${work}` : "the approver", timeout));
      case "deadline":
        return new DeadlineExceeded(words.deadlinePassed());
      default:
        return needless();
    }
  }

  finish(end) {
    this.#run.end(end);
  }

  close() {
    this.tasks.close();
    this.machine.end();
  }
}
