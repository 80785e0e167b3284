// E. A hung call: given up on at its limit and made afresh. Its late answer is ignored.

import { Session } from "failsoft";
import { instant } from "failsoft/testing";
import { policy, tellLines } from "../telling.mjs";

/** One route, whose requests may take 200 ms. */
function session() {
  return new Session({ policy: policy({ attempt: { timeout: 200 }, retry: { base: 10 } }), routes: ["primary"] });
}

/** In JavaScript nothing blocks: what cannot be stopped is a request that does not listen to its signal. */
async function blocking() {
  console.log("blocking:");
  // The first request hangs until it is let go, and then brings its answer all the same.
  let letGo;
  const gate = new Promise((resolve) => {
    letGo = resolve;
  });
  let arrives;

  const turn = session().turn();
  const answer = await turn.call((attempt) => {
    if (attempt.number > 1) {
      return "fresh";
    }
    arrives = gate.then(() => "stale");
    return arrives;
  });

  letGo();
  const late = await arrives;
  tellLines(turn.report().lines);
  console.log(`late answer: ${late}, ignored`);
  console.log(`answer: ${answer}`);
}

async function asynchronous(time) {
  console.log("asynchronous:");
  let cameLate = false;

  const turn = session().turn();
  const answer = await turn.call(async (attempt) => {
    if (attempt.number > 1) {
      return "fresh";
    }
    await time.hang(60_000, attempt.signal);
    cameLate = true;
    return "stale";
  });
  // By now the hung request would have answered. Its signal was aborted at its limit instead.
  await time.hang(120_000);

  tellLines(turn.report().lines);
  console.log(`late answer: ${cameLate ? "came" : "none, the request was cancelled"}`);
  console.log(`answer: ${answer}`);
}

console.log("E. A hung call");
await blocking();
await instant(asynchronous);
