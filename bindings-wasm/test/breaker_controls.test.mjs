// Breakers in a person's hand: taken out of use, forced, told to keep metrics only; a breaker for each key; a crowd.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BreakerOpen, CircuitBreaker, Isolation, Policy, Session, TransientError } from "failsoft";
import { deferred, rejection, thrown, timed } from "./common.mjs";

const CALLERS = 100;
const ok = () => "ok";
const nothing = { failureRate: undefined, slowRate: undefined, retryIn: undefined };

async function fail(breaker, times = 1) {
  for (let i = 0; i < times; i += 1) {
    await breaker.call(() => Promise.reject(new Error("down"))).catch(() => {});
  }
}

async function refused(breaker) {
  const error = await rejection(breaker.call(ok));
  assert.ok(error instanceof BreakerOpen, String(error));
  return error;
}

const routeOf = (session) => session.turn().call(({ route }) => route.name);

// ---- A breaker alone. ----

timed("isolated, it refuses until every holder lets go", async () => {
  const breaker = new CircuitBreaker();
  const [first, second] = [breaker.isolate(), breaker.isolate()];
  assert.ok(first instanceof Isolation);
  assert.deepEqual([breaker.state, (await refused(breaker)).retryIn], ["isolated", undefined]);
  first.release();
  first.release();
  assert.equal(breaker.state, "isolated");
  second[Symbol.dispose ?? Symbol.for("Symbol.dispose")]();
  assert.equal(await breaker.call(ok), "ok");
});

timed("forced open, and back", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 2 });
  await fail(breaker);
  breaker.forceOpen();
  time.advance(1e9);
  assert.deepEqual([breaker.state, (await refused(breaker)).message], ["forced_open", "the breaker is open"]);
  breaker.automatic();
  await fail(breaker);
  assert.equal(breaker.state, "open");
});

timed("forced closed, it counts nothing", async () => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  await fail(breaker);
  breaker.forceClosed();
  await fail(breaker, 10);
  assert.deepEqual(breaker.metrics, { state: "forced_closed", calls: 0, failed: 0, slow: 0, ...nothing });
});

timed("metrics only: it counts and never opens", async (time) => {
  const breaker = new CircuitBreaker({ minCalls: 2, slow: 1000, slowRate: 0.5 });
  breaker.metricsOnly();
  await fail(breaker);
  await breaker.call(async () => time.advance(1000));
  const counts = { state: "metrics_only", calls: 2, failed: 1, slow: 1 };
  assert.deepEqual(breaker.metrics, { ...counts, failureRate: 0.5, slowRate: 0.5, retryIn: undefined });
});

timed("a reset leaves the order", async () => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  await fail(breaker);
  breaker.forceOpen();
  breaker.reset();
  breaker.automatic();
  assert.deepEqual([breaker.state, breaker.metrics.calls], ["closed", 0]);
});

timed("slow calls open it, and it says for how long", async (time) => {
  const breaker = new CircuitBreaker({ slow: 2000, slowRate: 0.5, minCalls: 2, open: 7000 });
  await breaker.call(ok);
  await breaker.call(async () => time.advance(2000));
  const counts = { state: "open", calls: 2, failed: 0, slow: 1 };
  assert.deepEqual(breaker.metrics, { ...counts, failureRate: 0, slowRate: 0.5, retryIn: 7000 });
});

timed("a window of calls", async (time) => {
  const breaker = new CircuitBreaker({ countWindow: 3 });
  await fail(breaker);
  time.advance(1e9);
  await breaker.call(ok);
  await fail(breaker);
  assert.deepEqual([breaker.metrics.failureRate, breaker.state], [0.666, "open"]);
});

timed("n of m probes, and a longest half-open time", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 1, probes: 3, successes: 2, halfOpen: 2000 });
  await fail(breaker);
  time.advance(5000);
  await breaker.call(ok);
  await fail(breaker);
  assert.equal(breaker.state, "half_open");
  time.advance(2000);
  assert.deepEqual([breaker.state, breaker.metrics.retryIn], ["open", 10_000]);
});

// ---- A breaker for each key. ----

timed("each key has a breaker of its own", async () => {
  const breakers = new CircuitBreaker({ consecutive: 1, ignore: RangeError });
  await fail(breakers.keyed("search"));
  const states = [breakers.keyed("search").state, breakers.keyed("send").state, breakers.state];
  assert.deepEqual(states, ["open", "closed", "closed"]);
  await rejection(breakers.keyed("send").call(() => Promise.reject(new RangeError("x"))));
  assert.equal(breakers.keyed("send").metrics.calls, 0);
});

timed("a key has every method", async () => {
  const breaker = new CircuitBreaker({ consecutive: 1 }).keyed("search");
  const guarded = breaker.wrap(() => Promise.reject(new Error("down")));
  await rejection(guarded());
  await refused(breaker);
  breaker.reset();
  const held = breaker.isolate();
  assert.equal(breaker.state, "isolated");
  held.release();
  breaker.forceClosed();
  assert.equal(breaker.state, "forced_closed");
});

timed("the least recently used key goes", async () => {
  const breakers = new CircuitBreaker({ consecutive: 1, maxKeys: 2 });
  await fail(breakers.keyed("a"));
  await breakers.keyed("b").call(ok);
  await breakers.keyed("c").call(ok);
  assert.equal(breakers.keyed("a").state, "open");
  await fail(breakers.keyed("d"));
  await fail(breakers.keyed("e"));
  assert.equal(breakers.keyed("a").state, "closed");
});

timed("a call of a key that went is not heard", async () => {
  const breakers = new CircuitBreaker({ consecutive: 1, maxKeys: 1 });
  const { promise, reject } = deferred();
  const call = rejection(breakers.keyed("a").call(() => promise));
  await breakers.keyed("b").call(ok);
  reject(new Error("late"));
  await call;
  assert.deepEqual([breakers.keyed("a").state, breakers.keyed("b").state], ["closed", "closed"]);
});

for (const [make, line] of [
  [() => new CircuitBreaker().keyed(3), /^CircuitBreaker: key: 3 is not text$/],
  [() => new CircuitBreaker({ maxKeys: 0 }), /^maxKeys: 0 is not allowed; use a whole number from 1 to 100000$/],
  [() => new CircuitBreaker({ maxKeys: 1.5 }), /^maxKeys: 1\.5 is not allowed; use a whole number from 1 to 100000$/],
  [() => new CircuitBreaker({ slow: 0 }), /^breaker\.slow: 0 ms is not allowed; use 1 ms to 30 days$/],
  [() => new CircuitBreaker({ successes: 2 }), /^breaker\.successes: 2 is not allowed; use at most breaker\.probes/],
]) {
  test(`nonsense is refused: ${line.source}`, () => {
    assert.match(thrown(make).message, line);
  });
}

// ---- Routes of a session. ----

timed("an isolated route is skipped until it is released", async () => {
  const session = new Session({ routes: ["primary", "backup"], log: null });
  const [held, other] = [session.isolate("primary"), session.isolate("primary")];
  const turn = session.turn();
  assert.equal(await turn.call(({ route }) => route.name), "backup");
  assert.equal(turn.report().lines[0], "primary: skipped, held open by a manual override");
  held.release();
  assert.deepEqual([session.breaker("primary"), await routeOf(session)], ["isolated", "backup"]);
  other.release();
  assert.equal(await routeOf(session), "primary");
});

timed("with all routes taken out nobody says when", async (time) => {
  const policy = new Policy({ fallback: { whenRefused: "wait" } });
  const session = new Session({ routes: ["primary"], policy, log: null });
  session.isolate("primary");
  const error = await rejection(routeOf(session));
  assert.deepEqual(
    [error.code, error.message, error.retryIn],
    ["breaker_open", "no route can be asked: primary is held open by a manual override", undefined],
  );
  assert.deepEqual(time.slept, []);
});

timed("orders to a route", async () => {
  const policy = new Policy({ breaker: { consecutive: 1 }, retry: { maxAttempts: 1 } });
  const session = new Session({ routes: ["primary", "backup"], policy, log: null });
  const request = ({ route }) => (route.name === "primary" ? Promise.reject(new TransientError("down")) : route.name);
  session.forceClosed("primary");
  for (let i = 0; i < 3; i += 1) await session.turn().call(request);
  const counts = { state: "forced_closed", calls: 0, failed: 0, slow: 0 };
  assert.deepEqual(session.breakerMetrics("primary"), { ...counts, ...nothing });
  session.metricsOnly("primary");
  for (let i = 0; i < 5; i += 1) await session.turn().call(request);
  const seen = { state: "metrics_only", calls: 5, failed: 5, slow: 0 };
  assert.deepEqual(session.breakerMetrics("primary"), { ...seen, ...nothing, failureRate: 1 });
  session.forceOpen("primary");
  session.reset("primary");
  assert.deepEqual([session.breaker("primary"), await routeOf(session)], ["forced_open", "backup"]);
  session.automatic("primary");
  assert.equal(await routeOf(session), "primary");
  assert.match(thrown(() => session.isolate("x")).message, /^route: "x" is not allowed; use one of primary, backup$/);
});

// ---- A crowd. ----

timed("of 100 callers exactly one probes a breaker", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  await fail(breaker);
  time.advance(5000);
  const { promise, resolve } = deferred();
  let [probes, others] = [0, 0];
  const probe = () => {
    probes += 1;
    return promise;
  };
  const one = async () => {
    try {
      await breaker.call(probe);
    } catch {
      others += 1;
      if (others === CALLERS - 1) resolve();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, one));
  assert.deepEqual([probes, others, breaker.state], [1, 99, "closed"]);
});

timed("of 100 turns exactly one probes a route", async (time) => {
  const policy = new Policy({ breaker: { consecutive: 1 }, retry: { maxAttempts: 1 } });
  const session = new Session({ routes: ["primary", "backup"], policy, log: null });
  await session.turn().call(({ route }) => {
    if (route.name === "primary") throw new TransientError("down");
  });
  time.advance(5000);
  const { promise, resolve } = deferred();
  const asked = { primary: 0, backup: 0 };
  const request = ({ route }) => {
    asked[route.name] += 1;
    if (asked.backup === CALLERS - 1) resolve();
    return route.name === "primary" ? promise : undefined;
  };
  await Promise.all(Array.from({ length: CALLERS }, () => session.turn().call(request)));
  assert.deepEqual([asked, session.breaker("primary")], [{ primary: 1, backup: 99 }, "closed"]);
});

test("20 calls are inside one breaker at a time", async () => {
  const breaker = new CircuitBreaker();
  const { promise, resolve } = deferred();
  let inside = 0;
  const call = () => {
    inside += 1;
    if (inside === 20) resolve(); // nobody gets past before all are inside
    return promise;
  };
  await Promise.all(Array.from({ length: 20 }, () => breaker.call(call)));
  assert.equal(breaker.metrics.calls, 20);
});
