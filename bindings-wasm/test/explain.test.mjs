// Why a failure is what it is: `explain`, what the caller knows beside the error, and rules of a policy.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { classify, explain, Failure, InvalidOption, Policy, Session } from "failsoft";
import { explainFacts, headerNames } from "failsoft/machine";

function odd(fields, message = "odd") {
  return Object.assign(new Error(message), fields);
}

const QUOTA = odd({ status: 429, headers: { "retry-after": "20" }, error: { code: "insufficient_quota" } });
const OURS = Policy.fromJSON(`{
  "classify": { "rules": [{ "name": "shop_is_closed", "when": { "code": ["shop_closed"] }, "then": { "kind": "overloaded" } }] },
  "failures": { "overloaded": { "again": "no" } }
}`);
const CLOSED = odd({ status: 400, error: { code: "shop_closed" } });

/** What a call of a session takes an error for, as its event log tells. */
async function judgedBy(session, error) {
  const turn = session.turn();
  await assert.rejects(turn.call(() => Promise.reject(error)));
  return turn.notices().find(({ kind }) => kind !== undefined).kind;
}

test("it names the rule, the facts and what follows", () => {
  const found = explain(QUOTA);
  assert.equal(found.rule, "quota");
  assert(found.failure instanceof Failure);
  assert.deepEqual(found.failure, classify(QUOTA));
  assert.match(found.why, /insufficient_quota/);
  assert.ok(found.next.length > 0);
  const text = `${found}`;
  for (const part of ["quota_exhausted", found.rule, found.why, found.next]) {
    assert.ok(text.includes(part), `${part} is not in ${text}`);
  }
  assert.ok(Object.isFrozen(found));
});

test("a policy's own rules and rows count", () => {
  assert.equal(classify(CLOSED).kind, "invalid_request");
  const { rule, failure, next } = explain(CLOSED, { policy: OURS });
  assert.deepEqual([rule, failure.kind], ["shop_is_closed", "overloaded"]);
  assert.notEqual(next, explain(odd({ status: 503 })).next);
  const off = new Policy({ classify: { off: ["quota"] } });
  assert.equal(classify(QUOTA, { policy: off }).kind, "rate_limited");
});

test("a session judges by its policy, and so do its calls", async () => {
  const session = new Session({ routes: ["primary"], policy: OURS, sleep: () => {}, log: null });
  assert.equal(session.classify(CLOSED).kind, "overloaded");
  assert.equal(session.explain(CLOSED).rule, "shop_is_closed");
  assert.equal(await judgedBy(session, CLOSED), "overloaded");
});

test("whom an attempt asked counts in its judgement", async () => {
  const rule = '{ "name": "only_there", "when": { "provider": ["shop"] }, "then": { "kind": "not_found" } }';
  const policy = Policy.fromJSON(`{ "classify": { "rules": [${rule}] } }`);
  const session = new Session({ routes: [{ name: "there", provider: "Shop" }], policy, log: null });
  assert.equal(await judgedBy(session, new Error("?")), "not_found");
  assert.equal(classify(new Error("?"), { policy, provider: "SHOP" }).kind, "not_found");
  assert.equal(classify(new Error("?"), { policy, provider: "other" }).kind, "unknown");
});

test("how far it had come counts", () => {
  const lost = odd({ code: "ECONNRESET", syscall: "read" });
  assert.equal(classify(lost).kind, "connect");
  assert.deepEqual(
    [classify(lost, { phase: "idle" }).kind, classify(lost, { phase: "idle" }).phase],
    ["stream_broken", "idle"],
  );
  assert.equal(classify(odd({ failsoftPhase: "idle", cause: lost })).kind, "stream_broken");
  assert.equal(classify(odd({ failsoftPhase: "later", cause: lost })).kind, "connect");
});

test("a failure that an error brings along is explained by the table", () => {
  const error = odd({ failsoftFailure: new Failure("overloaded", { retryAfter: 2000 }), status: 400 });
  const { failure, next, why } = explain(error);
  assert.equal(failure, error.failsoftFailure);
  assert.ok(next.length > 0 && why.length > 0);
});

test("options are checked by name", () => {
  for (const verb of [classify, explain]) {
    assert.throws(() => verb(QUOTA, { polic: OURS }), TypeError);
    assert.throws(() => verb(QUOTA, { policy: {} }), TypeError);
    assert.throws(() => verb(QUOTA, { phase: "later" }), InvalidOption);
  }
  const session = new Session({ routes: ["primary"] });
  assert.throws(() => session.classify(QUOTA, { policy: OURS }), /policy is not an option/);
});

describe("what is read of an error", () => {
  const kindOf = (fields, message) => classify(odd(fields, message)).kind;

  test("a body, wherever a client has left it", () => {
    const text = '{"error":{"code":"insufficient_quota"}}';
    const parsed = JSON.parse(text);
    const bytes = new TextEncoder().encode(text);
    for (const holder of [
      { responseBody: text },
      { body: text },
      { body: parsed },
      { error: parsed.error },
      { data: parsed },
      { response: { data: parsed } },
      { response: { data: text } },
      { response: { data: bytes } },
      { response: { data: bytes.buffer } },
    ]) {
      assert.equal(kindOf({ status: 429, ...holder }), "quota_exhausted", JSON.stringify(holder));
    }
    assert.equal(kindOf({ status: 429 }, text), "quota_exhausted");
  });

  test("no stream, no prompt, and no property that is not an answer's", () => {
    const word = { error: { code: "insufficient_quota" } };
    for (const holder of [
      { request: word },
      { config: { data: JSON.stringify(word) } },
      { requestBodyValues: word },
      { response: { data: new ReadableStream() } },
      { response: { data: Object.assign(new EventTarget(), word) } },
    ]) {
      assert.equal(kindOf({ status: 429, ...holder }), "rate_limited");
    }
  });

  test("a body without end is cut, and one that bites its tail ends", () => {
    const ring = { error: { code: "insufficient_quota" } };
    ring.error.ring = ring;
    ring.list = Array.from({ length: 1e6 }, () => ring);
    assert.equal(kindOf({ status: 429, body: ring }), "quota_exhausted");
    const late = { much: "x".repeat(1e7), error: { code: "insufficient_quota" } };
    assert.equal(kindOf({ status: 429, body: late }), "rate_limited");
    const endless = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("boom");
        },
      },
    );
    assert.equal(kindOf({ status: 429, body: { error: endless } }), "rate_limited");
  });

  test("only the headers that the engine reads, and those in any case", () => {
    assert.ok(headerNames().includes("retry-after") && headerNames().every((name) => name === name.toLowerCase()));
    const headers = { "X-RateLimit-Reset-Requests": "1m12s", "x-ratelimit-remaining-requests": "0" };
    for (const holder of [{ headers }, { responseHeaders: headers }, { response: { headers: new Headers(headers) } }]) {
      assert.equal(classify(odd({ status: 429, ...holder })).resetAfter, 72_000);
    }
    assert.equal(classify(odd({ status: 429, headers: { "retry-after": ["7", "8"] } })).retryAfter, 7000);
  });

  test("of attempts in a row, the last one", () => {
    const errors = [odd({ statusCode: 503 }), odd({ statusCode: 400 })];
    assert.equal(kindOf({ errors, lastError: errors[1] }), "invalid_request");
    const reset = odd({ code: "ECONNRESET", syscall: "read" });
    assert.equal(kindOf({ errors: [odd({ statusCode: 429 }), reset], lastError: reset }), "connect");
  });

  test("what an event or a part of a stream wraps", () => {
    assert.equal(classify({ type: "error", error: odd({ status: 429 }) }).kind, "rate_limited");
    assert.equal(classify({ type: "error", error: { type: "overloaded_error" } }).kind, "overloaded");
  });

  test("a group is nothing but its members", () => {
    const fetches = [new TypeError("fetch failed"), new TypeError("fetch failed")];
    assert.equal(classify(new AggregateError(fetches)).kind, "connect");
    assert.equal(classify(new AggregateError([new DOMException("gone", "AbortError")])).kind, "cancelled");
  });
});

describe("cancelled", () => {
  const aborted = (cause) => Object.assign(new DOMException("gone", "AbortError"), cause && { cause });

  test("is what stopped it, and not what was stopped by it", () => {
    assert.equal(classify(aborted()).kind, "cancelled");
    assert.equal(classify(odd({ name: "AbortError", code: "ABORT_ERR" })).kind, "cancelled");
    assert.equal(classify(odd({ code: "ERR_CANCELED", isAxiosError: true })).kind, "cancelled");
    assert.notEqual(classify(new Error("no", { cause: aborted() })).kind, "cancelled");
    assert.equal(classify(odd({ status: 503, cause: aborted() })).kind, "overloaded");
  });

  test("is not a limit that ran out", () => {
    assert.equal(classify(aborted(new DOMException("late", "TimeoutError"))).kind, "read_timeout");
    assert.equal(classify(new DOMException("late", "TimeoutError")).kind, "read_timeout");
  });

  test("is never asked again", () => {
    assert.match(explain(aborted()).next, /\S/);
    assert.notEqual(explain(aborted()).next, explain(odd({ status: 503 })).next);
  });
});

test("the same facts by hand", () => {
  const { rule, failure } = explainFacts({ status: 429, headers: { "retry-after": "20" }, body: "{}" });
  assert.deepEqual([rule, failure.kind, failure.retryAfter], ["rate_limit_429", "rate_limited", 20_000]);
});
