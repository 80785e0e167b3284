// What the stories share: how a transcript is printed, and a provider that is overloaded.

import { Policy, tool } from "failsoft";

/** What an SDK throws when the provider answers 503. */
export class Overloaded extends Error {
  status = 503;
}

/** The defaults without jitter, so that a transcript is the same each time. */
export function policy(groups = {}) {
  return new Policy({ ...groups, retry: { jitter: "none", ...groups.retry } });
}

export const multiply = tool(({ a, b }) => a * b, {
  name: "multiply",
  description: "Multiplies two whole numbers.",
  parameters: {
    type: "object",
    properties: { a: { type: "integer" }, b: { type: "integer" } },
    required: ["a", "b"],
    additionalProperties: false,
  },
});

export function tell(result) {
  tellLines(result.lines);
  console.log(`answer: ${result.answer}`);
  console.log(`steps: ${result.steps}`);
  console.log(`degraded: ${result.degraded}`);
  console.log(`stop_reason: ${result.stopReason}`);
  console.log(`blocked: ${listed(result.blocked)}`);
}

export function tellLines(lines) {
  for (const line of lines) {
    console.log(`  ${line}`);
  }
}

export function listed(items) {
  return items.join(", ") || "none";
}

export function spans(millis) {
  return listed(millis.map((span) => `${span / 1000} s`));
}
