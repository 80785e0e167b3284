// The tools of an agent: what they are handed, what they bring, and what the model hears of it.

import assert from "node:assert/strict";
import { CallTimeout, Policy, TransientError, tool } from "failsoft";
import { calls, says, script } from "failsoft/testing";
import { ask, multiply, results, run, TWO_NUMBERS, timed } from "./agents.mjs";

const NO_JITTER = new Policy({ retry: { jitter: "none" } });

timed("tools are told to the model", async () => {
  let seen;
  const model = (_, tools) => {
    seen = tools;
    return { answer: "x" };
  };
  await run(model, { tools: [multiply] });
  assert.deepEqual(seen, [{ name: "multiply", description: "", parameters: TWO_NUMBERS }]);
});

timed("results go back in the model's order", async () => {
  const model = script(ask(["multiply", { a: 1, b: 1 }], ["multiply", { a: 2, b: 2 }]), says("x"));
  const result = await run(model, { tools: [multiply] });
  assert.deepEqual(results(result), ["1", "4"]);
  assert.deepEqual(
    result.messages.filter(({ role }) => role === "tool").map(({ toolCallId }) => toolCallId),
    ["c0", "c1"],
  );
});

timed("arguments may come as JSON text", async () => {
  const result = await run(script(ask(["multiply", '{"a": 6, "b": 7}']), says("x")), { tools: [multiply] });
  assert.deepEqual(results(result), ["42"]);
});

const cycle = { a: 1 };
cycle.b = cycle;
const BAD_ARGUMENTS = [
  ["[1, 2]", "the arguments must be an object, not a list"],
  [[1, 2], "the arguments must be an object, not a list"],
  ["{", "the arguments are not valid JSON"],
  [null, "the arguments must be an object, not null"],
  [{ a: 1 }, "the arguments do not fit: missing a required argument: 'b'"],
  [{ a: 1, b: 2, c: 3 }, "the arguments do not fit: got an unexpected keyword argument 'c'"],
  [{ a: 2 ** 53, b: 1 }, "the number 9007199254740992 is beyond 2^53 - 1"],
  ['{"a": 9007199254740993, "b": 1}', "the number 9007199254740992 is beyond 2^53 - 1"],
  [{ a: 10n ** 50n, b: 1 }, "the arguments are not plain data"],
  [{ a: NaN, b: 1 }, "the arguments are not plain data"],
  [{ a: -Infinity, b: 1 }, "the arguments are not plain data"],
  [{ a: new Map([[1, 2]]), b: 1 }, "the arguments are not plain data"],
  [{ a: "\ud800", b: 1 }, "the arguments are not valid JSON"],
  ['{"a": "\ud800", "b": 1}', "the arguments hold a lone surrogate"],
  [cycle, "the arguments are not plain data"],
  [() => 1, "the arguments are not plain data"],
];
for (const [given, complaint] of BAD_ARGUMENTS) {
  timed(`bad arguments are told to the model: ${complaint}`, async () => {
    const ran = [];
    const careful = tool((args) => ran.push(args), { name: "multiply", parameters: TWO_NUMBERS });
    const result = await run(script(ask(["multiply", given]), says("sorry")), { tools: [careful] });
    assert.deepEqual(ran, []);
    assert(results(result)[0].startsWith(`The tool multiply was not run: ${complaint}`), results(result)[0]);
    assert.deepEqual([result.answer, result.degraded], ["sorry", false]);
  });
}

timed("arguments nested beyond reason are refused", async () => {
  let deep = {};
  for (let depth = 0; depth < 100_000; depth += 1) deep = { x: deep };
  const result = await run(script(ask(["multiply", deep]), says("sorry")), { tools: [multiply] });
  assert.match(results(result)[0], /^The tool multiply was not run: the arguments are not plain data/);
});

timed("what an argument reads as while it is asked about is what runs", async () => {
  const ran = [];
  let reads = 0;
  const shifty = {
    get to() {
      reads += 1;
      return reads === 1 ? "ada" : "eve";
    },
  };
  const send = tool(({ to }) => ran.push(to), { name: "send", risky: true });
  const shown = [];
  const approver = (request) => shown.push(request.arguments.to) > 0;
  await run(script(ask(["send", shifty]), says("x")), { tools: [send], approver });
  assert.deepEqual([shown, ran], [["ada"], ["ada"]]);
});

timed("a key named __proto__ is a key like any other", async () => {
  let got;
  const look = tool((args) => (got = args), { name: "look" });
  const result = await run(script(ask(["look", '{"__proto__": {"admin": true}, "a": 1}']), says("x")), {
    tools: [look],
  });
  assert.equal(result.answer, "x");
  assert.equal(got.admin, undefined);
  assert.equal({}.admin, undefined);
  assert(Object.hasOwn(got, "__proto__"));
});

for (const name of ["divide", "", null, undefined, 7, "\ud800", "__proto__", "x".repeat(5000), Object.create(null)]) {
  timed(`an unknown tool is told to the model: ${String(JSON.stringify(name)).slice(0, 20)}`, async () => {
    const result = await run(script(ask([name, {}]), says("sorry")), { tools: [multiply] });
    assert.match(results(result)[0], /^There is no tool named .*\. The tools are: multiply\.$/s);
    assert(results(result)[0].length < 300);
    assert.equal(result.answer, "sorry");
  });
}

class OwnError extends Error {}
const TOOL_ERRORS = [
  [new RangeError("by zero"), "RangeError: by zero"],
  [new OwnError("mine"), "OwnError: mine"],
  [new TransientError("busy"), "TransientError: busy"],
  [new TypeError("the tool's own"), "TypeError: the tool's own"],
  ["only a text", "only a text"],
];
for (const [error, text] of TOOL_ERRORS) {
  timed(`a tool that throws is told to the model: ${text}`, async () => {
    let ran = 0;
    const broken = () => {
      ran += 1;
      throw error;
    };
    const result = await run(script(calls("broken"), says("sorry")), { tools: [broken] });
    assert.deepEqual(results(result), [`The tool broken failed: ${text}`]);
    assert.deepEqual([result.answer, ran], ["sorry", 1]);
  });
}

for (const nothing of [undefined, null, 0, ""]) {
  timed(`throwing ${JSON.stringify(nothing)} is a failure too`, async () => {
    const broken = () => {
      throw nothing;
    };
    const result = await run(script(calls("broken"), says("sorry")), { tools: [broken] });
    assert.match(results(result)[0], /^The tool broken failed: /);
    assert((await run(broken, { policy: NO_JITTER })).degraded);
  });
}

timed("a long error is cut", async () => {
  const broken = () => {
    throw new Error("x".repeat(100_000));
  };
  const result = await run(script(calls("broken"), says("sorry")), { tools: [broken] });
  assert(results(result)[0].length < 2_100);
});

timed("an error that cannot be shown breaks nothing", async () => {
  const mute = new Proxy(new Error("x"), {
    get() {
      throw new Error("no");
    },
  });
  const broken = () => {
    throw mute;
  };
  const result = await run(script(calls("broken"), says("sorry")), { tools: [broken] });
  assert.match(results(result)[0], /^The tool broken failed/);
});

timed("the same failing call ends the run", async () => {
  const broken = () => {
    throw new Error("always");
  };
  const result = await run(script(calls("broken")), { tools: [broken] });
  assert.deepEqual([result.stopReason, result.steps], ["repeated_tool_failure", 3]);
});

timed("an idempotent tool is run again with what was asked for", async () => {
  const ran = [];
  const flaky = ({ point }) => {
    ran.push({ ...point });
    point.x = 99;
    if (ran.length < 3) throw new TransientError("busy");
    return "done";
  };
  const model = script(calls("flaky", { point: { x: 1 } }), says("x"));
  const result = await run(model, { tools: [tool(flaky, { replay: "idempotent" })] });
  assert.deepEqual(results(result), ["done"]);
  assert.deepEqual(ran, [{ x: 1 }, { x: 1 }, { x: 1 }]);
});

timed("a keyed tool gets the same key each time", async () => {
  const keys = [];
  const pay = (_, { idempotencyKey }) => {
    keys.push(idempotencyKey);
    if (keys.length < 3) throw new TransientError("busy");
    return "paid";
  };
  const model = script(calls("pay", { amount: 3 }), calls("pay", { amount: 4 }), says("x"));
  const result = await run(model, { tools: [tool(pay, { replay: "keyed" })] });
  assert.deepEqual(results(result), ["paid", "paid"]);
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys.slice(0, 3)).size, 1);
  assert.notEqual(keys[3], keys[0]);
});

const VALUES = [
  ["plain", "plain"],
  [undefined, "null"],
  [null, "null"],
  [{ a: [1, "é"] }, '{"a":[1,"é"]}'],
  [3.5, "3.5"],
  [12n, '"12"'],
  [cycle, "[object Object]"],
];
for (const [value, text] of VALUES) {
  timed(`results are text for the model: ${text}`, async () => {
    assert.deepEqual(
      results(await run(script(calls("give"), says("x")), { tools: [tool(() => value, { name: "give" })] })),
      [text],
    );
  });
}

timed("the tools of a step overlap", async (time) => {
  const ended = [];
  const slow = (name, span) =>
    tool(
      async () => {
        await time.hang(span);
        ended.push(name);
        return name;
      },
      { name },
    );
  const before = time.now;
  const tools = [slow("three", 3000), slow("two", 2000), slow("one", 1000)];
  const result = await run(script(ask(["three", {}], ["two", {}], ["one", {}]), says("x")), { tools });
  assert.equal(time.now - before, 3000);
  assert.deepEqual(results(result), ["three", "two", "one"]);
  assert.deepEqual(ended, ["one", "two", "three"]);
});

timed("a hung tool is given up on at its limit, and hears of it", async (time) => {
  let heard;
  const hung = async (_, { signal }) => {
    signal.addEventListener("abort", () => (heard = signal.reason));
    await time.hang(Infinity);
  };
  const result = await run(script(calls("hung"), says("x")), { tools: [tool(hung, { timeout: 4000 })] });
  assert.match(results(result)[0], /^The tool hung was started and did not report back\./);
  assert(heard instanceof CallTimeout);
});
