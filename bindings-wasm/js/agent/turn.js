// One turn of an agent: what passes between the models, the tools, the approver and the engine.

import { shown } from "../engine/options.js";
import { decision } from "../engine/policy.js";
import { foreignName, foreignText, stopReasons, toolFailed } from "../engine/words.js";
import { InvalidOption } from "../errors.js";
import { textOf } from "../facts/facts.js";
import { get } from "../facts/peek.js";
import { Turn } from "../session/turn.js";
import { asText, isObject, readArguments, readReply, readUsage } from "./reply.js";
import { Saw, Watch } from "./watch.js";

/** Keeps messages, values and errors, which the core never sees. */
export class AgentTurn {
  /**
   * @param news what a consumer is told; without one nobody listens. @param restartable of models that stream.
   * @param `parent`, `shareBudgets` and `runId`, as for any turn.
   */
  constructor(agent, task, raiseOn = [], news = undefined, restartable = true, { parent, shareBudgets, runId } = {}) {
    this.agent = agent;
    this.news = news;
    this.raiseOn = new Set(typeof raiseOn === "string" ? [raiseOn] : raiseOn);
    const reasons = stopReasons();
    for (const reason of this.raiseOn) {
      if (!reasons.includes(reason)) {
        throw new InvalidOption(`raiseOn: ${shown(reason)} is not allowed; use some of ${reasons.join(", ")}`);
      }
    }
    this.messages = messagesOf(task);
    this.tools = new Map(agent.tools.map((tool) => [tool.name, tool]));
    this.turn = new Turn(agent.session, { tools: agent.tools.map((tool) => tool.row()), parent, shareBudgets, runId });
    const streaming = agent.models.flatMap((model, place) => (streams(model) ? [place] : []));
    if (streaming.length > 0) {
      this.turn.streamOn(streaming, restartable);
    }
    this.calls = [];
    this.contents = new Map();
    this.toldTools = new Set();
    this.answer = "";
    this.answeredBy = undefined;
    this.error = undefined;
    this.progressed = undefined;
  }

  // ---- What the host does. ----

  /** An attempt's work. The reply is read here: what cannot even be read is a failure of the attempt. */
  perform(attempt, tell) {
    return this.turn.run(() => this.#performed(attempt, tell));
  }

  async #performed(attempt, tell) {
    if (attempt.work === "tool") {
      const { tool, given } = this.toolCall(attempt);
      return await tool.fn(given, contextOf(attempt, this.turn));
    }
    const model = this.agent.byRoute.get(attempt.route);
    const messages = this.messages.map((message) => ({ ...message }));
    const specs = attempt.withTools ? this.agent.tools.map((tool) => tool.spec()) : [];
    if (typeof model.ask !== "function") {
      return readReply(await model(messages, specs, contextOf(attempt, this.turn)), attempt.step);
    }
    const watch = streams(model) ? [new Watch(tell)] : [];
    return readReply(await model.ask(messages, specs, attempt, ...watch), attempt.step);
  }

  async ask(asked) {
    if (this.agent.approver === undefined) {
      return "no_approver";
    }
    const call = this.calls[asked.index];
    // A copy: whatever the approver does to it, what runs is what was asked about.
    const given = structuredClone(call.arguments);
    const request = Object.freeze({ tool: call.name, arguments: given, digest: asked.digest });
    return await this.agent.approver(request, { signal: asked.signal });
  }

  toolCall(attempt) {
    const call = this.calls[attempt.index];
    return { tool: this.tools.get(call.name), given: structuredClone(call.arguments) };
  }

  // ---- What it reports. ----

  report(command, [, value, error, hasFailed]) {
    switch (command?.kind) {
      case "attempt":
        if (command.work === "tool") {
          this.reportTool(command, value, error, hasFailed);
        } else if (value instanceof Saw) {
          this.reportProgress(command, value);
        } else if (hasFailed) {
          this.reportFailure(command, error);
        } else {
          this.reportReply(command, value);
        }
        break;
      case "ask_approval":
        if (hasFailed) {
          this.agent.session.log("warn", `the approver failed, which is not a yes: ${foreignText(describe(error))}`);
        }
        this.turn.decided(command.id, decision(value, hasFailed), command.digest);
        break;
      case "rebuild":
      case "switch":
        value === true ? this.turn.ready(command.id) : this.turn.notReady(command.id);
        break;
    }
  }

  reportTool(attempt, value, error, hasFailed) {
    if (!hasFailed) {
      if (this.turn.succeeded(attempt.id)) {
        this.contents.set(attempt.index, asText(value));
      }
    } else if (this.turn.failed(attempt.id, this.agent.session.judge(error, attempt))) {
      this.contents.set(attempt.index, toolFailed(this.calls[attempt.index].name, describe(error)));
    }
  }

  reportProgress(attempt, { text, isMeaningful, usage }) {
    if (this.turn.progress(attempt.id, isMeaningful, spentIn(usage))) {
      this.progressed = isMeaningful ? attempt.id : this.progressed;
      this.news?.saw(text);
    }
  }

  reportFailure(attempt, error) {
    const spent = get(error, "failsoftUsage");
    const failure = this.agent.session.judge(error, attempt);
    if (this.turn.failed(attempt.id, failure, spentIn(spent))) {
      this.error = error;
    }
  }

  reportReply(attempt, { kind, calls, answer, usage, model }) {
    const rows = calls.map((call) => this.row(call));
    // Copies: whatever becomes of the conversation, what runs is what was asked for.
    const told = calls.map((call, place) => (rows[place].digest === undefined ? { ...call } : structuredClone(call)));
    if (!this.turn.replied(attempt.id, kind, rows, usage)) {
      return;
    }
    this.answeredBy = model ?? this.answeredBy;
    if (kind !== "nothing") {
      this.news?.replied(answer, calls);
    }
    if (kind === "answer") {
      this.answer = answer;
      this.messages.push({ role: "assistant", content: answer });
    } else if (kind === "tool_calls") {
      this.calls = calls;
      this.contents.clear();
      this.toldTools.clear();
      this.messages.push({ role: "assistant", content: answer, toolCalls: told });
    }
  }

  /** A tool call for the core: its name, the digest of its arguments or what is wrong with them, its risk. */
  row(call) {
    const { name } = call;
    const { digest, complaint, arguments: given } = readArguments(name, call.arguments);
    if (digest === undefined) {
      return { name, complaint };
    }
    call.arguments = given;
    const tool = this.tools.get(name);
    const wrong = tool?.complaint(given);
    return wrong === undefined ? { name, digest, risky: this.riskOf(tool, given) } : { name, complaint: wrong };
  }

  riskOf(tool, given) {
    try {
      return tool?.riskOf(structuredClone(given));
    } catch (error) {
      const what = `the predicate of tool ${foreignName(tool.name)} failed, which is not a no to risk`;
      this.agent.session.log("warn", `${what}: ${foreignText(describe(error))}`);
      return "unknown";
    }
  }

  begin(attempt) {
    if (attempt.work === "tool") {
      return;
    }
    this.catchUp();
    this.progressed = undefined;
    this.news?.attempt(attempt);
  }

  /** Before the model is asked again, and at the end: what the last step's tools brought, in the model's order. */
  catchUp() {
    this.calls.forEach(({ id, name }, index) => {
      this.messages.push({ role: "tool", toolCallId: id, name, content: this.content(index) });
    });
    this.calls = [];
    this.contents.clear();
    this.toldTools.clear();
  }

  /** What the model is told of a tool call. */
  content(index) {
    return this.turn.sentence(index) ?? this.contents.get(index) ?? "";
  }
}

function messagesOf(task) {
  if (typeof task === "string") {
    return [{ role: "user", content: task }];
  }
  if (!Array.isArray(task) || !task.every(isObject)) {
    throw new TypeError("run: use a text, or a list of messages such as { role: 'user', content: 'hi' }");
  }
  return task.map((one) => ({ ...one }));
}

/** What a model request has used, where that was said. */
function spentIn(usage) {
  return usage === undefined ? undefined : readUsage(usage);
}

function streams(model) {
  return model.streams === true && typeof model.ask === "function";
}

/** What a function is handed beside its arguments. Both are made when they are read, which most functions never do. */
function contextOf(attempt, turn) {
  return {
    attempt,
    turn,
    get signal() {
      return attempt.signal;
    },
    get idempotencyKey() {
      return attempt.idempotencyKey;
    },
  };
}

/** An error for a model or a person: the name of its class, and what it says. */
function describe(error) {
  const text = textOf(error);
  try {
    const name = error.name === "Error" ? error.constructor.name : error.name;
    return typeof name === "string" && name !== "" && text !== "" ? `${name}: ${text}` : name || text;
  } catch {
    return text;
  }
}
