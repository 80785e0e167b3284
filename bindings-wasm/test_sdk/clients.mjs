// Real clients, each asked in the same way: `ask(url, model, { timeout, signal })` rejects with whatever the client throws.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { generateText, streamText } from "ai";
import axios from "axios";
import OpenAI from "openai";
import { HI } from "./harness.mjs";

async function drained(chunks) {
  const read = [];
  for await (const chunk of chunks) {
    read.push(chunk);
  }
  return read;
}

const limited = (timeout) => (timeout === undefined ? {} : { timeout });

function openai(url, model, { timeout, signal, stream = false, ...options } = {}) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0, ...limited(timeout), ...options });
  return client.chat.completions.create({ model, messages: HI, stream }, { signal });
}

function anthropic(url, model, { timeout, signal, stream = false, ...options } = {}) {
  const client = new Anthropic({ baseURL: url, apiKey: "k", maxRetries: 0, ...limited(timeout), ...options });
  return client.messages.create({ model, messages: HI, max_tokens: 9, stream }, { signal });
}

/** A model for the package `ai`. */
export function modelOf(url, model) {
  return createOpenAICompatible({ name: "local", baseURL: `${url}/v1`, apiKey: "k" })(model);
}

/** For `generateText` and `streamText`. Their `timeout` is a signal's. */
function ofTheAiPackage(url, model, { timeout, signal } = {}) {
  const how = { model: modelOf(url, model), prompt: "hi", maxRetries: 0, abortSignal: signal };
  return timeout === undefined ? how : { ...how, timeout };
}

/** What goes wrong in a stream is a part of it, and the log is not for tests. */
async function streamedText(url, model, how) {
  const { fullStream, stream } = streamText({ ...ofTheAiPackage(url, model, how), onError: () => {} });
  const parts = [];
  for await (const part of fullStream ?? stream) {
    if (part.type === "error") {
      throw part.error;
    }
    if (part.type === "abort") {
      how.signal.throwIfAborted();
    }
    parts.push(part);
  }
  return parts;
}

function posted(adapter) {
  return (url, model, { timeout, signal } = {}) =>
    axios.post(
      `${url}/v1/chat/completions`,
      { model, messages: HI },
      { adapter, timeout, signal, responseType: "json", transitional: { silentJSONParsing: false } },
    );
}

/** Fetch itself: what is not OK is thrown as it is, its body unread. */
async function fetched(url, model, { timeout, signal } = {}) {
  const reply = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages: HI }),
    signal: timeout === undefined ? signal : AbortSignal.timeout(timeout),
  });
  if (!reply.ok) {
    throw reply;
  }
  return reply.json();
}

/** Clients that wait for the whole answer. */
export const PLAIN = {
  openai,
  anthropic,
  generateText: (url, model, how) => generateText(ofTheAiPackage(url, model, how)),
  axios: posted("http"),
  "axios over fetch": posted("fetch"),
  fetch: fetched,
};

/** Clients that read a stream to its end. */
export const STREAMING = {
  openai: async (url, model, how) => drained(await openai(url, model, { ...how, stream: true })),
  anthropic: async (url, model, how) => drained(await anthropic(url, model, { ...how, stream: true })),
  streamText: streamedText,
};
