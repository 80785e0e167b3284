// The whole agent: a model, tools, and the engine that decides between them.

import { checkOptionalFunction, checkOptions, checkSignal, shown } from "../engine/options.js";
import { InvalidOption } from "../errors.js";
import { Leavable } from "../loops/leavable.js";
import { Route } from "../session/route.js";
import { Session } from "../session/session.js";
import { News } from "./news.js";
import { Run } from "./run.js";
import { asTool } from "./tools.js";

const OF_A_SESSION = ["policy", "clock", "sleep", "seed", "log"];
const OPTIONS = ["fallbacks", "tools", "approver", "session", ...OF_A_SESSION];

/**
 * An agent that fails soft: `await new Agent(model, { fallbacks: [..], tools: [..] }).run(task)`.
 *
 * A model is a function of `(messages, tools, { signal, attempt })` that brings `{ answer }` or
 * `{ toolCalls: [{ id, name, arguments }] }`, with an optional `usage`; or an object with
 * `ask(messages, tools, attempt)`, as `openaiChat` and `anthropicMessages` make them. Without `session` an agent owns
 * one for its life.
 */
export class Agent {
  constructor(model, options) {
    checkOptions("Agent", options, OPTIONS);
    const { fallbacks = [], tools = [], approver, session, ...own } = options ?? {};
    this.models = [model, ...fallbacks];
    for (const one of this.models) {
      if (typeof one !== "function" && typeof one?.ask !== "function") {
        throw new TypeError(`model: ${shown(one)} is not callable; use a function of (messages, tools), or an adapter`);
      }
    }
    this.tools = [...tools].map(asTool);
    const names = new Set();
    for (const { name } of this.tools) {
      if (names.has(name)) {
        throw new InvalidOption(`tools: ${shown(name)} is not allowed twice; use a name that no other tool has`);
      }
      names.add(name);
    }
    checkOptionalFunction("approver", approver);
    this.approver = approver ?? undefined;
    this.session = session === undefined ? ownSession(this.models, own) : fitting(session, this.models, own);
    this.byRoute = new Map(this.session.routes.map((route, place) => [route, this.models[place]]));
  }

  /**
   * Runs a task to its end. It rejects only when `signal` is aborted (with `signal.reason`), when this call itself is
   * mistaken, and for the stop reasons named in `raiseOn`.
   *
   * @param task what the user said, or a whole conversation.
   */
  async run(task, options) {
    checkOptions("run", options, ["signal", "raiseOn", "parent", "shareBudgets", "runId"]);
    const signal = options?.signal ?? undefined;
    checkSignal("run", signal);
    const run = new Run(this, task, options?.raiseOn, undefined, true, options ?? undefined);
    try {
      for await (const event of run.drive(signal)) {
        throw new Error(`a run without a consumer has no news: ${event.type}`);
      }
      return run.result();
    } finally {
      run.turn.release(); // nobody else has heard of it
    }
  }

  /**
   * Runs a task, and tells what happens as it happens: `for await (const event of agent.stream(task))`.
   *
   * The events are described in `index.d.ts`; each has a `type`, and the last is a `report` with what `run` brings. Text
   * comes in parts where the model streams, else step by step. While you have an event, the run stands still. Leaving the loop
   * early abandons it, and closes the response that it reads.
   */
  stream(task, options) {
    checkOptions("stream", options, ["collect", "restartable", "raiseOn", "signal", "parent", "shareBudgets", "runId"]);
    const { collect = false, restartable = true, raiseOn, signal } = options ?? {};
    checkSignal("stream", signal ?? undefined);
    const run = new Run(this, task, raiseOn, new News(collect), restartable || collect, options ?? undefined);
    return new Leavable((leaving) => events(run, leaving), signal ?? undefined);
  }
}

async function* events(run, signal) {
  try {
    yield* run.drive(signal);
    signal.throwIfAborted();
    yield { type: "report", result: run.result() };
  } finally {
    run.turn.release();
  }
}

function ownSession(models, { policy, clock, sleep, seed, log }) {
  return new Session({ routes: routesOf(models), policy, clock, sleep, seed, log });
}

function fitting(session, models, own) {
  if (!(session instanceof Session)) {
    throw new TypeError(`session: ${shown(session)} is not a Session`);
  }
  if (OF_A_SESSION.some((name) => own[name] !== undefined)) {
    throw new InvalidOption(
      "session: a policy, clock, sleep, seed or log beside it is not allowed; use the session's own",
    );
  }
  if (session.routes.length !== models.length) {
    throw new InvalidOption(
      `session: a chain of ${session.routes.length} is not allowed; use one route for each of ${models.length} models`,
    );
  }
  return session;
}

/** A route for each model: what an adapter says of itself, else `primary`, `backup`, `backup 2`, .. */
function routesOf(models) {
  const routes = [];
  models.forEach((model, place) => {
    const plain = place === 0 ? "primary" : place === 1 ? "backup" : `backup ${place}`;
    const { name = plain, ...known } = model.route ?? {};
    const isTaken = routes.some((route) => route.name === name);
    routes.push(new Route(isTaken ? `${name} (${plain})` : name, known));
  });
  return routes;
}
