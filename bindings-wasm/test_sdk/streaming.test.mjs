// Streams of the real SDKs through the adapters: what every misbehaviour amid a stream comes out as.

import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import {
  Agent,
  anthropicMessages,
  CallTimeout,
  classify,
  Discard,
  Exhausted,
  openaiChat,
  Policy,
  ProviderError,
  Session,
  UnusableReply,
} from "failsoft";
import OpenAI from "openai";
import { attemptsOf, failureOf, HI, multiply, provided } from "./harness.mjs";

const provider = await provided();
const TEXT = "the answer is forty two";

const APIS = {
  openai: {
    client: (options) => new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: "k", ...options }),
    make: openaiChat,
    create: (client, how) => client.chat.completions.create({ model: "m", messages: HI, stream: true }, how),
    textIn: (chunk) => chunk.choices[0]?.delta.content ?? "",
    cut: "length",
  },
  anthropic: {
    client: (options) => new Anthropic({ baseURL: provider.url, apiKey: "k", ...options }),
    make: anthropicMessages,
    create: (client, how) => client.messages.create({ model: "m", messages: HI, stream: true, max_tokens: 100 }, how),
    textIn: (event) => event.delta?.text ?? "",
    cut: "max_tokens",
  },
};

const WHOLE = {
  "an answer": `answer:${TEXT}`,
  "a chunk that is no JSON, and the rest": `malformed_chunk:2:${TEXT}`,
  "no terminator": `no_terminator:${TEXT}`,
  "no terminator, and it stays open": { do: "no_terminator", stays_open: true, reply: TEXT },
  "keep-alives amid it": { do: "stall", after: 2, for_ms: 60, keep_alive_ms: 20, reply: TEXT },
};

/** What the provider does amid the stream, the kind that it must come out as, and how far the stream had come. */
const BROKEN = {
  "reset before the first part": [`cut:0:${TEXT}`, "connect", "first_progress"],
  reset: [`cut:2:${TEXT}`, "stream_broken", "idle"],
  closed: [`close:2:${TEXT}`, "stream_broken", "idle"],
  "a chunk that is no JSON, and then nothing": [
    { do: "malformed_chunk", after: 2, goes_on: false, reply: TEXT },
    "stream_broken",
    "idle",
  ],
  "nothing says it is whole": [`no_finish:2:${TEXT}`, "stream_broken", "idle"],
  "a terminator alone": [{ do: "no_finish", terminator: true, reply: TEXT }, "stream_broken", "idle"],
  "an error before the first part": ["overloaded:0", "overloaded", "first_progress"],
  "an error": ["overloaded:2", "overloaded", "idle"],
  filtered: [{ do: "answer", text: "the", finish: "content_filter" }, "content_refused", "idle"],
  429: ["429", "rate_limited", "first_progress"],
  "HTML under 200": ["malformed_body", "malformed", undefined],
};

const clocks = (limits) => new Policy({ attempt: limits, retry: { jitter: "none", base: 10 } });

for (const [name, api] of Object.entries(APIS)) {
  const ask = async (behaviour, options) => {
    await provider.script({ m: behaviour });
    return attemptsOf(api.make(api.client(), "m", { stream: true }), options);
  };
  const both = (policy, options) => {
    const models = ["p", "b"].map((model) =>
      api.make(api.client(), model, { stream: true, route: { name: model, endpoint: model } }),
    );
    return new Agent(models[0], { fallbacks: [models[1]], policy, log: null, ...options });
  };

  for (const [what, behaviour] of Object.entries(WHOLE)) {
    test(`${name}: a whole answer: ${what}`, async () => {
      const begun = performance.now();
      const { value, errors } = await ask(behaviour);
      assert.deepEqual(errors, []);
      assert.deepEqual(value, { answer: TEXT, model: "m", usage: { inputTokens: 1, outputTokens: 5 } });
      assert.ok(performance.now() - begun < 2000, "a terminator that is missing is not waited for");
    });
  }

  for (const [what, [behaviour, kind, phase]] of Object.entries(BROKEN)) {
    test(`${name}: a broken one: ${what}`, async () => {
      const asked = await ask(behaviour);
      assert.equal(failureOf(asked).kind, kind);
      assert.equal((await provider.log("m")).length, 1);
      const [error] = asked.errors;
      if (phase !== undefined) assert.equal(error.failsoftPhase, phase);
      if (what.startsWith("an error")) assert(error instanceof ProviderError);
      if (what === "filtered") {
        assert(error instanceof UnusableReply);
        assert.deepEqual(error.failsoftUsage, { inputTokens: 1, outputTokens: 1 });
      }
    });
  }

  for (const keepAlive of [undefined, 50]) {
    test(`${name}: in a plain call the whole has our limit, keep-alives ${keepAlive}`, async () => {
      const stall = { do: "stall", after: 2, keep_alive_ms: keepAlive, reply: TEXT };
      const asked = await ask(stall, { timeout: 300 });
      assert.equal(failureOf(asked).kind, "timed_out");
      assert(asked.errors[0] instanceof CallTimeout);
    });
  }

  test(`${name}: tool calls are put together`, async () => {
    const calls = [
      { name: "multiply", arguments: { a: 17, b: 23 } },
      { name: "multiply", arguments: {} },
    ];
    const { value } = await ask({ do: "answer", text: "let me see", tool_calls: calls });
    assert.equal(value.answer, "let me see");
    assert.deepEqual(
      value.toolCalls.map(({ name: tool, arguments: given }) => ({ name: tool, arguments: given })),
      calls,
    );
    assert.equal(new Set(value.toolCalls.map(({ id }) => id)).size, 2);
  });

  test(`${name}: a cut may be accepted`, async () => {
    await provider.script({ m: { do: "answer", text: "half an", finish: api.cut } });
    const make = (options) => api.make(api.client(), "m", { stream: true, ...options });
    assert.equal((await make({ acceptCut: true }).ask(HI)).answer, "half an");
    await assert.rejects(make().ask(HI), UnusableReply);
  });

  test(`${name}: the connection is used again`, async () => {
    await provider.script({ m: "answer:x" });
    const model = api.make(api.client(), "m", { stream: true });
    for (let request = 0; request < 6; request += 1) await model.ask(HI);
    const log = await provider.log("m");
    // As every fetch of Node does, it takes turns with two.
    assert.ok(new Set(log.map(({ connection }) => connection)).size <= 2);
    assert.equal(log.length, 6);
  });

  test(`${name}: a client without raw responses is read by its own iterator`, async () => {
    await provider.script({ m: `answer:${TEXT}`, bad: "overloaded:2" });
    for (const [model, expected] of [
      ["m", TEXT],
      ["bad", "overloaded"],
    ]) {
      const client = api.client();
      const resource = name === "openai" ? client.chat.completions : client.messages;
      const create = resource.create.bind(resource);
      resource.create = async (...given) => create(...given);
      const { value, errors } = await attemptsOf(api.make(client, model, { stream: true }));
      assert.equal(value?.answer ?? classify(errors[0]).kind, expected);
    }
  });

  for (const after of [0, 2]) {
    for (const keepAlive of [undefined, 20]) {
      test(`${name}: a stall after ${after} is left for the backup, keep-alives ${keepAlive}`, async () => {
        const stall = { do: "stall", after, reply: TEXT, keep_alive_ms: keepAlive };
        await provider.script({ p: stall, b: `answer:${TEXT}` });
        const begun = performance.now();
        const result = await both(clocks({ firstProgress: 300, idle: 300 })).run("hi");
        assert.deepEqual([result.answer, result.route, result.model], [TEXT, "b", "b"]);
        assert.ok(performance.now() - begun < 3000);
        const log = await provider.log();
        assert.deepEqual(
          log.map(({ model }) => model),
          ["p", "b"],
        );
        assert.match(result.lines[0], /timed_out/);
        // What began is known to have read the request; how much was written, nobody said.
        const inputTokens = name === "anthropic" ? 1 : undefined;
        assert.deepEqual(result.spent, { inputTokens, outputTokens: undefined });
        assert.equal(log[0].client_left, true);
      });
    }
  }

  test(`${name}: a broken stream is fetched whole`, async () => {
    const p = [`cut:2:${TEXT}`, "503", 'call:multiply({"a":17,"b":23})', "answer:it is {last_tool_result}"];
    await provider.script({ p });
    const result = await both(clocks({}), { tools: [multiply] }).run("hi");
    assert.deepEqual([result.answer, result.steps, result.attempts], ["it is 391", 2, 4]);
  });

  test(`${name}: text arrives as it comes`, async () => {
    await provider.script({ p: [`cut:2:${TEXT}`, `answer:${TEXT}`] });
    const events = [];
    for await (const event of both(clocks({})).stream("hi")) events.push(event);
    const types = events.map(({ type }) => type);
    assert.deepEqual(types.slice(0, 5), ["step", "text", "text", "discard", "retry"]);
    const rest = events.slice(types.indexOf("retry"));
    assert.equal(rest.map(({ type, text }) => (type === "text" ? text : "")).join(""), TEXT);
    assert.deepEqual([types.at(-1), events.at(-1).result.answer], ["report", TEXT]);
  });

  test(`${name}: leaving the agent closes the response`, async () => {
    await provider.script({ p: { do: "stall", after: 2, reply: TEXT } });
    for await (const { type } of both(clocks({})).stream("hi")) {
      if (type === "text") break;
    }
    await left("p");
  });

  test(`${name}: a signal that is aborted closes the response, and its reason is told`, async () => {
    await provider.script({ p: { do: "stall", after: 2, reply: TEXT } });
    const controller = new AbortController();
    const reading = (async () => {
      for await (const { type } of both(clocks({})).stream("hi", { signal: controller.signal })) {
        if (type === "text") setTimeout(() => controller.abort("enough"));
      }
    })();
    await assert.rejects(reading, (reason) => reason === "enough");
    await left("p");
  });

  test(`${name}: the SDK's own chunks`, async () => {
    await provider.script({ m: [`cut:2:${TEXT}`, `stall:2:${TEXT}`, `answer:${TEXT}`] });
    const client = api.client({ maxRetries: 0 });
    const turn = new Session({ routes: ["a", "b"], policy: clocks({ idle: 300 }) }).turn();
    const chunks = [];
    for await (const chunk of turn.stream(() => api.create(client), { restartable: true })) chunks.push(chunk);
    const isDiscard = chunks.map((chunk) => chunk instanceof Discard);
    assert.equal(isDiscard.filter(Boolean).length, 2);
    const rest = chunks.slice(isDiscard.lastIndexOf(true) + 1);
    assert.equal(rest.map(api.textIn).join(""), TEXT);
    // Who hung was left although nobody handed on our signal.
    assert.equal((await provider.log("m"))[1].client_left, true);
  });

  test(`${name}: leaving a turn's stream closes the response`, async () => {
    await provider.script({ m: `stall:2:${TEXT}` });
    const turn = new Session({ routes: ["a"] }).turn();
    for await (const chunk of turn.stream(({ signal }) => api.create(api.client(), { signal }))) {
      if (api.textIn(chunk) !== "") break;
    }
    await left("m");
    assert.deepEqual(turn.report().lines, []);
  });

  test(`${name}: what broke is an error`, async () => {
    await provider.script({ m: `no_finish:2:${TEXT}` });
    const turn = new Session({ routes: ["a"] }).turn();
    const reading = (async () => {
      for await (const chunk of turn.stream(() => api.create(api.client()))) assert(chunk);
    })();
    await assert.rejects(reading, (error) => error instanceof Exhausted && /stream_broken/.test(error.message));
  });
}

test("usage is asked for unless the caller did", async () => {
  await provider.script({ m: "answer:x" });
  const make = (options) => openaiChat(APIS.openai.client(), "m", { stream: true, ...options });
  assert.deepEqual((await make().ask(HI)).usage, { inputTokens: 1, outputTokens: 1 });
  assert.equal((await make({ stream_options: { include_usage: false } }).ask(HI)).usage, undefined);
  const asked = (await provider.log("m")).map(({ body }) => body.stream_options);
  assert.deepEqual(asked, [{ include_usage: true }, { include_usage: false }]);
});

test("a reply that comes whole all the same", async () => {
  const body = { choices: [{ finish_reason: "stop", message: { content: "x" } }], model: "n" };
  const headers = { "content-type": "application/json" };
  await provider.script({ m: { do: "status", status: 200, body, headers } });
  const model = openaiChat(APIS.openai.client(), "m", { stream: true });
  assert.deepEqual(await model.ask(HI), { answer: "x", model: "n" });
  await provider.script({ m: { do: "status", status: 200, body: { error: { type: "overloaded_error" } }, headers } });
  await assert.rejects(
    model.ask(HI),
    (error) => error instanceof ProviderError && classify(error).kind === "overloaded",
  );
});

test("a stream of bytes by fetch alone", async () => {
  await provider.script({ m: `answer:${TEXT}` });
  const request = async ({ signal }) => {
    const body = JSON.stringify({ model: "m", messages: HI, stream: true });
    const reply = await fetch(`${provider.url}/v1/chat/completions`, { method: "POST", body, signal });
    return reply.body;
  };
  const decoder = new TextDecoder();
  let wire = "";
  for await (const piece of new Session({ routes: ["a"] }).turn().stream(request)) {
    wire += decoder.decode(piece, { stream: true });
  }
  assert.match(wire, /"content":"two"/);
  assert.match(wire, /\[DONE\]/);
});

/** Resolves when the provider has seen that nobody reads it any more. */
async function left(model) {
  const until = performance.now() + 5000;
  let log = await provider.log(model);
  while (!log.every((entry) => entry.client_left) && performance.now() < until) {
    log = await provider.log(model);
  }
  assert.deepEqual(
    log.map((entry) => entry.client_left),
    [true],
  );
}
