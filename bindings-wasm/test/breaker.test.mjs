import assert from "node:assert/strict";
import { test } from "node:test";
import { BreakerOpen, CircuitBreaker } from "failsoft";
import { deferred, rejection, thrown, timed } from "./common.mjs";

const ok = async () => "ok";
const down = () => Promise.reject(new Error("down"));

async function fail(breaker, times = 1) {
  for (let i = 0; i < times; i += 1) {
    await breaker.call(down).catch(() => {});
  }
}

timed("it passes arguments, values and errors through, sync and async", async () => {
  const breaker = new CircuitBreaker();
  assert.equal(await breaker.call(Math.max, 7, 2), 7);
  assert.equal(await breaker.call(async (one, other) => one + other, 1, 2), 3);
  assert.equal((await rejection(breaker.call(down))).message, "down");
  const error = new Error("sync");
  assert.equal(
    await rejection(
      breaker.call(() => {
        throw error;
      }),
    ),
    error,
  );
});

timed("it opens at the failure rate", async () => {
  const breaker = new CircuitBreaker();
  await breaker.call(ok);
  await breaker.call(ok);
  await fail(breaker, 2);
  assert.equal(breaker.state, "closed");
  await fail(breaker);
  assert.equal(breaker.state, "open");
});

timed("consecutive failures open it and a success starts over", async () => {
  const breaker = new CircuitBreaker({ consecutive: 3 });
  await fail(breaker, 2);
  await breaker.call(ok);
  await fail(breaker, 2);
  assert.equal(breaker.state, "closed");
  await fail(breaker);
  assert.equal(breaker.state, "open");
});

timed("open, it refuses without a call and says until when", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  await fail(breaker);
  time.advance(2000);
  let called = 0;
  const error = await rejection(breaker.call(() => (called += 1)));
  assert.ok(error instanceof BreakerOpen);
  assert.deepEqual([error.retryIn, called], [3000, 0]);
  assert.equal(error.message, "the breaker is open; it may be asked again in 3 s");
});

timed("a probe that works closes it, one that fails doubles the time", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  await fail(breaker);
  time.advance(5000);
  assert.equal(breaker.state, "half_open");
  await fail(breaker);
  time.advance(5000);
  assert.equal(breaker.state, "open");
  time.advance(5000);
  assert.equal(await breaker.call(ok), "ok");
  assert.equal(breaker.state, "closed");
});

timed("of 20 calls at once exactly one probes", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  await fail(breaker);
  time.advance(5000);
  const answer = deferred();
  const calls = Array.from({ length: 20 }, () => breaker.call(() => answer.promise));
  const refused = (await Promise.allSettled(calls.slice(1))).map(({ reason }) => reason.name);
  assert.deepEqual(refused, Array(19).fill("BreakerOpen"));
  answer.resolve("probed");
  assert.equal(await calls[0], "probed");
  assert.equal(breaker.state, "closed");
});

timed("an ignored error charges nobody", async () => {
  const breaker = new CircuitBreaker({ consecutive: 1, ignore: [RangeError, Error] });
  await fail(breaker, 5);
  assert.equal(breaker.state, "closed");
});

timed("an ignored probe neither closes nor opens", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 1, ignore: RangeError });
  await fail(breaker);
  time.advance(5000);
  await rejection(
    breaker.call(() => {
      throw new RangeError();
    }),
  );
  assert.equal(breaker.state, "half_open");
  await breaker.call(ok);
  assert.equal(breaker.state, "closed");
});

timed("being called off charges nobody and gives the probe back", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  const fetched = (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const abort = async () => {
    const controller = new AbortController();
    const call = breaker.call(fetched, controller.signal);
    controller.abort();
    assert.equal((await rejection(call)).name, "AbortError");
  };
  await abort();
  assert.equal(breaker.state, "closed");
  await fail(breaker);
  time.advance(5000);
  await abort();
  assert.equal(await breaker.call(ok), "ok");
});

timed("what a client makes of an abort charges nobody either", async () => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  for (const error of [
    Object.assign(new Error("canceled"), { code: "ERR_CANCELED" }),
    Object.assign(new Error("aborted"), { code: "ABORT_ERR" }),
  ]) {
    await rejection(breaker.call(() => Promise.reject(error)));
    assert.equal(breaker.state, "closed");
  }
});

timed("a limit of the caller's own counts", async () => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  await rejection(breaker.call(() => Promise.reject(new DOMException("late", "TimeoutError"))));
  assert.equal(breaker.state, "open");
});

timed("wrapped, a function keeps this, name and length", async () => {
  const breaker = new CircuitBreaker({ consecutive: 1 });
  const client = {
    base: 40,
    add: breaker.wrap(async function add(number) {
      return this.base + number;
    }),
  };
  assert.equal(await client.add(2), 42);
  assert.deepEqual([client.add.name, client.add.length], ["add", 1]);
  await fail(breaker);
  assert.ok((await rejection(client.add(2))) instanceof BreakerOpen);
});

test("generators are refused", () => {
  const breaker = new CircuitBreaker();
  assert.match(
    thrown(() => breaker.wrap(function* () {})).message,
    /is a generator: guard the function that reads it to its end/,
  );
  assert.match(thrown(() => breaker.wrap(async function* many() {})).message, /many is a generator/);
});

timed("more probes need as many successes", async (time) => {
  const breaker = new CircuitBreaker({ consecutive: 1, probes: 2 });
  await fail(breaker);
  time.advance(5000);
  await breaker.call(ok);
  assert.equal(breaker.state, "half_open");
  await breaker.call(ok);
  assert.equal(breaker.state, "closed");
});

test("the clock may be the caller's own", async () => {
  let now = 100_000;
  const breaker = new CircuitBreaker({ consecutive: 1, clock: () => now });
  await fail(breaker);
  assert.equal(breaker.state, "open");
  now += 5000;
  assert.equal(breaker.state, "half_open");
});

for (const [options, complaint] of [
  [{ consecutive: 0 }, /^breaker\.consecutive: 0 is not allowed/],
  [{ rate: 1.5 }, /^breaker\.rate: 1\.5 is not allowed/],
  [{ open: -1 }, /^breaker\.open: -1 ms is not allowed; use 1 ms to 30 days$/],
  [{ open: 60_000 }, /^breaker\.maxOpen: 30000 ms is not allowed; use at least breaker\.open, which is 60000 ms$/],
  [{ minCall: 1 }, /^CircuitBreaker: minCall is not an option; use one of consecutive, rate, minCalls/],
  [{ ignore: "x" }, /^CircuitBreaker: ignore: "x" is not a class/],
  [{ ignore: [RangeError, () => true] }, /^CircuitBreaker: ignore: \(\) => true is not a class/],
  [{ clock: 5 }, /^CircuitBreaker: clock: 5 is not a function/],
]) {
  test(`nonsense is refused: ${complaint.source}`, () => {
    assert.match(thrown(() => new CircuitBreaker(options)).message, complaint);
  });
}
