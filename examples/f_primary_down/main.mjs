// F. The primary is down for one turn: the backup answers, and the next turn is back on the primary.

import { Agent } from "failsoft";
import { instant, says, script } from "failsoft/testing";
import { Overloaded, policy, tell } from "../telling.mjs";

console.log("F. The primary is down for one turn");

let primaryIsDown = true;

function primary() {
  if (primaryIsDown) {
    throw new Overloaded();
  }
  return { answer: "hello from the primary" };
}

await instant(async () => {
  const agent = new Agent(primary, { fallbacks: [script(says("hello from the backup"))], policy: policy() });
  for (const number of [1, 2]) {
    console.log(`turn ${number}:`);
    primaryIsDown = number === 1;
    const result = await agent.run("Hello!");
    tell(result);
    console.log(`route: ${result.route}`);
  }
});
