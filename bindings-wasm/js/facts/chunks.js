// What the chunks of a stream hold, and the reply that they come to: those of OpenAI and Anthropic.
//
// Facts only. Whether a stream made progress, may be left, or was whole, is judged by the core's `Stream`.

import { isObject } from "../agent/reply.js";
import { canonicalDigest, judgeFinish } from "../engine/policy.js";

/** What any chunk holds: one of OpenAI, one of Anthropic, or something else, whose end cannot be known. */
export function readChunk(chunk) {
  if (!isObject(chunk)) {
    return { other: typeof chunk === "string" ? isText(chunk) : chunk !== undefined && chunk !== null };
  }
  if (ArrayBuffer.isView(chunk) || chunk instanceof ArrayBuffer) {
    return { other: isText(new TextDecoder().decode(chunk)) };
  }
  if (chunk.object === "chat.completion.chunk" || Array.isArray(chunk.choices)) {
    return readOpenAI(chunk);
  }
  if (textIn(chunk.type).startsWith("response.")) {
    return readResponse(chunk);
  }
  return EVENTS.has(chunk.type) ? readAnthropic(chunk) : { other: true };
}

/** A reader of one stream. Where several answers were asked for (`n`), its end is that of the last one. */
export function chunkReader() {
  const ends = new Map();
  return (chunk) => {
    const choices = chunk?.choices;
    if (!Array.isArray(choices) || choices.length === 0) {
      return readChunk(chunk);
    }
    for (const choice of choices) {
      const index = choice?.index ?? 0;
      ends.set(index, word(choice?.finish_reason) || ends.get(index));
    }
    if (ends.size === 1) {
      return readChunk(chunk);
    }
    const several = choices.map((choice) => readChoice(chunk, choice));
    const facts = { ...several[0] };
    for (const name of Object.keys(facts)) {
      facts[name] = several.map((one) => one[name]).find(Boolean);
    }
    const told = [...ends.values()];
    // If one of them may not be taken for whole, that is the end of all.
    const bad = told.find((end) => judgeFinish(end, undefined, false) !== undefined);
    facts.finish = told.every(Boolean) ? (bad ?? told[0]) : undefined;
    return facts;
  };
}

/** Whether there is anything in a text. */
export function isText(value) {
  return typeof value === "string" && value.trim() !== "";
}

export function textIn(value) {
  return typeof value === "string" ? value : "";
}

/** The text of a message's content: it may come in typed parts, with reasoning among them (Mistral). */
export function saidIn(content) {
  return Array.isArray(content)
    ? content.map((part) => (part?.type === "text" ? textIn(part.text) : "")).join("")
    : textIn(content);
}

/** What providers and SDKs let through as a word is not always text. */
export function word(value) {
  return value === undefined || value === null ? undefined : String(value);
}

/**
 * Arguments as an object; what is none stays the text that it was, for the core to refuse and the model to hear of. So
 * do numbers that JavaScript would round.
 */
export function readArguments(name, given) {
  if (typeof given !== "string") return given;
  if (given.trim() === "") return {};
  return canonicalDigest(String(name), given).digest === undefined ? given : JSON.parse(given);
}

/** Usage in failsoft's words, if the tokens that were read are told; those written may be unknown as yet. */
export function readUsage(usage, read, written) {
  const counts = read.map((name) => usage?.[name]);
  const output = usage?.[written];
  if (!Number.isSafeInteger(counts[0])) return undefined;
  return {
    inputTokens: counts.filter(Number.isSafeInteger).reduce((sum, count) => sum + count, 0),
    outputTokens: Number.isSafeInteger(output) ? output : undefined,
  };
}

/** The error that a provider sends under status 200, in place of a reply or amid a stream, if this is one. */
export function errorIn(chunk) {
  if (!isObject(chunk)) {
    return undefined;
  }
  if (chunk.type === "error" || chunk.object === "error") {
    return chunk.error || chunk;
  }
  if (chunk.type === "response.failed") {
    return chunk.response?.error || chunk;
  }
  return (chunk.type === undefined && chunk.error) || undefined;
}

// ---- Chat Completions. ----

export function readOpenAI(chunk) {
  return readChoice(chunk, firstChoice(chunk));
}

function readChoice(chunk, choice) {
  const delta = choice?.delta;
  const parts = Array.isArray(delta?.content) ? delta.content : [];
  return {
    text: isText(saidIn(delta?.content)),
    toolCall: delta?.tool_calls?.length > 0,
    reasoning: Boolean(delta?.reasoning_content || delta?.reasoning || parts.some((part) => part?.type === "thinking")),
    finish: word(choice?.finish_reason),
    refusal: word(delta?.refusal),
    usage: isObject(chunk.usage),
  };
}

/** The first choice, where a chunk of it is: who asks for several takes one. */
function firstChoice(chunk) {
  const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
  return (choice?.index ?? 0) === 0 ? choice : undefined;
}

/** Puts the chunks of Chat Completions together. */
export class OpenAIReply {
  read = readOpenAI;
  model = undefined;
  finish = undefined;
  usage = undefined;
  #text = "";
  #refusal = "";
  #calls = [];
  #byIndex = new Map();

  /** What the reply consists of; `usage` is the provider's own. */
  parts() {
    return {
      finish: this.finish,
      refusal: this.#refusal,
      calls: this.#calls.map(({ id, name, json, isCustom }) => ({
        id,
        name,
        // The arguments of a function are JSON; the input of a custom tool is whatever it is.
        arguments: isCustom ? json : readArguments(name, json),
      })),
      text: this.#text,
      usage: this.usage,
      model: this.model,
    };
  }

  /** Usage that was told so far. */
  get spent() {
    return this.usage;
  }

  /** Takes a chunk, and gives the text in it. */
  add(chunk) {
    this.model = word(chunk.model) ?? this.model;
    this.usage = chunk.usage || this.usage;
    const choice = firstChoice(chunk);
    const delta = choice?.delta;
    this.finish = word(choice?.finish_reason) || this.finish;
    this.#refusal += textIn(delta?.refusal);
    for (const part of delta?.tool_calls ?? []) {
      this.#addCall(part);
    }
    const text = saidIn(delta?.content);
    this.#text += text;
    return text;
  }

  #addCall(part) {
    const { index, id } = part ?? {};
    let call = this.#byIndex.get(index);
    // Some servers leave the index out, or give every call the same one: then a new id begins a new call.
    if (call === undefined || (id && call.id && id !== call.id)) {
      call = { id: undefined, name: undefined, json: "", isCustom: false };
      this.#byIndex.set(index, call);
      this.#calls.push(call);
    }
    const said = part?.function ?? part?.custom;
    call.isCustom ||= !part?.function && isObject(part?.custom);
    call.id ||= id;
    call.name ||= said?.name;
    call.json += textIn(said?.arguments) || textIn(said?.input);
  }
}

// ---- The Responses API, whose events are only handed on. ----

function readResponse({ type, delta, response }) {
  const isOver = type === "response.completed" || type === "response.incomplete";
  const isCall = type.endsWith("_call_arguments.delta") || type.endsWith("_call_input.delta");
  return {
    text: type === "response.output_text.delta" && isText(delta),
    toolCall: Boolean(delta) && isCall,
    reasoning: Boolean(delta) && type.startsWith("response.reasoning"),
    refusal: type === "response.refusal.delta" ? word(delta) : undefined,
    finish: isOver ? (word(response?.incomplete_details?.reason) ?? type) : undefined,
    usage: isOver && isObject(response?.usage),
    terminator: isOver,
  };
}

// ---- The Messages API. ----

const EVENTS = new Set(["ping", "error", "message_start", "message_delta", "message_stop"]);
for (const what of ["start", "delta", "stop"]) {
  EVENTS.add(`content_block_${what}`);
}
const COUNTS = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"];

export function readAnthropic(event) {
  const { delta, content_block: block, usage } = event;
  const isOne = (...kinds) => kinds.includes(delta?.type) || kinds.includes(block?.type);
  return {
    text: isText(delta?.text) || isText(block?.text),
    toolCall: isOne("tool_use", "input_json_delta"),
    reasoning: isOne("thinking", "redacted_thinking", "thinking_delta"),
    finish: word(delta?.stop_reason),
    // What a message begins with is not what it used in the end.
    usage: (usage?.output_tokens ?? undefined) !== undefined,
    terminator: event.type === "message_stop",
  };
}

/** Puts the events of the Messages API together. */
export class AnthropicReply {
  read = readAnthropic;
  model = undefined;
  finish = undefined;
  usage = undefined;
  #counts = {};
  #blocks = new Map();

  /** What the reply consists of; `usage` is the provider's own. */
  parts() {
    const blocks = [...this.#blocks.values()];
    return {
      finish: this.finish,
      refusal: undefined,
      calls: blocks.filter(({ type }) => type === "tool_use").map(toCall),
      text: blocks.map(({ type, text }) => (type === "text" ? text : "")).join(""),
      usage: this.usage,
      model: this.model,
    };
  }

  /** Usage that was told so far: at first that of the input alone. */
  get spent() {
    return this.usage ?? { ...this.#counts, output_tokens: undefined };
  }

  /** Takes an event, and gives the text in it. */
  add(event) {
    this.model = word(event.message?.model) ?? this.model;
    this.#count(event.message?.usage);
    if (isObject(event.usage)) {
      this.#count(event.usage);
      this.usage = this.#counts;
    }
    const { delta, content_block: block } = event;
    this.finish = word(delta?.stop_reason) || this.finish;
    if (!isObject(block) && (delta?.type ?? undefined) === undefined) {
      return "";
    }
    const known = this.#block(event.index, block);
    const text = textIn(delta?.text) || textIn(block?.text);
    known.text += text;
    known.json += textIn(delta?.partial_json);
    return known.type === "text" ? text : "";
  }

  #block(index, block) {
    if (isObject(block) || !this.#blocks.has(index)) {
      const { type = "text", id, name, input } = block ?? {};
      this.#blocks.set(index, { type, id, name, input, text: "", json: "" });
    }
    return this.#blocks.get(index);
  }

  #count(usage) {
    for (const name of COUNTS) {
      if (Number.isSafeInteger(usage?.[name])) {
        this.#counts[name] = usage[name];
      }
    }
  }
}

function toCall({ id, name, json, input }) {
  // Without parts, the input of its first event is all of it.
  return { id, name, arguments: readArguments(name, json || input) };
}
