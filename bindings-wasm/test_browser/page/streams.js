// Streams in a page: by the `openai` package, and by plain `fetch`.

import { Agent, Discard, openaiChat, Policy, Session } from "failsoft";
import OpenAI from "openai";

const policy = new Policy({ retry: { base: 50, jitter: "none" }, attempt: { firstProgress: 500, idle: 500 } });

/** The events of an agent's run. */
export async function events({ url, model }) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", dangerouslyAllowBrowser: true });
  const agent = new Agent(openaiChat(client, model, { stream: true }), { policy, log: null });
  const told = [];
  for await (const event of agent.stream("hi")) told.push(event);
  return told;
}

/** What a reader sees of the body of a response, and where it was told to discard what it had; until `enough` is there. */
export async function read({ url, model, enough }) {
  const turn = new Session({ routes: ["a"], policy, log: null }).turn();
  const request = async ({ signal }) => {
    const body = JSON.stringify({ model, messages: [{ role: "user", content: "hi" }], stream: true });
    const headers = { "content-type": "application/json" };
    return (await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body, signal })).body;
  };
  const decoder = new TextDecoder();
  let wire = "";
  for await (const piece of turn.stream(request, { restartable: true })) {
    wire = piece instanceof Discard ? `<${piece.reason}>` : wire + decoder.decode(piece, { stream: true });
    if (enough !== undefined && wire.includes(enough)) break;
  }
  return { wire, lines: turn.report().lines };
}
