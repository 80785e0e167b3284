import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ApprovalDenied,
  approvalGate,
  CallTimeout,
  callWithDeadline,
  Exhausted,
  fallback,
  PermanentError,
  retry,
  StepLimitExceeded,
  StepLimiter,
  TransientError,
} from "failsoft";
import { deferred, failing, rejection, thrown, timed, turns } from "./common.mjs";

// ---- callWithDeadline ----

timed("a call within its limit brings its value or its error, unchanged", async () => {
  const error = new Error("x");
  assert.equal(await callWithDeadline(async () => 1, 1000), 1);
  assert.equal(await callWithDeadline(() => 1, 1000), 1);
  assert.equal(await rejection(callWithDeadline(() => Promise.reject(error), 1000)), error);
  assert.equal(
    await rejection(
      callWithDeadline(() => {
        throw error;
      }, 1000),
    ),
    error,
  );
});

timed("at the limit the signal is aborted and the error is a timeout", async (time) => {
  const before = time.now;
  let given;
  const hung = ({ signal }) => {
    given = signal;
    return time.hang(Infinity, signal);
  };
  const error = await rejection(callWithDeadline(hung, 2500));
  assert.ok(error instanceof CallTimeout);
  assert.equal(error.message.startsWith("hung was given up on after 2.5 s"), true, error.message);
  assert.equal(given.reason, error);
  assert.equal(time.now - before, 2500);
});

timed("what does not listen is left behind, and its late error harms nobody", async () => {
  const late = deferred();
  assert.ok((await rejection(callWithDeadline(() => late.promise, 10))) instanceof CallTimeout);
  late.reject(new Error("late"));
  await turns();
});

test("the clock may be the caller's own", async () => {
  let now = 0;
  const clock = () => (now += 500);
  assert.ok((await rejection(callWithDeadline(() => new Promise(() => {}), 100, { clock }))) instanceof CallTimeout);
});

timed("a late call is tried again by retry", async (time) => {
  let calls = 0;
  const fn = async ({ signal }) => {
    calls += 1;
    return calls < 2 ? time.hang(Infinity, signal) : "done";
  };
  assert.equal(await retry(() => callWithDeadline(fn, 1000)), "done");
});

for (const timeout of [0, -1, Number.NaN, Infinity, "1", undefined]) {
  test(`a limit of nonsense is refused: ${timeout}`, async () => {
    const fn = failing(0);
    const error = await rejection(callWithDeadline(fn, timeout));
    assert.match(error.message, /^attempt\.timeout: .* is not allowed/);
    assert.equal(fn.calls, 0);
  });
}

// ---- fallback ----

timed("the first option that works wins", async () => {
  const never = failing(0);
  assert.equal(await fallback(() => "first", never), "first");
  assert.equal(never.calls, 0);
});

for (const error of [
  new TransientError("x"),
  new PermanentError("x"),
  new TypeError("x"),
  new CallTimeout("x"),
  new Error("x"),
]) {
  timed(`it moves on at every error: ${error.name}`, async (time) => {
    const broken = failing(9, error);
    assert.equal(await fallback(broken, broken, () => "third"), "third");
    assert.equal(broken.calls, 2);
    assert.deepEqual(time.slept, []);
  });
}

timed("a hint to wait is not waited for", async (time) => {
  const limited = Object.assign(new Error("slow down"), { status: 429, headers: { "retry-after": "600" } });
  assert.equal(await fallback(failing(9, limited), async () => "second"), "second");
  assert.deepEqual(time.slept, []);
});

timed("none that works is exhausted from the last", async () => {
  const last = new PermanentError("last");
  const error = await rejection(fallback(failing(9, new TransientError("first")), failing(9, last)));
  assert.ok(error instanceof Exhausted);
  assert.equal(error.cause, last);
  assert.equal(error.message, "gave up after 2 attempts in 0 s: option 1 server_error, option 2 invalid_request");
});

test("mistakes are rejections", async () => {
  assert.equal((await rejection(fallback())).message, "routes: an empty chain is not allowed; use 1 to 64 routes");
  assert.match((await rejection(fallback("x"))).message, /^fallback: "x" is not a function/);
  assert.match((await rejection(fallback(() => 1, { timeout: 5 }))).message, /^fallback: timeout is not an option/);
});

// ---- StepLimiter ----

test("exactly the limit is let through", () => {
  const steps = new StepLimiter(3);
  assert.deepEqual([steps.tick(), steps.tick(), steps.tick()], [1, 2, 3]);
  const error = thrown(() => steps.tick());
  assert.ok(error instanceof StepLimitExceeded);
  assert.equal(error.message, "all 3 steps are taken");
  assert.equal(steps.steps, 3);
});

for (const wrong of [0, -1, 1.5, true, Number.NaN, 1e30, "3"]) {
  test(`a limit of steps that is none is refused: ${String(wrong)}`, () => {
    assert.match(
      thrown(() => new StepLimiter(wrong)).message,
      /turn\.steps: .* is not allowed; use a whole number from 1 to 100000/,
    );
  });
}

// ---- approvalGate ----

const MAIL = { to: "ada", body: "hi" };
const never = () => assert.fail("asked");

test("a safe tool is never asked about", async () => {
  await approvalGate("add", {}, { risky: false, approver: never });
  await approvalGate("add", {}, { risky: new Set(["mail"]), approver: never });
  await approvalGate("add", {}, { risky: () => false, approver: never });
  await approvalGate("mail", {}, { risky: "send_mail", approver: never });
});

for (const risky of [true, "mail", ["mail"], new Set(["mail"]), (_, { to }) => to === "ada", async () => true]) {
  test(`a risky one runs after a yes: ${typeof risky} ${String(risky)}`, async () => {
    const asked = [];
    await approvalGate("mail", MAIL, { risky, approver: (request) => asked.push(request) > 0 });
    assert.equal(asked.length, 1);
    assert.deepEqual([asked[0].tool, asked[0].arguments, asked[0].digest.length], ["mail", MAIL, 64]);
  });
}

for (const answer of [true, "once", "session", "always"]) {
  test(`every kind of yes: ${answer}`, () => approvalGate("mail", MAIL, { risky: true, approver: async () => answer }));
}

for (const answer of [false, null, undefined, "deny", "yes", 1, "", {}, ["once"]]) {
  test(`everything else is a no: ${JSON.stringify(answer)}`, async () => {
    const error = await rejection(approvalGate("mail", MAIL, { risky: true, approver: () => answer }));
    assert.ok(error instanceof ApprovalDenied);
    assert.deepEqual([error.reason, error.message], ["denied", "mail may not run: denied"]);
  });
}

test("a withdrawn request says so, and no approver means no", async () => {
  const withdrawn = await rejection(approvalGate("mail", MAIL, { risky: true, approver: () => "withdrawn" }));
  assert.equal(withdrawn.reason, "withdrawn");
  assert.equal((await rejection(approvalGate("mail", MAIL, { risky: true }))).reason, "no_approver");
});

test("an approver that fails is no yes", async () => {
  const error = new Error("x");
  assert.equal(
    await rejection(approvalGate("mail", MAIL, { risky: true, approver: () => Promise.reject(error) })),
    error,
  );
});

test("the digest binds tool and arguments", async () => {
  const digests = new Set();
  const approver = ({ digest }) => Boolean(digests.add(digest));
  for (const [tool, given] of [
    ["t", { a: 1, b: 2 }],
    ["t", { b: 2, a: 1 }],
    ["u", { a: 1, b: 2 }],
    ["t", { a: 1 }],
  ]) {
    await approvalGate(tool, given, { risky: true, approver });
  }
  assert.equal(digests.size, 3);
});

for (const given of [{ a: Number.NaN }, { a: 1n }, undefined, { a: "\ud800" }]) {
  test(`arguments that are no plain data are refused before anybody is asked: ${typeof given?.a}`, async () => {
    const error = await rejection(approvalGate("mail", given, { risky: true, approver: never }));
    assert.match(error.message, /^mail: /);
  });
}

test("mistakes of a gate are rejections", async () => {
  assert.match((await rejection(approvalGate("mail", MAIL, {}))).message, /^approvalGate: say whether it is risky/);
  assert.match((await rejection(approvalGate("mail", MAIL, { risky: 5 }))).message, /^risky: 5 is neither/);
  assert.match(
    (await rejection(approvalGate("mail", MAIL, { risky: true, approver: 5 }))).message,
    /^approver: 5 is not a function/,
  );
});
