// Streams from a page, over the wire: what comes is told as it comes, what breaks is asked for again, what is left is closed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { browse, inPage, serving } from "./browser.mjs";
import { provide, seen } from "./provider.mjs";

const server = await serving();
const browser = await browse();
const url = await provide("--cors");
const TEXT = "the answer is forty two";

/** Chromium tells of every response that breaks. */
const TOLD = /^error: Failed to load resource: net::ERR_(?:INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|HTTP2?_\w+)/;

test("an agent streams by the openai package", async () => {
  for (const [behaviour, reason] of [
    [`no_finish:2:${TEXT}`, "stream_broken"],
    [`stall:2:${TEXT}`, "timed_out"],
    ["overloaded:2", "overloaded"],
  ]) {
    const model = `m=${behaviour}+answer:${TEXT}`;
    const events = await inPage(browser, server, "streams.js", "events", { url, model }, TOLD);
    const { result } = events.at(-1);
    const text = (some) => some.map((event) => event.text ?? "").join("");
    const discard = events.findIndex(({ type }) => type === "discard");
    assert.equal(events[discard]?.reason, reason, result.lines.join("\n"));
    assert.notEqual(text(events.slice(0, discard)), "");
    assert.equal(text(events.slice(discard)), TEXT);
    assert.deepEqual([result.answer, result.attempts, result.model], [TEXT, 2, model]);
    assert.equal((await seen(url, model)).length, 2);
  }
});

test("a connection that breaks amid a stream", async () => {
  const model = `cut=cut:2:${TEXT}+answer:${TEXT}`;
  const events = await inPage(browser, server, "streams.js", "events", { url, model }, TOLD);
  const { result } = events.at(-1);
  // A page may lose with it what it had not read yet: then nothing had begun.
  assert.match(result.lines[0], /^primary: attempt 1 failed: (?:stream_broken|connect); asking again/);
  assert.deepEqual([result.answer, result.attempts], [TEXT, 2]);
});

test("a stream of bytes by fetch", async () => {
  const model = `whole=answer:${TEXT}`;
  const { wire, lines } = await inPage(browser, server, "streams.js", "read", { url, model });
  assert.match(wire, /"content":"two".*data: \[DONE\]/s);
  assert.deepEqual(lines, []);
});

test("one that hangs is left, and asked for again", async () => {
  const model = `hung=stall:2:${TEXT}+answer:${TEXT}`;
  const { wire, lines } = await inPage(browser, server, "streams.js", "read", { url, model }, TOLD);
  assert.match(wire, /^<timed_out>.*data: \[DONE\]/s);
  assert.match(lines[0], /timed_out/);
  await left(model, 0);
});

test("one that is left early is closed", async () => {
  const model = `left=stall:2:${TEXT}`;
  const { lines } = await inPage(browser, server, "streams.js", "read", { url, model, enough: "answer" });
  assert.deepEqual(lines, []);
  await left(model, 0);
});

/** Resolves when the provider has seen that nobody reads this request any more. */
async function left(model, place) {
  const until = performance.now() + 5000;
  let log = await seen(url, model);
  while (!log[place].client_left && performance.now() < until) log = await seen(url, model);
  assert.equal(log[place].client_left, true);
}
