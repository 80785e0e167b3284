import assert from "node:assert/strict";
import { test } from "node:test";
import {
  attempts,
  CallTimeout,
  DeadlineExceeded,
  Exhausted,
  PermanentError,
  retry,
  retrying,
  TransientError,
} from "failsoft";
import { failing, rejection, thrown, timed } from "./common.mjs";

const rateLimited = (headers) => Object.assign(new Error("slow down"), { status: 429, headers });

timed("a success is returned and nothing is waited for", async (time) => {
  assert.equal(await retry(async () => 42), 42);
  assert.equal(await retry(() => 42), 42);
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tried
  assert.equal(await retry(() => ({ then: (resolve) => resolve("thenable") })), "thenable");
  assert.deepEqual(time.slept, []);
});

timed("backoff doubles", async (time) => {
  assert.equal(await retry(failing(3, new TransientError()), { maxAttempts: 4, jitter: "none" }), "done");
  assert.deepEqual(time.slept, [500, 1000, 2000]);
});

timed("backoff stops growing at the cap", async (time) => {
  await retry(failing(4, new TransientError()), {
    maxAttempts: 5,
    base: 1000,
    factor: 10,
    cap: 20_000,
    jitter: "none",
  });
  assert.deepEqual(time.slept, [1000, 10_000, 20_000, 20_000]);
});

timed("the first attempt is counted, and attempts are numbered", async () => {
  const numbers = [];
  const fn = ({ number, signal }) => {
    numbers.push(number);
    assert.ok(signal instanceof AbortSignal && !signal.aborted);
    throw new TransientError();
  };
  assert.ok((await rejection(retry(fn, { maxAttempts: 3 }))) instanceof Exhausted);
  assert.deepEqual(numbers, [1, 2, 3]);
});

timed("equal seeds draw equal jitter", async (time) => {
  for (const seed of [7, 7, 7n]) {
    await retry(failing(2, new TransientError()), { seed });
  }
  assert.deepEqual(time.slept.slice(0, 2), time.slept.slice(2, 4));
  assert.deepEqual(time.slept.slice(0, 2), time.slept.slice(4));
  const [first, second] = time.slept;
  assert.ok(first >= 0 && first <= 500 && second >= 0 && second <= 1000);
});

timed("sleep is the caller's own, sync or async", async (time) => {
  const slept = [];
  await retry(failing(2, new TransientError()), { jitter: "none", sleep: (delay) => slept.push(delay) });
  await retry(failing(1, new TransientError()), { jitter: "none", sleep: async (delay) => slept.push(delay) });
  assert.deepEqual(slept, [500, 1000, 500]);
  assert.deepEqual(time.slept, []);
});

timed("a sleep that fails ends it", async () => {
  const error = new Error("no bed");
  const fn = failing(9, new TransientError());
  const sleep = () => {
    throw error;
  };
  assert.equal(await rejection(retry(fn, { sleep })), error);
  assert.equal(fn.calls, 1);
});

timed("a bug is not repeated, and comes out unchanged", async () => {
  for (const error of [new TypeError("bug"), new PermanentError("no")]) {
    for (const fn of [
      failing(1, error),
      Object.assign(
        () => {
          throw error;
        },
        { calls: 1 },
      ),
    ]) {
      assert.equal(await rejection(retry(fn)), error);
      assert.equal(fn.calls, 1);
    }
    assert.ok(!("cause" in error));
  }
});

timed("exhausted says what was tried and why", async () => {
  const error = new TransientError("overloaded");
  const caught = await rejection(retry(failing(9, error), { jitter: "none" }));
  assert.equal(caught.cause, error);
  assert.equal(caught.message, "gave up after 3 attempts in 1.5 s: server_error x3");
});

timed("on takes classes", async () => {
  class Busy extends Error {}
  assert.equal(await retry(failing(2, new Busy("b")), { on: Busy }), "done");
  assert.equal(await retry(failing(2, new Busy("b")), { on: [RangeError, Busy] }), "done");
  const error = new TransientError();
  assert.equal(await rejection(retry(failing(1, error), { on: Busy })), error);
});

timed("on takes a predicate", async () => {
  const again = (error) => error.message.includes("again");
  assert.equal(await retry(failing(1, new Error("again")), { on: again }), "done");
  assert.equal(
    await retry(failing(1, new Error("again")), {
      on: (error) => again(error),
    }),
    "done",
  );
  assert.equal((await rejection(retry(failing(1, new Error("never")), { on: again }))).message, "never");
});

timed("a predicate that fails comes out", async () => {
  const error = new Error("in the predicate");
  const on = () => {
    throw error;
  };
  assert.equal(await rejection(retry(failing(1, new TransientError()), { on })), error);
});

timed("what on names still obeys Retry-After", async (time) => {
  await retry(failing(1, rateLimited({ "retry-after": "7" })), { on: Error, jitter: "none" });
  assert.deepEqual(time.slept, [7000]);
});

for (const [headers, slept] of [
  [{ "retry-after": "2" }, 2000],
  [{ "Retry-After": "2.5" }, 2500],
  [new Headers({ "retry-after-ms": "1500" }), 1500],
  [{ "retry-after": "0" }, 500],
  [{ "retry-after": "soon" }, 500],
  [{}, 500],
]) {
  timed(`Retry-After is read from the error: ${JSON.stringify(headers)} ${slept}`, async (time) => {
    await retry(failing(1, rateLimited(headers)), { jitter: "none" });
    assert.deepEqual(time.slept, [slept]);
  });
}

timed("a hint past all patience ends it", async (time) => {
  const error = rateLimited({ "retry-after": "3600" });
  const caught = await rejection(retry(failing(1, error)));
  assert.ok(caught instanceof Exhausted);
  assert.equal(caught.cause, error);
  assert.deepEqual(time.slept, []);
});

timed("a timeout of one call is transient and that of a turn is not", async () => {
  assert.equal(await retry(failing(2, new CallTimeout("late"))), "done");
  const fn = failing(1, new DeadlineExceeded("over"));
  assert.ok((await rejection(retry(fn))) instanceof DeadlineExceeded);
  assert.equal(fn.calls, 1);
});

for (const thing of [undefined, null, 0, "text", Symbol("s"), { plain: true }]) {
  timed(`anything may be thrown: ${String(thing)}`, async () => {
    const fn = failing(9, thing);
    const caught = await rejection(retry(fn));
    assert.ok(caught === thing || (caught instanceof Exhausted && caught.cause === thing));
  });
}

for (const [options, complaint] of [
  [{ maxAttempts: 0 }, "retry.maxAttempts: 0 is not allowed; use a whole number from 1 to 1000"],
  [{ base: -1 }, "retry.base: -1 ms is not allowed; use 0 ms to 30 days"],
  [{ base: Number.NaN }, "retry.base: NaN ms is not allowed; use 0 ms to 30 days"],
  [{ cap: 100 }, "retry.cap: 100 ms is not allowed; use at least retry.base, which is 500 ms"],
  [{ jitter: "some" }, 'retry.jitter: "some" is not allowed; use one of full, equal, decorrelated, none'],
]) {
  test(`a bad number is refused before the first attempt: ${Object.keys(options)} ${Object.values(options)}`, async () => {
    const fn = failing(0);
    const error = await rejection(retry(fn, options));
    assert.equal(error.code, "invalid_option");
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, complaint);
    assert.ok(!error.message.includes("\n"));
    assert.equal(fn.calls, 0);
  });
}

for (const [options, complaint] of [
  [{ maxAttempt: 5 }, "retry: maxAttempt is not an option; use one of maxAttempts, base, "],
  [{ sleep: 5 }, "retry: sleep: 5 is not a function"],
  [{ clock: {} }, "retry: clock: [object Object] is not a function"],
  [{ on: "error" }, 'retry: on: "error" is not a function'],
  [{ on: [Error, 5] }, "retry: on: 5 is not a class of errors"],
  [{ signal: {} }, "retry: signal: [object Object] is not an AbortSignal"],
  [5, "retry: 5 is not an options object"],
]) {
  test(`a mistake in the options is a rejection and says so: ${complaint}`, async () => {
    const fn = failing(0);
    const error = await rejection(retry(fn, options));
    assert.ok(error instanceof TypeError && error.message.startsWith(complaint), error.message);
    assert.equal(fn.calls, 0);
  });
}

test("what cannot be called is refused", async () => {
  assert.match((await rejection(retry("fetch"))).message, /^retry: "fetch" is not a function/);
  assert.match(thrown(() => retrying(undefined)).message, /^retrying: undefined is not a function/);
  assert.match(thrown(() => retrying(() => {}, { maxAttempt: 1 })).message, /^retrying: maxAttempt is not an option/);
});

timed("retrying keeps this, arguments, name and length", async () => {
  class Client {
    calls = 0;
    ask = retrying(async function ask(one, two) {
      this.calls += 1;
      if (this.calls < 2) {
        throw new TransientError();
      }
      return [this.calls, one, two];
    });
  }
  const client = new Client();
  assert.deepEqual(await client.ask("a", "b"), [2, "a", "b"]);
  assert.deepEqual([client.ask.name, client.ask.length], ["ask", 2]);
});

test("generators are refused", () => {
  function* one() {}
  async function* other() {}
  for (const fn of [one, other]) {
    assert.match(
      thrown(() => retrying(fn)).message,
      /is a generator, and what it has already given away cannot be taken back/,
    );
  }
});

// ---- The loop. ----

timed("the loop ends with the first success", async (time) => {
  const numbers = [];
  for await (const attempt of attempts({ maxAttempts: 5, jitter: "none" })) {
    try {
      numbers.push(attempt.number);
      if (attempt.number < 3) {
        throw new TransientError();
      }
    } catch (error) {
      attempt.failed(error);
    }
  }
  assert.deepEqual(numbers, [1, 2, 3]);
  assert.deepEqual(time.slept, [500, 1000]);
});

timed("run brings the value, and undefined before another attempt", async () => {
  const values = [];
  const fn = failing(2, new TransientError());
  for await (const attempt of attempts()) {
    values.push(await attempt.run(fn));
  }
  assert.deepEqual(values, [undefined, undefined, "done"]);
});

timed("the last failure comes out as exhausted", async () => {
  const error = new TransientError("x");
  const loop = async () => {
    for await (const attempt of attempts({ maxAttempts: 2 })) {
      await attempt.run(() => Promise.reject(error));
    }
  };
  const caught = await rejection(loop());
  assert.ok(caught instanceof Exhausted);
  assert.equal(caught.cause, error);
});

timed("a permanent error comes out at once and unchanged", async () => {
  const error = new PermanentError("no");
  const numbers = [];
  const loop = async () => {
    for await (const attempt of attempts()) {
      numbers.push(attempt.number);
      attempt.failed(error);
    }
  };
  assert.equal(await rejection(loop()), error);
  assert.deepEqual(numbers, [1]);
});

timed("the loop may be left, and looped over again", async () => {
  const again = attempts({ maxAttempts: 2 });
  for (let round = 0; round < 2; round += 1) {
    const numbers = [];
    for await (const attempt of again) {
      numbers.push(attempt.number);
      if (attempt.number === 2) {
        break;
      }
      attempt.failed(new TransientError());
    }
    assert.deepEqual(numbers, [1, 2]);
  }
  assert.match(thrown(() => attempts({ maxAttempts: 0 })).message, /is not allowed; use a whole number from 1 to 1000/);
});
