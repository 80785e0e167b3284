// One run of an agent: what it tells, and what it comes to.

import { words } from "../engine/words.js";
import { CallTimeout } from "../errors.js";
import { errorOf } from "../loops/driver.js";
import { RunLoop } from "./loop.js";
import { AgentTurn } from "./turn.js";

/** Drives a turn of an agent to its end. */
export class Run extends AgentTurn {
  /** Drives it to its end; yields events where somebody is told of them. */
  drive(signal) {
    return new RunLoop(this, signal).run();
  }

  // ---- What it tells. ----

  /** Logs what the engine noticed, and makes news of it. */
  tell() {
    for (const notice of this.turn.notices()) {
      this.agent.session.log("info", notice.line, notice.at);
      this.news?.notice(notice);
    }
    if (this.news !== undefined) {
      this.tellTools();
    }
  }

  tellTools() {
    this.calls.forEach((call, index) => {
      const { outcome } = this.toldTools.has(index) ? {} : (this.turn.outcome(index) ?? {});
      if (outcome !== undefined) {
        this.toldTools.add(index);
        this.news.tool(call, this.content(index), outcome);
      }
    });
  }

  get hasNews() {
    return this.news?.isWaiting === true;
  }

  /** The news. While the consumer is away, no clock runs against a stream that had made progress. */
  *told() {
    while (this.hasNews) {
      yield this.news.take();
      if (this.progressed !== undefined) {
        this.turn.progress(this.progressed, true);
      }
    }
  }

  end(end) {
    this.catchUp();
    this.tell();
    if (end.end === "succeeded") {
      this.error = undefined;
      return;
    }
    const hasOriginal = this.error !== undefined;
    if (end.raised(hasOriginal) !== "original") {
      const cause = this.error ?? (end.timedOut ? new CallTimeout(words.givenUpOn("the model")) : undefined);
      this.error = errorOf(end, hasOriginal, cause);
    }
    this.agent.session.log("warn", `the run stopped: ${end.stopReason}: ${end.message}`);
  }

  result() {
    const report = this.turn.report();
    const stopReason = report.stopReason ?? "error";
    if (this.raiseOn.has(stopReason) && this.error !== undefined) {
      throw this.error;
    }
    return {
      answer: this.turn.degradedAnswer() ?? this.answer,
      steps: report.steps,
      blocked: report.blocked,
      degraded: report.degraded,
      stopReason,
      error: this.error,
      route: report.route,
      model: this.answeredBy,
      attempts: report.attempts,
      usage: report.usage,
      spent: report.spent,
      cost: undefined,
      lines: report.lines,
      messages: this.messages,
    };
  }
}
