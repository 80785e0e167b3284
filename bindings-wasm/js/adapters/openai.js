// Chat Completions: neutral messages to those of the npm package `openai`, and its replies back.

import { asText } from "../agent/reply.js";
import { OpenAIReply, readArguments, readUsage, saidIn } from "../facts/chunks.js";
import { ChatModel, withTools } from "./chat.js";

class OpenAIChat extends ChatModel {
  get package() {
    return "openai";
  }

  get provider() {
    return "openai";
  }

  fits(client) {
    return typeof client?.chat?.completions?.create === "function";
  }

  create(body, options) {
    return this.client.chat.completions.create(body, options);
  }

  request(messages, tools) {
    const functions = tools.map((spec) => ({ type: "function", function: { ...spec } }));
    return {
      ...withTools(this.options, functions, ["tool_choice", "parallel_tool_calls"]),
      messages: messages.map(toOpenAI),
    };
  }

  streamed(request) {
    return { stream_options: { include_usage: true }, ...request, stream: true };
  }

  /** Whether the usage of a stream comes, after the reason for its end. */
  wantsUsage({ stream_options: options }) {
    return Boolean(options?.include_usage);
  }

  collected() {
    return new OpenAIReply();
  }

  parts(reply) {
    const choice = reply?.choices?.[0];
    const message = choice?.message;
    if (message === undefined || message === null) return undefined;
    return {
      finish: choice.finish_reason,
      refusal: message.refusal,
      calls: [...(message.tool_calls ?? [])].map(readCall),
      text: saidIn(message.content),
      usage: reply.usage,
      model: reply.model,
    };
  }

  usage(usage) {
    return readUsage(usage, ["prompt_tokens"], "completion_tokens");
  }
}

/**
 * A model of the Chat Completions API: OpenAI, Azure OpenAI, and whatever speaks it behind another base URL. The options
 * are described in `index.d.ts`.
 *
 * @param client a client of the npm package `openai`. Its own `maxRetries` is not used.
 * @param model the model, or on Azure the deployment.
 */
export function openaiChat(client, model, options) {
  return new OpenAIChat(client, model, options);
}

function toOpenAI({ role, content, toolCalls, toolCallId }) {
  if (role === "tool") return { role, tool_call_id: toolCallId, content };
  if (!toolCalls?.length) return { role, content: content || "" };
  return { role, content: content || null, tool_calls: toolCalls.map(toCall) };
}

function toCall({ id, name, arguments: given }) {
  return { id, type: "function", function: { name, arguments: asText(given) } };
}

function readCall(call) {
  if (call.function === undefined) return { id: call.id, name: call.custom?.name, arguments: call.custom?.input };
  const { name, arguments: given } = call.function;
  return { id: call.id, name, arguments: readArguments(name, given) };
}
