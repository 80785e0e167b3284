// D. A risky tool beside a safe one: the risky one asks, the safe one never does.

import { Agent, tool } from "failsoft";
import { instant } from "failsoft/testing";
import { listed, multiply, policy, tell } from "../telling.mjs";

console.log("D. A risky tool beside a safe one");

let sent = 0;

const sendEmail = tool(
  () => {
    sent += 1;
    return "sent";
  },
  {
    name: "send_email",
    description: "Sends an email.",
    parameters: {
      type: "object",
      properties: { to: { type: "string" }, text: { type: "string" } },
      required: ["to", "text"],
    },
    risky: true,
  },
);

function model(messages) {
  const result = messages.find((message) => message.role === "tool");
  if (result) {
    return { answer: `17 times 23 is ${result.content}` };
  }
  const multiplyIt = { id: "call-1", name: "multiply", arguments: { a: 17, b: 23 } };
  const mailIt = { id: "call-2", name: "send_email", arguments: { to: "ada@example.org", text: "391" } };
  return { toolCalls: [multiplyIt, mailIt] };
}

const asked = [];

function approver(request) {
  asked.push(request.tool);
  return true;
}

await instant(async () => {
  const options = { tools: [multiply, sendEmail], policy: policy() };

  console.log("without an approver:");
  tell(await new Agent(model, options).run("Multiply, then mail it."));
  console.log(`sent: ${sent}`);

  console.log("with an approver who says yes:");
  tell(await new Agent(model, { ...options, approver }).run("Multiply, then mail it."));
  console.log(`sent: ${sent}`);
});
console.log(`asked about: ${listed(asked)}`);
