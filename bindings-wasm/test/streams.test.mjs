// `turn.stream`: streams that follow a script, over two routes.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import {
  CallTimeout,
  Discard,
  Exhausted,
  Policy,
  ProviderError,
  Route,
  Session,
  TransientError,
  UnusableReply,
} from "failsoft";
import { chunks, ends } from "failsoft/testing";
import { deferred, rejection, timed, turns } from "./common.mjs";

const NO_JITTER = new Policy({ retry: { jitter: "none" } });
const KEEP_ALIVE = { choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] };

/** Plays a turn: one list of parts, or one source as it stands, an attempt. `after` is what the consumer does with a chunk. */
async function play(script, { after = () => {}, policy = NO_JITTER, ...options } = {}) {
  const waiting = [...script];
  const turn = new Session({ routes: ["a", "b"], policy }).turn();
  const found = { turn, got: [], asked: [], attempts: [], closed: 0, error: undefined };
  const source = async function* (parts) {
    try {
      yield* chunks(...parts);
    } finally {
      found.closed += 1;
    }
  };
  const request = (attempt) => {
    found.asked.push(attempt.route.name);
    found.attempts.push(attempt);
    const parts = waiting.shift();
    if (parts instanceof Error) throw parts;
    return Array.isArray(parts) ? source(parts) : parts?.source;
  };
  try {
    for await (const chunk of turn.stream(request, options)) {
      found.got.push(chunk);
      if ((await after(chunk)) === "leave") break;
    }
  } catch (error) {
    found.error = error;
  }
  found.said = found.got.map(textIn).filter((text) => text !== "");
  const lines = turn.report().lines.map((line) => /attempt \d+ failed: (\w+)/.exec(line)?.[1]);
  found.failures = lines.filter((kind) => kind !== undefined);
  return found;
}

/** What a reader would see: texts, and where it was told to discard them. */
function textIn(chunk) {
  if (chunk instanceof Discard) return `<discard: ${chunk.reason}>`;
  if (!Array.isArray(chunk?.choices)) return String(chunk);
  const [choice] = chunk.choices;
  return choice === undefined ? "<usage>" : choice.delta.content || choice.finish_reason || "";
}

/** Chunks of a kind that nobody knows. */
const plain = (...given) => ({ source: given });

async function all(source) {
  const read = [];
  for await (const chunk of source) read.push(chunk);
  return read;
}

const END = ["stop", "<usage>"];

timed("chunks are handed on unchanged", async () => {
  const found = await play([["the ", "answer"]]);
  assert.deepEqual(found.said, ["the ", "answer", ...END]);
  assert.deepEqual(found.got, await all(chunks("the ", "answer")));
  assert.deepEqual([found.error, found.asked, found.closed], [undefined, ["a"], 1]);
});

timed("before the first part everything is asked again unnoticed", async () => {
  const found = await play([new TransientError("no"), [new TransientError("amid")], ["x"]]);
  assert.deepEqual(found.said, ["x", ...END]);
  assert.equal(found.got.filter((chunk) => textIn(chunk) === "").length, 1, "the role comes once");
  assert.deepEqual([found.error, found.asked, found.closed], [undefined, ["a", "a", "a"], 2]);
});

timed("after it a break is an error", async () => {
  const broken = new TransientError("reset");
  const found = await play([["the ", broken], ["never"]]);
  assert.deepEqual([found.said, found.asked, found.closed], [["the "], ["a"], 1]);
  assert(found.error instanceof Exhausted);
  assert.equal(found.error.cause, broken);
});

timed("unless the consumer can begin again", async () => {
  const script = [
    ["the ", new TransientError("reset")],
    ["it ", "is"],
  ];
  const found = await play(script, { restartable: true });
  assert.deepEqual(found.said, ["the ", "<discard: server_error>", "it ", "is", ...END]);
  assert.deepEqual([found.error, found.asked], [undefined, ["a", "a"]]);
  assert.deepEqual(
    { ...found.got.find((chunk) => chunk instanceof Discard) },
    { type: "discard", reason: "server_error" },
  );
});

timed("or gets it whole", async () => {
  const script = [
    ["the ", new TransientError("reset")],
    ["it ", "is"],
  ];
  const found = await play(script, { collect: true });
  assert.deepEqual([found.error, found.said], [undefined, ["it ", "is", ...END]]);
});

timed("nothing is discarded that was never seen", async () => {
  const found = await play([[new TransientError("x")], ["x"]], { restartable: true });
  assert.deepEqual(found.said, ["x", ...END]);
});

for (const parts of [
  [70_000, "late"],
  [ends(""), 70_000],
]) {
  timed(`it must begin in time: ${typeof parts[0]}`, async (time) => {
    const found = await play([parts, ["backup"]]);
    assert.deepEqual(found.said, ["backup", ...END]);
    assert.deepEqual([found.asked, found.failures, time.now], [["a", "b"], ["timed_out"], 1_060_000]);
    assert(found.attempts[0].signal.reason instanceof CallTimeout);
    assert.equal(found.attempts[1].signal.aborted, false);
  });
}

timed("keep-alives are no progress", async (time) => {
  const found = await play([Array(20).fill([10_000, KEEP_ALIVE]).flat(), ["backup"]]);
  assert.deepEqual(found.said, ["backup", ...END]);
  assert.deepEqual([found.failures, time.now], [["timed_out"], 1_060_000]);
});

timed("it must go on in time", async (time) => {
  const found = await play([["the ", ...Array(20).fill([10_000, KEEP_ALIVE]).flat(), "answer"]]);
  assert.deepEqual([found.said, time.now], [["the "], 1_060_000]);
  assert(found.error instanceof Exhausted);
  assert(found.error.cause instanceof CallTimeout);
  assert.equal(found.error.cause.message, "the stream was given up on at its limit");
});

timed("a stream that goes on has no limit", async (time) => {
  const found = await play([Array(30).fill([50_000, "x"]).flat()]);
  assert.deepEqual([found.error, found.said.slice(-2), time.now], [undefined, END, 2_500_000]);
});

timed("while the consumer has a chunk no clock runs", async (time) => {
  const found = await play([["the ", 50_000, "answer"]], { after: () => time.hang(500_000) });
  assert.deepEqual([found.error, found.said], [undefined, ["the ", "answer", ...END]]);
});

timed("without a reason for its end it is broken", async () => {
  const found = await play([["the ", ends("")], ["x"]]);
  assert.deepEqual(found.failures, ["stream_broken"]);
  assert(found.error.cause instanceof UnusableReply);
  assert.equal(found.error.cause.message, "the stream of a failed: it ended without saying that it is whole");
});

timed("a reason for its end that is handed on is true", async () => {
  const found = await play([["the ", ends("content_filter")]]);
  assert.deepEqual([found.said, found.failures], [["the "], ["content_refused"]]);
});

timed("a cut may be accepted", async () => {
  const found = await play([["the ", ends("length")]], { acceptCut: true });
  assert.deepEqual([found.error, found.said], [undefined, ["the ", "length", "<usage>"]]);
});

timed("after the reason only usage is waited for", async (time) => {
  const finish = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
  const found = await play([["x", finish, 500_000]]);
  assert.deepEqual([found.error, found.said, time.now], [undefined, ["x", "stop"], 1_000_500]);
});

timed("a stream that has said all is read to its end, if that comes soon", async (time) => {
  for (const [pause, took] of [
    [50, 50],
    [5_000, 100],
  ]) {
    const before = time.now;
    const source = async function* () {
      yield* chunks("x");
      await time.hang(pause);
    };
    const found = await play([{ source: source() }]);
    assert.deepEqual([found.error, found.said, time.now - before], [undefined, ["x", ...END], took]);
  }
});

timed("an error amid the stream is the provider's", async () => {
  const body = { error: { type: "overloaded_error", message: "Overloaded" } };
  const { error, failures } = await play([["x", body]]);
  assert(error.cause instanceof ProviderError);
  assert.deepEqual([error.cause.message, error.cause.body], ["Overloaded", body]);
  assert.deepEqual([error.cause.failsoftPhase, failures], ["idle", ["overloaded"]]);
});

timed("leaving early closes the source and charges nobody", async () => {
  const after = (chunk) => (textIn(chunk) === "the " ? "leave" : undefined);
  const found = await play([["the ", "answer"]], { after });
  assert.deepEqual([found.said, found.closed, found.error, found.failures], [["the "], 1, undefined, []]);
  assert.equal(found.attempts[0].signal.reason.name, "AbortError");
  assert.equal(await found.turn.call(() => "next"), "next");
});

timed("who leaves gives back what it was let in by", async (time) => {
  const policy = new Policy({ breaker: { consecutive: 1, open: 5_000 }, retry: { maxAttempts: 1 } });
  const session = new Session({ routes: ["a"], policy });
  await rejection(session.turn().call(() => Promise.reject(new TransientError("x"))));
  time.advance(5_000);
  assert.equal(session.breaker("a"), "half_open");
  for await (const chunk of session.turn().stream(() => chunks("x"))) {
    if (textIn(chunk) === "x") break;
  }
  assert.equal(await session.turn().call(() => "let in"), "let in");
});

timed("what the consumer throws is its own", async () => {
  const mine = new Error("mine");
  const after = () => {
    throw mine;
  };
  const found = await play([["the ", "answer"]], { after });
  assert.deepEqual([found.error, found.closed, found.failures], [mine, 1, []]);
});

timed("any chunks are whole when they end", async () => {
  const bytes = new TextEncoder().encode("the ");
  const found = await play([plain(bytes, " ", "answer", 42)]);
  assert.deepEqual([found.error, found.got], [undefined, [bytes, " ", "answer", 42]]);
});

timed("nothing is no answer", async () => {
  const found = await play([plain(), plain("x")]);
  assert.deepEqual([found.error, found.got, found.failures], [undefined, ["x"], ["malformed"]]);
});

timed("the reader may be the caller's", async () => {
  const read = (chunk) => ({
    text: /[a-z]/.test(chunk),
    finish: chunk === "." ? "stop" : undefined,
    malformed: chunk === "?",
  });
  const found = await play([plain("a", "?", "b"), plain("c", "?", ".")], { read, restartable: true });
  assert.deepEqual(found.got, ["a", "b", new Discard("stream_broken"), "c", "."]);
  assert.deepEqual(found.failures, ["stream_broken"]);
});

timed("whatever can be iterated is a source", async () => {
  const next = () => {
    const waiting = ["a", "b"];
    return () => ({ done: waiting.length === 0, value: waiting.shift() });
  };
  const readable = new ReadableStream({
    start(controller) {
      for (const chunk of ["a", "b"]) controller.enqueue(chunk);
      controller.close();
    },
  });
  const sources = [["a", "b"], new Set(["a", "b"]), { next: next() }, readable, [Promise.resolve("a"), "b"]];
  for (const source of sources) {
    const found = await play([{ source }]);
    assert.deepEqual([found.error, found.got], [undefined, ["a", "b"]]);
    const later = await play([{ source: Promise.resolve(["a", "b"]) }]);
    assert.deepEqual(later.got, ["a", "b"]);
  }
});

timed("a whole reply is no stream", async () => {
  const cases = [
    ["hello", "string"],
    [{ choices: [] }, "Object"],
    [42, "number"],
    [undefined, "undefined"],
    [new Uint8Array(3), "Uint8Array"],
  ];
  for (const [source, name] of cases) {
    const { error } = await play([{ source }]);
    assert(error instanceof TypeError);
    assert.equal(
      error.message,
      `the request brought no stream of chunks but ${name}; bring something to iterate, such as an SDK's answer to stream: true`,
    );
  }
});

timed("a readable stream is cancelled, also where a piece of it is awaited", async (time) => {
  const reasons = [];
  const readable = new ReadableStream({ cancel: (reason) => void reasons.push(reason) });
  const found = await play([{ source: readable }, ["backup"]]);
  assert.deepEqual([found.said, reasons, time.now], [["backup", ...END], [undefined], 1_060_000]);
});

timed("the stream of an SDK is stopped by its controller", async () => {
  const controller = new AbortController();
  const source = Object.assign(chunks("the ", 500_000, "answer"), { controller });
  await play([{ source }, ["backup"]]);
  assert.equal(controller.signal.aborted, true);
});

timed("what comes too late is closed by itself", async () => {
  const late = deferred();
  const found = await play([{ source: late.promise }, ["backup"]]);
  assert.deepEqual(found.said, ["backup", ...END]);
  const did = [];
  late.resolve({ next: () => void did.push("next"), return: () => void did.push("return") });
  await turns();
  assert.deepEqual(did, ["return"]);
});

timed("a source that will not close holds nobody for long", async (time) => {
  const source = Object.assign(chunks("the ", "answer"), { return: () => new Promise(() => {}) });
  const found = await play([{ source }], { after: () => "leave" });
  assert.deepEqual([found.error, time.now], [undefined, 1_001_000]);
});

timed("a signal ends it, and its reason is told", async (time) => {
  const controller = new AbortController();
  const turn = new Session({ routes: ["a"] }).turn();
  const got = [];
  let asked;
  const stream = turn.stream(
    (attempt) => {
      asked = attempt;
      return chunks("the ", 50_000, "answer");
    },
    { signal: controller.signal },
  );
  const reading = (async () => {
    for await (const chunk of stream) got.push(chunk);
  })();
  setImmediate(() => controller.abort("enough"));
  assert.equal(await rejection(reading), "enough");
  assert.deepEqual([asked.signal.reason, got.map(textIn), time.now], ["enough", ["", "the "], 1_000_000]);
  assert.deepEqual(turn.report().lines, []);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
  const never = turn.stream(() => assert.fail("it was asked"), { signal: controller.signal });
  assert.equal(await rejection(never.next()), "enough");
});

timed("it can be left while it waits", async (time) => {
  const turn = new Session({ routes: ["a"] }).turn();
  const lasting = new AbortController();
  const stream = turn.stream(() => chunks("the ", 50_000, "answer"), { signal: lasting.signal });
  assert.equal((await stream.next()).done, false);
  assert.equal((await stream.next()).done, false);
  const waiting = stream.next();
  assert.deepEqual(await stream.return("left"), { done: true, value: "left" });
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
  assert.deepEqual([turn.report().lines, time.now], [[], 1_000_000]);
  assert.equal(getEventListeners(lasting.signal, "abort").length, 0);
});

timed("nothing is asked before somebody reads, and nothing after it was left", async () => {
  const stream = new Session({ routes: ["a"] }).turn().stream(() => assert.fail("it was asked"));
  await stream.return();
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

timed("a clock that fails ends it, and its source is closed", async (time) => {
  const wrong = new Error("no time");
  let isBroken = false;
  const clock = () => {
    if (isBroken) throw wrong;
    return time.clock();
  };
  const did = [];
  let asked;
  const request = (attempt) => {
    asked = attempt;
    return { next: () => ({ done: false, value: "x" }), return: () => void did.push("return") };
  };
  const stream = new Session({ routes: ["a"], clock }).turn().stream(request);
  assert.equal((await stream.next()).value, "x");
  const { signal } = asked;
  isBroken = true;
  assert.equal(await rejection(stream.next()), wrong);
  assert.deepEqual([did, signal.aborted], [["return"], true]);
});

timed("with `await using` it is left", async () => {
  const stream = new Session({ routes: ["a"] }).turn().stream(() => chunks("x"));
  await stream.next();
  await stream[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

timed("between two attempts it waits, and can be stopped there", async (time) => {
  const controller = new AbortController();
  const turn = new Session({
    routes: ["a"],
    policy: NO_JITTER,
    sleep: (_, signal) => time.hang(Infinity, signal),
  }).turn();
  const stream = turn.stream(() => [new Promise((_, reject) => reject(new TransientError("x")))], {
    signal: controller.signal,
  });
  const reading = stream.next();
  await turns();
  controller.abort("enough");
  assert.equal(await rejection(reading), "enough");
});

timed("a route's client is made before the stream is asked for", async () => {
  const routes = ["a", new Route("b", { activate: () => "client of b" })];
  const session = new Session({ routes, policy: new Policy({ retry: { maxAttempts: 1 } }) });
  const clients = [];
  const request = (attempt) => {
    clients.push(attempt.client);
    return attempt.route.name === "a" ? Promise.reject(new TransientError("x")) : ["x"];
  };
  assert.deepEqual(await all(session.turn().stream(request)), ["x"]);
  assert.deepEqual(clients, [undefined, "client of b"]);
});

test("what is no option is refused at once", () => {
  const turn = new Session({ routes: ["a"] }).turn();
  assert.throws(() => turn.stream(), /^TypeError: stream: undefined is not a function$/);
  assert.throws(
    () => turn.stream(() => [], { restart: true }),
    /^TypeError: stream: restart is not an option; use one of /,
  );
  assert.throws(() => turn.stream(() => [], { read: "text" }), /^TypeError: stream: read: "text" is not a function$/);
  assert.throws(() => turn.stream(() => [], { signal: {} }), /^TypeError: stream: signal: /);
});
