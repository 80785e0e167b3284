// Two copies of the package in one program, as when two packages bring one each: what one copy throws or makes, the other one
// knows. And what is left of an error that was cloned on its way from another thread.

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { PACKAGE } from "../test_browser/places.mjs";
import { folder } from "./installed.mjs";

const place = folder();
const [one, other] = await Promise.all(
  ["one", "other"].map(async (name) => {
    cpSync(PACKAGE, join(place, name), { recursive: true, dereference: true });
    const load = (file) => import(pathToFileURL(join(place, name, "js", file)).href);
    return { ...(await load("index.js")), ...(await load("machine.js")) };
  }),
);

const caught = async (work) => {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
};

const busy = () => {
  throw Object.assign(new Error("busy"), { status: 503 });
};
const options = { maxAttempts: 2, sleep: () => {} };

test("they are two", () => {
  assert.notEqual(one.Exhausted, other.Exhausted);
  assert.notEqual(one.Failure, other.Failure);
});

test("an error of one copy is one of the other's, and of its parents'", async () => {
  const error = await caught(() => one.retry(busy, options));
  assert.ok(error instanceof other.Exhausted && error instanceof other.FailsoftError);
  assert.ok(other.isExhaustedError(error) && other.isFailsoftError(error));
  assert.ok(!(error instanceof other.BreakerOpen) && !other.isTransientError(error));
  const late = new one.CallTimeout("too late");
  assert.ok(
    late instanceof other.CallTimeout && late instanceof other.TransientError && late instanceof other.DeadlineExceeded,
  );
});

test("every error is known by its guard in the other copy, and only where it should be", () => {
  const names = Object.keys(one).filter((name) => /^is[A-Z].*Error$/.test(name));
  assert.ok(names.length >= 10, names.join(", "));
  const classes = Object.entries(one).filter(
    ([name, value]) => value?.prototype instanceof Error && !["ProviderError", "UnusableReply"].includes(name),
  );
  for (const [name, type] of classes) {
    const error = new type("x");
    for (const guard of names) {
      assert.equal(other[guard](error), one[guard](error), `${guard} of ${name}`);
    }
    assert.ok(error instanceof other[name], name);
  }
});

test("the other copy's errors are classified as one's own", async () => {
  const errors = [
    new one.TransientError("x"),
    new one.PermanentError("x"),
    new one.CallTimeout("x"),
    new one.DeadlineExceeded("x"),
    new one.StepLimitExceeded("x"),
    await caught(() => one.retry(busy, options)),
  ];
  for (const error of errors) {
    assert.deepEqual({ ...other.classify(error) }, { ...one.classify(error) }, error.name);
  }
});

test("a failure of the other copy is taken as it is", () => {
  const failure = new one.Failure("rate_limited", { status: 429, retryAfter: 1500, phase: "first_progress" });
  assert.ok(failure instanceof other.Failure);
  const error = Object.assign(new Error("x"), { failsoftFailure: failure });
  assert.deepEqual({ ...other.classify(error) }, { ...failure });
  assert.ok(new other.Session({ routes: ["p"] }).turn().enter().kind === "attempt");
});

test("what another copy throws inside a retry is judged as one's own", async () => {
  let asked = 0;
  const error = await caught(() =>
    other.retry(() => {
      asked += 1;
      throw new one.PermanentError("no");
    }, options),
  );
  assert.deepEqual([asked, error.message], [1, "no"]);
});

test("a policy, a session or a route of another copy is refused in words, or works", async () => {
  const policy = new one.Policy();
  const error = await caught(() => new other.Session({ routes: ["p"], policy }));
  assert.ok(error instanceof TypeError, String(error));
  const route = new one.Route("primary", { model: "m" });
  const session = new other.Session({ routes: [route] });
  assert.equal(await session.turn().call((attempt) => attempt.route.name), "primary");
});

test("a value of another realm is no obstacle", async () => {
  const foreign = vm.runInNewContext(
    "Object.assign(new Error('busy'), { status: 429, headers: { 'retry-after': '2' } })",
  );
  assert.ok(!(foreign instanceof Error));
  const { kind, status, retryAfter } = one.classify(foreign);
  assert.deepEqual([kind, status, retryAfter], ["rate_limited", 429, 2000]);
  const options = vm.runInNewContext("({ retry: { maxAttempts: 7 } })");
  assert.equal(new one.Policy(options).toJSON().retry.max_attempts, 7);
});

// Structured clones keep the message, the stack and the cause of an error, and nothing else. What must be known on the other
// side has to be posted beside it: `{ code: error.code, message: error.message, retryIn: error.retryIn }`.
test("a clone is a plain error with the message and the cause", async () => {
  const error = await caught(() => one.retry(busy, options));
  const clone = structuredClone(error);
  assert.deepEqual([clone.name, clone.message, clone.cause.message], ["Error", error.message, "busy"]);
  assert.ok(!one.isFailsoftError(clone) && !(clone instanceof one.Exhausted));
  assert.equal(one.classify(clone).kind, "unknown");
  const { code, message, retryIn } = error;
  assert.deepEqual(structuredClone({ code, message, retryIn }), { code: "exhausted", message: error.message, retryIn });
});

test("a failure is cloned as its fields, and made again from them", () => {
  const failure = new one.Failure("overloaded", { status: 503, retryAfter: 250 });
  const { kind, ...fields } = structuredClone(failure);
  assert.deepEqual({ ...new other.Failure(kind, fields) }, { ...failure });
});
