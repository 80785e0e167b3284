// Two requests under way at once. What they come to stands in the vectors.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { Agent, CallTimeout, Exhausted, Policy, Session, TransientError } from "failsoft";
import { statistics } from "failsoft/machine";
import { rejection, timed } from "./common.mjs";

const HEDGED = { hedge: { delay: 2_000 }, retry: { jitter: "none", maxAttempts: 1 } };
const hedging = (groups = {}) =>
  new Session({ routes: ["a", "b"], policy: new Policy({ ...HEDGED, ...groups }), log: null });

/** Takes as long as it is told for each route, and notes what was asked and what was stopped. */
function slow(time, spans) {
  const ask = async (attempt) => {
    const { name } = attempt.route;
    ask.asked.push([name, attempt.idempotencyKey]);
    attempt.signal.addEventListener("abort", () => ask.stopped.push([name, attempt.signal.reason.name]));
    await time.hang(ask.spans[name], attempt.signal);
    return name;
  };
  return Object.assign(ask, { spans, asked: [], stopped: [] });
}

timed("both requests have one key, and the slower one is stopped", async (time) => {
  const ask = slow(time, { a: 9_000, b: 1_000 });
  const turn = hedging().turn();
  assert.equal(await turn.call(ask), "b");
  assert.equal(time.now, 1_000_000 + 3_000);
  assert.deepEqual(
    ask.asked.map(([name]) => name),
    ["a", "b"],
  );
  assert.equal(ask.asked[0][1], ask.asked[1][1]);
  assert.deepEqual(ask.stopped, [["a", "AbortError"]]);
  assert.equal(turn.report().route, "b");
  assert.equal(turn.report().attempts, 2);
});

timed("a request that does not listen is left behind", async (time) => {
  const turn = hedging().turn();
  const request = ({ route }) => (route.name === "a" ? new Promise(() => {}) : "b");
  assert.equal(await turn.call(request), "b");
  assert.equal(time.now, 1_000_000 + 2_000);
});

timed("an aborted call stops both and gives their permits back", async (time) => {
  const one = hedging({ breaker: { consecutive: 1 } });
  const down = () => Promise.reject(new TransientError("down"));
  assert.ok((await rejection(one.turn().call(down))) instanceof Exhausted);
  assert.deepEqual([one.breaker("a"), one.breaker("b")], ["open", "open"]);
  time.advance(6_000);
  const ask = slow(time, { a: 9_000, b: 9_000 });
  const gone = new AbortController();
  const call = one.turn().call(ask, { signal: gone.signal });
  const left = rejection(call);
  await time.sleep(3_000);
  assert.equal(ask.asked.length, 2);
  gone.abort(new Error("enough"));
  assert.equal((await left).message, "enough");
  assert.deepEqual(
    ask.stopped.map(([name]) => name),
    ["a", "b"],
  );
  // Each was the one probe of its breaker; the next caller is let through.
  ask.spans = { a: 0, b: 0 };
  assert.equal(await one.turn().call(ask), "a");
});

timed("the last error is the cause", async (time) => {
  const request = async ({ route, signal }) => {
    await time.hang(3_000, signal);
    throw new TransientError(route.name);
  };
  const error = await rejection(hedging().turn().call(request));
  assert.ok(error instanceof Exhausted);
  assert.equal(error.cause.message, "b");
});

timed("a limit that passes is told to the request and is the cause", async () => {
  const reasons = [];
  const hung = ({ signal }) =>
    new Promise(() => signal.addEventListener("abort", () => reasons.push(signal.reason.name)));
  const error = await rejection(
    hedging({ attempt: { timeout: 3_000 } })
      .turn()
      .call(hung),
  );
  assert.ok(error.cause instanceof CallTimeout);
  assert.deepEqual(reasons, ["CallTimeout", "CallTimeout"]);
});

timed("both requests run in the context of the caller", async (time) => {
  const storage = new AsyncLocalStorage();
  const seen = [];
  const ask = slow(time, { a: 9_000, b: 1_000 });
  const request = (attempt) => {
    seen.push(storage.getStore());
    return ask(attempt);
  };
  await storage.run("the caller", () => hedging().turn().call(request));
  assert.deepEqual(seen, ["the caller", "the caller"]);
});

timed("no call is left in the engine", async (time) => {
  const turn = hedging().turn();
  const before = statistics().calls;
  await turn.call(slow(time, { a: 9_000, b: 1_000 }));
  await turn.call(slow(time, { a: 0, b: 0 }));
  await rejection(turn.call(() => Promise.reject(new TransientError("down"))));
  assert.equal(statistics().calls, before);
});

timed("a session learns how long its answers take", async (time) => {
  const one = new Session({ routes: ["a", "b"], policy: new Policy({ hedge: { quantile: 0.95 } }), log: null });
  const ask = slow(time, { a: 100, b: 100 });
  for (let call = 0; call < 20; call += 1) {
    assert.equal(await one.turn().call(ask), "a");
  }
  ask.spans.a = 60_000;
  const began = time.now;
  assert.equal(await one.turn().call(ask), "b");
  assert.equal(time.now - began, 204);
});

timed("an agent's model is hedged, and the slower one is stopped", async (time) => {
  const stopped = [];
  const model =
    (span, answer) =>
    async (_messages, _tools, { signal }) => {
      signal.addEventListener("abort", () => stopped.push(answer));
      await time.hang(span, signal);
      return { answer };
    };
  const policy = new Policy(HEDGED);
  const agent = new Agent(model(9_000, "slow"), { fallbacks: [model(1_000, "quick")], policy, log: null });
  const { answer, route, attempts } = await agent.run("go");
  assert.deepEqual({ answer, route, attempts }, { answer: "quick", route: "backup", attempts: 2 });
  assert.deepEqual(stopped, ["slow"]);
});
