// A turn on its way back to the primary, and what is skipped on it. `bindings-py/tests/test_way_back.py` is the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Policy, Session, TransientError, Turn } from "failsoft";
import { rejection, timed } from "./common.mjs";

const ONCE = { retry: { maxAttempts: 1, jitter: "none" } };
const windows = () =>
  new Session({
    routes: [
      { name: "small", contextWindow: 8_000 },
      { name: "large", contextWindow: 200_000 },
    ],
  });

/** Says who was asked; routes in `down` fail. */
function provider(...names) {
  const down = new Set(names);
  const ask = async ({ route }) => {
    if (down.has(route.name)) throw new TransientError(`${route.name} is down`);
    return route.name;
  };
  return Object.assign(ask, { down });
}

timed("a long turn looks at the primary again", async (time) => {
  const policy = new Policy({ fallback: { recheck: 60_000 }, ...ONCE });
  const ask = provider("primary");
  const turn = new Session({ policy, routes: ["primary", "backup"] }).turn();
  assert.equal(await turn.call(ask), "backup");
  ask.down.clear();
  assert.equal(await turn.call(ask), "backup");
  await time.sleep(60_000);
  assert.equal(await turn.call(ask), "primary");
  assert.equal(await turn.call(ask), "primary");
  const back = turn.report().lines.filter((line) => line.startsWith("returned"));
  assert.deepEqual(back, ["returned to primary"]);
});

timed("a request that needs more context is asked elsewhere", async () => {
  const turn = windows().turn();
  assert.equal(await turn.call(provider(), { contextTokens: 8_001 }), "large");
  assert.equal(turn.report().lines[0], "small: skipped, its context window is too small");
  assert.equal(await windows().turn().call(provider(), { contextTokens: 8_000 }), "small");
  assert.equal(await windows().turn().call(provider()), "small");
});

timed("so are streams", async () => {
  const request = async function* ({ route }) {
    yield route.name;
  };
  const chunks = [];
  for await (const chunk of windows().turn().stream(request, { contextTokens: 8_001 })) chunks.push(chunk);
  assert.deepEqual(chunks, ["large"]);
});

for (const [tokens, shown] of [
  [-1, "-1"],
  [0.5, "0.5"],
  [2 ** 32, "4294967296"],
  ["12", '"12"'],
  [true, "true"],
]) {
  test(`${shown} is no number of tokens`, async () => {
    const line = `contextTokens: ${shown} is not allowed; use a whole number from 0 to 4294967295`;
    const refused = await rejection(windows().turn().call(provider(), { contextTokens: tokens }));
    assert.equal(refused.message, line);
    const stream = windows().turn().stream(provider(), { contextTokens: tokens });
    assert.equal((await rejection(stream.next())).message, line);
  });
}

timed("a route without a credential is skipped", async () => {
  const turn = new Session({ routes: [{ name: "primary", hasCredential: false }, "backup"] }).turn();
  assert.equal(await turn.call(provider()), "backup");
  const lines = ["primary: skipped, it has no credential", "backup: taking over"];
  assert.deepEqual([...turn.report().lines], lines);
});

timed("without any credential the error says so", async () => {
  const turn = new Session({ routes: [{ name: "primary", hasCredential: false }] }).turn();
  const refused = await rejection(turn.call(provider()));
  assert.equal(refused.code, "breaker_open");
  assert.equal(refused.message, "no route can be asked: primary has no credential");
  assert.equal(refused.retryIn, undefined);
});

for (const [fields, made] of [
  [{}, 2],
  [{ provider: "openrouter" }, 1],
  [{ endpoint: "https://OpenRouter.ai/api/v1" }, 1],
  [{ provider: "openrouter", aggregator: false }, 2],
  [{ aggregator: true }, 1],
]) {
  timed(`the client of an aggregator is not made again: ${JSON.stringify(fields)}`, async () => {
    let clients = 0;
    const activate = () => {
      clients += 1;
      return {};
    };
    const request = async ({ route }) => {
      if (route.name === "primary") throw Object.assign(new Error("nobody listens"), { code: "ECONNREFUSED" });
      return "answered";
    };
    const policy = new Policy(ONCE);
    const session = new Session({ policy, routes: [{ name: "primary", activate, ...fields }, "backup"], log: null });
    assert.equal(await session.turn().call(request), "answered");
    assert.equal(clients, made);
  });
}

timed("a turn finds its route in another chain", async () => {
  const policy = new Policy(ONCE);
  const turn = new Session({ policy, routes: ["primary", "backup"] }).turn();
  assert.equal(await turn.call(provider("primary")), "backup");
  const stored = turn.snapshot();
  const changed = new Session({ policy, routes: ["new", "backup", "primary"] });
  assert.equal(Turn.restore(changed, stored).report().route, "backup");
  assert.equal(Turn.restore(new Session({ policy, routes: ["new"] }), stored).report().route, undefined);
});
