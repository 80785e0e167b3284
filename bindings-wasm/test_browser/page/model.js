// Story A over the wire from a page: an agent beside the provider, by the `openai` package and by plain `fetch`.

import { Agent, openaiChat, Policy, tool } from "failsoft";
import OpenAI from "openai";

const multiply = tool(({ a, b }) => a * b, {
  name: "multiply",
  description: "Multiplies two whole numbers.",
  parameters: {
    type: "object",
    properties: { a: { type: "integer" }, b: { type: "integer" } },
    required: ["a", "b"],
    additionalProperties: false,
  },
});

/** A model of one's own, by nothing but `fetch`. */
function byFetch(url, model) {
  return async (messages, tools, { signal, attempt }) => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": attempt.idempotencyKey },
      body: JSON.stringify({ model, messages: messages.map(told), tools: tools.map(offered) }),
      signal,
    });
    if (!response.ok) {
      throw Object.assign(new Error(`status ${response.status}`), {
        status: response.status,
        headers: response.headers,
      });
    }
    const { choices, usage } = await response.json();
    const { content, tool_calls: calls } = choices[0].message;
    const tokens = { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens };
    return calls === undefined ? { answer: content, usage: tokens } : { toolCalls: calls.map(asked), usage: tokens };
  };
}

function offered(spec) {
  return { type: "function", function: { ...spec } };
}

function asked({ id, function: { name, arguments: given } }) {
  return { id, name, arguments: JSON.parse(given) };
}

function told({ role, content, toolCalls, toolCallId }) {
  return { role, content, tool_calls: toolCalls, tool_call_id: toolCallId };
}

const MODELS = {
  fetch: byFetch,
  openai: (url, model) =>
    openaiChat(new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", dangerouslyAllowBrowser: true }), model),
};

export async function ask({ url, by, model }) {
  const policy = new Policy({ retry: { base: 50, jitter: "none" } });
  const agent = new Agent(MODELS[by](url, model), { tools: [multiply], policy, log: null });
  const { answer, steps, attempts, degraded, stopReason, usage, lines } = await agent.run("What is 17 times 23?");
  return { answer, steps, attempts, degraded, stopReason, usage, lines };
}
