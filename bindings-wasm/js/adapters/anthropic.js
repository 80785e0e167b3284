// The Messages API: neutral messages to those of the npm package `@anthropic-ai/sdk`, and its replies back.

import { isObject } from "../agent/reply.js";
import { AnthropicReply, readArguments, readUsage } from "../facts/chunks.js";
import { ChatModel, withTools } from "./chat.js";

const READ = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];

class AnthropicMessages extends ChatModel {
  get package() {
    return "@anthropic-ai/sdk";
  }

  get provider() {
    return "anthropic";
  }

  fits(client) {
    return typeof client?.messages?.create === "function" && client.chat === undefined;
  }

  create(body, options) {
    return this.client.messages.create(body, options);
  }

  request(messages, tools) {
    const schemas = tools.map(({ name, description, parameters }) => ({
      name,
      description: description || "",
      input_schema: parameters,
    }));
    const request = withTools(this.options, schemas, ["tool_choice"]);
    const used = new Set(messages.flatMap(({ toolCalls }) => (toolCalls ?? []).map(({ name }) => name)));
    if (used.size > 0 && request.tools === undefined) {
      // The API wants every tool declared that the conversation has used, also where none may be used now.
      request.tools = [...used].map((name) => ({ name, input_schema: { type: "object" } }));
      request.tool_choice = { type: "none" };
    }
    const system = messages.filter(isSystem).map(({ content }) => content);
    if (system.length > 0) {
      const first = this.options.system;
      request.system = (typeof first === "string" ? [first, ...system] : system).join("\n\n");
    }
    request.messages = toAnthropic(messages);
    return request;
  }

  streamed(request) {
    return { ...request, stream: true };
  }

  wantsUsage() {
    return true;
  }

  collected() {
    return new AnthropicReply();
  }

  parts(reply) {
    const blocks = reply?.content;
    if (!Array.isArray(blocks)) return undefined;
    const calls = blocks
      .filter(({ type }) => type === "tool_use")
      .map(({ id, name, input }) => ({ id, name, arguments: readArguments(name, input) }));
    const text = blocks
      .filter(({ type }) => type === "text")
      .map((block) => block.text ?? "")
      .join("");
    return { finish: reply.stop_reason, refusal: undefined, calls, text, usage: reply.usage, model: reply.model };
  }

  usage(usage) {
    return readUsage(usage, READ, "output_tokens");
  }
}

/**
 * A model of the Messages API: Anthropic, also on Bedrock, Vertex and the like. The options are described in
 * `index.d.ts`.
 *
 * Tokens read from or written to a cache count among the input tokens, as they do with OpenAI. Extended thinking cannot
 * be used together with tools: thinking blocks would have to be handed back, and the messages of an agent do not hold
 * them.
 *
 * @param client a client of the npm package `@anthropic-ai/sdk`. Its own `maxRetries` is not used.
 */
export function anthropicMessages(client, model, { maxTokens = 4096, ...options } = {}) {
  return new AnthropicMessages(client, model, { max_tokens: maxTokens, ...options });
}

/** Roles in turn: what the API takes as one message, such as the results of one step's tools, is put into one. */
function toAnthropic(messages) {
  const told = [];
  for (const message of messages) {
    if (isSystem(message)) continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const blocks = blocksOf(message);
    if (told.at(-1)?.role === role) {
      told.at(-1).content.push(...blocks);
    } else if (blocks.length > 0) {
      told.push({ role, content: blocks });
    }
  }
  return told;
}

function blocksOf({ role, content, toolCalls, toolCallId }) {
  if (role === "tool") return [{ type: "tool_result", tool_use_id: plainId(toolCallId), content }];
  // Empty text is refused.
  const said = typeof content === "string" && content.trim() !== "" ? [{ type: "text", text: content }] : [];
  const used = (toolCalls ?? []).map(({ id, name, arguments: given }) => ({
    type: "tool_use",
    id: plainId(id),
    name,
    // What was no object can only be shown in one.
    input: isObject(given) && !Array.isArray(given) ? given : { not_an_object: given },
  }));
  return [...(Array.isArray(content) ? content : said), ...used];
}

/** The id of a call, which may be another provider's: the API takes letters, digits, `_` and `-`. */
function plainId(id) {
  return id.replace(/[^A-Za-z0-9_-]/g, "_");
}

function isSystem({ role }) {
  return role === "system" || role === "developer";
}
