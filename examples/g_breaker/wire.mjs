// G over the wire: the breaker opens, refuses without a request, lets one of 20 callers probe, and closes.

import { setTimeout as sleep } from "node:timers/promises";
import { BreakerOpen, Exhausted, openaiChat, Session } from "failsoft";
import { policy } from "../telling.mjs";
import { check, client, log, play, script } from "../wiring.mjs";

const GUARDED = policy({ breaker: { consecutive: 3, open: 200 }, retry: { maxAttempts: 1 } });
// The probe is answered slowly: all the others come while it is under way.
const SICK = ["503x3", { do: "answer", text: "back", delay_ms: 400 }, "answer:well"];
const MESSAGES = [{ role: "user", content: "Hello?" }];

async function story() {
  await script({ sick: SICK });
  const model = openaiChat(client(), "sick");
  const session = new Session({ policy: GUARDED, routes: ["primary"] });

  const outcomes = [];
  for (let n = 0; n < 4; n += 1) {
    outcomes.push(await ask(session, model));
  }
  check("four callers, one after the other", outcomes, ["failed", "failed", "failed", "refused"]);
  check("requests the provider saw", (await log("sick")).length, 3);
  check("state", session.breaker("primary"), "open");

  await sleep(200);
  const probed = await Promise.all(Array.from({ length: 20 }, () => ask(session, model)));
  check("of 20 callers at once, answered", probed.filter((outcome) => outcome === "back").length, 1);
  check("refused", probed.filter((outcome) => outcome === "refused").length, 19);
  check("requests the provider saw", (await log("sick")).length, 4);
  check("state", session.breaker("primary"), "closed");

  check("the next caller", await ask(session, model), "well");
  check("requests the provider saw", (await log("sick")).length, 5);
}

async function ask(session, model) {
  try {
    const reply = await session.turn().call((attempt) => model.ask(MESSAGES, [], attempt));
    return reply.answer;
  } catch (error) {
    if (error instanceof Exhausted) return "failed";
    if (error instanceof BreakerOpen) return "refused";
    throw error;
  }
}

await play("G. The breaker, over the wire", story);
