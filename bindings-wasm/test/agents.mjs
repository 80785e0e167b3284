// What the tests of agents share.

import { Agent, tool } from "failsoft";

export { timed } from "./common.mjs";

export const TWO_NUMBERS = {
  type: "object",
  properties: { a: { type: "integer" }, b: { type: "integer" } },
  required: ["a", "b"],
  additionalProperties: false,
};
export const multiply = tool(({ a, b }) => a * b, { name: "multiply", parameters: TWO_NUMBERS });

/** Runs an agent once. */
export function run(model, options, task = "go") {
  return new Agent(model, options?.session ? options : { log: null, ...options }).run(task);
}

/** A reply that asks for these tools, each with its arguments. */
export function ask(...wanted) {
  return { toolCalls: wanted.map(([name, given], at) => ({ id: `c${at}`, name, arguments: given })) };
}

/** What the tools brought, as the model was told. */
export function results(result) {
  return result.messages.filter(({ role }) => role === "tool").map(({ content }) => content);
}
