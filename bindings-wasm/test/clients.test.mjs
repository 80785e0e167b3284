// Who uses which client, when it is closed, and why. `bindings-py/tests/test_clients.py` is the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, Exhausted, Policy, Session, TransientError } from "failsoft";
import { NoticeRecorder } from "failsoft/testing";
import { deferred, rejection, timed, turns } from "./common.mjs";

const ONCE = { retry: { maxAttempts: 1 } };
const REBUILD = { retry: { maxAttempts: 1 }, breaker: { enabled: false }, recovery: { wait: 0 } };
const session = (routes, groups = {}, more = {}) =>
  new Session({ routes, policy: new Policy(groups), log: null, ...more });

/** Makes clients `a1`, `a2`, .. of route `a`; `log` says what was made, and what was closed and why. */
class Hooks {
  log = [];
  broken = new Set();
  #made = new Map();
  #delays;

  constructor(delays = {}) {
    this.#delays = delays;
  }

  route(name, more = {}) {
    const activate = (route, { signal }) => this.activate(route, signal);
    return { name, activate, close: (client, { reason }) => this.close(client, reason), ...more };
  }

  async activate({ name }) {
    await this.#delays[name]?.();
    if (this.broken.has(name)) throw new Error("no key");
    this.#made.set(name, (this.#made.get(name) ?? 0) + 1);
    const client = `${name}${this.#made.get(name)}`;
    this.log.push(`made ${client}`);
    return client;
  }

  async close(client, reason) {
    this.log.push(`${reason} ${client}`);
  }
}

const clientOf = async (attempt) => attempt.client;

const down =
  (...names) =>
  async (attempt) => {
    if (names.includes(attempt.route.name)) throw new TransientError(attempt.route.name);
    return attempt.client;
  };

function resetOnce() {
  let hasFailed = false;
  return async (attempt) => {
    if (!hasFailed) {
      hasFailed = true;
      throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    }
    return attempt.client;
  };
}

// ---- Making. ----

timed("the primary is made ready before its first attempt", async () => {
  const hooks = new Hooks();
  const one = session([hooks.route("a"), "b"], ONCE);
  assert.deepEqual(hooks.log, []);
  for (let turn = 0; turn < 3; turn += 1) assert.equal(await one.turn().call(clientOf), "a1");
  assert.deepEqual(hooks.log, ["made a1"]);
});

timed("a client that is there is used as it is", async () => {
  const hooks = new Hooks();
  const one = session([{ name: "a", client: "mine" }, hooks.route("b", { client: "mine too" })], ONCE);
  assert.equal(await one.turn().call(clientOf), "mine");
  assert.equal(await one.turn().call(down("a")), "mine too");
  assert.deepEqual(hooks.log, []);
});

timed("a primary that cannot be made ready is skipped and tried again by the next turn", async () => {
  const hooks = new Hooks();
  hooks.broken.add("a");
  const one = session([hooks.route("a"), hooks.route("b")], ONCE);
  assert.equal(await one.turn().call(clientOf), "b1");
  hooks.broken.clear();
  assert.equal(await one.turn().call(clientOf), "a1");
  assert.deepEqual(hooks.log, ["made b1", "made a1"]);
});

timed("a hook is left at its limit, its signal aborted, and what it brings late is closed", async (time) => {
  const late = deferred();
  const signals = [];
  const hooks = new Hooks({ a: () => late.promise });
  const slow = hooks.route("a");
  const route = {
    ...slow,
    activate: (given, { signal }) => {
      signals.push(signal);
      return slow.activate(given, { signal });
    },
  };
  const one = session([route, hooks.route("b")], { attempt: { timeout: 5000 } });
  const before = time.now;
  assert.equal(await one.turn().call(clientOf), "b1");
  assert.equal(time.now - before, 5000);
  assert.equal(signals[0].aborted, true);
  late.resolve();
  await turns();
  assert.deepEqual(hooks.log, ["made b1", "made a1", "superseded a1"]);
});

timed("an agent leaves a hook that hangs too", async (time) => {
  const hooks = new Hooks({ a: () => time.hang(60_000) });
  const one = session([hooks.route("a"), hooks.route("b")], { attempt: { timeout: 5000 } });
  const agent = new Agent(() => ({ answer: "a" }), { fallbacks: [() => ({ answer: "b" })], session: one });
  assert.equal((await agent.run("go")).answer, "b");
});

timed("a hook whose caller was called off brings nothing", async () => {
  const late = deferred();
  const hooks = new Hooks({ a: () => late.promise });
  const one = session([hooks.route("a")], ONCE);
  const controller = new AbortController();
  const call = one.turn().call(clientOf, { signal: controller.signal });
  await turns();
  controller.abort("enough");
  assert.equal(await rejection(call), "enough");
  late.resolve();
  await turns();
  assert.deepEqual(hooks.log, ["made a1", "superseded a1"]);
  assert.equal(await one.turn().call(clientOf), "a2");
});

timed("what a request needs of context counts here too", async () => {
  const hooks = new Hooks();
  const one = session([hooks.route("a", { contextWindow: 1000 }), hooks.route("b")], ONCE);
  assert.equal(await one.turn().call(clientOf, { contextTokens: 2000 }), "b1");
});

// ---- Closing. ----

timed("close comes before rebuild", async () => {
  const hooks = new Hooks();
  assert.equal(
    await session([hooks.route("a")], REBUILD)
      .turn()
      .call(resetOnce()),
    "a2",
  );
  assert.deepEqual(hooks.log, ["made a1", "rebuild a1", "made a2"]);
});

timed("a client that others use is closed on its last release", async () => {
  const hooks = new Hooks();
  const one = session([hooks.route("a")], REBUILD);
  const outer = async (attempt) => {
    assert.equal(await one.turn().call(resetOnce()), "a2");
    hooks.log.push("others are done");
    return attempt.client; // still the one that it began with
  };
  assert.equal(await one.turn().call(outer), "a1");
  assert.deepEqual(hooks.log, ["made a1", "made a2", "others are done", "retired a1"]);
});

timed("a request that fails lets go", async () => {
  const hooks = new Hooks();
  const one = session([hooks.route("a")], ONCE);
  assert((await rejection(one.turn().call(down("a")))) instanceof Exhausted);
  await one.close();
  assert.deepEqual(hooks.log, ["made a1", "closed a1"]);
});

timed("an abandoned attempt does not count as in flight", async (time) => {
  const hooks = new Hooks();
  const one = session([hooks.route("a"), hooks.route("b")], { attempt: { timeout: 5000 } });
  const ask = async (attempt) => {
    if (attempt.route.name === "a") await time.hang(600_000);
    return attempt.client;
  };
  assert.equal(await one.turn().call(ask), "b1");
  await one.close();
  assert.deepEqual(hooks.log, ["made a1", "made b1", "closed a1", "closed b1"]);
});

for (const isWhole of [true, false]) {
  timed(`a stream holds its client until it is ${isWhole ? "over" : "left"}`, async () => {
    const hooks = new Hooks();
    const one = session([hooks.route("a")], ONCE);
    for await (const _ of one.turn().stream(() => ["x", "y"])) {
      await one.close();
      hooks.log.push("a chunk");
      if (!isWhole) break;
    }
    assert.deepEqual(hooks.log, ["made a1", "a chunk", ...(isWhole ? ["a chunk"] : []), "retired a1"]);
  });
}

timed("an agent's model holds the client of its attempt", async () => {
  const hooks = new Hooks();
  const one = session([hooks.route("a")]);
  const model = async (_messages, _tools, { attempt }) => {
    await one.close();
    hooks.log.push(`asked with ${attempt.client}`);
    return { answer: "x" };
  };
  assert.equal((await new Agent(model, { session: one }).run("go")).answer, "x");
  assert.deepEqual(hooks.log, ["made a1", "asked with a1", "retired a1"]);
});

timed("a closed session closes what was made, and makes it again when asked", async () => {
  const hooks = new Hooks();
  const one = session([hooks.route("a"), hooks.route("b", { client: "mine" })], ONCE);
  await one.turn().call(clientOf);
  await (Symbol.asyncDispose === undefined ? one.close() : one[Symbol.asyncDispose]());
  assert.deepEqual(hooks.log, ["made a1", "closed a1"]); // not what was handed over
  assert.equal(await one.turn().call(clientOf), "a2");
});

timed("what close throws is logged and no more", async () => {
  const log = new NoticeRecorder();
  const close = () => {
    throw new Error("stuck");
  };
  const one = session([{ name: "a", activate: () => "client", close }], REBUILD, { log });
  assert.equal(await one.turn().call(resetOnce()), "client");
  assert.deepEqual(log.entries, [{ level: "warn", message: "the client of route a could not be closed: stuck" }]);
});

timed("one of many calls makes the client and the last closes it", async () => {
  const hooks = new Hooks();
  const all = deferred();
  const one = session([hooks.route("a")], ONCE);
  let asked = 0;
  const ask = async (attempt) => {
    asked += 1;
    if (asked === 20) all.resolve();
    await all.promise;
    return attempt.client;
  };
  const found = await Promise.all(Array.from({ length: 20 }, () => one.turn().call(ask)));
  assert.deepEqual(found, Array(20).fill("a1"));
  await one.close();
  assert.deepEqual(hooks.log, ["made a1", "closed a1"]);
});

test("a client that asks again by itself is warned of when it is handed over", () => {
  const log = new NoticeRecorder();
  new Session({ routes: [{ name: "a", client: { maxRetries: 2 } }], log });
  assert.match(log.entries[0].message, /maxRetries: 0/);
});
