// What travels by JSON and structuredClone, and what the platform leaves of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Exhausted, Policy, Session, TransientError } from "failsoft";
import { thrown } from "./common.mjs";

test("a policy is the same after JSON", () => {
  const policy = new Policy({ retry: { maxAttempts: 5 }, turn: { deadline: 60_000 } });
  const other = Policy.fromJSON(JSON.parse(JSON.stringify(policy)));
  assert.deepEqual(other.toJSON(), policy.toJSON());
  assert.notDeepEqual(other.toJSON(), new Policy().toJSON());
});

test("a report and a result are plain data", async () => {
  const turn = new Session({ routes: ["a"] }).turn();
  await turn.call(() => "done");
  const report = turn.report();
  assert.deepEqual(structuredClone(report), report);
});

test("an error has its code and its number in JSON", () => {
  const error = new Exhausted("gave up", { retryIn: 2500 });
  assert.deepEqual(JSON.parse(JSON.stringify(error)), { code: "exhausted", retryIn: 2500 });
});

test("of an error that is cloned the platform leaves what every error has", () => {
  const clone = structuredClone(new Exhausted("gave up", { cause: new TransientError("down") }));
  assert.equal(clone.message, "gave up");
  assert.equal(clone.cause.message, "down");
});

test("a clone of a policy is none, and that is said where it is used", () => {
  assert.match(thrown(() => new Session({ routes: ["a"], policy: structuredClone(new Policy()) })).message, /policy/);
});
