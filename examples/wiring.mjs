// What the stories over the wire share: a provider to put a script to, its log, and checks that end in an exit code.

import { isDeepStrictEqual } from "node:util";
import OpenAI from "openai";

let failed = 0;

/** Where the misbehaving provider listens: see tests/provider/README.md. */
export function provider() {
  const url = process.env.FAILSOFT_PROVIDER;
  if (!url) {
    throw new Error(
      "FAILSOFT_PROVIDER is not set: start the provider (cargo run -p failsoft-provider) and give its address",
    );
  }
  return url;
}

/** What each model does, one behaviour a request; the log begins anew. */
export async function script(models) {
  await post("/reset", {});
  await post("/script", { models });
}

/** The requests for a model that the provider saw, oldest first. */
export async function log(model) {
  const reply = await fetch(`${provider()}/log`);
  return (await reply.json()).filter((entry) => entry.model === model);
}

async function post(path, body) {
  const reply = await fetch(provider() + path, { method: "POST", body: JSON.stringify(body) });
  if (!reply.ok) {
    throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  }
}

/** Milliseconds between the arrivals of one request and the next. */
function gaps(entries) {
  return entries.slice(1).map((entry, place) => entry.at_ms - entries[place].at_ms);
}

/** A client as anybody makes it: its own two retries are on, and it is the adapter that switches them off. */
export function client() {
  return new OpenAI({ baseURL: `${provider()}/v1`, apiKey: "any" });
}

/** Prints what was seen, and remembers if it is not what was expected. */
export function check(what, seen, expected) {
  expect(`${what}: ${shown(seen)}`, isDeepStrictEqual(seen, expected), `expected ${shown(expected)}`);
}

/** The gaps between the requests are these milliseconds at least, less one of the log's own rounding. */
export function checkGaps(entries, ...least) {
  const seen = gaps(entries);
  const longEnough = seen.length === least.length && seen.every((gap, place) => gap >= least[place] - 1);
  const words = least.map((span) => `at least ${span / 1000} s`).join(", ");
  expect(`gaps: ${words}`, longEnough, `seen ${seen.map((gap) => `${gap} ms`).join(", ") || "none"}`);
}

function expect(line, holds, otherwise) {
  failed += holds ? 0 : 1;
  console.log(holds ? `  ${line}` : `  ${line}   <-- WRONG: ${otherwise}`);
}

function shown(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a result must say. */
export function tell(result, expected) {
  for (const [name, value] of Object.entries(expected)) {
    check(name, result[name], value);
  }
}

/** Plays a story, and leaves the process with 0 if every check held. */
export async function play(title, story) {
  console.log(title);
  console.log(`openai for Node, Node ${process.versions.node.split(".")[0]}:`);
  await story();
  process.exitCode = failed === 0 ? 0 : 1;
}
