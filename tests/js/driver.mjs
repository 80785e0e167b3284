// Replays `tests/vectors/driver` through the host loops, on virtual time. Nothing here needs Node.
//
// `failsoft`: what the package exports, `testing` included.

import { camel, known, need, Wrong } from "./form.mjs";

const FIELDS = "name note policy seed retry call activates broken models tools approver runs expect";

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

/** Behaves as it is told, one step a request; the last step repeats. */
class Actor {
  asked = 0;

  constructor(play, steps, name = "", log = []) {
    Object.assign(this, { play, steps, name, log });
  }

  async ask(signal) {
    const step = this.steps[Math.min(this.asked, this.steps.length - 1)];
    known(step, "fails message retry_after_ms after_ms hangs value answer calls reply");
    this.asked += 1;
    this.log.push(this.name);
    const span = step.hangs ? Infinity : (step.after_ms ?? 0);
    if (span > 0) await this.play.time.hang(span, signal);
    return this.end(step);
  }

  end(step) {
    if (step.fails !== undefined) {
      const failure = new this.play.failsoft.Failure(step.fails, { retryAfter: step.retry_after_ms });
      throw new Told(step.message ?? step.fails, failure);
    }
    if (step.calls !== undefined) return { toolCalls: step.calls.map((call, at) => ({ id: `c${at}`, ...call })) };
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
  approved = [];

  constructor(failsoft, script, time) {
    Object.assign(this, { failsoft, script, time });
    this.policy = failsoft.Policy.fromJSON(script.policy ?? {});
    this.seed = script.seed ?? 1;
    const { retry, call = {}, models = [] } = script;
    const bodies = retry === undefined ? [...Object.values(call), ...models] : [retry];
    this.actors = bodies.map((steps) => new Actor(this, steps));
  }

  found() {
    return {
      slept_ms: this.time.slept.map(Math.round),
      took_ms: Math.round(this.time.now),
      asked: this.actors.map((actor) => actor.asked),
      activated: this.activated,
      approved: this.approved,
      ran: this.ran,
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
    const { activates = [], call } = this.script;
    const names = Object.keys(call);
    const activate = (route) => this.activate(route);
    const route = (name) => new this.failsoft.Route(name, activates.includes(name) ? { activate } : {});
    const options = { routes: names.map(route), policy: this.policy, seed: this.seed, log: null };
    const turn = new this.failsoft.Session(options).turn();
    const byRoute = new Map(names.map((name, place) => [name, this.actors[place]]));
    this.facts.value = await turn.call((attempt) => byRoute.get(attempt.route.name).ask(attempt.signal));
    this.facts.lines = turn.report().lines;
  }

  async activate(route) {
    this.activated.push(route.name);
    if (this.script.broken?.includes(route.name)) throw new Error("no client");
    return "client";
  }

  async agent() {
    const { tools = [], approver, runs = 1 } = this.script;
    const [first, ...others] = this.actors.map(
      (actor) =>
        (_messages, _tools, { signal }) =>
          actor.ask(signal),
    );
    const agent = new this.failsoft.Agent(first, {
      fallbacks: others,
      tools: tools.map((form) => this.tool(form)),
      approver: approver && ((request) => this.approve(request)),
      policy: this.policy,
      seed: this.seed,
      log: null,
    });
    for (let run = 0; run < runs; run += 1) this.read(await agent.run("go"));
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
    const { answer, steps, blocked, degraded, attempts, route, lines, messages } = result;
    const told = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
    const reason = { stop_reason: result.stopReason };
    this.facts = { answer, steps, blocked, degraded, attempts, route, lines, told, ...reason };
  }
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
