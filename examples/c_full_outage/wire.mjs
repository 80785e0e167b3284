// C over the wire: the provider is down and there is no other. Three requests, not nine; a degraded answer.

import { Agent, openaiChat } from "failsoft";
import { policy } from "../telling.mjs";
import { check, checkGaps, client, log, play, script, tell } from "../wiring.mjs";

const BACKOFF = policy({ retry: { base: 50 } });

async function story() {
  await script({ down: "503" });
  const result = await new Agent(openaiChat(client(), "down"), { policy: BACKOFF }).run("Hello?");

  console.log(`  answer: ${result.answer}`);
  tell(result, { degraded: true, stopReason: "model_unavailable", attempts: 3 });
  const seen = await log("down");
  check("requests the provider saw", seen.length, 3);
  checkGaps(seen, 50, 100);
}

await play("C. A full outage, and no fallback, over the wire", story);
