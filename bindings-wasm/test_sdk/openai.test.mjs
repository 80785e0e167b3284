// `openaiChat` with the real `openai` package: what every misbehaviour comes out as.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { Agent, CallTimeout, openaiChat, Policy, UnusableReply } from "failsoft";
import OpenAI, { APIConnectionTimeoutError, AzureOpenAI, InternalServerError } from "openai";
import { attemptsOf, failureOf, HI, jsonBody, multiply, nobody, provided, status, testFailures } from "./harness.mjs";

const provider = await provided();

function clientOf(url, options) {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-a-secret", ...options });
}

function choice({ message = { role: "assistant", content: "hello" }, ...fields }) {
  return jsonBody({ id: "x", choices: [{ index: 0, finish_reason: "stop", message, ...fields }] });
}

const TOO_LONG = { message: "This model's maximum context length is 8192 tokens", code: "context_length_exceeded" };
const POLICY = { message: "no", code: "content_policy_violation", type: "invalid_request_error" };
const NO_QUOTA = { message: "You exceeded ..", type: "insufficient_quota", code: "insufficient_quota" };

testFailures(provider, clientOf, openaiChat, {
  reset: ["reset", "connect"],
  "reset mid-body": ["cut:2:the answer is forty two", "connect"],
  "close mid-body": ["close:2:the answer is forty two", "connect"],
  429: ["429", "rate_limited", 429],
  insufficient_quota: [status(429, NO_QUOTA), "quota_exhausted", 429],
  500: ["500", "server_error", 500],
  503: ["503", "overloaded", 503],
  529: ["529", "overloaded", 529],
  "context length": [status(400, TOO_LONG), "context_overflow", 400],
  "content policy": [status(400, POLICY), "content_refused", 400],
  400: ["400", "invalid_request", 400],
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
  "no choices": [jsonBody({ choices: [] }), "malformed"],
  "choices of nonsense": [jsonBody({ choices: 5 }), "malformed"],
  "a message of nonsense": [choice({ message: 5 }), "malformed"],
  "tool calls of nonsense": [choice({ message: { role: "assistant", tool_calls: 5 } }), "malformed"],
  "neither answer nor tool call": ["answer:", "malformed"],
  "nothing says it is whole": ["no_finish:9:the answer is", "malformed"],
  "an error mid-way": [choice({ finish_reason: "error" }), "malformed"],
  cut: [{ do: "answer", text: "the answer is", finish: "length" }, "context_overflow"],
  filtered: [{ do: "answer", text: "the", finish: "content_filter" }, "content_refused"],
  refused: [choice({ message: { role: "assistant", content: null, refusal: "I cannot do that" } }), "content_refused"],
});

test("a stated wait is kept", async () => {
  await provider.script({ m: "429:retry-after=7", ms: "429:retry-after-ms=1500", hint: "503:x-should-retry=false" });
  const failures = [];
  for (const name of ["m", "ms", "hint"]) {
    failures.push(failureOf(await attemptsOf(openaiChat(clientOf(provider.url), name))));
  }
  assert.deepEqual(
    failures.map(({ retryAfter }) => retryAfter),
    [7000, 1500, undefined],
  );
  assert.equal(failures[2].shouldRetry, false);
});

test("a refused connection was not sent", async () => {
  const failure = failureOf(await attemptsOf(openaiChat(clientOf(await nobody()), "m")));
  assert.deepEqual([failure.kind, failure.effect], ["connect", "none"]);
});

for (const behaviour of ["silence", "stall:1:the answer is"]) {
  test(`our limit is reported as ours: ${behaviour}`, async () => {
    await provider.script({ m: behaviour });
    const asked = await attemptsOf(openaiChat(clientOf(provider.url), "m"), { timeout: 200 });
    assert.equal(failureOf(asked).kind, "timed_out");
    assert(asked.errors[0] instanceof CallTimeout);
    assert.equal((await provider.log("m")).length, 1);
  });
}

test("without a loop's limit the SDK's own time limit is told as ours", async () => {
  await provider.script({ m: "silence" });
  const asked = openaiChat(clientOf(provider.url), "m").ask(HI, [], { timeout: 200 });
  await assert.rejects(asked, (error) => {
    assert(error instanceof CallTimeout);
    assert(error.cause instanceof APIConnectionTimeoutError);
    assert.equal(error.message, "m was given up on after 0.2 s of silence");
    return true;
  });
});

test("a server that dribbles is given up on", async () => {
  let left;
  const gone = new Promise((resolve) => (left = resolve));
  const server = createServer((socket) => {
    socket.on("error", left).on("close", left);
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n");
    const dribble = setInterval(() => socket.write(" "), 50);
    gone.then(() => clearInterval(dribble));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const model = openaiChat(clientOf(`http://127.0.0.1:${server.address().port}`), "m");
  const policy = new Policy({ attempt: { timeout: 300 }, retry: { maxAttempts: 1 } });
  const result = await new Agent(model, { policy, log: null }).run("hi");
  await gone;
  server.close();
  assert(result.degraded);
  assert(result.lines.some((line) => line.includes("timed_out")));
});

for (const where of ["client", "options"]) {
  test(`a shorter limit of the client's own is its own: ${where}`, async () => {
    await provider.script({ m: "silence" });
    const short = { timeout: 200 };
    const client = clientOf(provider.url, where === "client" ? short : {});
    const asked = await attemptsOf(openaiChat(client, "m", where === "options" ? short : {}));
    assert.equal(failureOf(asked).kind, "read_timeout");
    assert(asked.errors[0] instanceof APIConnectionTimeoutError);
  });
}

test("an abort ends the request, with its reason", async () => {
  await provider.script({ m: "silence" });
  const controller = new AbortController();
  const running = new Agent(openaiChat(clientOf(provider.url), "m")).run("hi", { signal: controller.signal });
  while ((await provider.log("m")).length === 0) {
    // Until it has been asked.
  }
  controller.abort(new Error("enough"));
  await assert.rejects(running, /^Error: enough$/);
  while (!(await provider.log("m"))[0].client_left) {
    // Until it has seen us leave.
  }
});

test("an agent makes the round trip", async () => {
  const call = { name: "multiply", arguments: { a: 17, b: 23 } };
  const usage = { input_tokens: 10, output_tokens: 5 };
  const first = { do: "answer", tool_calls: [call], text: "let me see", usage };
  const then = { do: "answer", text: "17 x 23 = {last_tool_result}", usage };
  await provider.script({ m: { do: "after_tool", first, then } });
  const model = openaiChat(clientOf(provider.url), "m", { temperature: 0 });
  const result = await new Agent(model, { tools: [multiply] }).run("What is 17 times 23?");
  assert.equal(result.answer, "17 x 23 = 391");
  assert.deepEqual([result.steps, result.attempts, result.degraded, result.stopReason], [2, 2, false, "answered"]);
  assert.deepEqual(result.usage, { inputTokens: 20, outputTokens: 10 });
  const [asked, again] = (await provider.log("m")).map(({ body }) => body);
  assert.deepEqual(asked.messages, [{ role: "user", content: "What is 17 times 23?" }]);
  assert.equal(asked.temperature, 0);
  assert.equal(asked.tools[0].type, "function");
  assert.equal(asked.tools[0].function.name, "multiply");
  assert.deepEqual(asked.tools[0].function.parameters.required, ["a", "b"]);
  const [said, told] = again.messages.slice(1);
  assert.equal(said.content, "let me see");
  assert.deepEqual(JSON.parse(said.tool_calls[0].function.arguments), { a: 17, b: 23 });
  assert.deepEqual(told, { role: "tool", tool_call_id: said.tool_calls[0].id, content: "391" });
});

test("arguments that are no JSON are told to the model", async () => {
  const bad = { do: "answer", tool_calls: [{ name: "multiply", arguments: '{"a": 17, ' }] };
  await provider.script({ m: [bad, "call:multiply({})", "answer:I see"] });
  const result = await new Agent(openaiChat(clientOf(provider.url), "m"), { tools: [multiply] }).run("go");
  assert.deepEqual([result.answer, result.steps], ["I see", 3]);
  const bodies = (await provider.log("m")).map(({ body }) => body);
  assert.equal(bodies[1].messages[1].tool_calls[0].function.arguments, '{"a": 17, ');
  assert.match(bodies[1].messages[2].content, /multiply/);
  assert.match(bodies[2].messages[4].content, /argument/);
});

test("no arguments at all are none", async () => {
  await provider.script({ m: { do: "answer", tool_calls: [{ name: "now", arguments: "" }] } });
  const { toolCalls } = await openaiChat(clientOf(provider.url), "m").ask(HI);
  assert.deepEqual(toolCalls[0].arguments, {});
});

test("a number that JavaScript would round is refused", async () => {
  await provider.script({ m: ['call:multiply({"a":9007199254740993,"b":1})', "answer:I see"] });
  const result = await new Agent(openaiChat(clientOf(provider.url), "m"), { tools: [multiply] }).run("go");
  assert.match(result.messages[2].content, /9007199254740992 is beyond 2\^53 - 1/);
});

test("retries are the engine's and keep their key", async () => {
  await provider.script({ m: ["503", "reset", "answer:hello"] });
  const model = openaiChat(clientOf(provider.url), "m", { headers: { "x-mine": "1" } });
  const { value, errors } = await attemptsOf(model, { maxAttempts: 3 });
  assert.equal(value.answer, "hello");
  assert.equal(errors.length, 2);
  const headers = (await provider.log("m")).map((entry) => entry.headers);
  assert.equal(headers.length, 3);
  assert.equal(new Set(headers.map((one) => one["idempotency-key"])).size, 1);
  assert(headers[0]["idempotency-key"]);
  assert.deepEqual(
    headers.map((one) => one["x-stainless-retry-count"]),
    ["0", "0", "0"],
  );
  assert.deepEqual(
    headers.map((one) => one["x-mine"]),
    ["1", "1", "1"],
  );
});

test("two calls have two keys", async () => {
  await provider.script({ m: "answer:hello" });
  await attemptsOf(openaiChat(clientOf(provider.url), "m"));
  await attemptsOf(openaiChat(clientOf(provider.url), "m"));
  assert.equal(new Set((await provider.log("m")).map(({ headers }) => headers["idempotency-key"])).size, 2);
});

test("a backup answers and the next turn is back", async () => {
  await provider.script({ p: ["503x3", "answer:from p"], b: "answer:from b" });
  const client = clientOf(provider.url);
  const agent = new Agent(openaiChat(client, "p"), { fallbacks: [openaiChat(client, "b")], sleep: () => {} });
  assert.deepEqual([(await agent.run("one")).answer, (await agent.run("two")).answer], ["from b", "from p"]);
  assert.deepEqual([(await provider.log("p")).length, (await provider.log("b")).length], [4, 1]);
});

test("a cut answer goes to the next route at once", async () => {
  await provider.script({ p: { do: "answer", text: "half an", finish: "length" }, b: "answer:a whole answer" });
  const client = clientOf(provider.url);
  const agent = new Agent(openaiChat(client, "p"), { fallbacks: [openaiChat(client, "b")] });
  assert.equal((await agent.run("go")).answer, "a whole answer");
  assert.equal((await provider.log("p")).length, 1);
});

test("a cut answer alone is degraded and says why", async () => {
  await provider.script({ m: { do: "answer", text: "half an", finish: "length" } });
  const result = await new Agent(openaiChat(clientOf(provider.url), "m"), { log: null }).run("go");
  assert(result.degraded);
  assert(!result.answer.includes("half an"));
  assert(result.error instanceof UnusableReply);
  assert.equal(result.error.message, "m: the answer was cut (length): allow it more tokens");
  assert.equal(result.error.reply.choices[0].message.content, "half an");
});

test("a part is taken where it is wanted", async () => {
  await provider.script({ m: [{ do: "answer", text: "half an", finish: "length" }, "no_finish:9:half an"] });
  for (let time = 0; time < 2; time += 1) {
    const { value } = await attemptsOf(openaiChat(clientOf(provider.url), "m", { acceptCut: true }));
    assert.equal(value.answer, "half an");
  }
});

test("it may be asked without an attempt, once", async () => {
  await provider.script({ m: ["503", "answer:hello"] });
  const model = openaiChat(clientOf(provider.url), "m");
  await assert.rejects(model.ask(HI), InternalServerError);
  assert.deepEqual((await model.ask(HI)).answer, "hello");
  const log = await provider.log("m");
  assert.equal(log.length, 2);
  assert(!("tools" in log[0].body) && !("idempotency-key" in log[0].headers));
});

test("the last step without tools drops what goes with them", async () => {
  await provider.script({ m: ['call:multiply({"a":1,"b":2})', "answer:done"] });
  const policy = new Policy({ turn: { steps: 2, finalAnswer: true } });
  const options = { tool_choice: "auto", parallel_tool_calls: false };
  const model = openaiChat(clientOf(provider.url), "m", options);
  assert.equal((await new Agent(model, { tools: [multiply], policy }).run("1 x 2?")).answer, "done");
  const [first, last] = (await provider.log("m")).map(({ body }) => body);
  for (const name of ["tools", "tool_choice", "parallel_tool_calls"]) {
    assert(name in first);
    assert(!(name in last));
  }
});

test("what it says of itself", () => {
  const { credential, ...route } = openaiChat(clientOf("http://127.0.0.1:9"), "m").route;
  assert.match(credential, /^sha256:[0-9a-f]{12}$/);
  assert.deepEqual(route, { provider: "openai", model: "m", endpoint: "http://127.0.0.1:9/v1" });
  const azure = new AzureOpenAI({ endpoint: "http://127.0.0.1:9", apiKey: "sk-b", apiVersion: "2024-06-01" });
  assert.equal(openaiChat(azure, "m").route.provider, "azureopenai");
});

test("what is no client is refused at once", () => {
  for (const wrong of [OpenAI, {}, "openai"]) {
    assert.throws(() => openaiChat(wrong, "m"), /use a client of the package openai$/);
  }
});
