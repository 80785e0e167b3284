import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidOption, Tool, tool } from "failsoft";

test("name and parameters have defaults, and all may be said", () => {
  function multiply({ a, b }) {
    return a * b;
  }
  const plain = tool(multiply);
  assert(plain instanceof Tool);
  assert.equal(plain.fn, multiply);
  const anything = { type: "object", properties: {}, additionalProperties: true };
  assert.deepEqual(plain.spec(), { name: "multiply", description: "", parameters: anything });
  const parameters = { type: "object", properties: {} };
  const said = tool(() => 1, { name: "one", description: "Gives one.", parameters });
  assert.deepEqual(said.spec(), { name: "one", description: "Gives one.", parameters });
});

test("what is missing or unknown is complained of by name", () => {
  const strict = { type: "object", properties: { a: {}, b: {} }, required: ["a"], additionalProperties: false };
  const one = tool(() => 1, { name: "one", parameters: strict });
  assert.equal(one.complaint({ a: 1 }), undefined);
  assert.equal(one.complaint({ a: undefined, b: 2 }), undefined);
  assert.equal(one.complaint({ b: 1 }), "the arguments do not fit: missing a required argument: 'a'");
  assert.equal(one.complaint({ a: 1, c: 1 }), "the arguments do not fit: got an unexpected keyword argument 'c'");
  assert.equal(
    one.complaint({ a: 1, toString: 1 }),
    "the arguments do not fit: got an unexpected keyword argument 'toString'",
  );
  const loose = tool(() => 1, { name: "one", parameters: { ...strict, additionalProperties: undefined } });
  assert.equal(loose.complaint({ a: 1, c: 1 }), undefined);
  const named = tool(() => 1, { name: "one", parameters: { required: ["constructor"] } });
  assert.match(named.complaint({}), /missing a required argument: 'constructor'/);
});

test("nonsense is refused", () => {
  const fn = () => 1;
  const cases = [
    [
      () => tool(fn, { replay: "twice" }),
      InvalidOption,
      /^tool\.replay: "twice" is not allowed; use one of idempotent, keyed, once$/,
    ],
    [() => tool(fn, { risky: "yes" }), InvalidOption, /^tool\.risky: "yes" is not allowed/],
    [() => tool(fn, { parameters: [] }), InvalidOption, /^tool\.parameters: /],
    [() => tool(() => 1), InvalidOption, /^tool\.name: "" is not allowed/],
    [() => tool("fn"), TypeError, /^tool: "fn" is not a function$/],
    [() => tool(fn, { riski: true }), TypeError, /^tool: riski is not an option/],
    [() => tool(function* numbers() {}), TypeError, /^tool numbers: a generator brings no result/],
    [() => tool(async function* numbers() {}), TypeError, /^tool numbers: a generator brings no result/],
  ];
  for (const [make, kind, message] of cases) {
    assert.throws(make, (error) => {
      assert(error instanceof kind, error);
      assert.match(error.message, message);
      return true;
    });
  }
});
