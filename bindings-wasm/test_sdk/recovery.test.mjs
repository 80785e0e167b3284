// A real client whose connection breaks is closed and made again. `bindings-py/tests_sdk/test_recovery.py` is alike.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Policy, Runtime, Session } from "failsoft";
import OpenAI from "openai";
import { HI, nobody, provided } from "./harness.mjs";

const provider = await provided();
const dead = await nobody();

const clientOf = (url, options = {}) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0, ...options });

const plain = () => clientOf(provider.url);

/** How each failure comes about: who makes the clients (by the number of the making), and what the provider does. */
const FAILURES = {
  "a read timeout": [
    (number) => clientOf(provider.url, { timeout: number === 0 ? 300 : 10_000 }),
    ["silence", "answer:hi"],
    "read_timeout",
  ],
  "a refused connection": [(number) => clientOf(number === 0 ? dead : provider.url), "answer:hi", "connect"],
  "a reset": [plain, ["reset", "answer:hi"], "connect"],
  "a body that breaks off": [plain, ["cut:2:the answer is forty two", "answer:hi"], "connect"],
};

/** A primary with hooks around real clients. */
class Host {
  made = [];
  closed = [];
  slept = [];

  constructor(build) {
    this.build = build;
  }

  session({ inOnePlace = false } = {}) {
    const close = async (client, { reason }) => {
      this.closed.push([this.made.indexOf(client), reason]);
    };
    const activate = async () => {
      this.made.push(this.build(this.made.length));
      return this.made.at(-1);
    };
    const options = {
      policy: new Policy({ retry: { maxAttempts: 1 } }),
      clock: () => 0, // the wait is counted from the rebuild, and must not lose a millisecond to the machine
      sleep: (delay) => this.slept.push(delay),
      log: null,
    };
    if (inOnePlace) {
      const runtime = new Runtime({ model: "m" }, { build: activate, close });
      return new Session({ routes: ["primary"], runtime, ...options });
    }
    return new Session({ routes: [{ name: "primary", activate, close }], ...options });
  }
}

async function ask(session, model = "m") {
  const turn = session.turn();
  try {
    return await turn.call(async ({ client, signal }) => {
      const reply = await client.chat.completions.create({ model, messages: HI }, { signal });
      return reply.choices[0].message.content;
    });
  } finally {
    turn.end();
  }
}

for (const [failure, [build, script, kind]] of Object.entries(FAILURES)) {
  for (const inOnePlace of [false, true]) {
    test(`${failure} is recovered from: ${inOnePlace ? "one place" : "a client for each route"}`, async () => {
      await provider.script({ m: script });
      const host = new Host(build);
      const session = host.session({ inOnePlace });
      const kinds = [];
      const judge = session.judge.bind(session);
      session.judge = (error, attempt) => {
        const judged = judge(error, attempt);
        kinds.push(judged.kind);
        return judged;
      };
      assert.equal(await ask(session), "hi");
      await session.close();
      assert.deepEqual(kinds, [kind]);
      assert.equal(host.made.length, 2);
      assert.deepEqual(host.closed, [
        [0, "rebuild"],
        [1, "closed"],
      ]);
      assert.deepEqual(host.slept.map(Math.round), [4000]);
    });
  }
}

test("what is no transport failure is not", async () => {
  await provider.script({ m: ["503", "answer:hi"] });
  const host = new Host(plain);
  await assert.rejects(ask(host.session()), /overloaded/);
  assert.deepEqual([host.made.length, host.closed], [1, []]);
});

test("another turn's request in flight keeps its client until it has its answer", async () => {
  const slow = { do: "answer", text: "slow", delay_ms: 1000 };
  await provider.script({ slow, m: ["reset", "answer:hi"] });
  const host = new Host(plain);
  const session = host.session();
  const answer = ask(session, "slow");
  while ((await provider.log("slow")).length === 0);
  assert.equal(await ask(session), "hi");
  assert.deepEqual(host.closed, []);
  assert.equal(await answer, "slow");
  assert.deepEqual(host.closed, [[0, "retired"]]);
});
