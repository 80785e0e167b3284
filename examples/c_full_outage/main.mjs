// C. A full outage and nobody to fall back on: a degraded answer, and no error.

import { Agent } from "failsoft";
import { instant, script } from "failsoft/testing";
import { Overloaded, policy, spans, tell } from "../telling.mjs";

console.log("C. A full outage, and no fallback");

await instant(async (time) => {
  tell(await new Agent(script(new Overloaded()), { policy: policy() }).run("Hello?"));
  console.log(`delays: ${spans(time.slept)}`);
});
