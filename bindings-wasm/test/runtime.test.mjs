// One mutable place for the model and its client. `bindings-py/tests/test_runtime.py` is the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Agent, Exhausted, Failure, InvalidOption, Policy, Route, Runtime, Session, TransientError } from "failsoft";
import { NoticeRecorder } from "failsoft/testing";
import { rejection, thrown, timed } from "./common.mjs";

const ONCE = { retry: { maxAttempts: 1 } };
const FIELDS = {
  model: "large",
  provider: "openai",
  baseUrl: "https://api.openai.com/v1",
  apiKey: "sk-primary",
  apiMode: "chat_completions",
  promptCaching: false,
  contextWindow: 200_000,
  compression: { threshold: 0.5, keep: ["system"] },
  clientArguments: { timeout: 60, defaultHeaders: { "x-team": "blue" } },
  openaiProject: "p1",
  temperature: 0.2,
};
const BACKUP = {
  model: "medium",
  provider: "anthropic",
  baseUrl: "https://api.anthropic.com",
  apiKey: "sk-ant-backup",
  apiMode: "anthropic_messages",
  promptCaching: true,
  anthropicVersion: "2023-06-01",
};

/** Makes a client of the values; `log` says what was made, and what was closed and why. */
class Builder {
  log = [];
  broken = new Set();

  get hooks() {
    return {
      build: async (values) => {
        if (this.broken.has(values.model)) throw new Error("no key");
        this.log.push(`client of ${values.model}`);
        return `client of ${values.model}`;
      },
      close: async (client, { reason }) => {
        this.log.push(`${reason}: ${client}`);
      },
    };
  }
}

const runtimeOf = (builder, more = {}) => new Runtime({ ...FIELDS, ...more }, builder.hooks);

function sessionOf(runtime, groups = ONCE, more = {}) {
  const routes = ["primary", { name: "backup", runtime: BACKUP }];
  return new Session({ routes, policy: new Policy(groups), runtime, log: null, ...more });
}

const downOn =
  (...names) =>
  async (attempt) => {
    if (names.includes(attempt.route.name)) throw new TransientError(attempt.route.name);
    return attempt.client;
  };

const reset = () => Object.assign(new Error("reset"), { code: "ECONNRESET" });

async function resetOnPrimary(attempt) {
  if (attempt.route.name === "primary") throw reset();
  return attempt.client;
}

/** One turn with one call, from its beginning to its end. */
async function turnWith(session, ask) {
  const turn = session.turn();
  try {
    return await turn.call(ask);
  } finally {
    turn.end();
  }
}

// ---- What is kept. ----

test("the snapshot keeps every field", () => {
  const runtime = runtimeOf(new Builder());
  assert.deepEqual({ ...runtime }, FIELDS);
  assert.deepEqual([runtime.model, runtime.temperature], ["large", 0.2]);
});

test("the snapshot is a deep copy", async () => {
  const given = structuredClone(FIELDS);
  const runtime = new Runtime(given, { build: () => "client" });
  given.clientArguments.defaultHeaders["x-team"] = "red";
  runtime.compression.keep.push("tools");
  runtime.model = "small";
  assert((await runtime.use(BACKUP)) && (await runtime.restore()));
  assert.deepEqual({ ...runtime }, FIELDS);
});

test("the snapshot keeps client arguments that cannot be copied", async () => {
  const fetch = () => {};
  class Agent {}
  const agent = new Agent();
  const runtime = new Runtime({ model: "large", clientArguments: { fetch, agent, headers: { a: 1 } } });
  runtime.clientArguments.headers.a = 2;
  assert((await runtime.use({ model: "small" })) && (await runtime.restore()));
  const kept = runtime.clientArguments;
  assert.deepEqual([kept.fetch === fetch, kept.agent === agent, kept.headers.a], [true, true, 1]);
});

test("the snapshot keeps only what applies to the API mode", () => {
  const own = { anthropicVersion: "x", awsRegion: "eu-central-1", openaiProject: "p1", mine: 1 };
  const kept = (apiMode) => Object.keys(new Runtime({ ...own, apiMode })).sort();
  assert.deepEqual(kept("anthropic_messages"), ["anthropicVersion", "apiMode", "mine"]);
  assert.deepEqual(kept("responses"), ["apiMode", "mine", "openaiProject"]);
  assert.deepEqual(kept("bedrock"), ["apiMode", "awsRegion", "mine"]);
  assert.deepEqual({ ...new Runtime(own) }, own); // of a mode that is not known nothing is known
});

test("fields of one mode alone come and go with it", async () => {
  const modes = { anthropic_messages: { apiKey: "sk-ant", betas: ["x"] }, chat_completions: { apiKey: "sk-oa" } };
  const runtime = new Runtime({ model: "large", apiMode: "chat_completions" }, { modes });
  assert.deepEqual({ ...runtime }, { model: "large", apiMode: "chat_completions", apiKey: "sk-oa" });
  await runtime.choose({ model: "other", apiMode: "anthropic_messages" });
  const other = { model: "other", apiMode: "anthropic_messages", apiKey: "sk-ant", betas: ["x"] };
  assert.deepEqual({ ...runtime }, other);
  await runtime.choose({ model: "large", apiMode: "chat_completions" });
  assert.deepEqual({ ...runtime }, { model: "large", apiMode: "chat_completions", apiKey: "sk-oa" });
});

test("a deliberate change makes a new primary", async () => {
  const builder = new Builder();
  const runtime = runtimeOf(builder);
  assert(await runtime.open());
  await runtime.choose({ model: "larger" });
  assert.deepEqual([runtime.model, runtime.client, runtime.apiKey], ["larger", "client of larger", "sk-primary"]);
  assert(!("contextWindow" in runtime)); // that of another model
  assert((await runtime.use(BACKUP)) && (await runtime.restore()));
  assert.deepEqual([runtime.model, runtime.client, runtime.isOnFallback], ["larger", "client of larger", false]);
  const first = ["client of large", "client of larger", "superseded: client of large"];
  assert.deepEqual(builder.log.slice(0, 3), first);
});

test("a deliberate change on a fallback starts from the primary", async () => {
  const runtime = runtimeOf(new Builder());
  assert(await runtime.use(BACKUP));
  await runtime.choose({ model: "larger" });
  assert.deepEqual([runtime.model, runtime.provider, runtime.apiKey], ["larger", "openai", "sk-primary"]);
  assert(!runtime.isOnFallback);
});

test("a deliberate change whose client cannot be made rejects and changes nothing", async () => {
  const builder = new Builder();
  builder.broken.add("larger");
  const runtime = runtimeOf(builder);
  assert(await runtime.open());
  assert.equal((await rejection(runtime.choose({ model: "larger" }))).message, "no key");
  assert.deepEqual([{ ...runtime }, runtime.client], [FIELDS, "client of large"]);
});

test("no key goes along to another provider", async () => {
  const runtime = runtimeOf(new Builder());
  assert(await runtime.use({ provider: "groq", model: "small" }));
  const { compression, temperature } = FIELDS;
  assert.deepEqual({ ...runtime }, { provider: "groq", model: "small", compression, temperature });
  assert(await runtime.use({ model: "small" })); // of the same place
  const found = [runtime.apiKey, runtime.baseUrl, runtime.clientArguments.timeout];
  assert.deepEqual(found, ["sk-primary", "https://api.openai.com/v1", 60]);
});

// ---- There and back. ----

test("restore on the primary does nothing and says so", async () => {
  const builder = new Builder();
  assert.equal(await runtimeOf(builder).restore(), false);
  assert.deepEqual(builder.log, []);
});

test("restore brings back model, provider, compression and prompt caching", async () => {
  const builder = new Builder();
  const runtime = runtimeOf(builder);
  assert((await runtime.open()) && (await runtime.use({ ...BACKUP, compression: { threshold: 0.8 } })));
  assert.deepEqual([runtime.model, runtime.promptCaching, runtime.compression], ["medium", true, { threshold: 0.8 }]);
  assert.equal(await runtime.restore(), true);
  assert.deepEqual([{ ...runtime }, runtime.client], [FIELDS, "client of large"]);
  assert.deepEqual(builder.log, [
    "client of large",
    "client of medium",
    "superseded: client of large",
    "client of large",
    "superseded: client of medium",
  ]);
});

timed("restore survives a failing build and leaves the fallback whole", async () => {
  const builder = new Builder();
  const runtime = runtimeOf(builder);
  const log = new NoticeRecorder();
  const session = sessionOf(runtime, ONCE, { log });
  assert(await runtime.use(BACKUP));
  builder.broken.add("large");
  const whole = { ...runtime };
  assert.equal(await runtime.restore(), false);
  assert.deepEqual([{ ...runtime }, runtime.client, runtime.isOnFallback], [whole, "client of medium", true]);
  const message = "the client of the runtime could not be made: no key";
  assert.deepEqual(log.entries, [{ level: "warn", message }]);
  builder.broken.clear();
  assert.equal(await runtime.restore(), true);
  await session.close();
});

timed("a fallback whose client cannot be made changes nothing", async () => {
  const builder = new Builder();
  builder.broken.add("medium");
  const runtime = runtimeOf(builder);
  const session = sessionOf(runtime);
  assert(await runtime.open());
  assert.equal(await runtime.use(BACKUP), false);
  assert.deepEqual([{ ...runtime }, runtime.client, runtime.isOnFallback], [FIELDS, "client of large", false]);
  await session.close();
});

test("without a client to make only the values are swapped", async () => {
  const runtime = new Runtime({ model: "large" });
  assert((await runtime.use({ model: "small" })) && runtime.model === "small");
  assert(await runtime.restore());
  assert.deepEqual([runtime.model, runtime.client], ["large", undefined]);
});

timed("without a client to make the one that is there stays", async (time) => {
  const closed = [];
  const runtime = new Runtime({ model: "large" }, { client: "mine", close: (client) => closed.push(client) });
  const session = sessionOf(runtime);
  assert.equal(await turnWith(session, resetOnPrimary), "mine");
  assert.deepEqual([runtime.model, runtime.client], ["medium", "mine"]);
  assert.equal(await turnWith(session, downOn()), "mine");
  assert.equal(runtime.model, "large");
  await session.close();
  assert.deepEqual([closed, time.slept], [[], []]);
});

timed("a client that is there is used first", async () => {
  const builder = new Builder();
  const runtime = new Runtime(FIELDS, { ...builder.hooks, client: "mine" });
  const session = sessionOf(runtime);
  assert.equal(await turnWith(session, downOn()), "mine");
  assert.equal(await turnWith(session, downOn("primary")), "client of medium");
  assert.equal(await turnWith(session, downOn()), "client of large");
  await session.close();
  assert.deepEqual(builder.log, [
    "client of medium",
    "superseded: mine",
    "client of large",
    "superseded: client of medium",
    "closed: client of large",
  ]);
});

// ---- With a session. ----

timed("a turn falls back and the next one restores the primary", async () => {
  const runtime = runtimeOf(new Builder());
  const session = sessionOf(runtime);
  const turn = session.turn();
  assert.equal(await turn.call(downOn("primary")), "client of medium");
  assert.deepEqual([runtime.isOnFallback, runtime.model, runtime.promptCaching], [true, "medium", true]);
  assert.equal(await turn.call(downOn("primary")), "client of medium");
  turn.end();
  assert.equal(await turnWith(session, downOn()), "client of large");
  assert.deepEqual([{ ...runtime }, runtime.isOnFallback], [FIELDS, false]);
});

timed("what is changed after a restore is no part of the primary either", async () => {
  const runtime = runtimeOf(new Builder());
  const session = sessionOf(runtime);
  for (let round = 0; round < 2; round += 1) {
    await turnWith(session, downOn("primary"));
    await turnWith(session, downOn());
    assert.deepEqual({ ...runtime }, FIELDS);
    runtime.compression.keep.push("tools");
  }
  for (let round = 0; round < 2; round += 1) {
    assert((await runtime.use(BACKUP)) && (await runtime.restore()));
    assert.deepEqual({ ...runtime }, FIELDS);
    runtime.compression.keep.push("tools");
  }
});

timed("the position in the chain is restored too", async () => {
  const session = sessionOf(runtimeOf(new Builder()));
  const asked = [];
  const ask = (attempt) => {
    asked.push(attempt.route.name);
    return downOn("primary", "backup")(attempt);
  };
  for (let turn = 0; turn < 2; turn += 1) {
    assert((await rejection(turnWith(session, ask))) instanceof Exhausted);
  }
  assert.deepEqual(asked, ["primary", "backup", "primary", "backup"]);
});

timed("a turn without a failure swaps nothing", async () => {
  const builder = new Builder();
  const session = sessionOf(runtimeOf(builder));
  for (let turn = 0; turn < 3; turn += 1) await turnWith(session, downOn());
  assert.deepEqual(builder.log, ["client of large"]);
});

timed("a way back that fails leaves the fallback to the turn", async () => {
  const builder = new Builder();
  const runtime = runtimeOf(builder);
  const session = sessionOf(runtime);
  await turnWith(session, downOn("primary"));
  builder.broken.add("large");
  assert.equal(await turnWith(session, downOn()), "client of medium");
  assert.deepEqual([runtime.isOnFallback, runtime.model], [true, "medium"]);
  builder.broken.clear();
  assert.equal(await turnWith(session, downOn()), "client of large");
});

timed("while the primary is in cooldown the fallback stays", async (time) => {
  const builder = new Builder();
  const session = sessionOf(runtimeOf(builder));
  const limited = async (attempt) => {
    if (attempt.route.name === "primary") {
      const failsoftFailure = new Failure("rate_limited", { retryAfter: 120_000 });
      throw Object.assign(new Error("slow down"), { failsoftFailure });
    }
    return attempt.client;
  };
  assert.equal(await turnWith(session, limited), "client of medium");
  assert.equal(await turnWith(session, downOn()), "client of medium");
  assert(!builder.log.slice(1).includes("client of large"));
  time.advance(130_000);
  assert.equal(await turnWith(session, downOn()), "client of large");
});

timed("what a route says of itself is put in force", async () => {
  const runtime = runtimeOf(new Builder());
  const own = { provider: "groq", model: "small", endpoint: "https://api.groq.com/v1", contextWindow: 8_000 };
  const routes = ["primary", new Route("backup", { ...own, runtime: { apiKey: "gsk" } })];
  await turnWith(new Session({ routes, policy: new Policy(ONCE), runtime, log: null }), downOn("primary"));
  const { provider, model, baseUrl, contextWindow, apiKey } = runtime;
  const found = { provider, model, endpoint: baseUrl, contextWindow, apiKey };
  assert.deepEqual(found, { ...own, apiKey: "gsk" });
});

for (const [attempts, waited] of [
  [3, 6000],
  [10, 8000],
]) {
  timed(`recovery waits ${waited} ms after ${attempts} attempts`, async (time) => {
    const made = [];
    const retry = { maxAttempts: attempts, base: 0 };
    const session = sessionOf(runtimeOf(new Builder()), { retry, breaker: { enabled: false } });
    const ask = async (attempt) => {
      made.push(attempt.route.name);
      if (made.length <= attempts) throw reset();
      return attempt.client;
    };
    assert.equal(await turnWith(session, ask), "client of large");
    assert.deepEqual(made, Array(attempts + 1).fill("primary"));
    assert.equal(time.slept.at(-1), waited);
  });
}

timed("recovery closes before it builds", async () => {
  const builder = new Builder();
  const runtime = runtimeOf(builder);
  const failures = [reset()];
  const ask = async (attempt) => {
    if (failures.length > 0) throw failures.pop();
    return attempt.client;
  };
  assert.equal(await turnWith(sessionOf(runtime), ask), "client of large");
  assert.deepEqual(builder.log, ["client of large", "rebuild: client of large", "client of large"]);
  assert.deepEqual([{ ...runtime }, runtime.isOnFallback], [FIELDS, false]);
});

timed("recovery keeps what the host had changed", async () => {
  const runtime = runtimeOf(new Builder());
  runtime.temperature = 0.9;
  const failures = [reset()];
  await turnWith(sessionOf(runtime), async () => {
    if (failures.length > 0) throw failures.pop();
  });
  assert.equal(runtime.temperature, 0.9);
});

timed("a failed recovery goes on at once and the next turn builds anew", async (time) => {
  const builder = new Builder();
  const session = sessionOf(runtimeOf(builder));
  const turn = session.turn();
  await turn.call(downOn());
  builder.broken.add("large");
  assert.equal(await turn.call(resetOnPrimary), "client of medium");
  turn.end();
  assert.deepEqual(time.slept, []);
  builder.broken.clear();
  assert.equal(await turnWith(session, downOn()), "client of large");
});

timed("recovery is not for a fallback", async () => {
  const builder = new Builder();
  const ask = async (attempt) => {
    throw attempt.route.name === "primary" ? new TransientError("x") : reset();
  };
  assert((await rejection(turnWith(sessionOf(runtimeOf(builder)), ask))) instanceof Exhausted);
  assert.deepEqual(builder.log, ["client of large", "client of medium", "superseded: client of large"]);
});

timed("recovery is not for other failures", async () => {
  const builder = new Builder();
  await turnWith(sessionOf(runtimeOf(builder)), downOn("primary"));
  assert(!builder.log.includes("rebuild: client of large"));
});

for (const aggregator of [{ provider: "openrouter" }, { endpoint: "https://openrouter.ai/api/v1" }]) {
  timed(`recovery is not for an aggregator: ${JSON.stringify(aggregator)}`, async () => {
    const builder = new Builder();
    const routes = [
      { name: "primary", ...aggregator },
      { name: "backup", runtime: BACKUP },
    ];
    const session = new Session({ routes, policy: new Policy(ONCE), runtime: runtimeOf(builder), log: null });
    assert.equal(await turnWith(session, resetOnPrimary), "client of medium");
    assert(!builder.log.includes("rebuild: client of large"));
  });
}

timed("the full cycle", async () => {
  const builder = new Builder();
  const runtime = runtimeOf(builder);
  const session = sessionOf(runtime);
  // The primary's connection breaks, and again after it was made anew.
  assert.equal(await turnWith(session, resetOnPrimary), "client of medium");
  assert.equal(await turnWith(session, downOn()), "client of large");
  await session.close();
  assert.deepEqual(builder.log, [
    "client of large",
    "rebuild: client of large",
    "client of large",
    "client of medium",
    "superseded: client of large",
    "client of large",
    "superseded: client of medium",
    "closed: client of large",
  ]);
  assert.deepEqual([{ ...runtime }, runtime.client], [FIELDS, undefined]);
});

timed("an agent's run restores too", async () => {
  const runtime = runtimeOf(new Builder());
  const seen = [];
  const failures = [new TransientError("x")];
  const primary = () => {
    seen.push(runtime.client);
    if (failures.length > 0) throw failures.pop();
    return { answer: "p" };
  };
  const backup = () => {
    seen.push(runtime.client);
    return { answer: "b" };
  };
  const agent = new Agent(primary, { fallbacks: [backup], session: sessionOf(runtime) });
  assert.equal((await agent.run("go")).answer, "b");
  assert.equal((await agent.run("go")).answer, "p");
  assert.deepEqual(seen, ["client of large", "client of medium", "client of large"]);
});

// ---- One turn at a time. ----

timed("a second turn at once is refused", async () => {
  const session = sessionOf(runtimeOf(new Builder()));
  const turn = session.turn();
  const error = thrown(() => session.turn());
  assert(error instanceof InvalidOption);
  assert.match(error.message, /one at a time; end that one first .* a second Runtime/);
  await turn.call(downOn()); // the first goes on
  turn.end();
  session.turn().end();
});

timed("a turn that has ended may go on until another begins", async () => {
  const session = sessionOf(runtimeOf(new Builder()));
  const ways = [
    (turn) => turn.call(downOn()),
    async (turn) => {
      for await (const _ of turn.stream(() => ["x"]));
    },
  ];
  for (const way of ways) {
    const turn = session.turn();
    turn.end();
    await way(turn);
    turn.end();
    const other = session.turn();
    assert.match((await rejection(way(turn))).message, /one at a time/);
    other.end();
  }
});

timed("an agent is refused while a turn is under way and ends its own", async () => {
  const session = sessionOf(runtimeOf(new Builder()));
  const agent = new Agent(() => ({ answer: "x" }), { fallbacks: [() => ({ answer: "y" })], session });
  const turn = session.turn();
  assert.match((await rejection(agent.run("go"))).message, /one at a time/);
  turn.end();
  for (let run = 0; run < 2; run += 1) assert.equal((await agent.run("go")).answer, "x");
  for await (const { type } of agent.stream("go")) if (type === "step") break;
  session.turn().end();
});

timed("a change by hand is refused while a turn is under way", async () => {
  const runtime = runtimeOf(new Builder());
  const turn = sessionOf(runtime).turn();
  const changes = ["restore", "use", "choose", "open"];
  for (const change of changes) {
    assert.match((await rejection(runtime[change](BACKUP))).message, /a turn is under way on this Runtime/);
  }
  turn.end();
});

timed("between turns a change by hand is known to the session", async () => {
  const builder = new Builder();
  const runtime = runtimeOf(builder);
  const session = sessionOf(runtime);
  assert(await runtime.open());
  assert.equal(await turnWith(session, downOn()), "client of large");
  assert.deepEqual(builder.log, ["client of large"]);
  assert(await runtime.use(session.routes[1]));
  assert.equal(await turnWith(session, downOn()), "client of large");
  assert(await runtime.use({ model: "small" }));
  assert.equal(await turnWith(session, downOn("primary")), "client of medium");
});

timed("a new primary begins with a clean slate", async () => {
  const runtime = runtimeOf(new Builder());
  const session = sessionOf(runtime, { ...ONCE, breaker: { consecutive: 1 } });
  await turnWith(session, downOn("primary"));
  assert.equal(session.breaker("primary"), "open");
  await runtime.choose({ model: "larger" });
  assert.equal(session.breaker("primary"), "closed");
  assert.equal(await turnWith(session, downOn()), "client of larger");
});

// ---- What is refused, and what is never said. ----

test("a runtime says no secret", () => {
  const runtime = runtimeOf(new Builder());
  const told = [`${runtime}`, inspect(runtime, { depth: 9 }), JSON.stringify({ runtime })];
  assert(!told.some((one) => one.includes("sk-") || one.includes("blue")));
  assert.equal(
    inspect(runtime),
    'Runtime { provider: "openai", model: "large", apiMode: "chat_completions", on the primary; holds baseUrl, ' +
      "apiKey, promptCaching, contextWindow, compression, clientArguments, openaiProject, temperature }",
  );
});

test("fields and options that mean something else are refused", async () => {
  const runtime = new Runtime({ model: "x" });
  for (const name of ["restore", "client", "toString"]) {
    const error = await rejection(runtime.choose({ [name]: 1 }));
    assert.match(error.message, new RegExp(`Runtime: "${name}" is not allowed as a field`));
  }
  assert.match(thrown(() => new Runtime({}, { build: 1 })).message, /Runtime: build: 1 is not a function/);
  assert.match(thrown(() => new Runtime({}, { biuld: 1 })).message, /Runtime: biuld is not an option/);
  assert.match((await rejection(runtime.use("x"))).message, /Runtime: "x" is not an object of fields/);
  assert.match(thrown(() => new Session({ routes: ["a"], runtime: {} })).message, /is not a Runtime/);
  assert.match(
    thrown(() => new Runtime({}, { modes: "x" })).message,
    /^Runtime: modes: "x" is not an object of fields/,
  );
  const modes = (own) => thrown(() => new Runtime({}, { modes: { responses: own } })).message;
  assert.match(modes("x"), /^Runtime: modes\.responses: "x" is not an object of fields/);
  assert.match(modes({ choose: 1 }), /^Runtime: "choose" is not allowed as a field/);
  assert.match(
    thrown(() => new Route("a", { runtime: "x" })).message,
    /^Route: runtime: "x" is not an object of fields/,
  );
});

test("routes of a runtime have no hooks of their own", () => {
  const made = (routes, runtime = new Runtime({ model: "x" })) =>
    thrown(() => new Session({ routes, runtime, log: null })).message;
  for (const hook of [{ activate() {} }, { close() {} }, { client: 1 }]) {
    assert.match(made(["a", { name: "b", ...hook }]), /^routes\[1\]\.\w+: not allowed beside a Runtime/);
  }
  assert.match(made([{ name: "a", runtime: { model: "y" } }]), /^routes\[0\]\.runtime: not allowed/);
  const alone = thrown(() => new Session({ routes: ["a", { name: "b", runtime: { model: "y" } }] })).message;
  assert.match(alone, /^routes\[1\]\.runtime: not allowed without a Runtime/);
});

timed("a runtime belongs to one session", async () => {
  const runtime = new Runtime({ model: "x" });
  const first = new Session({ routes: ["a"], runtime });
  assert.match(thrown(() => new Session({ routes: ["a"], runtime })).message, /it belongs to another session/);
  await first.close();
  assert.equal(await turnWith(new Session({ routes: ["a"], runtime }), async () => 1), 1);
});

timed("a session that was closed is used on unless another one has its runtime", async () => {
  const builder = new Builder();
  const runtime = runtimeOf(builder);
  const first = sessionOf(runtime);
  await turnWith(first, downOn());
  await first.close();
  assert(await runtime.use(first.routes[1])); // nobody has it: by hand
  assert.equal(await turnWith(first, downOn()), "client of large");
  assert.deepEqual([runtime.isOnFallback, runtime.model], [false, "large"]);
  assert(await runtime.use(first.routes[1])); // the session has it again, and is told
  assert.deepEqual(builder.log.slice(-2), ["client of medium", "superseded: client of large"]);
  await first.close();
  const second = sessionOf(runtime);
  assert.match(thrown(() => first.turn()).message, /^runtime: it belongs to another session/);
  assert.equal(await turnWith(second, downOn()), "client of large");
  await second.close();
});

test("neither a runtime nor a route shows a secret", () => {
  const secret = "sk-secret";
  const runtime = new Runtime({ model: "large", apiKey: secret }, { client: { apiKey: secret } });
  const backup = new Route("backup", { model: "small", runtime: { apiKey: secret } });
  const alone = new Route("alone", { client: { apiKey: secret } });
  const sessions = [new Session({ routes: ["primary", backup], runtime }), new Session({ routes: [alone], log: null })];
  for (const one of [runtime, backup, alone, ...sessions]) {
    const shown = inspect(one, { depth: 20, showHidden: true }) + JSON.stringify(one) + String(one);
    assert(!shown.includes(secret), shown);
  }
  assert.equal(inspect(backup), 'Route { name: "backup", model: "small", hasCredential: true; holds runtime }');
  assert.deepEqual(backup.toJSON(), { name: "backup", model: "small", hasCredential: true });
});
