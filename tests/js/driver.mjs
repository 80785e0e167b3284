// Replays `tests/vectors/driver` through the host loops, on virtual time. Nothing here needs Node.
//
// `failsoft`: what the package exports, `testing` included.

import { camel, known, need, Wrong } from "./form.mjs";

const FIELDS = "name note policy seed retry call activates broken one_slot models tools approver runs stream expect";

/** Every script as a pair of its name and a function whose promise is rejected where it does not hold. */
export function tests(failsoft, files) {
  const paths = Object.keys(files).filter((path) => path.startsWith("driver/"));
  return [
    ...paths.map((path) => [path.replace(/\.json$/, ""), () => replay(failsoft, files[path])]),
    ["a wrong script is seen", () => seesWhatIsWrong(failsoft)],
  ];
}

/** Runs one script; throws `Wrong` where it does not hold. */
export async function replay(failsoft, script) {
  known(script, FIELDS);
  const found = await failsoft.testing.instant(
    async (time) => {
      const play = new Play(failsoft, script, time);
      await play.run();
      return play.found();
    },
    { start: 0 },
  );
  for (const [name, expected] of Object.entries(script.expect)) {
    const wanted = name === "took_ms" ? (expected.async ?? expected) : expected;
    if (name === "ran_any_order") {
      need([...found.ran].sort(), [...wanted].sort(), name);
    } else if (!Object.hasOwn(found, name)) {
      throw new Wrong(`no field ${name} in ${JSON.stringify(found)}`);
    } else {
      need(found[name] ?? null, wanted, name);
    }
  }
}

/** What a script fails with. */
class Told extends Error {
  name = "Told";

  constructor(message, failure) {
    super(message);
    this.failsoftFailure = failure;
  }
}

function failed(play, step) {
  const failure = new play.failsoft.Failure(step.fails, { retryAfter: step.retry_after_ms });
  return new Told(step.message ?? step.fails, failure);
}

/** The parts of a stream, as `failsoft/testing` takes them. */
function parts(play, step) {
  return step.chunks.map((form) => {
    if (typeof form === "string") return form;
    known(form, "after_ms fails message retry_after_ms ends calls");
    if (form.after_ms !== undefined) return form.after_ms;
    if (form.fails !== undefined) return failed(play, form);
    return form.calls === undefined ? play.failsoft.testing.ends(form.ends ?? "") : asking(form.calls);
  });
}

function asking(calls) {
  return { toolCalls: calls.map((call, at) => ({ id: `c${at}`, ...call })) };
}

/** Behaves as it is told, one step a request; the last step repeats. */
class Actor {
  asked = 0;
  /** What was asked, where the actor is a model that streams. */
  requests = undefined;

  constructor(play, steps, name = "", log = []) {
    Object.assign(this, { play, steps, name, log });
  }

  async ask(signal) {
    const step = this.steps[Math.min(this.asked, this.steps.length - 1)];
    known(step, "fails message retry_after_ms after_ms hangs value answer calls reply chunks");
    this.asked += 1;
    this.log.push(this.name);
    const span = step.hangs ? Infinity : (step.after_ms ?? 0);
    if (span > 0) await this.play.time.hang(span, signal);
    return this.end(step);
  }

  end(step) {
    if (step.fails !== undefined) throw failed(this.play, step);
    if (step.chunks !== undefined) return this.play.failsoft.testing.chunks(...parts(this.play, step));
    if (step.calls !== undefined) return asking(step.calls);
    if (step.answer !== undefined) return { answer: step.answer };
    return step.reply === undefined ? step.value : spelt(step.reply);
  }
}

/** A reply as it stands, with the names of JavaScript. */
function spelt(reply) {
  if (typeof reply !== "object" || reply === null || Array.isArray(reply)) return reply;
  return Object.fromEntries(Object.entries(reply).map(([name, value]) => [camel(name), value]));
}

class Play {
  ran = [];
  facts = {};
  activated = [];
  clients = [];
  values = [];
  approved = [];
  received = [];
  events = [];

  constructor(failsoft, script, time) {
    Object.assign(this, { failsoft, script, time });
    this.policy = failsoft.Policy.fromJSON(script.policy ?? {});
    this.seed = script.seed ?? 1;
    known(script.stream ?? {}, "restartable collect");
    const { retry, call = {}, models = [] } = script;
    const bodies = retry === undefined ? [...Object.values(call), ...models] : [retry];
    this.actors = bodies.map((steps) => new Actor(this, steps));
  }

  found() {
    return {
      slept_ms: this.time.slept.map(Math.round),
      took_ms: Math.round(this.time.now),
      asked: this.actors.map((actor) => actor.requests?.length ?? actor.asked),
      activated: this.activated,
      clients: this.clients,
      values: this.values,
      approved: this.approved,
      ran: this.ran,
      received: this.received,
      events: this.events,
      ...this.facts,
    };
  }

  async run() {
    try {
      if (this.script.retry !== undefined) await this.retry();
      else if (this.script.call !== undefined) await this.call();
      else await this.agent();
    } catch (error) {
      const isOurs = error instanceof this.failsoft.Exhausted;
      const word = error instanceof Told ? "original" : isOurs ? "exhausted" : error.name;
      Object.assign(this.facts, { error: word, message: error.message, cause: error.cause?.message });
    }
  }

  async retry() {
    const { max_attempts: maxAttempts, base_ms: base, cap_ms: cap, factor, jitter } = this.policy.toJSON().retry;
    const options = { maxAttempts, base, cap, factor, jitter, seed: this.seed };
    this.facts.value = await this.failsoft.retry(({ signal }) => this.actors[0].ask(signal), options);
  }

  async call() {
    const { call, runs = 1 } = this.script;
    const names = Object.keys(call);
    const session = this.session(names);
    const byRoute = new Map(names.map((name, place) => [name, this.actors[place]]));
    const request = (attempt) => byRoute.get(attempt.route.name).ask(attempt.signal);
    for (let run = 0; run < runs; run += 1) {
      const turn = session.turn();
      try {
        if (this.script.stream === undefined) {
          this.facts.value = await turn.call(request);
          this.values.push(this.facts.value);
        } else {
          for await (const chunk of turn.stream(request, this.script.stream)) this.receive(chunk);
        }
      } finally {
        turn.end();
        const { lines, route } = turn.report();
        Object.assign(this.facts, { lines, route });
      }
    }
  }

  session(names) {
    const { Route, Runtime, Session } = this.failsoft;
    const { activates = [], one_slot: inOneSlot = false } = this.script;
    const options = { policy: this.policy, seed: this.seed, log: null };
    const close = async (client, { reason }) => void this.clients.push(`${reason} ${client}`);
    if (inOneSlot) {
      const runtime = new Runtime({ model: names[0] }, { build: ({ model }) => this.activate(model), close });
      const routes = names.map((name, place) => new Route(name, place === 0 ? {} : { runtime: { model: name } }));
      return new Session({ ...options, routes, runtime });
    }
    const hooks = { activate: ({ name }) => this.activate(name), close };
    const routes = names.map((name) => new Route(name, activates.includes(name) ? hooks : {}));
    return new Session({ ...options, routes });
  }

  /** A chunk of a stream in words: its text, what a consumer is told to discard, or nothing. */
  receive(chunk) {
    const text = chunk.choices?.[0]?.delta.content;
    if (chunk instanceof this.failsoft.Discard) this.received.push(`discard: ${chunk.reason}`);
    else if (text) this.received.push(text);
  }

  async activate(name) {
    this.activated.push(name);
    const number = this.activated.filter((one) => one === name).length;
    const { broken = {} } = this.script;
    const isBroken = Array.isArray(broken) ? broken.includes(name) : broken[name]?.includes(number);
    if (isBroken) throw new Error("no client");
    this.clients.push(`made ${name}${number}`);
    return `${name}${number}`;
  }

  async agent() {
    const { tools = [], approver, runs = 1 } = this.script;
    const [first, ...others] = this.actors.map((actor) => this.model(actor));
    const agent = new this.failsoft.Agent(first, {
      fallbacks: others,
      tools: tools.map((form) => this.tool(form)),
      approver: approver && ((request) => this.approve(request)),
      policy: this.policy,
      seed: this.seed,
      log: null,
    });
    for (let run = 0; run < runs; run += 1) {
      if (this.script.stream === undefined) this.read(await agent.run("go"));
      else for await (const event of agent.stream("go", this.script.stream)) this.hear(event);
    }
  }

  model(actor) {
    if (actor.steps.every((step) => step.chunks === undefined)) {
      return (_messages, _tools, { signal }) => actor.ask(signal);
    }
    const model = this.failsoft.testing.streams(...actor.steps.map((step) => parts(this, step)));
    actor.requests = model.client.requests;
    return model;
  }

  /** An event of a run in words. */
  hear(event) {
    const { type, result } = event;
    if (type === "report") this.read(result);
    this.events.push(`${type}: ${WORDS[type](event)}`);
  }

  tool({ does, timeout_ms: timeout, ...options }) {
    known(options, "name risky replay");
    const actor = new Actor(this, does, options.name, this.ran);
    return this.failsoft.tool((_given, { signal }) => actor.ask(signal), { ...options, timeout });
  }

  approve(request) {
    this.approved.push(request.tool);
    const answers = this.script.approver;
    return answers[Math.min(this.approved.length, answers.length) - 1];
  }

  read(result) {
    const { answer, steps, blocked, degraded, attempts, route, lines, messages, model } = result;
    const told = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    const [usage, spent] = [result.usage, result.spent].map((one) => [
      one.inputTokens ?? null,
      one.outputTokens ?? null,
    ]);
    const more = { stop_reason: result.stopReason, model, usage, spent };
    this.facts = { answer, steps, blocked, degraded, attempts, route, lines, told, ...more };
  }
}

const WORDS = {
  step: ({ step }) => step,
  text: ({ text }) => text,
  discard: ({ reason, step }) => `${reason} in step ${step}`,
  tool_call: ({ id, name, arguments: given }) => `${id} ${name} ${spaced(given)}`,
  tool_result: ({ id, name, outcome, content }) => `${id} ${name} ${outcome}: ${content}`,
  retry: ({ route, delay, attempt, failure }) =>
    `${route} after ${Math.round(delay)} ms, attempt ${attempt}: ${failure}`,
  switch: ({ route, reason }) => `${route}: ${reason}`,
  report: ({ result }) => result.stopReason,
};

/** Arguments as JSON, one level deep, with the blanks that people write. */
function spaced(given) {
  const fields = Object.keys(given).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(given[name])}`).join(", ")}}`;
}

async function seesWhatIsWrong(failsoft) {
  const script = { name: "x", retry: [{ value: 1 }], expect: { value: 2 } };
  const says = async (form, line) => {
    let said = "";
    try {
      await replay(failsoft, form);
    } catch (wrong) {
      if (!(wrong instanceof Wrong)) throw wrong;
      said = wrong.message;
    }
    if (!said.includes(line)) throw new Wrong(`expected "${line}", got "${said}"`);
  };
  await says(script, "value: expected 2, got 1");
  await says({ ...script, oops: 1 }, "unknown field oops");
  await says({ ...script, expect: { oops: 1 } }, "no field oops");
}
