// Story A over the wire, from a page: two 503, then a tool call and an answer. The page asks a provider of another origin.

import assert from "node:assert/strict";
import { test } from "node:test";
import { browse, inPage, serving } from "./browser.mjs";
import { provide, seen } from "./provider.mjs";

const server = await serving();
const browser = await browse();
const url = await provide("--cors");

/** Chromium tells of every answer that is an error. */
const TOLD = /^error: Failed to load resource: the server responded with a status of 503/;

for (const by of ["fetch", "openai"]) {
  test(`a model that fails twice, then works, by ${by}`, async () => {
    const model = `${by}=503x2+agent:multiply({"a":17,"b":23}):17 times 23 is {last_tool_result}`;
    const { lines, usage, ...result } = await inPage(browser, server, "model.js", "ask", { url, by, model }, TOLD);
    const expected = { answer: "17 times 23 is 391", steps: 2, attempts: 4, degraded: false, stopReason: "answered" };
    assert.deepEqual(result, expected, lines.join("\n"));
    assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0, JSON.stringify(usage));

    const log = await seen(url, model);
    const statuses = log.map((entry) => entry.status);
    assert.deepEqual(statuses, [503, 503, 200, 200]);
    const keys = log.map((entry) => entry.headers["idempotency-key"]);
    assert.deepEqual([new Set(keys.slice(0, 3)).size, new Set(keys).size], [1, 2], "one key for each step");
    const gaps = log.slice(1, 3).map((entry, place) => entry.at_ms - log[place].at_ms);
    assert.ok(gaps[0] >= 49 && gaps[1] >= 99, `the engine waits before it asks again: ${gaps}`);
  });
}
