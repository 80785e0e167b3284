// A. A model that fails twice, then works: it asks for a tool and answers with what the tool brought.

import { Agent } from "failsoft";
import { calls, fails, says, script } from "failsoft/testing";
import { multiply, Overloaded, policy, spans, tell } from "../telling.mjs";

console.log("A. A model that fails twice, then works");

const model = script(
  fails(2, new Overloaded()),
  calls("multiply", { a: 17, b: 23 }),
  says("17 times 23 is {last_tool_result}"),
);

// A clock that stands still, and a sleep that only writes down for how long: a stubbed sleep is a sleep.
const delays = [];
const agent = new Agent(model, {
  tools: [multiply],
  policy: policy(),
  clock: () => 0,
  sleep: (delay) => delays.push(delay),
});

tell(await agent.run("What is 17 times 23?"));
console.log(`delays: ${spans(delays)}`);
