// The agent, on virtual time: what comes of models that behave and misbehave.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Agent,
  CallTimeout,
  DeadlineExceeded,
  Exhausted,
  InvalidOption,
  PermanentError,
  Policy,
  Session,
  StepLimitExceeded,
  TransientError,
  tool,
} from "failsoft";
import { calls, fails, hangs, NoticeRecorder, says, script } from "failsoft/testing";
import { ask, multiply, results, run, timed } from "./agents.mjs";

const NO_JITTER = new Policy({ retry: { jitter: "none" } });

// ---- Answers. ----

timed("an answer ends the run", async () => {
  const result = await run(script(says("hello")), {}, "hi");
  assert.equal(result.answer, "hello");
  assert.deepEqual([result.steps, result.blocked, result.degraded], [1, [], false]);
  assert.deepEqual(
    [result.stopReason, result.error, result.attempts, result.route],
    ["answered", undefined, 1, "primary"],
  );
  assert.deepEqual(result.messages, [
    { role: "user", content: "hi" },
    { role: "assistant", content: "hello" },
  ]);
});

timed("a whole conversation may be handed in", async () => {
  const model = script(says("hello"));
  const history = [
    { role: "system", content: "be kind" },
    { role: "user", content: "hi" },
  ];
  await run(model, {}, history);
  assert.deepEqual(model.requests, [history]);
  assert.equal(history.length, 2);
});

timed("a model that fails twice is asked again", async (time) => {
  const model = script(fails(2), calls("multiply", { a: 17, b: 23 }), says("It is {last_tool_result}."));
  const result = await run(model, { tools: [multiply], policy: NO_JITTER });
  assert.deepEqual([result.answer, result.steps, result.attempts, result.degraded], ["It is 391.", 2, 4, false]);
  assert.deepEqual(time.slept, [500, 1000]);
});

timed("a backup answers and the next run is back on the primary", async () => {
  const agent = new Agent(script(fails(3), says("primary")), { fallbacks: [script(says("backup"))] });
  const [first, second] = [await agent.run("one"), await agent.run("two")];
  assert.deepEqual([first.answer, first.route, first.degraded], ["backup", "backup", false]);
  assert.deepEqual([second.answer, second.route], ["primary", "primary"]);
});

timed("a full outage is a degraded answer", async () => {
  const result = await run(script(fails(99)));
  assert.deepEqual([result.stopReason, result.degraded], ["model_unavailable", true]);
  assert.match(result.answer, /^I cannot answer right now, because no model can be reached/);
  assert(result.error instanceof Exhausted);
  assert(result.error.cause instanceof TransientError);
});

timed("a permanent error is the error of the run", async () => {
  const error = new PermanentError("no");
  const result = await run(script(error), { fallbacks: [script(says("never"))] });
  assert.equal(result.error, error);
  assert.deepEqual([result.stopReason, result.degraded, result.attempts], ["error", true, 1]);
});

timed("a looping model is stopped", async () => {
  const policy = new Policy({ turn: { steps: 3 } });
  const result = await run(script(calls("multiply", { a: 1, b: 1 })), { tools: [multiply], policy });
  assert.deepEqual([result.steps, result.stopReason, result.degraded], [3, "step_limit", true]);
  assert(result.error instanceof StepLimitExceeded);
  assert.deepEqual(results(result), ["1", "1", "1"]);
});

timed("only the limit of steps is called a limit of steps", async () => {
  const two = ask(["multiply", { a: 1, b: 1 }], ["multiply", { a: 2, b: 2 }]);
  const policy = new Policy({ turn: { toolCalls: 1 } });
  const result = await run(script(two, says("done")), { tools: [multiply], policy });
  assert.equal(result.stopReason, "tool_limit");
  assert(result.error instanceof Exhausted);
  assert.equal(result.error.message, "the limit of 1 tool call is reached");
});

timed("raiseOn opts into rejections", async () => {
  const agent = new Agent(script(fails(99)));
  await assert.rejects(agent.run("go", { raiseOn: ["model_unavailable"] }), Exhausted);
  await assert.rejects(agent.run("go", { raiseOn: "model_unavailable" }), Exhausted);
  assert((await agent.run("go", { raiseOn: ["step_limit"] })).degraded);
  await assert.rejects(agent.run("go", { raiseOn: ["steps"] }), (error) => {
    assert(error instanceof InvalidOption);
    assert.match(error.message, /^raiseOn: "steps" is not allowed; use some of answered, step_limit, /);
    return true;
  });
});

timed("usage is summed when it is known", async () => {
  const usage = { inputTokens: 10, outputTokens: 3 };
  const model = script({ ...calls("multiply", { a: 1, b: 1 }), usage }, { answer: "x", usage });
  assert.deepEqual((await run(model, { tools: [multiply] })).usage, { inputTokens: 20, outputTokens: 6 });
});

for (const usage of [
  null,
  {},
  "many",
  { inputTokens: -1 },
  { inputTokens: true },
  { inputTokens: 2 ** 70 },
  { inputTokens: 1.5 },
]) {
  timed(`usage that is not known is unknown and never zero: ${JSON.stringify(usage)}`, async () => {
    const first = { ...calls("multiply", { a: 1, b: 1 }), usage: { inputTokens: 9 } };
    const result = await run(script(first, { answer: "x", usage }), { tools: [multiply] });
    assert.deepEqual(result.usage, { inputTokens: undefined, outputTokens: undefined });
  });
}

timed("what was noticed is logged", async () => {
  const log = new NoticeRecorder();
  const result = await run(script(fails(1), says("x")), { policy: NO_JITTER, log });
  assert.match(log.lines[0], /primary: attempt 1 failed/);
  assert.equal(result.lines.length, log.lines.length);
});

// ---- A model that talks nonsense. ----

const NONSENSE = [
  null,
  undefined,
  [],
  {},
  "text",
  42,
  { answer: null },
  { answer: "" },
  { answer: 3 },
  { toolCalls: "x" },
  { toolCalls: [] },
];
for (const reply of NONSENSE) {
  timed(`a reply that is neither answer nor tool call is a failure: ${JSON.stringify(reply)}`, async () => {
    const result = await run(() => reply, { policy: NO_JITTER });
    assert.deepEqual([result.degraded, result.stopReason, result.steps], [true, "model_unavailable", 1]);
    assert.equal(result.attempts, 2);
    assert.match(result.error.message, /malformed x2/);
  });
}

timed("it is asked once more and then the backup is", async () => {
  assert.equal((await run(script({}), { fallbacks: [script(says("backup"))] })).answer, "backup");
  assert.equal((await run(script({}, says("second")))).answer, "second");
});

for (const call of [null, undefined, "x", {}, { name: null }, { name: "x", id: 7 }, 3]) {
  timed(`a tool call of nonsense breaks nothing: ${JSON.stringify(call)}`, async () => {
    const result = await run(script({ toolCalls: [call] }, says("sorry")), { tools: [multiply] });
    assert.equal(result.answer, "sorry");
    assert.match(results(result)[0], /^There is no tool named /);
  });
}

timed("a reply that throws when it is read is a failure of the model", async () => {
  const trap = {
    get answer() {
      throw new TransientError("trap");
    },
  };
  assert.equal(
    (
      await run(
        script(() => trap, says("second")),
        { policy: NO_JITTER },
      )
    ).answer,
    "second",
  );
});

// ---- Time. ----

timed("the deadline ends the run", async (time) => {
  let heard;
  const slow = async (_messages, _tools, { signal }) => {
    signal.addEventListener("abort", () => (heard = signal.reason));
    await time.hang(40_000);
    return calls("multiply", { a: 1, b: 1 });
  };
  const before = time.now;
  const result = await run(slow, { tools: [multiply], policy: new Policy({ turn: { deadline: 100_000 } }) });
  assert.deepEqual([result.stopReason, result.degraded], ["deadline", true]);
  assert(result.error instanceof DeadlineExceeded);
  assert(heard instanceof DeadlineExceeded);
  assert.equal(time.now - before, 100_000);
});

timed("a hung model is left for the backup", async (time) => {
  const before = time.now;
  const policy = new Policy({ attempt: { timeout: 5000 } });
  assert.equal((await run(script(hangs()), { fallbacks: [script(says("backup"))], policy })).answer, "backup");
  assert.equal(time.now - before, 5000);
});

timed("a hung model alone is the cause", async () => {
  const policy = new Policy({ attempt: { timeout: 5000 }, retry: { maxAttempts: 1 } });
  const result = await run(script(hangs()), { policy });
  assert.equal(result.stopReason, "model_unavailable");
  assert(result.error instanceof Exhausted);
  assert(result.error.cause instanceof CallTimeout);
});

timed("a late reply is ignored", async (time) => {
  let asked = 0;
  const slowOnce = async () => {
    asked += 1;
    await time.hang(asked === 1 ? 7000 : 4000);
    return { answer: asked === 1 ? "late" : "fresh" };
  };
  const policy = new Policy({ attempt: { timeout: 5000 }, retry: { jitter: "none" } });
  assert.deepEqual([(await run(slowOnce, { policy })).answer, asked], ["fresh", 2]);
});

timed("two runs of one agent at once do not mix", async (time) => {
  const agent = new Agent(async (messages) => {
    await time.hang(1000);
    return { answer: messages[0].content };
  });
  const before = time.now;
  const tasks = Array.from({ length: 20 }, (_, place) => String(place));
  const answers = await Promise.all(tasks.map((task) => agent.run(task)));
  assert.deepEqual(
    answers.map(({ answer }) => answer),
    tasks,
  );
  assert.equal(time.now - before, 1000);
});

test("on real time a run works too", async () => {
  const model = (messages) =>
    messages.length === 1 ? ask(["first", {}], ["second", {}]) : { answer: messages.at(-1).content };
  const tools = [tool(async () => "1", { name: "first" }), tool(() => "2", { name: "second" })];
  assert.equal((await run(model, { tools })).answer, "2");
});

// ---- What is refused. ----

test("a model must be callable", () => {
  assert.throws(() => new Agent("gpt"), /^TypeError: model: "gpt" is not callable; use a function of/);
  assert.throws(() => new Agent(undefined), TypeError);
  assert.throws(() => new Agent(script({}), { fallback: [] }), /Agent: fallback is not an option/);
  assert.throws(() => new Agent(script({}), { approver: true }), TypeError);
});

test("two tools of one name are refused", () => {
  assert.throws(() => new Agent(script({}), { tools: [multiply, multiply] }), /tools: "multiply" is not allowed twice/);
});

test("a task is a text or a conversation", async () => {
  const agent = new Agent(script(says("x")));
  for (const task of [undefined, 7, {}, ["hi"], [null]]) {
    await assert.rejects(agent.run(task), TypeError);
  }
});

test("a shared session must fit", () => {
  const session = new Session({ routes: ["a"] });
  const two = { fallbacks: [script({})], session };
  assert.throws(() => new Agent(script({}), two), /a chain of 1 is not allowed; use one route for each of 2 models/);
  assert.throws(() => new Agent(script({}), { session, policy: new Policy() }), /use the session's own/);
  assert.throws(() => new Agent(script({}), { session, seed: 1 }), /use the session's own/);
});

timed("agents that share a session share what was learnt", async () => {
  const session = new Session({ policy: new Policy({ breaker: { consecutive: 3 } }), routes: ["a", "b"] });
  await run(script(fails(99)), { fallbacks: [script(says("b"))], session });
  assert.equal(session.breaker("a"), "open");
  const other = script(says("never"));
  assert.equal((await run(other, { fallbacks: [script(says("b"))], session })).answer, "b");
  assert.deepEqual(other.requests, []);
});

timed("routes are named by what models say of themselves", () => {
  const named = Object.assign(() => ({ answer: "x" }), { route: { name: "backup", contextWindow: 8192 } });
  const { routes } = new Agent(named, { fallbacks: [script({}), script({})] }).session;
  assert.deepEqual(
    routes.map(({ name }) => name),
    ["backup", "backup (backup)", "backup 2"],
  );
  assert.equal(routes[0].contextWindow, 8192);
});
