// Every client against every fault: what `classify` and `explain` make of what it throws.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { classify, explain } from "failsoft";
import { PLAIN, STREAMING } from "./clients.mjs";
import { ANSWERS, CONNECTIONS, STREAMS } from "./faults.mjs";
import { provided } from "./harness.mjs";
import { connection, nameless, nobody, securing, serving } from "./places.mjs";

const provider = await provided();
const dead = await nobody();
const PLACES = {
  dead,
  localhost: dead.replace("127.0.0.1", "localhost"),
  nameless,
  secured: await securing(),
  notHttp: await serving(connection((socket) => socket.end("junk\r\n\r\n"))),
  closing: await serving(connection((socket) => socket.end())),
};

/** What the client throws when the provider does so. */
async function thrown(ask, { does, at, how }) {
  if (does !== undefined) {
    await provider.script({ m: typeof does === "function" ? does() : does });
  }
  try {
    await ask(at === undefined ? provider.url : PLACES[at], "m", how);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What is not told is not there. The status is: of an answer that broke off it may be 200, where a client keeps that. */
const NOTHING = { effect: "possible", retryAfter: undefined, resetAfter: undefined, phase: undefined };

/** Spans that depend on the time of day are within a range; of rules, one of a few may decide. */
function agrees(name, found, wanted) {
  if (!Array.isArray(wanted)) {
    assert.equal(found, wanted, name);
  } else if (name === "rule") {
    assert.ok(wanted.includes(found), `${found} is none of ${wanted}`);
  } else {
    assert.ok(found > wanted[0] && found <= wanted[1], `${name}: ${found} is not in ${wanted}`);
  }
}

function testFaults(client, ask, faults, known = {}) {
  for (const [name, fault] of Object.entries(faults)) {
    const other = fault.but?.[client];
    test(name, async () => {
      const error = await thrown(ask, fault);
      if (other === "brings") {
        assert.equal(error, undefined);
        return;
      }
      assert.notEqual(error, undefined, "it was no failure");
      const found = explain(error, known);
      const told = { rule: found.rule, ...found.failure };
      for (const [field, value] of Object.entries({ ...NOTHING, ...fault.is, ...other, ...known })) {
        agrees(field, told[field], value);
      }
      assert.equal(classify(error, known).kind, told.kind);
    });
  }
}

for (const [client, ask] of Object.entries(PLAIN)) {
  describe(`${client}: answers`, () => testFaults(client, ask, ANSWERS));
  describe(`${client}: connections`, () => testFaults(client, ask, CONNECTIONS));
}

for (const [client, ask] of Object.entries(STREAMING)) {
  describe(`${client}: streams`, () => testFaults(client, ask, STREAMS, { phase: "idle" }));
}

describe("what the caller stopped is cancelled, and nothing else", () => {
  for (const [client, ask] of [...Object.entries(PLAIN), ["streamText", STREAMING.streamText]]) {
    test(`${client}: before`, async () => {
      const error = await thrown(ask, { does: "answer", how: { signal: AbortSignal.abort() } });
      assert.equal(classify(error).kind, "cancelled");
    });

    test(`${client}: meanwhile`, async () => {
      const controller = new AbortController();
      const asked = thrown(ask, { does: "silence", how: { signal: controller.signal } });
      while ((await provider.log("m")).length === 0) {
        await new Promise(setImmediate);
      }
      controller.abort();
      assert.equal(classify(await asked).kind, "cancelled");
    });
  }
});
