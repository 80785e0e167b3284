import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import vm from "node:vm";
import * as failsoft from "failsoft";
import { parts } from "./common.mjs";

const CODES = {
  FailsoftError: ["failsoft_error"],
  TransientError: ["transient_error"],
  PermanentError: ["permanent_error"],
  DeadlineExceeded: ["deadline_exceeded"],
  CallTimeout: ["call_timeout", "transient_error", "deadline_exceeded"],
  Exhausted: ["exhausted", "failsoft_error"],
  BreakerOpen: ["breaker_open", "failsoft_error"],
  StepLimitExceeded: ["step_limit_exceeded"],
  ApprovalDenied: ["approval_denied"],
  InvalidOption: ["invalid_option"],
};
const guards = Object.entries(failsoft).filter(([name]) => /^is.*Error$/.test(name));

test("every error has a name, a stable code, a message, a cause and a stack", () => {
  for (const [name, codes] of Object.entries(CODES)) {
    const cause = new Error("why");
    const error = new failsoft[name]("what", { cause });
    assert.ok(error instanceof Error);
    assert.deepEqual([error.name, error.code, error.message, error.cause], [name, codes[0], "what", cause]);
    assert.match(error.stack, new RegExp(`^${name}: what`));
    assert.equal(String(error), `${name}: what`);
    assert.ok(!("cause" in new failsoft[name]("no cause")));
    assert.equal(new failsoft[name]().message, "");
  }
});

test("guards and instanceof say the same, and know the parents", () => {
  assert.equal(guards.length, Object.keys(CODES).length);
  for (const [name, codes] of Object.entries(CODES)) {
    const error = new failsoft[name]("x");
    for (const [guard, is] of guards) {
      const type =
        guard === "isFailsoftError"
          ? "FailsoftError"
          : Object.keys(CODES).find((one) => guard === `is${one.replace(/Error$/, "")}Error`);
      assert.equal(is(error), codes.includes(CODES[type][0]), `${guard}(${name})`);
      assert.equal(error instanceof failsoft[type], is(error), `${name} instanceof ${type}`);
    }
  }
});

test("a call timeout is transient, a deadline is not", () => {
  assert.ok(failsoft.isTransientError(new failsoft.CallTimeout("late")));
  assert.ok(failsoft.isDeadlineExceededError(new failsoft.CallTimeout("late")));
  assert.ok(!failsoft.isTransientError(new failsoft.DeadlineExceeded("over")));
});

test("errors of another copy of the package and of another realm are known", async () => {
  const other = await import(new URL("errors.js", parts).href);
  const error = new other.CallTimeout("late");
  assert.ok(!(Object.getPrototypeOf(error) === failsoft.CallTimeout.prototype));
  assert.ok(error instanceof failsoft.TransientError);
  assert.ok(failsoft.isCallTimeoutError(error));
  const realm = vm.runInNewContext(
    `class Late extends Error {}; Late.prototype[Symbol.for("failsoft.error")] = ["call_timeout"]; new Late()`,
  );
  assert.ok(failsoft.isCallTimeoutError(realm));
});

test("a subclass of the user's own is told by its prototype", () => {
  class Busy extends failsoft.TransientError {}
  const busy = new Busy("later");
  assert.ok(busy instanceof Busy && busy instanceof failsoft.TransientError && failsoft.isTransientError(busy));
  assert.ok(!(new failsoft.TransientError("x") instanceof Busy));
  assert.equal(busy.code, "transient_error");
});

test("nothing else is one of ours, and nothing throws", () => {
  const nosy = new Proxy(
    {},
    {
      get: () => {
        throw new Error("do not look");
      },
    },
  );
  for (const value of [
    undefined,
    null,
    0,
    "exhausted",
    { code: "exhausted" },
    new Error("x"),
    () => {},
    nosy,
    Object.create(null),
  ]) {
    for (const [, is] of guards) {
      assert.equal(is(value), false);
    }
    assert.ok(!(value instanceof failsoft.Exhausted));
  }
});

test("retryIn and reason are there where they are known", () => {
  assert.equal(new failsoft.BreakerOpen("x", { retryIn: 5 }).retryIn, 5);
  assert.ok(!("retryIn" in new failsoft.BreakerOpen("x")));
  assert.equal(new failsoft.ApprovalDenied("x").reason, "denied");
  assert.equal(new failsoft.ApprovalDenied("x", { reason: "expired" }).reason, "expired");
  assert.ok(new failsoft.InvalidOption("x") instanceof RangeError);
});

test("node prints the cause", () => {
  const text = inspect(new failsoft.Exhausted("gave up", { cause: new failsoft.TransientError("overloaded") }));
  assert.match(text, /Exhausted: gave up/);
  assert.match(text, /\[cause\]: TransientError: overloaded/);
});
