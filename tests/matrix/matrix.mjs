// Every fault of `faults.json` met by an agent over the real `openai` client: one line of JSON a cell.
//
//     node tests/matrix/matrix.mjs PROVIDER-URL [FAULT ..]
//
// The provider is one with `--tls`, for its doors. It judges nothing: `cargo xtask demo --faults` holds the lines against what the catalogue expects.

import { readFileSync } from "node:fs";
import { Agent, openaiChat, Policy } from "failsoft";
import OpenAI from "openai";

const CATALOGUE = JSON.parse(readFileSync(new URL("../faults.json", import.meta.url), "utf8"));
const POLICY = Policy.fromJSON(CATALOGUE.policy);
const ROUTES = ["primary", "backup"];
const [url, ...names] = process.argv.slice(2);

const { doors } = await get("/health");

for (const fault of CATALOGUE.faults) {
  if (names.length > 0 && !names.includes(fault.name)) {
    continue;
  }
  for (const stream of fault.streaming === "both" ? [false, true] : [fault.streaming]) {
    await post("/reset", {});
    await post("/script", { models: fault.models });
    const bases = ROUTES.map((name) => doors[fault.doors?.[name]] ?? url);
    const begun = performance.now();
    const result = await agent(bases, stream).run("hi");
    await tell(fault, stream, result, performance.now() - begun);
  }
}

function agent(bases, stream) {
  // Two deployments and two credentials, as two providers would be, although one server plays both.
  const [primary, backup] = ROUTES.map((name, place) => {
    const client = new OpenAI({ baseURL: `${bases[place]}/v1`, apiKey: "any" });
    return openaiChat(client, name, { stream, route: { name, endpoint: name, credential: name } });
  });
  return new Agent(primary, { fallbacks: [backup], policy: POLICY, seed: 1, log: () => {} });
}

async function tell(fault, streaming, result, took) {
  const asked = (await get("/log")).map(({ model }) => model);
  const [primary, backup] = ROUTES.map((name) => asked.filter((model) => model === name).length);
  const kinds = result.lines.map((line) => /^primary: attempt \d+ failed: (\w+)/.exec(line)?.[1]).filter(Boolean);
  const cell = {
    fault: fault.name,
    streaming,
    primary,
    backup,
    attempts: result.attempts,
    kind: kinds.at(-1) ?? null,
    answer: result.degraded ? null : result.answer,
    stop_reason: result.stopReason,
    ms: Math.round(took),
  };
  console.log(JSON.stringify(cell));
}

async function get(path) {
  return (await fetch(url + path)).json();
}

async function post(path, body) {
  const reply = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  if (!reply.ok) {
    throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  }
}
