// What a reviewer broke once: the engine outlives hostile options, throwing clocks, hung hooks and handles that were given back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, approvalGate, callWithDeadline, classify, Failure, Policy, Session } from "failsoft";
import { Call, MachineSession, MachineTurn, statistics } from "failsoft/machine";
import { calls, instant, says, script } from "failsoft/testing";
import { rejection, timed, turns } from "./common.mjs";

const noJitter = new Policy({ retry: { jitter: "none" } });
const never = () => new Promise(() => {});

test("options that throw when they are read are refused, and the engine lives on", () => {
  const nosy = {
    get retry() {
      throw new Error("do not look");
    },
  };
  const deep = { retry: new Proxy({}, { ownKeys: () => assert.fail("do not look") }) };
  for (let i = 0; i < 2000; i += 1) {
    assert.throws(() => new Policy(i % 2 === 0 ? nosy : deep), {
      name: "InvalidOption",
      message: /throws when it is read/,
    });
  }
  assert.equal(new Policy({ retry: { maxAttempts: 7 } }).toJSON().retry.max_attempts, 7);
});

test("a copy of a policy is a policy of its own, and a spread one is only what it says", () => {
  const base = new Policy({ retry: { maxAttempts: 7 } });
  assert.equal(new Policy(base).toJSON().retry.max_attempts, 7);
  assert.equal(new Policy({ ...base, retry: { maxAttempts: 2 } }).toJSON().retry.max_attempts, 2);
});

test("what was given back means nothing, whoever has the place by then", () => {
  const session = new MachineSession(noJitter, [[{ name: "a" }, { name: "a" }]], () => 0, 1);
  const [one, other] = [new MachineTurn(session), new MachineTurn(session)];
  const attempt = one.enter();
  const stale = new Call(one);
  one.release();
  const theirs = other.enter();
  const before = statistics().calls;
  one.settle(attempt);
  stale.release();
  assert.equal(statistics().calls, before);
  const call = other.settleFailed(theirs, new Failure("invalid_request", { status: 400 }));
  assert.equal(call.next().end, "permanent");
  assert.throws(() => one.next(), /is over/);
});

test("a failure of words that are not ours is the least that may be concluded from it", () => {
  const turn = new MachineTurn(new MachineSession(noJitter, [], () => 0, 1));
  const call = new Call(turn, { replay: "once" });
  call.failed(call.next().id, { kind: "server_error", status: 500 });
  assert.equal(call.next().kind, "finish");
});

timed("a clock that throws ends its own call and no other", async (time) => {
  let reads = 0;
  const clock = () => {
    reads += 1;
    if (reads > 1) {
      throw new Error("no clock");
    }
    return 0;
  };
  const [broken, other] = await Promise.allSettled([
    callWithDeadline(never, 50, { clock }),
    callWithDeadline(never, 50),
  ]);
  assert.equal(broken.reason.message, "no clock");
  assert.equal(other.reason.name, "CallTimeout");
  assert.ok(time.now > 0);
});

timed("a clock that throws keeps no other call from hearing of an abort", async (time) => {
  const begun = time.now;
  let broken = false;
  const clock = () => {
    if (broken) {
      throw new Error("no clock");
    }
    return 0;
  };
  const controller = new AbortController();
  const sessions = [new Session({ routes: ["a"], clock }), new Session({ routes: ["a"] })];
  const pending = sessions.map((one) => rejection(one.turn().call(never, { signal: controller.signal })));
  broken = true;
  controller.abort("enough");
  assert.deepEqual(await Promise.all(pending), ["enough", "enough"]);
  assert.equal(time.now, begun); // at once, and not at its limit
});

timed("a client that never comes does not outlast the deadline", async (time) => {
  const begun = time.now;
  const routes = ["a", { name: "b", activate: never }];
  const session = new Session({ routes, policy: noJitter });
  const error = await rejection(
    session.turn({ deadline: 100 }).call(({ route }) => {
      throw Object.assign(new Error(route.name), { status: 404 });
    }),
  );
  // It has its share of the time, and the other route the rest.
  assert.deepEqual([error.message, time.now - begun], ["a", 50]);
});

test("a client that comes after the run is closed", async () => {
  await instant(async (time) => {
    const closed = [];
    const activate = async () => {
      await time.hang(1000);
      return "late";
    };
    const routes = ["a", { name: "b", activate, close: (client) => closed.push(client) }];
    const session = new Session({
      routes,
      policy: new Policy({ retry: { jitter: "none" }, turn: { deadline: 100 } }),
      log: null,
    });
    const down = () => {
      throw Object.assign(new Error("gone"), { status: 404 });
    };
    const result = await new Agent(down, { fallbacks: [says("hello")], session }).run("hi");
    assert.ok(result.degraded);
    await time.hang(2000);
    await turns(5);
    assert.deepEqual(closed, ["late"]);
  });
});

test("an agent gives its turns back", async () => {
  await instant(async () => {
    const agent = new Agent(script(calls("add", { a: 1 }), says("done")), { log: null });
    const before = statistics().turns;
    for (let i = 0; i < 50; i += 1) {
      await agent.run("hi");
    }
    assert.ok(statistics().turns <= before, `${statistics().turns} turns, ${before} before`);
  });
});

test("what is no text where text belongs is refused, or taken as text, and traps nothing", async () => {
  for (const tool of [5, undefined, null, "", [], () => 1, Symbol("x"), 1n]) {
    const error = await rejection(approvalGate(tool, {}, { risky: true, approver: () => true }));
    assert.match(error.message, /^tool: .* is not allowed; use the name of a tool$/);
  }
  for (const wrong of [{ phase: 5 }, { effect: 5 }]) {
    assert.throws(() => new Failure("connect", wrong), { name: "InvalidOption", message: /"5" is not allowed/ });
  }
  assert.equal(new Session({ routes: ["a"] }).withdrawApproval(5), false);
});

timed("a predicate that never answers does not keep an abort from being heard", async () => {
  const controller = new AbortController();
  const pending = rejection(approvalGate("mail", {}, { risky: never, signal: controller.signal }));
  controller.abort("enough");
  assert.equal(await pending, "enough");
});

test("a reply that is thrown is read: its status and its Retry-After", async () => {
  const failure = classify(new Response("", { status: 503, headers: { "retry-after": "2" } }));
  assert.deepEqual([failure.kind, failure.retryAfter], ["overloaded", 2000]);
});

test("a turn that was given back is not dropped once more when it is collected", async () => {
  const session = new MachineSession(noJitter, [[{ name: "a" }, { name: "a" }]], () => 0, 1);
  // Its place is taken again, under numbers that come round after 128.
  for (let round = 0; round < 3; round += 1) {
    const gone = new MachineTurn(session);
    gone.release();
    assert.equal(gone.kept.handle, undefined);
    gone.release();
  }
  const turn = new MachineTurn(session);
  assert.equal(turn.enter().kind, "attempt");
});
