// One owner of retries: what real clients tell of their own.

import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { generateText } from "ai";
import { openaiChat, Session } from "failsoft";
import OpenAI from "openai";
import { modelOf } from "./clients.mjs";
import { HI, provided } from "./harness.mjs";

const provider = await provided();

function sessionOf(routes) {
  const warnings = [];
  const log = ({ level, message }) => level === "warn" && warnings.push(message);
  return { warnings, session: new Session({ routes, sleep: () => {}, log }) };
}

/** A request that the primary does not know. */
const elsewhere = (ask) => (attempt) =>
  attempt.route.name === "primary" ? Promise.reject({ status: 404 }) : ask(attempt);

test("the package `ai` tells in its RetryError", async () => {
  await provider.script({ m: "503:retry-after-ms=1" });
  const { warnings, session } = sessionOf(["primary"]);
  const ask = () => generateText({ model: modelOf(provider.url, "m"), prompt: "hi", maxRetries: 1 });
  await assert.rejects(session.turn().call(ask));
  assert.equal((await provider.log("m")).length, 6);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /primary retries 1 time by itself: up to 3 x 2 = 6 requests/);
});

for (const [name, make] of [
  ["openai", () => new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: "k" })],
  ["@anthropic-ai/sdk", () => new Anthropic({ baseURL: provider.url, apiKey: "k" })],
]) {
  test(`a client of ${name} tells when a route makes it`, async () => {
    const { warnings, session } = sessionOf(["primary", { name: "backup", activate: make }]);
    await session.turn().call(elsewhere(() => "done"));
    assert.match(warnings.join(), /backup retries 2 times by itself: up to 3 x 3 = 9 requests/);
  });
}

test("an adapter has switched them off", async () => {
  await provider.script({ m: "503" });
  const model = openaiChat(new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: "k" }), "m");
  const { warnings, session } = sessionOf(["primary", { name: "backup", activate: () => model }]);
  const ask = elsewhere((attempt) => attempt.client.ask(HI, [], attempt));
  await assert.rejects(session.turn().call(ask));
  assert.equal((await provider.log("m")).length, 3);
  assert.deepEqual(warnings, []);
});
