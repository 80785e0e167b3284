// E over the wire: the first request hangs. It is given up on at its limit and made afresh.

import { setTimeout as sleep } from "node:timers/promises";
import { Agent, openaiChat } from "failsoft";
import { policy } from "../telling.mjs";
import { check, checkGaps, client, log, play, script, tell } from "../wiring.mjs";

// The limit goes to the SDK, which closes the connection: no request is left behind.
const LIMIT = policy({ attempt: { timeout: 400 }, retry: { base: 50 } });
const HUNG = [{ do: "answer", text: "late", delay_ms: 600 }, "answer:fresh"];

async function story() {
  await script({ hung: HUNG });
  const result = await new Agent(openaiChat(client(), "hung"), { policy: LIMIT }).run("Hello?");

  tell(result, { answer: "fresh", attempts: 2, degraded: false });
  check(
    "the event log names the limit",
    result.lines.some((line) => line.includes("timed_out")),
    true,
  );
  // The limit began before the request arrived, so from there only the backoff is certain.
  checkGaps(await log("hung"), 50);
  while ((await log("hung"))[0].ended_ms === null) {
    await sleep(10);
  }
  const seen = await log("hung");
  check("had the client left before the late answer", seen[0].client_left, true);
  check("requests the provider saw", seen.length, 2);
}

await play("E. A hung call, over the wire", story);
