// G. The breaker: it opens, refuses without a request, lets exactly one of 20 callers probe, and closes.

import { BreakerOpen, Session } from "failsoft";
import { VirtualTime } from "failsoft/testing";
import { Overloaded, policy, spans } from "../telling.mjs";

console.log("G. The breaker");

const time = new VirtualTime();
const guarded = policy({ breaker: { consecutive: 3, open: 5000 }, retry: { maxAttempts: 1 } });
const session = new Session({ policy: guarded, routes: ["primary"], clock: time.clock, sleep: time.sleep });
let requests = 0;

function failing() {
  requests += 1;
  throw new Overloaded();
}

console.log("three failures in a row:");
console.log(`state: ${session.breaker("primary")}`);
for (let n = 0; n < 3; n += 1) {
  let failed = false;
  try {
    await session.turn().call(failing);
  } catch {
    failed = true;
  }
  console.log(`failed: ${failed}`);
}
console.log(`state: ${session.breaker("primary")}`);
console.log(`requests: ${requests}`);

console.log("while it is open:");
const { retryIn } = await session.turn().call(failing).catch(refusal);
console.log(`refused, come back in: ${spans([retryIn])}`);
console.log(`requests: ${requests}`);

console.log("20 callers when its time has come:");
time.advance(retryIn);
console.log(`state: ${session.breaker("primary")}`);
const counts = { admitted: 0, refused: 0 };
// All ask at once, and the probe does not answer before all the others have been refused.
let letGo;
const allAsked = new Promise((resolve) => {
  letGo = resolve;
});

function count(what) {
  counts[what] += 1;
  if (counts.admitted + counts.refused === 20) {
    letGo();
  }
  return allAsked;
}

async function caller() {
  try {
    await session.turn().call(() => count("admitted"));
  } catch (error) {
    refusal(error);
    await count("refused");
  }
}

await Promise.all(Array.from({ length: 20 }, caller));
console.log(`admitted: ${counts.admitted}`);
console.log(`refused: ${counts.refused}`);
console.log(`state: ${session.breaker("primary")}`);

/** The breaker's own error; any other is not for us. */
function refusal(error) {
  if (error instanceof BreakerOpen) {
    return error;
  }
  throw error;
}
