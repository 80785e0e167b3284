// Run by leaks.test.mjs in a process of its own, with `--expose-gc`: many calls, a third of them aborted and some dropped,
// streams beside them that are left in every way, and what is alive at the end of each round. Prints one line of JSON.

import { getEventListeners, setMaxListeners } from "node:events";
import { Agent, PermanentError, Policy, retry, Session } from "failsoft";
import { statistics } from "failsoft/machine";

const ROUNDS = 10;
const CALLS = 20_000;
/** So many are under way at once. */
const TOGETHER = 200;
/** So many streams beside them. */
const STREAMS = 16;

// Stack traces take most of the time of a call that fails.
Error.stackTraceLimit = 0;
const busy = Object.assign(new Error("busy"), { status: 503 });

/** What hangs and is dropped is given up on at once: until then the timer of its limit would hold it. */
const hasty = new Policy({ attempt: { timeout: 1 }, retry: { jitter: "none" } });
/** Nothing but the calls themselves is to be seen. Without jitter: a wait of 1 ms might be over before it has begun. */
const patient = new Policy({
  retry: { jitter: "none" },
  breaker: { consecutive: 1000 },
  budget: { floor: 1_000_000 },
});

const never = () => new Promise(() => {});
const later = (value) => new Promise((resolve) => setImmediate(() => resolve(value)));
const rest = () => later();

const opened = (policy, sleep) => new Session({ routes: ["primary"], policy, sleep, log: null });
const awake = [opened(patient, rest), opened(patient, rest)];
/** Sessions whose waits never end by themselves. */
const sleeping = [opened(patient, never), opened(patient, never)];

/** Outlives every call: nothing of theirs may stay with it. */
const lasting = new AbortController();
setMaxListeners(2 * TOGETHER, lasting.signal);

/** What comes to an end by itself, and how. */
const ENDING = [
  [() => "done", "done"],
  [() => later("done"), "done"],
  [async ({ number }) => (number < 3 ? Promise.reject(busy) : "done"), "done"],
  [() => Promise.reject(busy), "Exhausted"],
  [() => Promise.reject(new PermanentError("no")), "PermanentError"],
];

/** What comes to an end only because it is aborted: in the request, whether it listens or not, or in the wait after it. */
const HANGING = [
  ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
  never,
  () => Promise.reject(busy),
  async ({ number }) => (number === 1 ? Promise.reject(busy) : never()),
];

const ends = { done: 0, failed: 0, aborted: 0, dropped: 0, streams: 0, wrong: [] };

async function finishing(number) {
  const [request, end] = ENDING[number % ENDING.length];
  const { signal } = lasting;
  const asked =
    number % 2 === 0
      ? retry(request, { signal, sleep: rest, jitter: "none", seed: number })
      : awake[(number % 4) >> 1].turn().call(request, { signal });
  const found = await asked.catch((error) => error?.name ?? String(error));
  if (found !== end) ends.wrong.push(`${number}: ${found} instead of ${end}`);
  else if (end === "done") ends.done += 1;
  else ends.failed += 1;
}

async function aborted(number) {
  const place = number % HANGING.length;
  const request = HANGING[place];
  const controller = new AbortController();
  const { signal } = controller;
  // The last of them hangs in its second request: the wait before that has to end.
  const isWaiting = place === 2;
  const asked =
    number % 3 === 0
      ? retry(request, { signal, sleep: isWaiting ? never : rest, jitter: "none", seed: number })
      : (isWaiting ? sleeping : awake)[number % 2].turn().call(request, { signal });
  setImmediate(() => setImmediate(() => controller.abort("enough")));
  const found = await asked.catch((reason) => reason);
  if (found !== "enough") ends.wrong.push(`${number}: ${found} instead of an abort`);
  else if (getEventListeners(signal, "abort").length > 0) ends.wrong.push(`${number}: a listener`);
  else ends.aborted += 1;
}

/** What a stream is read from: it has one chunk, then it hangs, or has another and ends. `source.closed` says that it was. */
function sourceOf(hangs) {
  const waiting = ["a", "b"];
  const source = { closed: false, return: () => void Object.assign(source, { closed: true }) };
  source.next = () =>
    hangs && waiting.length === 1 ? never() : { done: waiting.length === 0, value: waiting.shift() };
  return source;
}

/** A model that streams one part, then hangs until its signal is aborted. */
const hanging = {
  streams: true,
  ask: (_messages, _tools, { signal }, watch) => {
    watch.saw("a");
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  },
};
const agents = awake.map((session) => new Agent(hanging, { session }));

/** How a stream is left, and what its reader got. */
const LEAVING = [
  async (stream) => {
    for await (const value of stream) if (value === undefined) break;
    return "all";
  },
  async (stream) => {
    for await (const value of stream) if (value !== undefined) break;
    return "left";
  },
  async (stream) => {
    await stream.next();
    setImmediate(() => stream.return());
    while (!(await stream.next()).done);
    return "left";
  },
  async (stream, controller) => {
    setImmediate(() => setImmediate(() => controller.abort("enough")));
    return LEAVING[0](stream).catch((reason) => reason);
  },
];
const LEFT = ["all", "left", "left", "enough"];

async function streamed(number) {
  const way = number % LEAVING.length;
  const isOfAgent = number % (2 * LEAVING.length) > LEAVING.length;
  const controller = new AbortController();
  const source = sourceOf(way > 0);
  const options = { signal: controller.signal };
  const stream = isOfAgent
    ? agents[number % 2].stream("go", options)
    : awake[number % 2].turn().stream(() => source, options);
  const found = await LEAVING[way](stream, controller);
  if (found !== LEFT[way]) ends.wrong.push(`stream ${number}: ${found} instead of ${LEFT[way]}`);
  else if (!isOfAgent && !source.closed) ends.wrong.push(`stream ${number}: not closed`);
  else if (getEventListeners(controller.signal, "abort").length > 0) ends.wrong.push(`stream ${number}: a listener`);
  else ends.streams += 1;
}

/** Nobody holds these, and neither the request nor the wait of theirs ever ends. */
const DROPPING = [
  (turn) => void turn().call(never),
  (turn) => void turn().call(() => Promise.reject(busy)),
  () => void retry(never),
  () => void retry(() => Promise.reject(busy), { sleep: never, jitter: "none" }),
  (turn) => void turn().enter(),
  (turn) => void turn().stream(never).next(),
];

function drop(number) {
  const session = opened(hasty, never);
  DROPPING[number % DROPPING.length](() => session.turn());
  ends.dropped += 1;
}

/** The collector's turn, and the finalizers', which run as tasks of their own. */
async function swept() {
  await new Promise((resolve) => setTimeout(resolve, 2));
  globalThis.gc();
}

const rounds = [];
for (let round = 0; round < ROUNDS; round += 1) {
  for (let first = 0; first < CALLS; first += TOGETHER) {
    const numbers = Array.from({ length: TOGETHER }, (_, place) => round * CALLS + first + place);
    const calls = numbers.map((number) => (number % 3 === 0 ? aborted(number / 3) : finishing(number)));
    await Promise.all([...calls, ...numbers.slice(0, STREAMS).map(streamed)]);
    drop(first / TOGETHER);
    for (const session of [...awake, ...sleeping]) session.reset("primary");
    // Left to itself it comes when it likes, and the engine's memory has no fixed highest mark.
    if (first % 4000 === 0) await swept();
  }
  for (let sweep = 0; sweep < 4; sweep += 1) await swept();
  await rest();
  const listeners = getEventListeners(lasting.signal, "abort").length;
  rounds.push({ ...statistics(), heap: process.memoryUsage().heapUsed, listeners });
}

// Streams of which somebody has read a chunk, and dropped the rest.
const unread = Array.from({ length: STREAMS }, () => sourceOf(true));
for (const source of unread) {
  void awake[0]
    .turn()
    .stream(() => source, { signal: lasting.signal })
    .next();
}
await rest();
const held = unread.filter(({ closed }) => !closed).length;
for (let sweep = 0; sweep < 4; sweep += 1) await swept();
const closed = unread.filter(({ closed }) => closed).length;

const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name === "Immediate");
console.log(JSON.stringify({ calls: ROUNDS * CALLS, rounds, ends, timers, unread: [held, closed] }));
