// What the wire holds: server-sent events, and the chunks of OpenAI and Anthropic.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parts } from "./common.mjs";

// The engine of the parts is another copy, which has to be started.
await import(new URL("index.js", parts));
const { Decoder } = await import(new URL("facts/sse.js", parts));
const { AnthropicReply, chunkReader, errorIn, OpenAIReply, readChunk } = await import(
  new URL("facts/chunks.js", parts)
);
const { Collecting } = await import(new URL("adapters/collect.js", parts));

// ---- Server-sent events. ----

const bytes = (text) => new TextEncoder().encode(text);

function events(...pieces) {
  const decoder = new Decoder();
  return [...pieces.flatMap((piece) => decoder.feed(piece)), ...decoder.end()];
}

const WIRES = {
  "data: a\n\ndata: b\n\n": ["a", "b"],
  "data: a\r\n\r\ndata: b\r\rdata:c\n\n": ["a", "b", "c"],
  "event: ping\ndata: {}\n\ndata: x\n\n": [["ping", "{}"], "x"],
  ": keep-alive\n\n: another\n\n": [],
  "data: a\ndata: b\n\n": ["a\nb"],
  "event: nothing\n\ndata: x\n\n": ["x"],
  "id: 7\nretry: 10\ndata: x\n\n": ["x"],
  "data:  two blanks\n\n": [" two blanks"],
  "data\n\n": [""],
  "data: cut off": ["cut off"],
  "data: \u2028 \u0085 \x0b \x1c\n\n": ["\u2028 \u0085 \x0b \x1c"],
  "": [],
};

for (const [wire, expected] of Object.entries(WIRES)) {
  test(`the events of ${JSON.stringify(wire)}, in whatever pieces they come`, () => {
    const whole = bytes(wire);
    const wanted = expected.map((event) => (typeof event === "string" ? [undefined, event] : event));
    assert.deepEqual(events(whole), wanted);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      assert.deepEqual(events(whole.subarray(0, cut), whole.subarray(cut)), wanted, `cut at ${cut}`);
    }
    const single = Array.from(whole, (_, place) => whole.subarray(place, place + 1));
    assert.deepEqual(events(...single), wanted);
  });
}

test("a character that is cut or broken", () => {
  const whole = bytes("data: \u{1f600}é\n\n");
  for (let cut = 0; cut <= whole.length; cut += 1) {
    assert.deepEqual(events(whole.subarray(0, cut), whole.subarray(cut)), [[undefined, "\u{1f600}é"]]);
  }
  assert.deepEqual(events(Uint8Array.of(...bytes("data: "), 255, 10, 10)), [[undefined, "\ufffd"]]);
});

// ---- Chunks. ----

function openai(delta = {}, finish = null, fields = {}) {
  return { choices: [{ index: 0, delta, finish_reason: finish }], ...fields };
}

const block = (type) => ({ type: "content_block_start", index: 0, content_block: { type, text: "" } });
const delta = (type, more) => ({ type: "content_block_delta", index: 0, delta: { type, ...more } });

const HELD = [
  [openai({ role: "assistant", content: "" }), {}],
  [openai({ content: " \n" }), {}],
  [openai({ content: "x" }), { text: true }],
  [openai({ tool_calls: [{ index: 0 }] }), { toolCall: true }],
  [openai({ tool_calls: [] }), {}],
  [openai({ reasoning_content: "hm" }), { reasoning: true }],
  [openai({ reasoning: "hm" }), { reasoning: true }],
  [openai({ refusal: "no" }), { refusal: "no" }],
  [openai({}, "stop"), { finish: "stop" }],
  [openai({}, 5), { finish: "5" }],
  [{ choices: [], usage: { prompt_tokens: 1 } }, { usage: true }],
  [{ choices: [{ index: 1, delta: { content: "another" } }] }, {}],
  [{ object: "chat.completion.chunk", choices: null }, {}],
  [{ type: "ping" }, {}],
  [{ type: "message_start", message: { usage: { input_tokens: 3, output_tokens: 1 } } }, {}],
  [block("text"), {}],
  [block("tool_use"), { toolCall: true }],
  [block("thinking"), { reasoning: true }],
  [delta("text_delta", { text: "x" }), { text: true }],
  [delta("input_json_delta"), { toolCall: true }],
  [delta("thinking_delta", { thinking: "hm" }), { reasoning: true }],
  [{ type: "message_delta", delta: { stop_reason: null }, usage: { output_tokens: 1 } }, { usage: true }],
  [{ type: "message_delta", delta: { stop_reason: "end_turn" } }, { finish: "end_turn" }],
  [{ type: "message_stop" }, { terminator: true }],
  [{ type: "of another provider" }, { other: true }],
  [openai({ content: [{ type: "text", text: "x" }] }), { text: true }],
  [openai({ content: [{ type: "thinking", thinking: [] }] }), { reasoning: true }],
  [{ type: "response.created", response: {} }, {}],
  [{ type: "response.output_text.delta", delta: "x" }, { text: true }],
  [{ type: "response.function_call_arguments.delta", delta: "{" }, { toolCall: true }],
  [{ type: "response.reasoning_text.delta", delta: "hm" }, { reasoning: true }],
  [{ type: "response.refusal.delta", delta: "no" }, { refusal: "no" }],
  [
    { type: "response.completed", response: { usage: {} } },
    { finish: "response.completed", usage: true, terminator: true },
  ],
  [
    { type: "response.incomplete", response: { incomplete_details: { reason: "max_output_tokens" } } },
    { finish: "max_output_tokens", terminator: true },
  ],
  [42, { other: true }],
  ["text", { other: true }],
  [bytes("bytes"), { other: true }],
  [bytes("bytes").buffer, { other: true }],
  [bytes(" \n"), {}],
  [" \n", {}],
  [null, {}],
  [undefined, {}],
];

for (const [chunk, held] of HELD) {
  test(`what a chunk holds: ${JSON.stringify(chunk)}`, () => {
    const found = Object.entries(readChunk(chunk)).filter(([, value]) => value);
    assert.deepEqual(Object.fromEntries(found), held);
  });
}

test("an error is one where nothing else is meant", () => {
  assert.deepEqual(errorIn({ error: { message: "no" } }), { message: "no" });
  assert.deepEqual(errorIn({ type: "error", error: { message: "no" } }), { message: "no" });
  assert.equal(errorIn({ type: "error", error: "no" }), "no");
  for (const flat of [
    { type: "error", message: "no" },
    { object: "error", message: "no" },
  ]) {
    assert.equal(errorIn(flat), flat);
  }
  assert.deepEqual(errorIn({ type: "response.failed", response: { error: { code: "x" } } }), { code: "x" });
  for (const none of [{ type: "tool_end", error: "of somebody's own" }, { error: null }, "error", null, undefined]) {
    assert.equal(errorIn(none), undefined);
  }
});

// ---- Replies. ----

function read(reply, ...chunks) {
  const text = chunks.map((chunk) => reply.add(chunk)).join("");
  return { told: text, ...reply.parts() };
}

const part = (index, id, name, json) => ({ index, id, function: { name, arguments: json } });

/** Parts of tool calls, and what they come to. */
const CALLS = {
  "in turn, as OpenAI does it": [
    [part(0, "a", "f", ""), part(0, null, null, '{"x":'), part(0, null, null, "1}")],
    [["a", "f", { x: 1 }]],
  ],
  mixed: [
    [part(0, "a", "f", "{"), part(1, "b", "g", "{"), part(0, null, null, "}"), part(1, null, null, "}")],
    [
      ["a", "f", {}],
      ["b", "g", {}],
    ],
  ],
  "without an index": [
    [part(undefined, "a", "f", "{}"), part(undefined, "b", "g", "{}")],
    [
      ["a", "f", {}],
      ["b", "g", {}],
    ],
  ],
  "all of the same index": [
    [part(0, "a", "f", "{}"), part(0, "b", "g", "{}")],
    [
      ["a", "f", {}],
      ["b", "g", {}],
    ],
  ],
  "the same id again, and no object": [[part(0, "a", "f", "[1"), part(0, "a", "f", "]")], [["a", "f", "[1]"]]],
  "no arguments": [[part(0, "a", "f", "")], [["a", "f", {}]]],
};

for (const [what, [pieces, expected]] of Object.entries(CALLS)) {
  test(`tool calls of OpenAI: ${what}`, () => {
    const one = read(new OpenAIReply(), ...pieces.map((piece) => openai({ tool_calls: [piece] })));
    const together = read(new OpenAIReply(), openai({ tool_calls: pieces }));
    for (const { calls } of [one, together]) {
      assert.deepEqual(
        calls.map(({ id, name, arguments: given }) => [id, name, given]),
        expected,
      );
    }
  });
}

test("the input of a custom tool stays text", () => {
  const custom = (input) => openai({ tool_calls: [{ index: 0, id: "a", custom: { name: "sql", input } }] });
  const { calls } = read(new OpenAIReply(), custom('{"a":'), custom("1}"));
  assert.deepEqual(calls, [{ id: "a", name: "sql", arguments: '{"a":1}' }]);
});

test("a reply of OpenAI", () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2 };
  const chunks = [openai({ content: "a" }, null, { model: "m-1" }), openai({ content: "b" }, "stop")];
  const found = read(new OpenAIReply(), ...chunks, { choices: [], usage });
  assert.deepEqual(found, { told: "ab", text: "ab", finish: "stop", model: "m-1", usage, refusal: "", calls: [] });
});

test("a reply of Anthropic", () => {
  const usage = { input_tokens: 3, cache_read_input_tokens: 20, output_tokens: 1 };
  const tool = { type: "tool_use", id: "t", name: "f", input: {} };
  const begun = (index, content_block) => ({ type: "content_block_start", index, content_block });
  const next = (index, one) => ({ type: "content_block_delta", index, delta: one });
  const reply = new AnthropicReply();
  assert.equal(reply.spent.input_tokens, undefined);
  assert.equal(reply.add({ type: "message_start", message: { model: "m-1", usage } }), "");
  assert.deepEqual(reply.spent, { ...usage, output_tokens: undefined }, "what was written is not known yet");
  const found = read(
    reply,
    begun(0, { type: "thinking", thinking: "" }),
    next(0, { type: "thinking_delta", thinking: "hm" }),
    begun(1, { type: "text", text: "" }),
    next(1, { type: "text_delta", text: "a" }),
    { type: "ping" },
    next(1, { type: "text_delta", text: "b" }),
    { type: "content_block_stop", index: 1 },
    begun(2, tool),
    next(2, { type: "input_json_delta", partial_json: '{"x":' }),
    next(2, { type: "input_json_delta", partial_json: "1}" }),
    begun(3, { ...tool, id: "u" }),
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  );
  assert.deepEqual([found.told, found.text, found.finish, found.model], ["ab", "ab", "tool_use", "m-1"]);
  assert.deepEqual(found.usage, { ...usage, output_tokens: 9 });
  assert.deepEqual(reply.spent, found.usage);
  assert.deepEqual(found.calls, [
    { id: "t", name: "f", arguments: { x: 1 } },
    { id: "u", name: "f", arguments: {} },
  ]);
});

const STRANGE = ["{", "5", "null", "[]", '{"choices": [{"delta": {"tool_calls": 5}}]}'];

for (const strange of STRANGE) {
  test(`what cannot be read is skipped where the rest is whole: ${strange}`, () => {
    const collecting = () =>
      new Collecting("m", new OpenAIReply(), () => undefined, { acceptCut: false, wantsUsage: true });
    const [text, finish] = [openai({ content: "x" }), openai({}, "stop")].map((chunk) => JSON.stringify(chunk));
    const whole = collecting();
    const seen = [text, strange, "", finish, " [DONE] "].map((data) => whole.takeEvent([undefined, data]));
    assert.deepEqual(seen, [false, false, false, false, true]);
    assert.equal(whole.parts().text, "x");
    const broken = collecting();
    broken.takeEvent([undefined, text]);
    broken.takeEvent([undefined, strange]);
    assert.throws(() => broken.parts(), /without saying that it is whole; 1 chunk could not be read$/);
  });
}

test("an event that is named an error is one", () => {
  const course = new Collecting("m", new OpenAIReply(), () => undefined, { acceptCut: false, wantsUsage: true });
  for (const [data, body] of [
    ["overloaded", { error: "overloaded" }],
    ['{"message":"no"}', { error: { message: "no" } }],
    ['{"error":{"message":"no"}}', { error: { message: "no" } }],
  ]) {
    assert.throws(
      () => course.takeEvent(["error", data]),
      (error) => error.name === "ProviderError" && JSON.stringify(error.body) === JSON.stringify(body),
    );
  }
});

test("where several answers were asked for, the end is that of the last", () => {
  const read = chunkReader();
  const both = (first, second) => ({
    choices: [
      { index: 0, ...first },
      { index: 1, ...second },
    ],
  });
  assert.equal(read(both({ delta: { content: "a" } }, { delta: {} })).text, true);
  assert.equal(read(both({ finish_reason: "stop" }, { delta: { content: "b" } })).finish, undefined);
  assert.equal(read({ choices: [{ index: 1, finish_reason: "length" }] }).finish, "length");
});

test("no chunk is too strange", () => {
  const seed = 391;
  let state = seed;
  const below = (count) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * count);
  };
  const NAMES = "choices delta content tool_calls index id function name arguments type message usage error".split(" ");
  NAMES.push("content_block", "partial_json", "text", "finish_reason", "stop_reason", "object");
  const WORDS = [null, true, 0, 7, "", "x", "error", "tool_use", "content_block_delta", "chat.completion.chunk"];
  const make = (depth) => {
    const kind = depth === 0 ? 0 : below(3);
    const inner = Array.from({ length: kind === 0 ? 0 : below(4) }, () => make(depth - 1));
    if (kind === 0) return WORDS[below(WORDS.length)];
    return kind === 1 ? inner : Object.fromEntries(inner.map((one) => [NAMES[below(NAMES.length)], one]));
  };
  for (let round = 0; round < 5000; round += 1) {
    const chunk = make(5);
    assert.doesNotThrow(() => [readChunk(chunk), errorIn(chunk)], `seed ${seed}: ${JSON.stringify(chunk)}`);
  }
});
