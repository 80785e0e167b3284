// Streams that follow a script.

import { openaiChat } from "../adapters/openai.js";
import { isObject } from "../agent/reply.js";
import { current, rest } from "../loops/time.js";

/** A part of a stream: it ends here, by this reason; `ends("")` is a stream that breaks off without any. */
export function ends(reason) {
  return new End(reason);
}

class End {
  constructor(reason) {
    this.reason = reason;
  }
}

/**
 * A stream in the shape of Chat Completions, for `turn.stream(() => chunks("the ", 500, "answer"))`.
 *
 * A text becomes a chunk; a number lets so many milliseconds pass on the virtual clock of `instant()`; an error is
 * thrown; `calls(..)` becomes a tool call in parts; any other object is a chunk as it stands. At the end come the reason
 * for it and the usage, unless the last part is `ends(..)`, an error, or a chunk.
 */
export function chunks(...parts) {
  return played(parts);
}

async function* played(parts, signal = undefined) {
  for (const step of steps(parts)) {
    if (typeof step === "number") {
      await pause(step, signal);
    } else {
      yield step;
    }
  }
}

/**
 * A model that streams by a script: one list of parts (see `chunks`) a request, the last one repeated.
 *
 * It is the adapter of `openaiChat(.., { stream: true })` over a client that only pretends; `model.client.requests` keeps
 * what was asked, and `model.client.closed` counts the streams that were closed or came to their end.
 */
export function streams(...requests) {
  // No deployment: two of them are two places, as two scripts are.
  const route = { provider: undefined, model: undefined };
  return openaiChat(new ScriptedClient(requests), "scripted", { stream: true, route });
}

class ScriptedClient {
  requests = [];
  closed = 0;

  constructor(script) {
    this.script = script;
    this.chat = { completions: { create: async (body, { signal }) => this.#read(this.#next(body), signal) } };
  }

  #next(body) {
    const parts = this.script[Math.min(this.requests.length, this.script.length - 1)];
    this.requests.push(body);
    return parts;
  }

  async *#read(parts, signal) {
    try {
      yield* played(parts, signal);
    } finally {
      this.closed += 1;
    }
  }
}

/** Chunks to hand out, and milliseconds to let pass. */
function* steps(parts) {
  yield chunk({ role: "assistant", content: "" });
  let reason = "stop";
  for (const part of parts) {
    if (part instanceof Error) {
      throw part;
    }
    if (part instanceof End) {
      reason = part.reason;
    } else if (typeof part === "number") {
      yield part;
    } else if (typeof part === "string") {
      yield chunk({ content: part });
    } else if (isObject(part) && Array.isArray(part.toolCalls)) {
      reason = "tool_calls";
      yield* callChunks(part.toolCalls);
    } else {
      reason = "";
      yield part;
    }
  }
  if (reason !== "") {
    yield chunk({}, reason);
    yield { ...chunk({}), choices: [], usage: { prompt_tokens: 1, completion_tokens: parts.length } };
  }
}

function* callChunks(calls) {
  for (const [index, { id, name, arguments: given }] of calls.entries()) {
    const text = JSON.stringify(given);
    yield chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] });
    for (const piece of [text.slice(0, 5), text.slice(5)]) {
      yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  }
}

function chunk(delta, reason = null) {
  const choices = [{ index: 0, delta, finish_reason: reason }];
  return { object: "chat.completion.chunk", model: "scripted-1", choices };
}

function pause(millis, signal) {
  const source = current();
  if (!source.virtual) {
    throw new Error("a pause in a stream needs the virtual clock of instant()");
  }
  return rest(source, millis, signal);
}
