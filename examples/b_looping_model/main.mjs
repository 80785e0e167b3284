// B. A looping model: it asks for the same tool for ever. The cap on steps stops it.

import { Agent, tool } from "failsoft";
import { calls, instant, script } from "failsoft/testing";
import { policy, tell } from "../telling.mjs";

console.log("B. A model that asks for the same tool for ever");

let searches = 0;

const search = tool(
  () => {
    searches += 1;
    return "nothing found";
  },
  { name: "search", description: "Searches for something." },
);

await instant(async () => {
  const model = script(calls("search", { for: "an answer" }));
  const agent = new Agent(model, { tools: [search], policy: policy({ turn: { steps: 4 } }) });
  tell(await agent.run("Find it."));
});
console.log(`searches: ${searches}`);
