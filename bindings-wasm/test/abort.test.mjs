// An aborted call lets go at once, gives back what it held, and leaves nothing behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import { approvalGate, attempts, callWithDeadline, fallback, Policy, retry, Session, TransientError } from "failsoft";
import { statistics } from "failsoft/machine";
import { deferred, rejection, timed, turns, watchedSignal } from "./common.mjs";

const REASON = new Error("enough");
const never = () => new Promise(() => {});
const session = (routes, groups = {}, more = {}) =>
  new Session({ routes, policy: new Policy(groups), log: null, ...more });
const noJitter = { retry: { jitter: "none" } };

/** Every way to run something under a signal. */
const WAYS = {
  retry: (fn, signal) => retry(fn, { signal, jitter: "none" }),
  callWithDeadline: (fn, signal) => callWithDeadline(fn, 60_000, { signal }),
  fallback: (fn, signal) => fallback(fn, fn, { signal }),
  "turn.call": (fn, signal) =>
    session(["a", "b"], { retry: { jitter: "none" } })
      .turn()
      .call(fn, { signal }),
  "turn.gate": (fn, signal) => session(["a"]).turn().gate("mail", {}, { risky: true, approver: fn, signal }),
  approvalGate: (fn, signal) => approvalGate("mail", {}, { risky: true, approver: fn, signal }),
  "attempt.run": async (fn, signal) => {
    for await (const attempt of attempts({ signal })) {
      await attempt.run(fn);
    }
  },
};

for (const [name, way] of Object.entries(WAYS)) {
  timed(`${name}: a signal that is aborted already keeps the function from running`, async () => {
    let calls = 0;
    const fn = () => {
      calls += 1;
    };
    assert.equal(await rejection(way(fn, AbortSignal.abort(REASON))), REASON);
    assert.equal((await rejection(way(fn, AbortSignal.abort()))).name, "AbortError");
    assert.equal(calls, 0);
  });

  timed(`${name}: an abort lets go at once of a function that does not listen`, async (time) => {
    const before = time.now;
    const { controller, signal, listeners } = watchedSignal();
    let calls = 0;
    const fn = () => {
      calls += 1;
      return never();
    };
    const pending = way(fn, signal);
    await turns(3);
    controller.abort(REASON);
    assert.equal(await rejection(pending), REASON);
    await turns(3);
    assert.deepEqual([calls, listeners(), time.now], [1, 0, before]);
  });

  timed(`${name}: what is brought after the abort is dropped, and harms nobody`, async () => {
    for (const end of ["resolve", "reject"]) {
      const controller = new AbortController();
      const late = deferred();
      const pending = way(() => late.promise, controller.signal);
      await turns(2);
      controller.abort(REASON);
      late[end](new TransientError("late"));
      assert.equal(await rejection(pending), REASON);
      await turns(2);
    }
  });

  timed(`${name}: an error that is an answer to the abort starts nothing again`, async (time) => {
    const controller = new AbortController();
    let calls = 0;
    const fn = () => {
      calls += 1;
      controller.abort(REASON);
      throw new TransientError("torn down");
    };
    assert.equal(await rejection(way(fn, controller.signal)), REASON);
    assert.equal(calls, 1);
    assert.deepEqual(time.slept, []);
  });

  timed(`${name}: success leaves no listener behind`, async () => {
    const { signal, listeners } = watchedSignal();
    await way(async () => true, signal);
    await way(() => true, signal);
    assert.equal(listeners(), 0);
  });
}

for (const name of ["retry", "turn.call"]) {
  timed(`${name}: an abort ends a wait at once`, async (time) => {
    const { controller, signal, listeners } = watchedSignal();
    const before = time.now;
    let calls = 0;
    const pending = WAYS[name](() => {
      calls += 1;
      throw new TransientError();
    }, signal);
    await turns(3);
    assert.equal(time.slept.length, 1);
    controller.abort(REASON);
    assert.equal(await rejection(pending), REASON);
    assert.deepEqual([calls, listeners(), time.now], [1, 0, before]);
  });

  timed(`${name}: a second attempt is aborted like the first`, async () => {
    const { controller, signal, listeners } = watchedSignal();
    const seen = [];
    const pending = WAYS[name]((attempt) => {
      seen.push(attempt.signal);
      return seen.length === 1 ? Promise.reject(new TransientError()) : never();
    }, signal);
    while (seen.length < 2) {
      await turns(1);
    }
    controller.abort(REASON);
    assert.equal(await rejection(pending), REASON);
    assert.equal(seen[1].reason, REASON);
    assert.equal(listeners(), 0);
  });

  timed(`${name}: the attempt's own signal follows the caller's`, async () => {
    const controller = new AbortController();
    let given;
    const fetched = ({ signal }) => {
      given = signal;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    const pending = WAYS[name](fetched, controller.signal);
    await turns(1);
    assert.equal(given.aborted, false);
    controller.abort(REASON);
    assert.equal(await rejection(pending), REASON);
    assert.equal(given.reason, REASON);
  });
}

timed("an abort ends a sleep of the caller's own", async () => {
  const controller = new AbortController();
  const sleep = () => never();
  const pending = retry(() => Promise.reject(new TransientError()), { signal: controller.signal, sleep });
  await turns(2);
  controller.abort(REASON);
  assert.equal(await rejection(pending), REASON);
});

timed("an abort gives the probe back", async (time) => {
  const one = session(["a"], { breaker: { consecutive: 3 } });
  await rejection(one.turn().call(() => Promise.reject(new TransientError())));
  time.advance(5000);
  const controller = new AbortController();
  const pending = one.turn().call(never, { signal: controller.signal });
  assert.equal((await rejection(one.turn().call(() => "x"))).code, "breaker_open");
  controller.abort(REASON);
  assert.equal(await rejection(pending), REASON);
  assert.equal(await one.turn().call(() => "probe"), "probe");
  assert.equal(one.breaker("a"), "closed");
});

timed("an abort while a client is made frees the route, and a client that comes late is closed", async () => {
  const made = [];
  const closed = [];
  const routes = [
    "a",
    { name: "b", activate: () => made[made.push(deferred()) - 1].promise, close: (client) => closed.push(client) },
  ];
  const one = session(routes, { retry: { maxAttempts: 1 } });
  const ask = async ({ route, client }) => (route.name === "a" ? Promise.reject(new TransientError()) : client);
  const controller = new AbortController();
  const pending = one.turn().call(ask, { signal: controller.signal });
  await turns(2);
  assert.equal(made.length, 1);
  controller.abort(REASON);
  assert.equal(await rejection(pending), REASON);
  const again = one.turn().call(ask);
  await turns(2);
  made[0].resolve("late");
  made[1].resolve("mine");
  assert.equal(await again, "mine");
  assert.deepEqual(closed, ["late"]);
});

timed("one signal for many calls: all are let go, and no listener is left", async () => {
  const { controller, signal, listeners } = watchedSignal();
  const one = session(["a"]);
  const pending = Array.from({ length: 50 }, () =>
    one
      .turn()
      .call(never, { signal })
      .catch((error) => error),
  );
  assert.equal(listeners(), 1); // one for all: Node takes more than ten for a leak
  controller.abort(REASON);
  assert.ok((await Promise.all(pending)).every((error) => error === REASON));
  assert.equal(listeners(), 0);
});

test("no timer is left behind: by a success, by a failure, by an abort", async () => {
  await turns(5);
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const turn = session(["a"], noJitter).turn();
  await turn.call(async () => turns(1));
  await rejection(turn.call(() => Promise.reject(new TypeError("bug"))));
  await rejection(callWithDeadline(() => Promise.reject(new Error("x")), 60_000));
  const controller = new AbortController();
  const pending = [
    turn.call(never, { signal: controller.signal }),
    retry(() => Promise.reject(new TransientError()), { signal: controller.signal, base: 20_000, jitter: "none" }),
    callWithDeadline(never, 60_000, { signal: controller.signal }),
  ];
  await turns(2);
  assert.ok(timers() > before);
  controller.abort(REASON);
  await Promise.allSettled(pending);
  await turns(3);
  assert.equal(timers(), before);
});

timed("calls leave nothing in the engine, aborted or not", async () => {
  const one = session(["a", "b"], noJitter);
  const turn = one.turn();
  const before = statistics().calls;
  for (let i = 0; i < 300; i += 1) {
    const controller = new AbortController();
    let calls = 0;
    const flaky = () => {
      calls += 1;
      return i % 3 === 0 ? never() : calls < 2 && i % 3 === 1 ? Promise.reject(new TransientError()) : "ok";
    };
    const pending = one.turn().call(flaky, { signal: controller.signal });
    const other = turn.call(flaky, { signal: controller.signal });
    if (i % 3 === 0) {
      controller.abort(REASON);
    }
    await Promise.allSettled([pending, other]);
    one.reset("a");
  }
  // What earlier tests left to the collector may be gone by now.
  assert.ok(statistics().calls <= before, `${statistics().calls} calls, ${before} before`);
});
