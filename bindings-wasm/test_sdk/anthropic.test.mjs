// `anthropicMessages` with the real `@anthropic-ai/sdk` package: what every misbehaviour comes out as.

import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic, { APIConnectionTimeoutError } from "@anthropic-ai/sdk";
import { Agent, anthropicMessages, CallTimeout, openaiChat, Policy, UnusableReply } from "failsoft";
import OpenAI from "openai";
import { attemptsOf, failureOf, HI, jsonBody, multiply, nobody, provided, status, testFailures } from "./harness.mjs";

const provider = await provided();

function clientOf(url, options) {
  return new Anthropic({ baseURL: url, apiKey: "sk-a-secret", ...options });
}

function error(code, type, message) {
  return status(code, { type, message });
}

function message(fields) {
  const known = { id: "m", type: "message", role: "assistant", stop_reason: "end_turn" };
  return jsonBody({ ...known, content: [{ type: "text", text: "hello" }], ...fields });
}

const FILTERED = "Output blocked by content filtering policy";

testFailures(provider, clientOf, anthropicMessages, {
  reset: ["reset", "connect"],
  "reset mid-body": ["cut:2:the answer is forty two", "connect"],
  "close mid-body": ["close:2:the answer is forty two", "connect"],
  429: ["429", "rate_limited", 429],
  "out of credit": [error(400, "invalid_request_error", "Your credit balance is too low"), "quota_exhausted", 400],
  billing: [error(402, "billing_error", "pay first"), "quota_exhausted", 402],
  500: ["500", "server_error", 500],
  503: ["503", "overloaded", 503],
  529: ["529", "overloaded", 529],
  "context length": [error(400, "invalid_request_error", "prompt is too long: 9 > 8"), "context_overflow", 400],
  "content policy": [error(400, "invalid_request_error", FILTERED), "content_refused", 400],
  400: ["400", "invalid_request", 400],
  413: [error(413, "request_too_large", "too large"), "invalid_request", 413],
  401: ["401", "auth", 401],
  403: ["403", "auth", 403],
  404: ["404", "not_found", 404],
  "HTML under 200": ["malformed_body", "malformed"],
  "half a body": ["malformed_chunk:1:hello there", "malformed"],
  "an empty body": [{ do: "malformed_body", body: "" }, "malformed"],
  "an error under 200": ["overloaded", "overloaded"],
  "a list": [jsonBody([1]), "malformed"],
  "a text": [jsonBody("hello"), "malformed"],
  null: [jsonBody(null), "malformed"],
  "no content": [message({ content: [] }), "malformed"],
  "content of nonsense": [message({ content: 5 }), "malformed"],
  "blocks of nonsense": [message({ content: [5] }), "malformed"],
  "neither answer nor tool call": ["answer:", "malformed"],
  "nothing says it is whole": ["no_finish:9:the answer is", "malformed"],
  "a paused turn": [message({ stop_reason: "pause_turn" }), "malformed"],
  cut: [{ do: "answer", text: "the answer is", finish: "max_tokens" }, "context_overflow"],
  "window full": [message({ stop_reason: "model_context_window_exceeded" }), "context_overflow"],
  refused: [message({ stop_reason: "refusal" }), "content_refused"],
});

test("a stated wait is kept", async () => {
  await provider.script({ m: "429:retry-after=7", ms: "429:retry-after-ms=1500", hint: "503:x-should-retry=false" });
  const failures = [];
  for (const name of ["m", "ms", "hint"]) {
    failures.push(failureOf(await attemptsOf(anthropicMessages(clientOf(provider.url), name))));
  }
  assert.deepEqual(
    failures.map(({ retryAfter }) => retryAfter),
    [7000, 1500, undefined],
  );
  assert.equal(failures[2].shouldRetry, false);
});

test("a refused connection was not sent", async () => {
  const failure = failureOf(await attemptsOf(anthropicMessages(clientOf(await nobody()), "m")));
  assert.deepEqual([failure.kind, failure.effect], ["connect", "none"]);
});

for (const behaviour of ["silence", "stall:1:the answer is"]) {
  test(`our limit is reported as ours: ${behaviour}`, async () => {
    await provider.script({ m: behaviour });
    const asked = await attemptsOf(anthropicMessages(clientOf(provider.url), "m"), { timeout: 200 });
    assert.equal(failureOf(asked).kind, "timed_out");
    assert(asked.errors[0] instanceof CallTimeout);
    assert.equal((await provider.log("m")).length, 1);
  });
}

test("without a loop's limit the SDK's own time limit is told as ours", async () => {
  await provider.script({ m: "silence" });
  const asked = anthropicMessages(clientOf(provider.url), "m").ask(HI, [], { timeout: 200 });
  await assert.rejects(
    asked,
    (error) => error instanceof CallTimeout && error.cause instanceof APIConnectionTimeoutError,
  );
});

for (const where of ["client", "options"]) {
  test(`a shorter limit of the client's own is its own: ${where}`, async () => {
    await provider.script({ m: "silence" });
    const short = { timeout: 200 };
    const client = clientOf(provider.url, where === "client" ? short : {});
    const asked = await attemptsOf(anthropicMessages(client, "m", where === "options" ? short : {}));
    assert.equal(failureOf(asked).kind, "read_timeout");
    assert(asked.errors[0] instanceof APIConnectionTimeoutError);
  });
}

test("an agent makes the round trip", async () => {
  const calls = [
    { name: "multiply", arguments: { a: 17, b: 23 } },
    { name: "multiply", arguments: { a: 1, b: 2 } },
  ];
  const usage = { input_tokens: 10, output_tokens: 5 };
  const first = { do: "answer", tool_calls: calls, text: "let me see", usage };
  const then = { do: "answer", text: "the last is {last_tool_result}", usage };
  await provider.script({ m: { do: "after_tool", first, then } });
  const model = anthropicMessages(clientOf(provider.url), "m", { maxTokens: 100, stop_sequences: ["x"] });
  const result = await new Agent(model, { tools: [multiply] }).run("go");
  assert.equal(result.answer, "the last is 2");
  assert.deepEqual([result.steps, result.attempts, result.degraded, result.stopReason], [2, 2, false, "answered"]);
  assert.deepEqual(result.usage, { inputTokens: 20, outputTokens: 10 });
  const [asked, again] = (await provider.log("m")).map(({ body }) => body);
  assert.deepEqual([asked.max_tokens, asked.stop_sequences], [100, ["x"]]);
  assert.equal(asked.tools[0].name, "multiply");
  assert.equal(asked.tools[0].description, "Multiplies two whole numbers.");
  assert.deepEqual(asked.tools[0].input_schema.required, ["a", "b"]);
  const [said, told] = again.messages.slice(1);
  assert.equal(said.role, "assistant");
  assert.deepEqual(said.content[0], { type: "text", text: "let me see" });
  assert.deepEqual(
    said.content.slice(1).map(({ input }) => input),
    calls.map((call) => call.arguments),
  );
  const results = said.content.slice(1).map(({ id }, at) => ({
    type: "tool_result",
    tool_use_id: id,
    content: ["391", "2"][at],
  }));
  assert.deepEqual(told, { role: "user", content: results });
});

test("arguments that are no object are told to the model", async () => {
  const bad = { do: "answer", tool_calls: [{ name: "multiply", arguments: '{"a": 17, ' }] };
  await provider.script({ m: [bad, "answer:I see"] });
  const result = await new Agent(anthropicMessages(clientOf(provider.url), "m"), { tools: [multiply] }).run("go");
  assert.deepEqual([result.answer, result.steps], ["I see", 2]);
  const [asked, told] = (await provider.log("m"))[1].body.messages.slice(1);
  assert.deepEqual(asked.content[0].input, { not_an_object: '{"a": 17, ' });
  assert.match(told.content[0].content, /multiply/);
});

test("the last step declares the tools it may not use", async () => {
  await provider.script({ m: ['call:multiply({"a":1,"b":2})', "answer:done"] });
  const policy = new Policy({ turn: { steps: 2, finalAnswer: true } });
  const model = anthropicMessages(clientOf(provider.url), "m", { tool_choice: { type: "auto" } });
  assert.equal((await new Agent(model, { tools: [multiply], policy }).run("1 x 2?")).answer, "done");
  const [first, last] = (await provider.log("m")).map(({ body }) => body);
  assert.deepEqual(first.tool_choice, { type: "auto" });
  assert.deepEqual(last.tool_choice, { type: "none" });
  assert.deepEqual(last.tools, [{ name: "multiply", input_schema: { type: "object" } }]);
});

test("retries are the engine's and keep their key", async () => {
  await provider.script({ m: ["529", "reset", "answer:hello"] });
  const { value, errors } = await attemptsOf(anthropicMessages(clientOf(provider.url), "m"), { maxAttempts: 3 });
  assert.equal(value.answer, "hello");
  assert.equal(errors.length, 2);
  const headers = (await provider.log("m")).map((entry) => entry.headers);
  assert.equal(headers.length, 3);
  assert.equal(new Set(headers.map((one) => one["idempotency-key"])).size, 1);
  assert.deepEqual(
    headers.map((one) => one["x-stainless-retry-count"]),
    ["0", "0", "0"],
  );
});

test("a backup of another provider answers", async () => {
  await provider.script({ p: ['call:multiply({"a":17,"b":23})', "401"], b: "answer:it is {last_tool_result}" });
  const other = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: "k" });
  const agent = new Agent(anthropicMessages(clientOf(provider.url), "p"), {
    fallbacks: [openaiChat(other, "b")],
    tools: [multiply],
  });
  const result = await agent.run("17 x 23?");
  assert.deepEqual([result.answer, result.degraded], ["it is 391", false]);
  assert.deepEqual([(await provider.log("p")).length, (await provider.log("b")).length], [2, 1]);
});

test("a cut answer alone is degraded and says why", async () => {
  await provider.script({ m: { do: "answer", text: "half an", finish: "max_tokens" } });
  const result = await new Agent(anthropicMessages(clientOf(provider.url), "m"), { log: null }).run("go");
  assert(result.degraded);
  assert(!result.answer.includes("half an"));
  assert(result.error instanceof UnusableReply);
});

test("a part is taken where it is wanted", async () => {
  await provider.script({ m: { do: "answer", text: "half an", finish: "max_tokens" } });
  assert.equal((await anthropicMessages(clientOf(provider.url), "m", { acceptCut: true }).ask(HI)).answer, "half an");
});

test("many tokens may be asked for without a stream", async () => {
  await provider.script({ m: "answer:hello" });
  const model = anthropicMessages(clientOf(provider.url), "m", { maxTokens: 128_000 });
  assert.equal((await attemptsOf(model)).value.answer, "hello");
});

test("what it says of itself", () => {
  const { credential, ...route } = anthropicMessages(clientOf("http://127.0.0.1:9"), "m").route;
  assert.match(credential, /^sha256:[0-9a-f]{12}$/);
  assert.deepEqual(route, { provider: "anthropic", model: "m", endpoint: "http://127.0.0.1:9" });
});

test("what is no client is refused at once", () => {
  for (const wrong of [Anthropic, {}, new OpenAI({ apiKey: "k" })]) {
    assert.throws(() => anthropicMessages(wrong, "m"), /use a client of the package @anthropic-ai\/sdk$/);
  }
});
