// 200,000 calls, a third of them aborted and some dropped, and 16,000 streams, three quarters of them left: the engine's
// tables, its memory and the heap stay flat, and no timer or listener is left behind.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const script = fileURLToPath(new URL("leaks.mjs", import.meta.url));
// The collector at hand, and whatever resolves "failsoft" here does so there.
const flags = ["--expose-gc", ...process.execArgv.filter((flag) => !flag.startsWith("--test"))];
const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, script]);
const { calls, rounds, ends, timers, unread } = JSON.parse(stdout);
const first = rounds[1];
const last = rounds.at(-1);

test("every call ended as it should", (t) => {
  assert.deepEqual(ends.wrong.slice(0, 10), []);
  assert.equal(ends.done + ends.failed + ends.aborted, calls);
  assert.ok(ends.aborted > calls * 0.33);
  assert.ok(ends.dropped >= 1000);
  assert.equal(ends.streams, 16_000);
  assert.equal(stderr, "");
  t.diagnostic(`${JSON.stringify(ends)}; at the end ${JSON.stringify(last)}`);
});

test("no call, turn or session is left in the engine", () => {
  const { sessions, turns, calls: open, circuits, counters } = last;
  assert.deepEqual(
    { sessions, turns, open, circuits, counters },
    { sessions: 4, turns: 0, open: 0, circuits: 0, counters: 0 },
  );
});

test("the memory of the engine and the heap stay flat", () => {
  assert.ok(last.bytes <= first.bytes + 1_000_000, `${first.bytes} bytes, then ${last.bytes}`);
  assert.ok(last.heap <= first.heap + 2_000_000, `${first.heap} bytes, then ${last.heap}`);
});

test("nothing listens any more, and no timer is set", () => {
  assert.deepEqual(
    rounds.map(({ listeners }) => listeners),
    rounds.map(() => 0),
  );
  assert.deepEqual(timers, []);
});

test("a stream that is dropped amid its chunks is closed by the collector", () => {
  const [held, closed] = unread;
  assert.equal(held, 16);
  assert.ok(closed >= 14, `${closed} of them`); // V8 may still hold the last one
});
