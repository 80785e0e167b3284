// `agent.stream`, and streaming models in `run`.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { Agent, Discard, Exhausted, InvalidOption, Policy, StepLimitExceeded, TransientError, tool } from "failsoft";
import { calls, ends, fails, hangs, NoticeRecorder, says, script, streams } from "failsoft/testing";
import { ask, multiply, results, timed } from "./agents.mjs";
import { rejection, thrown, turns } from "./common.mjs";

const NO_JITTER = new Policy({ retry: { jitter: "none" } });

function agentOf(model, options) {
  return new Agent(model, { policy: NO_JITTER, log: null, ...options });
}

/** The events of a run to its end, or until a consumer leaves it after so many. */
async function drive(agent, { leaveAfter, after = () => {}, ...options } = {}) {
  const got = [];
  for await (const event of agent.stream("go", options)) {
    got.push(event);
    await after(event);
    if (got.length === leaveAfter) break;
  }
  return got;
}

const step = (number) => ({ type: "step", step: number });
const text = (said, number = 1) => ({ type: "text", text: said, step: number });
const retried = (failure) => ({ type: "retry", route: "primary", failure, delay: 500, attempt: 1 });

function textOf(events) {
  return events.map((event) => (event.type === "text" ? event.text : "")).join("");
}

timed("text comes in parts and the report last", async () => {
  const events = await drive(agentOf(streams(["the ", "answer"])));
  const { type, result } = events.pop();
  assert.deepEqual(events, [step(1), text("the "), text("answer")]);
  assert.deepEqual([type, result.answer, result.model], ["report", "the answer", "scripted-1"]);
  assert.deepEqual(result.usage, { inputTokens: 1, outputTokens: 2 });
  assert.deepEqual(result.spent, { inputTokens: 0, outputTokens: 0 });
});

timed("a model that cannot stream gives its text at once", async () => {
  const model = script({ ...calls("multiply", { a: 2, b: 3 }), answer: "well" }, says("six"));
  const events = await drive(agentOf(model, { tools: [multiply] }));
  assert.deepEqual(events.slice(0, -1), [
    step(1),
    text("well"),
    { type: "tool_call", id: "call_multiply", name: "multiply", arguments: { a: 2, b: 3 } },
    { type: "tool_result", id: "call_multiply", name: "multiply", content: "6", outcome: "ran" },
    step(2),
    text("six", 2),
  ]);
});

timed("every event of a hard day", async () => {
  const asks = calls("multiply", { a: 17, b: 23 });
  const first = streams(["let me ", asks], ["it ", new TransientError("x")], ["it is ", 61_000]);
  const events = await drive(agentOf(first, { fallbacks: [streams(["391"])], tools: [multiply] }));
  const { result } = events.pop();
  assert.deepEqual(events, [
    step(1),
    text("let me "),
    { type: "tool_call", id: "call_multiply", name: "multiply", arguments: { a: 17, b: 23 } },
    { type: "tool_result", id: "call_multiply", name: "multiply", content: "391", outcome: "ran" },
    step(2),
    text("it ", 2),
    new Discard("server_error", 2),
    retried("server_error"),
    text("it is ", 2),
    new Discard("timed_out", 2),
    { type: "switch", route: "backup", reason: "timed_out" },
    text("391", 2),
  ]);
  assert.deepEqual([result.answer, result.route, result.steps, result.attempts], ["391", "backup", 2, 4]);
  assert.deepEqual(result.usage, { inputTokens: 2, outputTokens: 3 });
  assert.deepEqual(result.spent, { inputTokens: undefined, outputTokens: undefined }, "what broke told nothing");
  assert.deepEqual(JSON.parse(JSON.stringify(events)), JSON.parse(JSON.stringify(events.map((one) => ({ ...one })))));
});

timed("collected text is never taken back", async () => {
  const agent = agentOf(streams(["the ", new TransientError("x")], ["the ", "answer"]));
  const events = await drive(agent, { collect: true });
  assert.deepEqual(events.slice(0, -1), [step(1), retried("server_error"), text("the answer")]);
});

timed("who cannot discard gets an end", async () => {
  const agent = agentOf(streams(["the ", new TransientError("x")]));
  const events = await drive(agent, { restartable: false });
  const { result } = events.pop();
  assert.deepEqual(events, [step(1), text("the "), new Discard("server_error", 1)]);
  assert.equal(result.stopReason, "model_unavailable");
  const error = await rejection(drive(agent, { restartable: false, raiseOn: "model_unavailable" }));
  assert(error instanceof Exhausted);
});

timed("before the first part all may be asked again", async () => {
  const events = await drive(agentOf(streams([new TransientError("x")], ["x"])), { restartable: false });
  assert.deepEqual(events.slice(1, -1), [retried("server_error"), text("x")]);
});

timed("run fetches a broken answer whole", async () => {
  const result = await agentOf(streams(["the ", ends("")], ["the ", "answer"])).run("go");
  assert.deepEqual([result.answer, result.attempts, result.model], ["the answer", 2, "scripted-1"]);
  assert.match(result.lines[0], /stream_broken/);
});

timed("a stream that goes on has no limit", async (time) => {
  const result = await agentOf(streams(Array(20).fill([50_000, "x"]).flat())).run("go");
  assert.deepEqual([result.answer, result.attempts, time.now], ["x".repeat(20), 1, 2_000_000]);
});

for (const [first, took] of [
  [["late", 61_000], 60_000],
  [[61_000, "late"], 60_000],
  [["a", 50_000, "b", 61_000], 110_000],
]) {
  timed(`its clocks are the engine's: ${first.join(" ")}`, async (time) => {
    const model = streams(first);
    const result = await agentOf(model, { fallbacks: [streams(["backup"])] }).run("go");
    assert.deepEqual([result.answer, result.attempts, time.now], ["backup", 2, 1_000_000 + took]);
    assert.match(result.lines[0], /timed_out/);
    assert.equal(model.client.closed, 1);
  });
}

timed("what is left is closed", async (time) => {
  const model = streams(["the ", 40_000, "answer", 200_000]);
  assert.deepEqual(await drive(agentOf(model), { leaveAfter: 2 }), [step(1), text("the ")]);
  await turns();
  assert.deepEqual([model.client.closed, time.now], [1, 1_000_000]);
});

timed("leaving early charges nobody", async () => {
  const agent = agentOf(streams(["the ", "answer"]), { fallbacks: [streams(["never"])] });
  for (let time = 0; time < 10; time += 1) {
    assert.deepEqual(await drive(agent, { leaveAfter: 2 }), [step(1), text("the ")]);
  }
  assert.equal(agent.session.breaker("primary"), "closed");
  assert.equal(textOf(await drive(agent)), "the answer");
});

timed("it can be left while it waits", async (time) => {
  const model = streams(["the ", 50_000, "answer"]);
  const events = agentOf(model).stream("go");
  await events.next();
  await events.next();
  const waiting = events.next();
  assert.deepEqual(await events.return(), { done: true, value: undefined });
  assert.deepEqual(await waiting, { done: true, value: undefined });
  await turns();
  assert.deepEqual([model.client.closed, time.now], [1, 1_000_000]);
});

timed("a signal ends it, and its reason is told", async (time) => {
  const controller = new AbortController();
  const model = streams(["the ", 50_000, "answer"]);
  const agent = agentOf(model);
  const reading = drive(agent, { signal: controller.signal });
  await turns(20);
  controller.abort("enough");
  assert.equal(await rejection(reading), "enough");
  await turns();
  assert.deepEqual([model.client.closed, time.now], [1, 1_000_000]);
  assert.equal(agent.session.breaker("primary"), "closed");
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

for (const at of ["step", "text"]) {
  timed(`a signal that is aborted while the consumer has a ${at} counts at once`, async () => {
    for (const model of [streams(["the answer"]), script(says("the answer"))]) {
      const controller = new AbortController();
      const got = [];
      const after = async ({ type }) => {
        got.push(type);
        if (type === at) controller.abort("enough");
        await turns(20); // meanwhile the model replies
      };
      assert.equal(await rejection(drive(agentOf(model), { signal: controller.signal, after })), "enough");
      assert.equal(got.at(-1), at);
    }
  });
}

timed("a tool that may not run is told", async () => {
  const send = tool(() => "sent", { name: "send", risky: true });
  const events = await drive(agentOf(script(ask(["send", {}], ["nope", {}]), says("x")), { tools: [send] }));
  const told = events.filter(({ type }) => type === "tool_result");
  assert.deepEqual(told.map(({ outcome }) => outcome).sort(), ["no_approver", "unknown_tool"]);
  const { result } = events.at(-1);
  assert.deepEqual(told.map(({ content }) => content).sort(), results(result).sort());
});

timed("a stop is reported or raised", async () => {
  const policy = new Policy({ turn: { steps: 2 } });
  const agent = agentOf(script(calls("multiply", { a: 1, b: 1 })), { tools: [multiply], policy });
  assert.equal((await drive(agent)).at(-1).result.stopReason, "step_limit");
  assert((await rejection(drive(agent, { raiseOn: ["step_limit"] }))) instanceof StepLimitExceeded);
});

timed("what is wrong is told at once", () => {
  const agent = agentOf(script(says("x")));
  assert(thrown(() => agent.stream("go", { raiseOn: "lunch" })) instanceof InvalidOption);
  assert.match(thrown(() => agent.stream("go", { collects: true })).message, /^stream: collects is not an option; /);
  assert.match(thrown(() => agent.stream(7)).message, /^run: use a text, or a list of messages/);
  assert.match(thrown(() => agent.stream("go", { signal: 5 })).message, /^stream: signal: 5 is not an AbortSignal/);
});

timed("a primary in cooldown is skipped", async () => {
  const agent = agentOf(script(fails(99)), { fallbacks: [script(says("backup"))] });
  const reasons = [];
  for (let run = 0; run < 3; run += 1) {
    const events = await drive(agent);
    reasons.push(...events.filter(({ type }) => type === "switch").map(({ reason }) => reason));
  }
  assert.deepEqual(reasons, ["server_error", "server_error", "skipped"]);
});

timed("the log says the same with and without a consumer", async () => {
  const logs = [new NoticeRecorder(), new NoticeRecorder()];
  const [first, second] = logs.map((log) => agentOf(streams(["the ", ends("")], ["x"]), { log }));
  await drive(first);
  await second.run("go");
  assert.deepEqual(logs[0].lines, logs[1].lines);
  assert.equal(logs[0].lines.length, 4);
});

/** A model of one's own that streams. */
function ownModel(...parts) {
  return {
    streams: true,
    async ask(_messages, _tools, _attempt, watch) {
      for (const part of parts) {
        if (part instanceof Error) throw part;
        watch.saw(part, true, { inputTokens: 7 });
      }
      return { answer: parts.join(""), model: "own", usage: { inputTokens: 7, outputTokens: 3 } };
    },
  };
}

timed("a model of one's own streams too", async () => {
  const policy = new Policy({ retry: { maxAttempts: 1 } });
  const broken = ownModel("the ", new TransientError("x"));
  const events = await drive(agentOf(broken, { fallbacks: [ownModel("a", "b")], policy }));
  const { result } = events.pop();
  assert.deepEqual(events, [
    step(1),
    text("the "),
    new Discard("server_error", 1),
    { type: "switch", route: "backup", reason: "server_error" },
    text("a"),
    text("b"),
  ]);
  assert.equal(result.model, "own");
  assert.deepEqual(result.usage, { inputTokens: 7, outputTokens: 3 });
  assert.deepEqual(result.spent, { inputTokens: 7, outputTokens: undefined });
});

timed("who does not say that it streams is not watched", async () => {
  const given = [];
  const model = {
    ask(...all) {
      given.push(all.length);
      return { answer: "x" };
    },
  };
  await agentOf(model).run("go");
  assert.deepEqual(given, [3]);
});

timed("while the consumer has an event nobody is late", async (time) => {
  const model = streams(["the ", 50_000, "answer"]);
  const events = await drive(agentOf(model), { after: () => time.hang(500_000) });
  assert.equal(textOf(events), "the answer");
  assert.equal(events.at(-1).result.attempts, 1);
});

timed("nor is the provider while the consumer was away", async (time) => {
  const model = streams(["the ", 530_000, "answer"]);
  const after = ({ text }) => text === "the " && time.hang(500_000);
  const events = await drive(agentOf(model), { after });
  assert.deepEqual([textOf(events), events.at(-1).result.attempts], ["the answer", 1]);
});

timed("what a consumer throws is its own", async () => {
  const agent = agentOf(streams(["the ", "answer"]));
  const mine = new Error("mine");
  const after = () => Promise.reject(mine);
  assert.equal(await rejection(drive(agent, { after })), mine);
  assert.equal((await agent.run("go")).answer, "the answer");
});

timed("what becomes of an event changes nothing", async () => {
  const ran = [];
  const look = tool((given) => ran.push(given), { name: "look" });
  const after = (event) => {
    if (event.type === "tool_call") event.arguments.at = "elsewhere";
  };
  const asks = ask(["look", { at: "this" }], ["look", { at: "that" }]);
  await drive(agentOf(script(asks, says("x")), { tools: [look] }), { after });
  assert.deepEqual(ran, [{ at: "this" }, { at: "that" }]);
});

timed("plain and streaming models in one chain", async () => {
  const policy = new Policy({ attempt: { timeout: 5_000 } });
  const agent = agentOf(script(hangs()), { fallbacks: [streams(["x", 61_000], ["y"])], policy });
  const events = await drive(agent);
  // The plain one has the limit of the whole, the stream those of progress.
  const reasons = events.filter(({ type }) => type === "switch" || type === "discard").map(({ reason }) => reason);
  assert.deepEqual(reasons, ["timed_out", "timed_out"]);
  assert.equal(events.at(-1).type, "report");
});
