// The adapters with clients that only look like the real ones; `test_sdk` has them with the real packages.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  Agent,
  anthropicMessages,
  CallTimeout,
  classify,
  Failure,
  InvalidOption,
  openaiChat,
  Policy,
  ProviderError,
  UnusableReply,
} from "failsoft";
import { instant } from "failsoft/testing";
import { rejection } from "./common.mjs";

const HI = [{ role: "user", content: "hi" }];
const KEY = "sk-a-secret";

/** A client of either package: `replies` come one a request; `asked` keeps body and options. */
function client(kind, ...replies) {
  const asked = [];
  const create = async (body, options) => {
    asked.push({ body, options });
    const reply = replies[Math.min(asked.length, replies.length) - 1];
    if (reply instanceof Error) throw reply;
    return typeof reply === "function" ? reply(options) : reply;
  };
  const shape = kind === "openai" ? { chat: { completions: { create } } } : { messages: { create } };
  return { asked, baseURL: "http://127.0.0.1:9/v1", apiKey: KEY, timeout: 600_000, ...shape };
}

function choice(message, finish_reason = "stop", more = {}) {
  return { choices: [{ index: 0, finish_reason, message: { role: "assistant", ...message } }], ...more };
}

function blocks(content, stop_reason = "end_turn", more = {}) {
  return { type: "message", role: "assistant", content, stop_reason, ...more };
}

const KINDS = {
  openai: { make: openaiChat, hello: choice({ content: "hello" }) },
  anthropic: { make: anthropicMessages, hello: blocks([{ type: "text", text: "hello" }]) },
};

async function refused(model) {
  let caught;
  await assert.rejects(model.ask(HI), (error) => {
    caught = error;
    return error instanceof UnusableReply;
  });
  assert(caught.failsoftFailure instanceof Failure);
  assert.equal(classify(caught), caught.failsoftFailure);
  assert.equal(caught.name, "UnusableReply");
  return caught;
}

for (const [kind, { make, hello }] of Object.entries(KINDS)) {
  test(`${kind}: a request goes out once, within its limit, under its key`, async () => {
    const ours = client(kind, hello);
    const { signal } = new AbortController();
    const model = make(ours, "m", { temperature: 0, headers: { "x-mine": "1" } });
    const reply = await model.ask(HI, [], { timeout: 1234.5, idempotencyKey: "k", signal });
    assert.deepEqual(reply, { answer: "hello" });
    const [{ body, options }] = ours.asked;
    assert.deepEqual([body.model, body.temperature, body.tools, body.headers], ["m", 0, undefined, undefined]);
    assert.deepEqual(options, {
      maxRetries: 0,
      timeout: 1235,
      signal,
      headers: { "Idempotency-Key": "k", "x-mine": "1" },
    });
  });

  test(`${kind}: a key of the caller's own has the last word`, async () => {
    for (const headers of [{ "idempotency-key": "own" }, new Headers({ "idempotency-key": "own" })]) {
      const ours = client(kind, hello);
      await make(ours, "m", { headers }).ask(HI, [], { idempotencyKey: "k" });
      assert.deepEqual(ours.asked[0].options.headers, { "idempotency-key": "own" });
    }
  });

  test(`${kind}: the shorter limit holds`, async () => {
    const cases = [
      [600_000, undefined, {}, 600_000],
      [600_000, Infinity, {}, 600_000],
      [600_000, 5000, {}, 5000],
      [200, 5000, {}, 200],
      [600_000, 5000, { timeout: 300 }, 300],
      [undefined, undefined, {}, undefined],
      [undefined, 0.2, {}, 1],
      [undefined, 2 ** 40, {}, 2 ** 31 - 1],
    ];
    for (const [own, limit, options, sent] of cases) {
      const ours = Object.assign(client(kind, hello), { timeout: own });
      await make(ours, "m", options).ask(HI, [], { timeout: limit });
      assert.equal(ours.asked[0].options.timeout, sent);
    }
  });

  test(`${kind}: the SDK's time limit is ours to report where it was ours`, async () => {
    class APIConnectionTimeoutError extends Error {}
    const late = new APIConnectionTimeoutError("Request timed out.");
    const model = make(client(kind, late), "m");
    await assert.rejects(model.ask(HI, [], { timeout: 200 }), (error) => {
      assert(error instanceof CallTimeout);
      assert.equal(error.message, "m was given up on after 0.2 s of silence");
      assert.equal(error.cause, late);
      return true;
    });
    await assert.rejects(model.ask(HI), (error) => error === late);
    await assert.rejects(model.ask(HI, [], { timeout: 700_000 }), (error) => error === late);
    const other = new TypeError("fetch failed");
    await assert.rejects(make(client(kind, other), "m").ask(HI, [], { timeout: 200 }), (error) => error === other);
  });

  test(`${kind}: an aborted request says why`, async () => {
    const reason = new Error("from outside");
    const aborted = new Error("Request was aborted.");
    const model = make(client(kind, aborted), "m");
    await assert.rejects(model.ask(HI, [], { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  });

  test(`${kind}: what came in place of a reply is told`, async () => {
    const cases = [
      ["<html>", 'the reply is a text and no object: "<html>"'],
      [null, "the reply is not what this API sends: null without content"],
      [undefined, "the reply is not what this API sends: undefined without content"],
      [[1], "the reply is not what this API sends: a list without content"],
      [{}, "the reply is not what this API sends: an object without content"],
    ];
    for (const [reply, what] of cases) {
      const error = await refused(make(client(kind, reply), "m"));
      assert.deepEqual([error.failsoftFailure.kind, error.message, error.reply], ["malformed", `m: ${what}`, reply]);
    }
  });

  test(`${kind}: an error in place of a reply is what the provider says`, async () => {
    const body = { error: { type: "overloaded_error" } };
    const error = await rejection(make(client(kind, body), "m").ask(HI));
    assert(error instanceof ProviderError);
    assert.equal(error.message, 'm: the reply under status 200 is an error: {"type":"overloaded_error"}');
    assert.deepEqual([error.name, error.body, classify(error).kind], ["ProviderError", body, "overloaded"]);
    const flat = { object: "error", message: "maximum context length is 8 tokens", code: 400 };
    const other = await rejection(make(client(kind, flat), "m").ask(HI));
    assert.match(other.message, /^m: the reply under status 200 is an error: \{"object":"error","message":"maximum/);
    assert.equal(classify(other).kind, "context_overflow");
  });

  test(`${kind}: a reply that is not taken has been spent`, () =>
    instant(async () => {
      const usage = { prompt_tokens: 3, completion_tokens: 4, input_tokens: 3, output_tokens: 4 };
      const cut =
        kind === "openai" ? choice({ content: "half" }, "length", { usage }) : blocks([], "max_tokens", { usage });
      const models = [client(kind, cut), client(kind, hello)].map((one, place) =>
        make(one, "m", { route: { name: `r${place}`, endpoint: `e${place}` } }),
      );
      const result = await new Agent(models[0], { fallbacks: [models[1]], log: null }).run("hi");
      assert.deepEqual([result.answer, result.route], ["hello", "r1"]);
      assert.deepEqual(result.spent, { inputTokens: 3, outputTokens: 4 });
    }));

  test(`${kind}: of the client's key only a fingerprint is kept`, () => {
    const model = make(client(kind, hello), "m", { route: { name: "eu", contextWindow: 8192 } });
    const digest = createHash("sha256").update(KEY).digest("hex");
    assert.deepEqual(model.route, {
      name: "eu",
      provider: kind,
      model: "m",
      endpoint: "http://127.0.0.1:9/v1",
      credential: `sha256:${digest.slice(0, 12)}`,
      contextWindow: 8192,
    });
    assert.equal(make({ ...client(kind, hello), apiKey: null }, "m").route.credential, undefined);
    assert.equal(new Agent(model).session.routes[0].contextWindow, 8192);
  });

  test(`${kind}: what is no client is refused at once`, () => {
    class Client {}
    for (const wrong of [Client, {}, "openai", undefined, client(kind === "openai" ? "anthropic" : "openai", hello)]) {
      assert.throws(() => make(wrong, "m"), /^TypeError: client: .* is not allowed; use a client of the package /);
    }
    for (const name of ["maxRetries", "signal"]) {
      assert.throws(
        () => make(client(kind, hello), "m", { [name]: 3 }),
        (error) => {
          assert(error instanceof InvalidOption);
          assert.match(error.message, new RegExp(`^options.${name}: 3 is not allowed; leave it out, `));
          return true;
        },
      );
    }
    assert.throws(() => make(client(kind, hello), "m", { stream: 3 }), /^TypeError: options.stream: 3 is not allowed/);
  });

  test(`${kind}: an agent answers by it`, () =>
    instant(async () => {
      const ours = client(kind, hello);
      const result = await new Agent(make(ours, "m"), { policy: new Policy({ attempt: { timeout: 5000 } }) }).run("hi");
      assert.equal(result.answer, "hello");
      assert.equal(ours.asked[0].options.timeout, 5000);
      assert.match(ours.asked[0].options.headers["Idempotency-Key"], /./);
      assert(ours.asked[0].options.signal instanceof AbortSignal);
    }));
}

// ---- Chat Completions. ----

test("openai: replies are judged by their end", async () => {
  const cases = [
    [choice({ content: "the" }, "length"), "context_overflow", "m: the answer was cut (length): allow it more tokens"],
    [choice({ content: "the" }, "content_filter"), "content_refused", "m: refused: content_filter"],
    [choice({ content: null, refusal: "I cannot" }), "content_refused", "m: refused: I cannot"],
    [choice({ content: "the" }, null), "malformed"],
    [choice({ content: "the" }, "error"), "malformed"],
    [choice({ content: " " }), "malformed", "m: the reply has neither an answer nor a tool call"],
    [choice({ content: 5 }), "malformed"],
    [choice({ tool_calls: 5 }), "malformed"],
    [choice({ tool_calls: [null] }), "malformed"],
    [{ choices: [] }, "malformed"],
    [{ choices: 5 }, "malformed"],
  ];
  for (const [reply, kind, message] of cases) {
    const error = await refused(openaiChat(client("openai", reply), "m"));
    assert.equal(error.failsoftFailure.kind, kind);
    if (message !== undefined) assert.equal(error.message, message);
  }
  for (const reason of ["length", null]) {
    const model = openaiChat(client("openai", choice({ content: "half an" }, reason)), "m", { acceptCut: true });
    assert.deepEqual(await model.ask(HI), { answer: "half an" });
  }
});

test("openai: tool calls come with arguments as objects, or as the text that they were", async () => {
  const given = ['{"a": 1}', "", '{"a": ', "[1]", '{"a": 9007199254740993}', '{"__proto__": {"x": 1}}'];
  const tool_calls = given.map((text, at) => ({
    id: `c${at}`,
    type: "function",
    function: { name: "f", arguments: text },
  }));
  tool_calls.push({ id: "own", type: "custom", custom: { name: "sql", input: "select 1" } });
  const usage = { prompt_tokens: 10, completion_tokens: 5 };
  const reply = await openaiChat(
    client("openai", choice({ content: "see", tool_calls }, "tool_calls", { usage })),
    "m",
  ).ask(HI);
  assert.equal(reply.answer, "see");
  assert.deepEqual(reply.usage, { inputTokens: 10, outputTokens: 5 });
  assert.deepEqual(
    reply.toolCalls.map((call) => call.arguments),
    [{ a: 1 }, {}, '{"a": ', "[1]", '{"a": 9007199254740993}', JSON.parse(given[5]), "select 1"],
  );
  assert.equal(reply.toolCalls[5].arguments.x, undefined);
  assert.equal(reply.toolCalls[6].name, "sql");
});

test("openai: a conversation as it wants it", async () => {
  const ours = client("openai", KINDS.openai.hello);
  const call = { id: "c", name: "f", arguments: { a: 1 } };
  const messages = [
    { role: "system", content: "be brief" },
    { role: "user", content: [{ type: "text", text: "?" }] },
    { role: "assistant", content: "", toolCalls: [call, { ...call, arguments: '{"a": ' }] },
    { role: "tool", toolCallId: "c", name: "f", content: "2" },
  ];
  const tools = [{ name: "f", description: "d", parameters: { type: "object" } }];
  const options = { tool_choice: "auto", parallel_tool_calls: false, tools: [{ type: "mine" }] };
  await openaiChat(ours, "m", options).ask(messages, tools);
  const { body } = ours.asked[0];
  const told = { id: "c", type: "function", function: { name: "f", arguments: '{"a":1}' } };
  const cut = { ...told, function: { name: "f", arguments: '{"a": ' } };
  assert.deepEqual(body.messages, [
    messages[0],
    messages[1],
    { role: "assistant", content: null, tool_calls: [told, cut] },
    { role: "tool", tool_call_id: "c", content: "2" },
  ]);
  assert.deepEqual(body.tools, [{ type: "mine" }, { type: "function", function: tools[0] }]);
  const plain = client("openai", KINDS.openai.hello);
  await openaiChat(plain, "m", { tool_choice: "auto", parallel_tool_calls: false }).ask(HI);
  assert.deepEqual(Object.keys(plain.asked[0].body).sort(), ["messages", "model"]);
});

// ---- Messages. ----

test("anthropic: replies are judged by their end", async () => {
  const text = [{ type: "text", text: "the" }];
  const cases = [
    [blocks(text, "max_tokens"), "context_overflow"],
    [blocks(text, "model_context_window_exceeded"), "context_overflow"],
    [blocks(text, "refusal"), "content_refused"],
    [blocks(text, "pause_turn"), "malformed"],
    [blocks(text, null), "malformed"],
    [blocks([]), "malformed"],
    [blocks(5), "malformed"],
    [blocks([5]), "malformed"],
    [blocks([null]), "malformed"],
  ];
  for (const [reply, kind] of cases) {
    assert.equal((await refused(anthropicMessages(client("anthropic", reply), "m"))).failsoftFailure.kind, kind);
  }
  const cut = anthropicMessages(client("anthropic", blocks(text, "max_tokens")), "m", { acceptCut: true });
  assert.deepEqual(await cut.ask(HI), { answer: "the" });
});

test("anthropic: text, tool calls and cached tokens", async () => {
  const content = [
    { type: "text", text: "let me " },
    { type: "thinking", thinking: ".." },
    { type: "text", text: "see" },
    { type: "tool_use", id: "t", name: "f", input: { a: 1 } },
  ];
  const usage = { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 30, cache_creation_input_tokens: 400 };
  const model = anthropicMessages(client("anthropic", blocks(content, "tool_use", { usage })), "m");
  assert.deepEqual(await model.ask(HI), {
    answer: "let me see",
    toolCalls: [{ id: "t", name: "f", arguments: { a: 1 } }],
    usage: { inputTokens: 431, outputTokens: 2 },
  });
});

test("anthropic: a conversation begun elsewhere goes on here", async () => {
  const ours = client("anthropic", KINDS.anthropic.hello);
  const call = { id: "functions.f:0", name: "f", arguments: { a: 1 } };
  const messages = [
    { role: "system", content: "be brief" },
    { role: "user", content: "?" },
    { role: "assistant", content: "", toolCalls: [call, { ...call, id: "b", arguments: '{"a": ' }] },
    { role: "tool", toolCallId: call.id, name: "f", content: "2" },
    { role: "tool", toolCallId: "b", name: "f", content: "no" },
    { role: "user", content: "well?" },
  ];
  await anthropicMessages(ours, "m", { system: "you calculate", maxTokens: 100 }).ask(messages);
  const { body } = ours.asked[0];
  assert.deepEqual([body.system, body.max_tokens, body.maxTokens], ["you calculate\n\nbe brief", 100, undefined]);
  assert.deepEqual(body.messages, [
    { role: "user", content: [{ type: "text", text: "?" }] },
    {
      role: "assistant",
      content: [
        { type: "tool_use", id: "functions_f_0", name: "f", input: { a: 1 } },
        { type: "tool_use", id: "b", name: "f", input: { not_an_object: '{"a": ' } },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "functions_f_0", content: "2" },
        { type: "tool_result", tool_use_id: "b", content: "no" },
        { type: "text", text: "well?" },
      ],
    },
  ]);
  // Every tool that was used is declared, also where none may be used now.
  assert.deepEqual(body.tools, [{ name: "f", input_schema: { type: "object" } }]);
  assert.deepEqual(body.tool_choice, { type: "none" });
  const tools = [{ name: "f", description: "", parameters: { type: "object", required: ["a"] } }];
  await anthropicMessages(ours, "m", { tool_choice: { type: "auto" } }).ask(messages, tools);
  assert.deepEqual(ours.asked[1].body.tools, [{ name: "f", description: "", input_schema: tools[0].parameters }]);
  assert.deepEqual([ours.asked[1].body.tool_choice, ours.asked[1].body.max_tokens], [{ type: "auto" }, 4096]);
});
