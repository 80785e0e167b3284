import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { CallTimeout, callWithDeadline, Policy, retry, Session, TransientError, testing } from "failsoft";
import { monotonic } from "failsoft/machine";
import * as entry from "failsoft/testing";
import { calls, fails, hangs, instant, NoticeRecorder, says, script, VirtualTime } from "failsoft/testing";
import { rejection, thrown, timed, turns } from "./common.mjs";

test("the entry and the namespace are the same", () => {
  assert.deepEqual(Object.keys(testing), Object.keys(entry));
  assert.equal(testing.instant, instant);
});

test("nothing sleeps inside and time passes all the same", async () => {
  const before = performance.now();
  await instant(async (time) => {
    const start = time.now;
    assert.ok((await rejection(callWithDeadline(() => time.hang(), 3_600_000))) instanceof CallTimeout);
    assert.equal(time.now - start, 3_600_000);
  });
  assert.ok(performance.now() - before < 60_000);
});

timed("only waits of the loops are recorded", async (time) => {
  const slow = async () => {
    await time.hang(9000);
    throw new TransientError();
  };
  await rejection(retry(slow, { jitter: "none" }));
  assert.deepEqual(time.slept, [500, 1000]);
});

test("it ends with its function, also with one that fails", async () => {
  const error = new Error("x");
  assert.equal(await instant((time) => time.now), 1_000_000);
  assert.equal(
    await rejection(
      instant(async () => {
        throw error;
      }),
    ),
    error,
  );
  const before = monotonic();
  const time = instant({ start: 5 });
  assert.equal(monotonic(), 5);
  time.advance(10);
  assert.equal(monotonic(), 15);
  time.restore();
  time.restore();
  assert.ok(monotonic() >= before);
  const other = instant();
  other[Symbol.dispose]();
  assert.ok(monotonic() >= before && monotonic() !== other.now);
  assert.match(thrown(() => instant({ strat: 5 })).message, /^instant: strat is not an option/);
});

test("nested, it gives the outer clock back", async () => {
  await instant(
    async () => {
      assert.equal(monotonic(), 100);
      await instant(async () => assert.equal(monotonic(), 200), { start: 200 });
      assert.equal(monotonic(), 100);
    },
    { start: 100 },
  );
});

timed("many sleep through one virtual day, and wake in order", async (time) => {
  const before = time.now;
  const woke = [];
  const sleepers = Array.from({ length: 20 }, async (_, place) => {
    const number = ((place * 7) % 20) + 1;
    await time.hang(number * 3_600_000);
    woke.push([time.now - before, number]);
  });
  await Promise.all(sleepers);
  assert.deepEqual(
    woke,
    Array.from({ length: 20 }, (_, place) => [(place + 1) * 3_600_000, place + 1]),
  );
});

timed("time does not pass while something happens", async (time) => {
  const before = time.now;
  const busy = async () => {
    for (let i = 0; i < 50; i += 1) {
      await readFile(new URL(import.meta.url));
    }
    await turns(20);
    return time.now - before;
  };
  assert.equal(await callWithDeadline(busy, 1000), 0);
});

timed("sleep and hang end by a signal", async (time) => {
  for (const rest of [time.sleep, (millis, signal) => time.hang(millis, signal)]) {
    const controller = new AbortController();
    const pending = rest(60_000, controller.signal);
    controller.abort(new Error("enough"));
    assert.equal((await rejection(pending)).message, "enough");
    assert.equal((await rejection(rest(1, controller.signal))).message, "enough");
  }
  assert.deepEqual(time.slept, [60_000, 1]);
});

test("a clock of its own, without being installed", async () => {
  const time = new VirtualTime(100);
  let tries = 0;
  const flaky = () => {
    tries += 1;
    if (tries < 3) {
      throw new TransientError();
    }
    return tries;
  };
  assert.equal(await retry(flaky, { clock: time.clock, sleep: time.sleep, jitter: "none" }), 3);
  assert.deepEqual([time.slept, time.now], [[500, 1000], 1600]);
});

test("what hangs for ever keeps no process and no turn of the loop busy", async () => {
  await instant(async (time) => {
    time.hang();
    await turns(10);
    assert.ok(!process.getActiveResourcesInfo().includes("Immediate"));
  });
});

// ---- Scripts. ----

test("a script goes step by step and repeats the last", async () => {
  const error = new TransientError("x");
  const model = script(fails(2, error), { answer: "plain" }, says("end"));
  assert.equal(
    thrown(() => model([1], [])),
    error,
  );
  assert.equal(
    thrown(() => model([2], [])),
    error,
  );
  assert.deepEqual(
    [model([], []), model([], []), model([], [])],
    [{ answer: "plain" }, { answer: "end" }, { answer: "end" }],
  );
  assert.deepEqual(model.requests, [[1], [2], [], [], []]);
  assert.equal(fails(3).length, 3);
  assert.ok(fails()[0] instanceof TransientError);
});

test("says quotes the last tool result, calls asks for a tool", () => {
  const messages = [
    { role: "tool", content: "1" },
    { role: "tool", content: "$& 2" },
    { role: "user", content: "x" },
  ];
  assert.deepEqual(says("= {last_tool_result}")(messages), { answer: "= $& 2" });
  assert.deepEqual(calls("add", { a: 1 }), { toolCalls: [{ id: "call_add", name: "add", arguments: { a: 1 } }] });
});

timed("hangs takes part in the signal of the attempt, and may end", async (time) => {
  const before = time.now;
  assert.deepEqual(await hangs(5000, says("late"))([], [], {}), { answer: "late" });
  assert.deepEqual(await hangs(5000, { answer: "later" })([], []), { answer: "later" });
  assert.equal(time.now - before, 10_000);
  const controller = new AbortController();
  const hung = hangs()([], [], { signal: controller.signal });
  controller.abort(new Error("enough"));
  assert.equal((await rejection(hung)).message, "enough");
});

test("hangs needs the virtual clock", async () => {
  assert.match((await rejection(hangs()([], []))).message, /needs the virtual clock/);
});

test("a recorder is a log", () => {
  const log = new NoticeRecorder();
  log({ level: "info", at: 5, message: "one" });
  log({ level: "warn", message: "two" });
  assert.deepEqual(log.lines, ["one", "two"]);
  assert.equal(log.entries[0].at, 5);
  assert.ok(log instanceof NoticeRecorder && typeof log === "function");
});

test("a session that outlives a block goes by the clock of the next", async () => {
  const session = new Session({ routes: ["a"], policy: new Policy({ turn: { deadline: 10_000 } }) });
  for (const _ of [1, 2]) {
    await instant((time) => {
      const turn = session.turn();
      time.advance(9000);
      assert.equal(turn.timeLeft(), 1000);
      time.advance(60_000);
    });
  }
});
