// An agent whose model is busy twice, asks for a tool, and answers with what the tool brought.

import { Agent, tool } from "failsoft";

const multiply = tool(({ a, b }) => a * b, { name: "multiply", description: "Multiplies two whole numbers." });

let asked = 0;

function model(messages) {
  asked += 1;
  if (asked <= 2) {
    throw Object.assign(new Error("busy"), { status: 503 });
  }
  const result = messages.find((message) => message.role === "tool");
  return result
    ? { answer: `17 times 23 is ${result.content}` }
    : { toolCalls: [{ id: "1", name: "multiply", arguments: { a: 17, b: 23 } }] };
}

const agent = new Agent(model, { tools: [multiply], sleep: () => {} });
const { answer, attempts } = await agent.run("What is 17 times 23?");
say(`${answer}, after ${attempts} attempts`);

function say(text) {
  if (globalThis.document === undefined) {
    console.log(text);
  } else {
    document.querySelector("#answer").textContent = text;
  }
}
