// Whatever is handed in and whatever it does while it is read: it is refused in one clear line, and the engine works afterwards.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { CircuitBreaker, Policy, Session, tool } from "failsoft";
import { explainFacts, MachineSession, MachineTurn, statistics } from "failsoft/machine";
import { thrown } from "./common.mjs";

function cyclic() {
  const one = {};
  one.retry = one;
  one.list = [one];
  return one;
}

function deep(levels) {
  let one = { end: true };
  for (let level = 0; level < levels; level += 1) {
    one = level % 2 === 0 ? { retry: one } : [one];
  }
  return one;
}

function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** A proxy that revokes itself at the first look, and throws at the second. */
function fleeting() {
  const { proxy, revoke } = Proxy.revocable({}, { ownKeys: () => revoke() ?? ["retry"] });
  return proxy;
}

const no = () => {
  throw new Error("do not look");
};

/** What is handed in where fields are wanted, and what the one line says of it in place of a group of a policy. */
const HOSTILE = {
  "an object that holds itself": [cyclic, /^retry/],
  "a list that holds itself": [() => [cyclic(), []], /a list of 2/],
  "very deep": [() => deep(100_000), /^retry/],
  "very wide": [() => Object.fromEntries(Array.from({ length: 1_000_001 }, (_, at) => [`f${at}`, at])), /too large/],
  "a very long list": [() => new Array(2_000_000).fill(0), /too large/],
  "a list of four billion holes": [() => Object.assign([], { length: 2 ** 32 - 1 }), /too large/],
  "a getter that throws": [
    () => Object.defineProperty({}, "base", { get: no, enumerable: true }),
    /throws when it is read/,
  ],
  "a proxy that throws at its keys": [() => new Proxy({}, { ownKeys: no }), /throws when it is read/],
  "a proxy that throws at its values": [() => new Proxy({ maxAttempts: 1 }, { get: no }), /throws when it is read/],
  "a proxy of a list that throws": [() => new Proxy([1], { get: no }), /throws when it is read/],
  "a revoked proxy": [() => revoked({}), /throws when it is read/],
  "a revoked proxy of a list": [() => revoked([]), /throws when it is read/],
  "a proxy that revokes itself": [fleeting, /throws when it is read/],
  "a bigint": [() => 7n, /7/],
  "a bigint of more than 64 bits": [() => 2n ** 70n, /a bigint of more than 64 bits/],
  "a symbol": [() => Symbol("s"), /a symbol/],
  "a function": [() => no, /a function/],
  "a text": [() => "text", /text/],
};

/** Where plain data comes in: each is handed something in place of some fields. */
const DOORS = {
  "a group of a policy": (thing) => new Policy({ retry: thing }),
  "a field of a policy": (thing) => new Policy({ retry: { maxAttempts: thing } }),
  "a policy file": (thing) => Policy.fromJSON({ retry: thing }),
  "a route's context window": (thing) => new Session({ routes: [{ name: "a", contextWindow: thing }] }),
  "a tool's time limit": (thing) => tool(() => 1, { name: "t", timeout: thing }),
  "the number of a breaker's keys": (thing) => new CircuitBreaker({ maxKeys: thing }),
  "the context of a call": (thing) => new MachineTurn(opened()).enter(false, true, thing),
};

const opened = () => new MachineSession(new Policy(), [[{}, { name: "a" }]], () => 0, 1);

/** A whole call of the engine. */
function works() {
  const turn = new MachineTurn(opened());
  const attempt = turn.enter();
  assert.equal(attempt.kind, "attempt");
  turn.settle(attempt);
  assert.equal(turn.tally().attempts, 1);
  assert.equal(new Policy({ retry: { maxAttempts: 7n } }).toJSON().retry.max_attempts, 7);
}

for (const [what, [make, says]] of Object.entries(HOSTILE)) {
  test(`${what} is refused in one line wherever it comes in, and the engine works afterwards`, () => {
    for (const [door, enter] of Object.entries(DOORS)) {
      let error;
      try {
        enter(make());
      } catch (one) {
        error = one;
      }
      // 7n is a number, which some doors let in.
      if (error === undefined && what === "a bigint") continue;
      assert.ok(error?.name === "InvalidOption" || error instanceof TypeError, `${door}: ${error?.name}: ${error}`);
      assert.ok(!error.message.includes("\n") && error.message.length < 400, `${door}: ${error.message}`);
      works();
    }
    assert.match(thrown(() => new Policy({ retry: make() })).message, says);
  });
}

test("facts that are no plain data are facts that are not there", () => {
  for (const [make] of Object.values(HOSTILE)) {
    const thing = make();
    const found = explainFacts({
      status: 503,
      message: thing,
      headers: thing,
      classes: thing,
      code: thing,
      body: thing,
    });
    assert.equal(found.failure.status, 503);
  }
  works();
});

test("a snapshot that is nested without end is refused", () => {
  const text = `{"session":${"[".repeat(5000)}${"]".repeat(5000)}}`;
  const error = thrown(() => MachineSession.restore(text, new Policy(), [[{}, { name: "a" }]], () => 0, 1, 0));
  assert.equal(error.name, "InvalidOption");
  works();
});

test("nothing is left in the engine by what was refused", () => {
  const before = statistics();
  for (let i = 0; i < 200; i += 1) {
    thrown(() => new Session({ routes: [{ name: "a", contextWindow: cyclic() }] }));
    thrown(() => new Policy(revoked({})));
  }
  const { policies, sessions, turns, calls } = statistics();
  assert.ok(policies - before.policies <= 200 && sessions === before.sessions, String([policies, sessions]));
  assert.deepEqual([turns, calls], [before.turns, before.calls]);
});

// ---- Where nothing tells what was collected. ----

const hooks = process.execArgv.filter((_, at, all) => all[at] === "--import" || all[at - 1] === "--import");

test("without a FinalizationRegistry all works, and `using` gives everything back", () => {
  const code = `
    delete globalThis.FinalizationRegistry;
    const { CircuitBreaker, retry, Session } = await import("failsoft");
    const { statistics } = await import("failsoft/machine");
    const busy = () => { throw Object.assign(new Error("busy"), { status: 503 }); };
    for (let round = 0; round < 20; round += 1) {
      const session = new Session({ routes: ["a"] });
      const turn = session.turn();
      if (await turn.call(async () => "x") !== "x") throw new Error("no call");
      await retry(busy, { sleep: () => {}, maxAttempts: 2 }).catch(() => {});
      for await (const chunk of session.turn().stream(() => ["a"], { acceptCut: true })) if (chunk !== "a") throw chunk;
      const breaker = new CircuitBreaker();
      await breaker.call(() => 1);
      turn[Symbol.dispose]();
      session[Symbol.dispose]();
      breaker[Symbol.dispose]();
    }
    const { sessions, turns, calls, circuits } = statistics();
    console.log(JSON.stringify([sessions, turns, calls, circuits]));
  `;
  const cwd = hooks.length > 0 ? process.cwd() : import.meta.dirname;
  const { stdout, stderr } = spawnSync(process.execPath, [...hooks, "--input-type=module", "-e", code], {
    cwd,
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.deepEqual([stdout, stderr], ["[0,0,0,0]\n", ""]);
});

test("with one, a block that ends takes nothing away from those who still ask", async () => {
  const session = new Session({ routes: ["a"] });
  const turn = session.turn();
  await turn.call(() => 1);
  turn[Symbol.dispose]();
  session[Symbol.dispose]();
  assert.equal(turn.report().attempts, 1);
  assert.equal(session.breaker("a"), "closed");
});
