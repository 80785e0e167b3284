// Idempotency keys: which of them repeat, and which never do, over sessions, workers, processes and restores.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { Agent, Policy, retry, Session, TransientError, tool } from "failsoft";
import { MachineSession, MachineTurn } from "failsoft/machine";
import { thrown } from "./common.mjs";

const run = promisify(execFile);
/** How this process was started, but for the tests. */
const options = () => process.execArgv.filter((given) => !given.startsWith("--test"));

const key = (attempt) => attempt.idempotencyKey;

async function keys(session, turns = 3) {
  const seen = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const one = session.turn();
    for (let call = 0; call < 3; call += 1) {
      seen.push(await one.call(key));
    }
  }
  return seen;
}

/** A program that prints the keys of a session. */
const PROGRAM = (given) => `
import { Session } from "failsoft";
const session = new Session({ routes: ["a"] });
for (const turn of [1, 2, 3].map(() => session.turn(${given}))) {
  for (let call = 0; call < 3; call += 1) {
    console.log(await turn.call((attempt) => attempt.idempotencyKey));
  }
}`;

async function ofProcesses(given) {
  const argv = [...options(), "--input-type=module", "--eval", PROGRAM(given)];
  const one = () => run(process.execPath, argv);
  const told = await Promise.all([one(), one()]);
  return told.map(({ stdout }) => stdout.trim().split("\n"));
}

test("two processes hand out no key twice", async () => {
  const [first, second] = await ofProcesses("");
  assert.equal(new Set([...first, ...second]).size, 18);
});

test("two processes hand out the same keys for the same run", async () => {
  const [first, second] = await ofProcesses('{ runId: "order 7" }');
  assert.deepEqual(first, second);
  assert.equal(new Set(first).size, 3);
});

/** What a thread brings. */
function ofWorker(job) {
  return new Promise((resolve, reject) => {
    // What finds the package for this thread does not for another one.
    const workerData = { job, failsoft: import.meta.resolve("failsoft") };
    const started = new Worker(new URL("keys.worker.mjs", import.meta.url), { workerData, execArgv: [] });
    started.once("message", resolve).once("error", reject);
  });
}

test("sessions and workers hand out no key twice", async () => {
  const own = await Promise.all([1, 2].map(() => keys(new Session({ routes: ["a"] }))));
  const others = await Promise.all([ofWorker("keys"), ofWorker("keys")]);
  const all = [...own, ...others].flat();
  assert.deepEqual([all.length, new Set(all).size], [24, 24]);
});

test("restores under a repeated epoch hand out no key twice", async () => {
  const session = new Session({ routes: ["a"] });
  const before = await keys(session);
  const text = session.core.snapshot(0);
  assert.equal(JSON.parse(text).state.seed, null);
  const restored = () => MachineSession.restore(text, new Policy(), [["a", { name: "a" }]], undefined, 1, 0);
  const first = (core) => new MachineTurn(core).enter().idempotencyKey;
  const after = [first(session.core), first(restored()), first(restored())];
  assert.equal(new Set([...before, ...after]).size, 12);
});

test("nothing is drawn before it is needed", async () => {
  const told = await ofWorker("late");
  assert.deepEqual([told.answers, told.before], [[1, 1, "42"], 0]);
  assert.match(told.refused, /^no idempotency key: the system gives no randomness here; read it within a request/);
  assert.match(told.key, /^failsoft-[0-9a-f]{32}$/);
});

test("a key stays the same over all attempts of a call", async () => {
  const seen = [];
  const ask = (attempt) => {
    seen.push(attempt.idempotencyKey);
    if (seen.length < 3) {
      throw new TransientError();
    }
    return attempt.idempotencyKey;
  };
  const session = new Session({ routes: ["a"], policy: new Policy({ retry: { base: 0 } }), log: null });
  assert.equal(await session.turn().call(ask), seen[0]);
  assert.deepEqual([seen.length, new Set(seen).size], [3, 1]);
  assert.equal(await retry(() => 1), 1);
});

/** What was paid under which key, in a run whose model asks for these payments one after the other. */
async function paid(runId, ...amounts) {
  const log = [];
  const pay = tool(
    ({ amount }, { idempotencyKey }) => {
      log.push([amount, idempotencyKey]);
      return "paid";
    },
    { name: "pay", replay: "keyed" },
  );
  const replies = amounts.map((amount) => ({ toolCalls: [{ id: "1", name: "pay", arguments: { amount } }] }));
  const model = () => replies.shift() ?? { answer: "done" };
  const { answer } = await new Agent(model, { tools: [pay] }).run("pay", { runId });
  assert.equal(answer, "done");
  return log;
}

const under = (log) => log.map(([, one]) => one);

test("a run that is run again pays under the same keys", async () => {
  const first = await paid("order 7", 5, 6, 5);
  assert.deepEqual(await paid("order 7", 5, 6, 5), first);
  const others = [await paid("order 8", 5, 6, 5), await paid(undefined, 5, 6, 5)];
  assert.equal(new Set([first, ...others].flatMap(under)).size, 9);
});

test("a run that goes another way gives no other payment the same key", async () => {
  const first = await paid("order 7", 5, 6);
  const diverged = await paid("order 7", 6, 9, 5);
  assert.deepEqual(diverged.filter(([amount]) => amount !== 9).sort(), [...first].sort());
  assert.equal(new Set(under(diverged)).size, 3);
});

test("what is no run id is refused", () => {
  const session = new Session({ routes: ["a"] });
  const line = 'runId: "" is not allowed; use a text that no other run has';
  assert.equal(thrown(() => session.turn({ runId: "" })).message, line);
  assert.equal(thrown(() => session.turn({ runId: 7 })).message, "runId: 7 is not allowed; use a text");
});
