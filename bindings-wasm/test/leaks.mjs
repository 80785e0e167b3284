// Run by leaks.test.mjs in a process of its own, with `--expose-gc`: many calls, a third of them aborted and some dropped,
// and what is alive at the end of each round. Prints one line of JSON.

import { getEventListeners } from "node:events";
import { PermanentError, retry, Session } from "failsoft";
import { statistics } from "failsoft/machine";

const ROUNDS = 10;
const CALLS = 20_000;
/** So many are under way at once. */
const TOGETHER = 200;

const sessions = Array.from({ length: 4 }, () => new Session({ routes: ["primary", "backup"], sleep: rest, log: null }));
const busy = Object.assign(new Error("busy"), { status: 503 });
/** Outlives every call: nothing of theirs may stay with it. */
const lasting = new AbortController();
const ends = { done: 0, failed: 0, aborted: 0, dropped: 0, wrong: [] };
let asleep = 0;

/** A sleep that the loops are given: the next turn of the event loop, unless it is a sleep that never ends. */
function rest() {
  asleep += 1;
  return new Promise((resolve) => setImmediate(resolve));
}

const later = (value) => new Promise((resolve) => setImmediate(() => resolve(value)));
const never = () => new Promise(() => {});

/** What a request does, by its number: half work at once, the others fail first, or for good, or hang until they are aborted. */
const REQUESTS = [
  () => "done",
  () => later("done"),
  async ({ number }) => (number < 3 ? Promise.reject(busy) : "done"),
  () => Promise.reject(busy),
  async () => {
    throw new PermanentError("no");
  },
  ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  () => never(),
];
const HANG_FROM = 5;

/** One call: of a session or of `retry`; every third is aborted, in its request or in a wait. */
function call(number, hangs) {
  const isAborted = number % 3 === 0;
  const ways = isAborted ? REQUESTS : REQUESTS.slice(0, HANG_FROM);
  const request = ways[Math.floor(number / 3) % ways.length];
  const controller = isAborted ? new AbortController() : lasting;
  const { signal } = controller;
  // Half of the aborted ones wait when it happens: their sleep never ends by itself.
  const sleep = isAborted && number % 2 === 0 ? never : rest;
  const session = sessions[number % sessions.length];
  const turn = session.turn();
  const asked =
    number % 4 === 0 ? retry(request, { signal, sleep, maxAttempts: 4, seed: number }) : turn.call(request, { signal });
  if (isAborted) {
    (number % 5 === 0 ? (abort) => abort() : setImmediate)(() => controller.abort("enough"));
  }
  if (hangs) return undefined;
  return asked.then(
    (value) => (value === "done" ? (ends.done += 1) : ends.wrong.push(String(value))),
    (error) => {
      if (error === "enough") ends.aborted += 1;
      else if (["Exhausted", "PermanentError", "BreakerOpen"].includes(error?.name)) ends.failed += 1;
      else ends.wrong.push(String(error?.stack ?? error));
    },
  );
}

/** Calls that never settle and that nobody holds: neither the request nor the sleep of theirs ever ends. */
function drop(number) {
  const session = new Session({ routes: ["primary"], sleep: never, log: null });
  const kinds = [
    () => session.turn().call(never),
    () => session.turn().call(() => Promise.reject(busy)),
    () => retry(never),
    () => retry(() => Promise.reject(busy), { sleep: never }),
    () => session.turn().enter(),
  ];
  kinds[number % kinds.length]();
  ends.dropped += 1;
}

async function collected() {
  for (let round = 0; round < 4; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc();
    // Finalizers run as tasks of their own.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const rounds = [];
for (let round = 0; round < ROUNDS; round += 1) {
  for (let first = 0; first < CALLS; first += TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, (_, place) => call(round * CALLS + first + place)));
    if (first % 2000 === 0) {
      for (let number = 0; number < 10; number += 1) drop(number);
    }
  }
  await collected();
  rounds.push({ ...statistics(), heap: process.memoryUsage().heapUsed, listeners: getEventListeners(lasting.signal, "abort").length });
}

const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name === "Immediate");
console.log(JSON.stringify({ rounds, ends, asleep, timers }));
