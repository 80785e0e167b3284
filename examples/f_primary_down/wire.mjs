// F over the wire: the primary is down for one turn, the backup answers, and the next turn is back on the primary.

import { Agent, openaiChat } from "failsoft";
import { policy } from "../telling.mjs";
import { check, checkGaps, client, log, play, script, tell } from "../wiring.mjs";

const BACKOFF = policy({ retry: { base: 50 } });
const PRIMARY = ["503x3", "answer:hello from the primary"];
const BACKUP = "answer:hello from the backup";

async function story() {
  await script({ big: PRIMARY, small: BACKUP });
  const openai = client();
  const agent = new Agent(openaiChat(openai, "big"), { fallbacks: [openaiChat(openai, "small")], policy: BACKOFF });
  const first = await agent.run("Hello!");
  const second = await agent.run("Hello again!");

  tell(first, { answer: "hello from the backup", route: "backup", attempts: 4, degraded: false });
  tell(second, { answer: "hello from the primary", route: "primary", attempts: 1, degraded: false });
  const seen = await log("big");
  check("requests the primary saw", seen.length, 4);
  checkGaps(seen.slice(0, 3), 50, 100);
  check("requests the backup saw", (await log("small")).length, 1);
}

await play("F. The primary is down for one turn, over the wire", story);
