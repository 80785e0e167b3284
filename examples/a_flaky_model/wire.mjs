// A over the wire: two 503, then a tool call and an answer. The engine asks again, the SDK does not.

import { Agent, openaiChat } from "failsoft";
import { multiply, policy } from "../telling.mjs";
import { check, checkGaps, client, log, play, script, tell } from "../wiring.mjs";

const BACKOFF = policy({ retry: { base: 50 } });
const FLAKY = ["503x2", 'agent:multiply({"a":17,"b":23}):17 times 23 is {last_tool_result}'];

async function story() {
  await script({ flaky: FLAKY });
  const agent = new Agent(openaiChat(client(), "flaky"), { tools: [multiply], policy: BACKOFF });
  const result = await agent.run("What is 17 times 23?");

  tell(result, { answer: "17 times 23 is 391", steps: 2, attempts: 4, degraded: false });
  const seen = await log("flaky");
  check(
    "statuses the provider sent",
    seen.map((entry) => entry.status),
    [503, 503, 200, 200],
  );
  checkGaps(seen, 50, 100, 0);
  const keys = seen.map((entry) => entry.headers["idempotency-key"]);
  check("idempotency keys: one for each step", [new Set(keys.slice(0, 3)).size, new Set(keys).size], [1, 2]);
}

await play("A. A model that fails twice, then works, over the wire", story);
