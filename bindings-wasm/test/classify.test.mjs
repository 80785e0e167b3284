// What `classify` makes of what anybody may throw: errors of other realms, hostile ones, and things that are no errors.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import vm from "node:vm";
import * as failsoft from "failsoft";
import {
  BreakerOpen,
  CallTimeout,
  classify,
  DeadlineExceeded,
  Exhausted,
  Failure,
  PermanentError,
  TransientError,
} from "failsoft";
import { BUGS_SAY, FETCH_SAYS, JSON_SAYS } from "./fetch_errors.mjs";

function odd(fields, message = "odd") {
  return Object.assign(new Error(message), fields);
}

/** As SDKs throw it. */
function http(status, { headers, error, message } = {}) {
  return odd({ status, headers: new Headers(headers), error }, message);
}

describe("what a failure is", () => {
  class ShopIsBusy extends TransientError {}
  class Renamed extends CallTimeout {
    static name = "t";
    name = "n";
  }
  const system = (code, syscall) => odd({ code, syscall });
  const rows = [
    [new TransientError("busy"), "server_error"],
    [new ShopIsBusy("busy"), "server_error"],
    [new PermanentError("no"), "invalid_request"],
    [new CallTimeout("late"), "timed_out"],
    [new Renamed("late"), "timed_out"],
    [new DeadlineExceeded("over"), "unknown"],
    [new Exhausted("over", { cause: http(429) }), "unknown"],
    [new BreakerOpen("open"), "unknown"],
    [new TransientError("busy", { cause: http(400) }), "server_error"],
    [new TypeError("x is not a function"), "bug"],
    [new ReferenceError("x is not defined"), "bug"],
    [new RangeError("Invalid array length"), "bug"],
    [new SyntaxError("missing )"), "bug"],
    [new Error("?"), "unknown"],
    [new URIError("URI malformed"), "unknown"],
    [http(429), "rate_limited"],
    [http(401), "auth"],
    [http(404), "not_found"],
    [http(500), "server_error"],
    [http(529), "overloaded"],
    [http(400), "invalid_request"],
    [http(429, { error: { code: "insufficient_quota" } }), "quota_exhausted"],
    [http(400, { error: { code: "context_length_exceeded" } }), "context_overflow"],
    [http(500, { error: { type: "error", error: { type: "overloaded_error" } } }), "overloaded"],
    [http(400, { message: "prompt is too long: 9 tokens" }), "context_overflow"],
    [odd({ code: "insufficient_quota", status: 429 }), "quota_exhausted"],
    [odd({ statusCode: 503 }), "overloaded"],
    [odd({ response: { status: 403 } }), "auth"],
    [odd({ response: { status: 400, data: { error: { code: "model_not_found" } } } }), "not_found"],
    [{ status: 429 }, "rate_limited"],
    [Object.assign(Object.create(null), { status: 429, message: "slow down" }), "rate_limited"],
    [new Response("", { status: 503 }), "overloaded"],
    [system("ECONNREFUSED", "connect"), "connect"],
    [system("DEPTH_ZERO_SELF_SIGNED_CERT"), "certificate"],
    [new DOMException("late", "TimeoutError"), "read_timeout"],
    [new DOMException("gone", "AbortError"), "cancelled"],
    [new DOMException("gone", "AbortError").constructor, "unknown"],
    [undefined, "unknown"],
    [null, "unknown"],
    ["no such model", "unknown"],
    [42, "unknown"],
    [10n, "unknown"],
    [Symbol("odd"), "unknown"],
    [() => {}, "unknown"],
  ];
  for (const [index, [error, kind]] of rows.entries()) {
    test(`${index}: ${kind}`, () => assert.equal(classify(error).kind, kind));
  }
});

test("what may have been sent is told from what cannot have been", () => {
  const effects = [
    ["ECONNREFUSED", "connect"],
    ["ETIMEDOUT", "connect"],
    ["ENOTFOUND", "getaddrinfo"],
    ["ECONNRESET", "read"],
    ["ETIMEDOUT", "read"],
    ["EHOSTUNREACH", undefined],
  ].map(([code, syscall]) => classify(odd({ code, syscall })).effect);
  assert.deepEqual(effects, ["none", "none", "none", "possible", "possible", "possible"]);
});

test("a TypeError of fetch is no bug, in any engine", () => {
  for (const message of Object.values(FETCH_SAYS).flat()) {
    const { kind, effect } = classify(new TypeError(message));
    assert.deepEqual([kind, effect], ["connect", "possible"], message);
  }
  for (const message of BUGS_SAY) {
    assert.equal(classify(new TypeError(message)).kind, "bug", message);
  }
});

test("a body that is not JSON is no bug, in any engine", () => {
  for (const message of Object.values(JSON_SAYS).flat()) {
    assert.equal(classify(new SyntaxError(message)).kind, "malformed", message);
  }
});

describe("headers", () => {
  const told = { status: 429, retryAfter: 3000, shouldRetry: false };
  const shown = ({ status, retryAfter, shouldRetry }) => ({ status, retryAfter, shouldRetry });
  const plain = { "retry-after": "3", "x-should-retry": "false" };
  const cases = {
    Headers: odd({ status: 429, headers: new Headers(plain) }),
    "a plain object": odd({ status: 429, headers: plain }),
    "in any case": odd({ status: 429, headers: { "Retry-After": "3", "X-SHOULD-RETRY": "false" } }),
    "of the response": odd({ response: { status: 429, headers: plain } }),
    "a map": odd({ status: 429, headers: new Map(Object.entries(plain)) }),
    "of a cause": new Error("?", { cause: odd({ status: 429, headers: plain }) }),
  };
  for (const [name, error] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(shown(classify(error)), told));
  }

  test("milliseconds come first", () => {
    assert.equal(classify(http(429, { headers: { "retry-after-ms": "250", "retry-after": "3" } })).retryAfter, 250);
  });

  test("a date counts from now", () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { retryAfter } = classify(http(429, { headers: { "retry-after": date } }));
    assert(retryAfter > 55_000 && retryAfter <= 60_000, `${retryAfter}`);
  });
});

describe("chains", () => {
  const refused = () => odd({ code: "ECONNREFUSED", syscall: "connect" });

  test("a cause tells what a wrapper does not", () => {
    const wrapped = new Error("no", { cause: new Error("no", { cause: refused() }) });
    assert.deepEqual([classify(wrapped).kind, classify(wrapped).effect], ["connect", "none"]);
  });

  test("what a wrapper says itself comes first", () => {
    assert.equal(classify(odd({ status: 429, cause: odd({ status: 500 }) })).kind, "rate_limited");
    assert.equal(classify(new TransientError("busy", { cause: new TypeError("x") })).kind, "server_error");
  });

  test("gathered errors are looked at in turn", () => {
    assert.equal(classify(new AggregateError([new Error("?"), refused()])).kind, "connect");
    assert.equal(classify(new AggregateError([])).kind, "unknown");
    assert.equal(classify(odd({ errors: "no list" })).kind, "unknown");
  });

  test("one that bites its tail ends", () => {
    const [first, second] = [new Error("a"), new Error("b")];
    [first.cause, second.cause] = [second, first];
    assert.equal(classify(first).kind, "unknown");
    const group = new AggregateError([]);
    group.errors.push(group, group);
    assert.equal(classify(group).kind, "unknown");
  });

  test("sixteen are looked at", () => {
    const deep = (levels) => {
      let error = refused();
      for (let i = 0; i < levels; i += 1) {
        error = new Error("?", { cause: error });
      }
      return classify(error).kind;
    };
    assert.deepEqual([deep(15), deep(16), deep(10_000)], ["connect", "unknown", "unknown"]);
    assert.equal(classify(new AggregateError(Array.from({ length: 100_000 }, refused))).kind, "connect");
  });
});

describe("other realms and bundles", () => {
  const foreign = (code) => vm.runInNewContext(code);

  test("errors of another realm are known by their names", () => {
    const error = foreign("Object.assign(new Error('x'), { code: 'ECONNRESET', cause: new TypeError('y') })");
    assert(!(error instanceof Error));
    assert.equal(classify(error).kind, "connect");
    assert.equal(classify(foreign("new TypeError('x is not a function')")).kind, "bug");
    assert.equal(classify(foreign("new TypeError('fetch failed')")).kind, "connect");
    assert.equal(classify(foreign("Object.assign(new Error('x'), { status: 429 })")).kind, "rate_limited");
  });

  test("failsoft's own errors are known by their brand, whatever a bundler made of their names", () => {
    const brand = Symbol.for("failsoft.error");
    const other = Object.assign(new (class t extends Error {})("late"), {
      [brand]: ["call_timeout", "transient_error", "deadline_exceeded"],
    });
    assert.equal(classify(other).kind, "timed_out");
    assert.equal(classify({ [brand]: ["permanent_error"] }).kind, "invalid_request");
    for (const codes of ["call_timeout", [7, {}], new Array(1e6), null]) {
      assert.equal(classify({ [brand]: codes }).kind, "unknown");
    }
  });

  test("a failure that an error brings along is taken as it is", () => {
    const failure = new Failure("overloaded", { retryAfter: 2000 });
    assert.equal(classify(odd({ failsoftFailure: failure, status: 400 })), failure);
  });

  test("so is one of another copy of the package", () => {
    const other = { kind: "overloaded", status: 503, retryAfter: 2000, effect: "none" };
    const { kind, status, retryAfter, effect } = classify(odd({ failsoftFailure: other, status: 400 }));
    assert.deepEqual({ kind, status, retryAfter, effect }, other);
    assert.equal(classify(odd({ failsoftFailure: { kind: "oops" }, status: 400 })).kind, "invalid_request");
    assert.equal(classify(odd({ failsoftFailure: 42, status: 400 })).kind, "invalid_request");
  });
});

describe("odd ones never break it", () => {
  const bomb = () => {
    throw new Error("boom");
  };
  const traps = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, bomb]));
  const hostile = () => new Proxy(new Error("x"), traps);
  const revoked = (target) => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const endless = new Proxy({}, { getPrototypeOf: () => endless, get: (_, name) => (name === "x" ? 1 : endless) });
  const getters = {};
  for (const name of ["name", "message", "code", "status", "headers", "response", "cause", "errors", "constructor"]) {
    Object.defineProperty(getters, name, { get: bomb });
  }
  const cases = {
    "a proxy that refuses everything": hostile(),
    "a revoked proxy": revoked({}),
    "a revoked function": revoked(() => {}),
    "a revoked list of errors": odd({ errors: revoked([]) }),
    "a prototype without end": endless,
    "getters that throw": getters,
    "no prototype": Object.create(null),
    "a text that throws": odd({ message: undefined, toString: bomb }),
    "a hostile cause": odd({ cause: hostile(), errors: [hostile(), revoked([])] }),
    "everything hostile": odd({
      code: hostile(),
      name: hostile(),
      status: hostile(),
      headers: hostile(),
      response: hostile(),
      error: hostile(),
      failsoftFailure: hostile(),
    }),
    "statuses of nonsense": odd({ status: "429", statusCode: 1e30, code: NaN }),
    "headers of nonsense": odd({ status: 429, headers: { get: () => 3 } }),
    "headers that throw": odd({ status: 429, headers: { get: bomb } }),
    "too many headers": odd({ headers: Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`x${i}`, "1"])) }),
    "half a character": odd({ code: "\ud800", name: "\udfff", headers: { "retry-after": "\ud800" } }, "\ud800"),
    "endless words": odd({ code: "x".repeat(1e6), name: "y".repeat(1e6), type: "z".repeat(1e6) }, "m".repeat(1e7)),
    "a null in the words": odd({ code: "a\0b" }, "a\0b"),
  };
  for (const [name, error] of Object.entries(cases)) {
    test(name, () => assert(classify(error) instanceof Failure));
  }
});

test("two verbs are all there is to import", () => {
  assert.deepEqual(
    Object.keys(failsoft).filter((name) => /^(facts|textOf|judge|classify|explain)/.test(name)),
    ["classify", "explain"],
  );
});
