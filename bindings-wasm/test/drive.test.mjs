// The loop of a call, and what it waits with.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { deferred, parts, rejection, turns } from "./common.mjs";

// What is inside is not in the package: its files before they are joined, all from there.
const inside = (name) => import(new URL(`${name}.js`, parts).href);
const { CallTimeout, Policy, Session } = await inside("index");
const { drive } = await inside("loops/call");
const { asleep, errorOf, raiseEnd } = await inside("loops/driver");
const { within } = await inside("loops/race");
const { Tasks } = await inside("loops/tasks");
const { Alarm, current, install, rest } = await inside("loops/time");
const { instant } = await inside("testing");
const timed = (name, body) => test(name, () => instant(body));

/** A call that follows a script of commands, and remembers what it is told. */
function scripted(...commands) {
  const told = [];
  const tell = (what) => (id) => {
    told.push(`${what} ${id}`);
    return !(what === "succeeded" && id === 99);
  };
  const names = ["succeeded", "waited", "ready", "notReady", "abandoned", "failed"];
  const verbs = Object.fromEntries(names.map((name) => [name, tell(name)]));
  return { told, next: () => commands.shift(), release: () => told.push("released"), ...verbs };
}

const attempt = (id) => ({ kind: "attempt", id, timeout: Infinity, follow() {}, done() {}, abort() {} });

test("an unknown command is refused, and what was held is given back", async () => {
  const call = scripted({ kind: "hedge", id: 7 });
  const error = await rejection(drive(call, () => {}, {}));
  assert.equal(error.message, "this host does not know the command hedge: update failsoft");
  assert.deepEqual(call.told, ["abandoned 7", "released"]);
});

test("a value that comes too late is dropped", async () => {
  const call = scripted(attempt(99), attempt(2));
  let calls = 0;
  assert.equal(await drive(call, () => (calls += 1), {}), 2);
  assert.deepEqual(call.told, ["succeeded 99", "succeeded 2", "released"]);
});

test("what a judge throws comes out", async () => {
  const call = scripted(attempt(1));
  const judge = () => {
    throw new Error("judge");
  };
  assert.equal((await rejection(drive(call, () => Promise.reject(new Error("x")), {}, { judge }))).message, "judge");
  assert.deepEqual(call.told, ["abandoned 1", "released"]);
});

test("routes are prepared, and waits are waited for", async () => {
  const commands = [
    { kind: "switch", id: 1 },
    { kind: "rebuild", id: 2 },
    { kind: "wait", id: 3, delay: 5 },
    attempt(4),
  ];
  const call = scripted(...commands);
  const slept = [];
  const prepare = async ({ kind }) => kind === "switch";
  assert.equal(await drive(call, () => "x", { prepare }, { sleep: (delay) => slept.push(delay) }), "x");
  assert.deepEqual(call.told, ["ready 1", "notReady 2", "waited 3", "succeeded 4", "released"]);
  assert.deepEqual(slept, [5]);
});

test("an end is the original error, or ours with the original as cause", () => {
  const end = (word) => ({ raised: (has) => (has ? word : "exhausted"), message: "m", retryIn: 5 });
  const cause = new Error("x");
  const raised = (word, last) => {
    try {
      raiseEnd(end(word), last);
    } catch (error) {
      return error;
    }
  };
  assert.equal(raised("original", cause), cause);
  assert.equal(raised("original", undefined).code, "exhausted");
  for (const word of ["deadline_exceeded", "step_limit_exceeded", "breaker_open", "exhausted"]) {
    const error = raised(word, cause);
    assert.deepEqual([error.code, error.cause, error.message], [word, cause, "m"]);
    assert.equal(errorOf(end(word), true).code, word);
  }
  assert.equal(raised("breaker_open", cause).retryIn, 5);
});

timed("within brings the value or the error, or a timeout", async (time) => {
  assert.equal(await within(10, () => 1), 1);
  assert.equal(await within(10, async () => 1), 1);
  assert.equal(await within(Infinity, () => time.hang(5).then(() => 1)), 1);
  assert.equal((await rejection(within(10, () => Promise.reject(new Error("x"))))).message, "x");
  const stopped = [];
  const stop = { abort: (reason) => stopped.push(reason), done: () => stopped.push("done") };
  const error = await rejection(within(10, () => time.hang(), "the tool", { stop }));
  assert.ok(error instanceof CallTimeout && error.message.startsWith("the tool was given up on after 0.01 s"));
  assert.deepEqual(stopped, [error]);
  await within(10, () => 1, "x", { stop });
  assert.deepEqual(stopped, [error, "done"]);
});

timed("asleep waits by the caller's own sleep, or by the clock in place", async (time) => {
  const given = [];
  await asleep(5, async (delay, signal) => given.push([delay, signal]));
  await asleep(7);
  assert.deepEqual([given, time.slept], [[[5, undefined]], [7]]);
});

// ---- Tasks. ----

timed("tasks report values and errors, once each", async () => {
  const tasks = new Tasks();
  const error = new Error("x");
  tasks.start(1, () => "sync");
  tasks.start(2, async () => Promise.reject(error));
  tasks.start(3, () => {
    throw undefined;
  });
  const reports = [];
  while (reports.length < 3) {
    await tasks.wait(1000);
    for (let report = tasks.take(); report !== undefined; report = tasks.take()) {
      reports.push(report);
    }
  }
  reports.sort(([one], [other]) => one - other);
  assert.deepEqual(reports, [
    [1, "sync", undefined, false],
    [2, undefined, error, true],
    [3, undefined, undefined, true],
  ]);
});

timed("a task that was cancelled reports to nobody, also when its key is used again", async () => {
  const tasks = new Tasks();
  const late = deferred();
  tasks.start(1, () => late.promise);
  tasks.cancel(1);
  tasks.start(1, async () => "second");
  late.resolve("first");
  await tasks.wait(1000);
  assert.deepEqual(tasks.take(), [1, "second", undefined, false]);
  await turns(2);
  assert.equal(tasks.take(), undefined);
  tasks.start(2, () => Promise.reject(new Error("nobody hears")));
  tasks.close();
  await turns(2);
  assert.equal(tasks.take(), undefined);
});

timed("waiting ends by a report, by its time, by a signal", async (time) => {
  const before = time.now;
  const tasks = new Tasks();
  await tasks.wait(500);
  assert.equal(time.now - before, 500);
  tasks.start(1, () => time.hang(200));
  await tasks.wait(Infinity);
  await tasks.wait(Infinity);
  assert.equal(time.now - before, 700);
  tasks.take();
  const controller = new AbortController();
  const waiting = tasks.wait(Infinity, controller.signal);
  controller.abort(new Error("enough"));
  assert.equal((await rejection(waiting)).message, "enough");
  assert.equal((await rejection(tasks.wait(5, controller.signal))).message, "enough");
});

// ---- Real time, on timers of our own. ----

/** Replaces timers and clock of the process by ones that move by hand. */
async function byHand(body) {
  const kept = { setTimeout, clearTimeout, setImmediate };
  const keptNow = performance.now;
  const timers = new Map();
  const soon = [];
  let now = 5_000;
  let made = 0;
  globalThis.setTimeout = (work, delay) => {
    made += 1;
    timers.set(made, { work, at: now + delay });
    return made;
  };
  globalThis.clearTimeout = (timer) => timers.delete(timer);
  globalThis.setImmediate = (work) => soon.push(work);
  performance.now = () => now;
  const hand = {
    timers,
    made: () => made,
    idle() {
      for (const work of soon.splice(0)) {
        work();
      }
    },
    pass(millis) {
      const end = now + millis;
      for (;;) {
        const [first] = [...timers].sort(([, one], [, other]) => one.at - other.at);
        if (first === undefined || first[1].at > end) {
          break;
        }
        timers.delete(first[0]);
        now = Math.max(now, first[1].at);
        first[1].work();
      }
      now = end;
    },
  };
  try {
    await body(hand);
  } finally {
    Object.assign(globalThis, kept);
    performance.now = keptNow;
  }
}

class Bell extends Alarm {
  constructor(name, rung) {
    super();
    this.ring = () => rung.push(name);
  }
}

test("alarms ring in order, at their time and not before", () =>
  byHand((hand) => {
    const source = current();
    const rung = [];
    const now = source.now();
    for (const delay of [600, 20, 40_000, 100, 21, 7_200_000 * 3]) {
      source.arm(new Bell(delay, rung), now + delay);
    }
    hand.pass(19);
    assert.deepEqual(rung, []);
    hand.pass(1);
    assert.deepEqual(rung, [20]);
    hand.pass(580);
    assert.deepEqual(rung, [20, 21, 100, 600]);
    hand.pass(7_200_000 * 3 - 601);
    assert.deepEqual(rung, [20, 21, 100, 600, 40_000]);
    hand.pass(1);
    assert.equal(rung.length, 6);
    hand.idle();
    assert.equal(hand.timers.size, 0);
  }));

test("many attempts share a timer, and none is left when they are over", () =>
  byHand((hand) => {
    const source = current();
    const rung = [];
    for (let i = 0; i < 1000; i += 1) {
      const alarm = new Bell(i, rung);
      source.arm(alarm, source.now() + 600_000);
      hand.pass(1);
      source.disarm(alarm);
      source.disarm(alarm);
    }
    assert.equal(hand.made(), 1);
    hand.idle();
    assert.equal(hand.timers.size, 0);
    source.arm(new Bell("last", rung), source.now() + 10);
    hand.pass(10);
    assert.deepEqual(rung, ["last"]);
  }));

test("a shorter limit that comes later rings in time", () =>
  byHand((hand) => {
    const source = current();
    const rung = [];
    source.arm(new Bell("long", rung), source.now() + 600_000);
    hand.pass(1000);
    source.arm(new Bell("short", rung), source.now() + 1000);
    hand.pass(1000);
    assert.deepEqual(rung, ["short"]);
    hand.pass(598_000);
    assert.deepEqual(rung, ["short", "long"]);
    hand.idle();
  }));

test("what an alarm disarms does not ring any more", () =>
  byHand((hand) => {
    const source = current();
    const rung = [];
    const second = new Bell("second", rung);
    const first = new Bell("first", rung);
    first.ring = () => source.disarm(second);
    source.arm(first, source.now() + 10);
    source.arm(second, source.now() + 10);
    hand.pass(100);
    assert.deepEqual(rung, []);
    hand.idle();
  }));

test("a wait of more than 24 days is a wait all the same", () =>
  byHand(async (hand) => {
    let isOver = false;
    const days = 30 * 86_400_000;
    rest(current(), days).then(() => (isOver = true));
    hand.pass(days - 1);
    await null;
    assert.equal(isOver, false);
    hand.pass(1);
    await null;
    await null;
    assert.equal(isOver, true);
    hand.idle();
  }));

test("installing gives back what was there", () => {
  const before = current();
  const other = { virtual: true };
  assert.equal(install(other), before);
  assert.equal(install(before), other);
});

// ---- The process. ----

const hooks = process.execArgv.filter((_, at, all) => all[at] === "--import" || all[at - 1] === "--import");
const node = (code) =>
  // Where the package is found by a hook, the other process needs it, too.
  spawnSync(process.execPath, [...hooks, "--input-type=module", "-e", code], {
    cwd: hooks.length > 0 ? process.cwd() : import.meta.dirname,
    encoding: "utf8",
    timeout: 60_000,
  });

test("a limit keeps the process alive until it passes, and nothing does afterwards", () => {
  const code = `
    import { Session, Policy } from "failsoft";
    const session = new Session({ routes: ["a", "b"], policy: new Policy({ attempt: { timeout: 50 } }) });
    console.log(await session.turn().call(({ route }) => route.name === "a" ? new Promise(() => {}) : "b"));
  `;
  const { stdout, stderr, status } = node(code);
  assert.deepEqual([stdout, stderr, status], ["b\n", "", 0]);
});

test("importing and using it leaves nothing that keeps the process alive", () => {
  const code = `
    import { retry, Session } from "failsoft";
    await new Session({ routes: ["a"] }).turn().call(async () => 1);
    await retry(async () => 1);
    const before = performance.now();
    process.on("exit", () => console.log(performance.now() - before < 30_000));
  `;
  const { stdout, stderr, status } = node(code);
  assert.deepEqual([stdout, stderr, status], ["true\n", "", 0]);
});

timed("concurrent calls of one turn settle their own attempts", async (time) => {
  const turn = new Session({ routes: ["a"], policy: new Policy({ attempt: { timeout: 1000 } }), log: null }).turn();
  const values = await Promise.all(
    Array.from({ length: 20 }, (_, place) => turn.call(async () => time.hang(place * 10).then(() => place))),
  );
  assert.deepEqual(
    values,
    Array.from({ length: 20 }, (_, place) => place),
  );
  assert.equal(turn.report().attempts, 20);
});

timed("every attempt runs in the async context of its own call", async (time) => {
  const store = new AsyncLocalStorage();
  const one = new Session({ routes: ["a", "b", "c"], policy: new Policy({ attempt: { timeout: 1000 } }), log: null });
  const seen = { x: [], y: [] };
  const ask = ({ route }) => {
    seen[store.getStore()].push(route.name);
    return route.name === "c" ? store.getStore() : time.hang();
  };
  const values = await Promise.all(["x", "y"].map((name) => store.run(name, () => one.turn().call(ask))));
  assert.deepEqual(values, ["x", "y"]);
  assert.deepEqual(seen, { x: ["a", "b", "c"], y: ["a", "b", "c"] });
});
