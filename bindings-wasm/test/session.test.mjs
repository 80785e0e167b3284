import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ApprovalDenied,
  BreakerOpen,
  CallTimeout,
  CircuitBreaker,
  DeadlineExceeded,
  Exhausted,
  PermanentError,
  Policy,
  Route,
  Session,
  StepLimitExceeded,
  TransientError,
} from "failsoft";
import { NoticeRecorder } from "failsoft/testing";
import { deferred, failing, rejection, thrown, timed, turns } from "./common.mjs";

const NO_JITTER = { retry: { jitter: "none" } };
const ONCE = { retry: { maxAttempts: 1 } };
const session = (routes, groups = {}, more = {}) =>
  new Session({ routes, policy: new Policy(groups), log: null, ...more });

/** Answers with the route's name, but for routes that are down. */
function provider(...down) {
  const ask = async (attempt) => {
    ask.asked.push(attempt.route.name);
    if (ask.down.has(attempt.route.name)) {
      throw new TransientError(attempt.route.name);
    }
    return attempt.route.name;
  };
  return Object.assign(ask, { asked: [], down: new Set(down) });
}

timed("the primary is asked first", async () => {
  const ask = provider();
  assert.equal(await session(["a", "b"]).turn().call(ask), "a");
  assert.deepEqual(ask.asked, ["a"]);
});

timed("a failing route is retried, then left", async (time) => {
  const ask = provider("a");
  assert.equal(await session(["a", "b"], NO_JITTER).turn().call(ask), "b");
  assert.deepEqual(ask.asked, ["a", "a", "a", "b"]);
  assert.deepEqual(time.slept, [500, 1000]);
});

timed("the next turn is back on the primary", async () => {
  const ask = provider("a");
  const one = session(["a", "b"]);
  const turn = one.turn();
  assert.equal(await turn.call(ask), "b");
  assert.equal(await turn.call(ask), "b");
  ask.down.clear();
  assert.equal(await one.turn().call(ask), "a");
});

timed("a request may be sync", async () => {
  assert.equal(
    await session(["a"])
      .turn()
      .call(() => "now"),
    "now",
  );
  const error = new PermanentError("now");
  assert.equal(
    await rejection(
      session(["a"])
        .turn()
        .call(() => {
          throw error;
        }),
    ),
    error,
  );
  let calls = 0;
  const flaky = () => {
    calls += 1;
    if (calls < 3) {
      throw new TransientError();
    }
    return calls;
  };
  assert.equal(await session(["a"]).turn().call(flaky), 3);
});

timed("an attempt says how to make it", async () => {
  const route = new Route("a", { timeout: 7000 });
  const seen = [];
  await session([route])
    .turn()
    .call(async (attempt) => {
      seen.push(attempt);
      if (seen.length < 3) {
        throw new TransientError();
      }
    });
  assert.ok(seen.every((attempt) => attempt.route === route && attempt.client === undefined));
  assert.deepEqual(
    seen.map(({ number }) => number),
    [1, 2, 3],
  );
  assert.deepEqual(
    seen.map(({ timeout }) => timeout),
    [7000, 7000, 7000],
  );
  assert.equal(new Set(seen.map(({ idempotencyKey }) => idempotencyKey)).size, 1);
  assert.equal(new Set(seen.map(({ id }) => id)).size, 3);
  assert.ok(seen.every(({ signal }) => !signal.aborted));
});

timed("two calls have two keys", async () => {
  const turn = session(["a"]).turn();
  const keys = await Promise.all([1, 2].map(() => turn.call((attempt) => attempt.idempotencyKey)));
  assert.notEqual(keys[0], keys[1]);
});

timed("a permanent error comes out unchanged", async () => {
  const error = new PermanentError("no");
  const ask = failing(9, error);
  assert.equal(await rejection(session(["a", "b"]).turn().call(ask)), error);
  assert.equal(ask.calls, 1);
});

timed("when all is tried it says what and why", async () => {
  const error = await rejection(session(["a", "b"], NO_JITTER).turn().call(provider("a", "b")));
  assert.ok(error instanceof Exhausted && error.cause instanceof TransientError);
  assert.ok(
    error.message.startsWith("gave up after 6 attempts in 3 s: a server_error x3, b server_error x3"),
    error.message,
  );
});

timed("an open breaker refuses and names the time", async () => {
  const ask = provider("a");
  const one = session(["a"], { breaker: { consecutive: 3 } });
  assert.ok((await rejection(one.turn().call(ask))) instanceof Exhausted);
  assert.equal(one.breaker("a"), "open");
  const error = await rejection(one.turn().call(ask));
  assert.ok(error instanceof BreakerOpen);
  assert.ok(error.retryIn > 4000 && error.retryIn <= 5000);
  assert.equal(ask.asked.length, 3);
  one.reset("a");
  assert.equal(one.breaker("a"), "closed");
});

test("an unknown route is named", () => {
  assert.equal(thrown(() => session(["a", "b"]).breaker("c")).message, 'route: "c" is not allowed; use one of a, b');
});

timed("the deadline of a turn ends it", async (time) => {
  const before = time.now;
  const one = session(["a"], { retry: { jitter: "none", base: 4000, maxAttempts: 9 } });
  const error = await rejection(one.turn({ deadline: 10_000 }).call(provider("a")));
  assert.ok(error instanceof DeadlineExceeded || error instanceof Exhausted);
  assert.ok(time.now - before <= 10_000);
});

timed("after the deadline nothing is asked", async (time) => {
  const ask = provider();
  const turn = session(["a"]).turn({ deadline: 10_000 });
  time.advance(10_000);
  const error = await rejection(turn.call(ask));
  assert.ok(error instanceof DeadlineExceeded);
  assert.match(error.message, /the deadline of 10 s has passed/);
  assert.deepEqual(ask.asked, []);
});

for (const deadline of [0, -1, Number.NaN, Infinity, "soon"]) {
  test(`a deadline of nonsense is refused: ${deadline}`, () => {
    assert.match(thrown(() => session(["a"]).turn({ deadline })).message, /^turn\.deadline: .* is not allowed/);
  });
}

timed("a request is aborted at its limit, and the loop goes on", async (time) => {
  const before = time.now;
  const reasons = [];
  const ask = async ({ route, signal }) => {
    signal.addEventListener("abort", () => reasons.push(signal.reason));
    return route.name === "a" ? time.hang(Infinity, signal) : route.name;
  };
  assert.equal(
    await session(["a", "b"], { attempt: { timeout: 3000 } })
      .turn()
      .call(ask),
    "b",
  );
  assert.equal(reasons.length, 1);
  assert.ok(reasons[0] instanceof CallTimeout);
  assert.equal(time.now - before, 3000);
});

timed("a request that does not listen is left behind at its limit, and what it brings is dropped", async () => {
  const late = [deferred(), deferred()];
  const ask = async ({ route, number }) => (route.name === "a" ? late[number - 1].promise : route.name);
  assert.equal(
    await session(["a", "b"], { attempt: { timeout: 3000 } })
      .turn()
      .call(ask),
    "b",
  );
  late[0].reject(new Error("late"));
  await turns();
});

timed("the last timeout is the cause", async (time) => {
  const groups = { attempt: { timeout: 3000 }, ...NO_JITTER };
  const error = await rejection(
    session(["a"], groups)
      .turn()
      .call(() => time.hang()),
  );
  assert.ok(error instanceof Exhausted && error.cause instanceof CallTimeout);
  assert.match(error.cause.message, /^the call was given up on after 3 s/);
});

timed("steps are counted up to the limit", () => {
  const turn = session(["a"], { turn: { steps: 2 } }).turn();
  turn.step();
  turn.step();
  const error = thrown(() => turn.step());
  assert.ok(error instanceof StepLimitExceeded);
  assert.match(error.message, /the limit is turn\.steps in the policy/);
});

timed("no step is taken after the deadline", (time) => {
  const turn = session(["a"]).turn({ deadline: 1000 });
  time.advance(1000);
  assert.ok(thrown(() => turn.step()) instanceof DeadlineExceeded);
});

timed("the report tells what happened", async () => {
  const turn = session(["a", "b"], NO_JITTER).turn();
  turn.step();
  await turn.call(provider("a"));
  const { lines, ...report } = turn.report();
  assert.deepEqual(report, {
    stopReason: undefined,
    degraded: false,
    steps: 1,
    attempts: 4,
    toolCalls: 0,
    blocked: [],
    usage: { inputTokens: 0, outputTokens: 0 },
    spent: { inputTokens: 0, outputTokens: 0 },
    failure: undefined,
    route: "b",
  });
  assert.ok(lines[0].startsWith("a: attempt 1 failed"));
});

timed("a hint of the provider cools the route for others", async (time) => {
  const limited = Object.assign(new Error("slow"), { status: 429, headers: { "retry-after": "120" } });
  const one = session(["a", "b"]);
  const ask = async ({ route }) => (route.name === "a" ? Promise.reject(limited) : "b");
  assert.equal(await one.turn().call(ask), "b");
  const well = provider();
  assert.equal(await one.turn().call(well), "b");
  time.advance(120_000);
  assert.equal(await one.turn().call(well), "a");
});

test("a clock and a sleep of the caller's own", async () => {
  let now = 0;
  const slept = [];
  const sleep = (delay) => {
    slept.push(delay);
    now += delay;
  };
  const one = session(["a", "b"], NO_JITTER, { clock: () => now, sleep });
  assert.equal(await one.turn().call(provider("a")), "b");
  assert.deepEqual(slept, [500, 1000]);
});

test("a clock that fails is a rejection", async () => {
  let broken = false;
  const clock = () => {
    if (broken) {
      throw new Error("no time");
    }
    return 1000;
  };
  const turn = session(["a"], {}, { clock }).turn();
  const ask = async () => {
    broken = true;
    await turns(1);
  };
  assert.equal((await rejection(turn.call(ask))).message, "no time");
  assert.equal((await rejection(turn.call(ask))).message, "no time");
});

// ---- Clients. ----

function hooks({ broken = false, later = true } = {}) {
  const log = [];
  let made = 0;
  const wrap = (fn) => (later ? async (given) => fn(given) : fn);
  const activate = wrap((route) => {
    log.push(`activate ${route.name}`);
    if (broken) {
      throw new Error("no key");
    }
    made += 1;
    return `client ${made} of ${route.name}`;
  });
  return { log, activate, close: wrap((client) => void log.push(`close ${client}`)) };
}

const downOnA = async (attempt) => {
  if (attempt.route.name === "a") {
    throw new TransientError();
  }
  return attempt.client;
};

for (const later of [true, false]) {
  timed(`a fallback client is made when it is needed, once: ${later ? "async" : "sync"}`, async () => {
    const { log, activate } = hooks({ later });
    const one = session(["a", { name: "b", activate }], ONCE);
    assert.deepEqual(log, []);
    assert.equal(await one.turn().call(downOnA), "client 1 of b");
    assert.equal(await one.turn().call(downOnA), "client 1 of b");
    assert.deepEqual(log, ["activate b"]);
  });

  timed(`a broken connection has its client made again: ${later ? "async" : "sync"}`, async (time) => {
    const { log, activate, close } = hooks({ later });
    const clients = [];
    const ask = async (attempt) => {
      clients.push(attempt.client);
      if (clients.length < 2) {
        throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
      }
      return "ok";
    };
    assert.equal(
      await session([new Route("a", { activate, close })], ONCE)
        .turn()
        .call(ask),
      "ok",
    );
    assert.deepEqual(clients, ["client 1 of a", "client 2 of a"]);
    assert.deepEqual(log, ["activate a", "close client 1 of a", "activate a"]);
    assert.deepEqual(time.slept, [4000]);
  });
}

timed("a route whose client cannot be made is skipped, and it is said", async () => {
  const { activate } = hooks({ broken: true });
  const log = new NoticeRecorder();
  const one = new Session({ routes: ["a", { name: "b", activate }, "c"], policy: new Policy(ONCE), log });
  assert.equal(await one.turn().call(async (attempt) => (await downOnA(attempt)) ?? attempt.route.name), "c");
  assert.deepEqual(log.entries, [{ level: "warn", message: "the client of route b could not be made: no key" }]);
});

timed("a log that fails breaks nothing, and null is silent", async () => {
  const { activate } = hooks({ broken: true });
  const routes = ["a", { name: "b", activate }, "c"];
  const log = () => {
    throw new Error("disk full");
  };
  for (const one of [session(routes, ONCE, { log }), session(routes, ONCE, { log: null })]) {
    assert.equal(await one.turn().call(async (attempt) => (await downOnA(attempt)) ?? attempt.route.name), "c");
  }
});

// ---- The gate. ----

timed("the gate of a turn asks, and remembers for the session", async () => {
  const one = session(["a"]);
  const asked = [];
  const approver = async (request) => {
    asked.push(request.tool);
    return "session";
  };
  await one.turn().gate("mail", { to: "ada" }, { risky: true, approver });
  await one.turn().gate("mail", { to: "bob" }, { risky: true, approver });
  await one.turn().gate("read", {});
  assert.deepEqual(asked, ["mail"]);
  assert.deepEqual(one.approvals(), ["mail"]);
  assert.equal(one.withdrawApproval("mail"), true);
  assert.equal(one.withdrawApproval("mail"), false);
  const error = await rejection(one.turn().gate("mail", {}, { risky: true }));
  assert.ok(error instanceof ApprovalDenied);
  assert.equal(error.reason, "no_approver");
});

timed("a rule that denies beats every yes", async () => {
  const turn = session(["a"], { approval: { deny: ["mail"] } }).turn();
  assert.ok((await rejection(turn.gate("mail", {}, { risky: false, approver: () => true }))) instanceof ApprovalDenied);
});

// ---- What it is made of. ----

test("routes are routes, names or objects", () => {
  const route = new Route("a", { provider: "openai", model: "gpt", contextWindow: 8000 });
  const one = session([route, "b", { name: "c", aggregator: true }]);
  assert.equal(one.routes[0], route);
  assert.deepEqual(
    one.routes.map(({ name, aggregator }) => [name, aggregator]),
    [
      ["a", undefined],
      ["b", undefined],
      ["c", true],
    ],
  );
  assert.ok(one.policy instanceof Policy);
});

for (const [options, complaint] of [
  [{ routes: [] }, /^routes: an empty chain is not allowed; use 1 to 64 routes/],
  [{}, /^Session: routes: undefined is not a list/],
  [undefined, /^Session: routes: undefined is not a list/],
  [{ routes: "ab" }, /^Session: routes: "ab" is not a list/],
  [{ routes: ["a"], polcy: 1 }, /^Session: polcy is not an option; use one of routes, policy, clock, sleep, seed, log/],
  [{ routes: ["a"], policy: {} }, /^policy: use a Policy/],
  [{ routes: [5] }, /^Route: 5 is not a name/],
  [{ routes: [{ name: "a", timeot: 5 }] }, /^Route: timeot is not an option/],
  [{ routes: [{ name: "a", timeout: -5 }] }, /^route\.timeout: -5 ms is not allowed; use 1 ms to 30 days$/],
  [{ routes: ["a", "a"] }, /"?a"?.* is not allowed/],
  [{ routes: [{ name: "a", activate: 5 }] }, /^Route: activate: 5 is not a function/],
  [{ routes: ["a"], log: 5 }, /^Session: log: 5 is not a function/],
  [{ routes: ["a"], seed: 1.5 }, /^seed: 1\.5 is not allowed/],
]) {
  test(`a mistake is thrown and says so: ${complaint.source}`, () => {
    assert.match(thrown(() => new Session(options)).message, complaint);
  });
}

test("mistakes of a call are rejections", async () => {
  const turn = session(["a"]).turn();
  assert.match((await rejection(turn.call("x"))).message, /^call: "x" is not a function/);
  assert.match(
    (await rejection(turn.call(() => 1, { timeout: 5 }))).message,
    /^call: timeout is not an option; use one of signal/,
  );
  assert.match((await rejection(turn.call(() => 1, { signal: 5 }))).message, /^call: signal: 5 is not an AbortSignal/);
  assert.match(
    thrown(() => session(["a"]).turn({ dedline: 5 })).message,
    /^turn: dedline is not an option; use one of deadline/,
  );
  assert.match((await rejection(turn.gate("t", {}, { riksy: true }))).message, /^gate: riksy is not an option/);
});

test("a clock that goes back stands still in what is told in spans, too", async () => {
  let now = 1_000_000;
  const clock = () => now;
  const policy = new Policy({ ...ONCE, breaker: { consecutive: 1, open: 5000 } });
  const session = new Session({ routes: ["primary"], policy, clock, log: null });
  const breaker = new CircuitBreaker({ consecutive: 1, open: 5000, clock });
  const fail = () => Promise.reject(new TransientError("down"));
  const turn = session.turn({ deadline: 60_000 });
  await rejection(turn.call(fail));
  await rejection(breaker.call(fail));
  const told = async () => [
    session.breakerMetrics("primary").retryIn,
    (await rejection(session.turn().call(fail))).retryIn,
    breaker.metrics.retryIn,
    (await rejection(breaker.call(fail))).retryIn,
    turn.timeLeft(),
  ];
  const before = [5000, 5000, 5000, 5000, 60_000];
  assert.deepEqual(await told(), before);
  now -= 500_000;
  assert.deepEqual(await told(), before);
  now += 501_000;
  assert.deepEqual(
    await told(),
    before.map((span) => span - 1000),
  );
});
