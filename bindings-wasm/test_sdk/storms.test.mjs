// Many agents of one session, and a provider that is down: what it sees of them, by its own log.
//
// Time is a clock that the tests move: it passes when they say so, and while somebody waits. So nothing here depends on how
// quick the machine is. `bindings-py/tests_sdk/test_storms.py` is alike.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, openaiChat, Policy, Session } from "failsoft";
import OpenAI from "openai";
import { provided } from "./harness.mjs";

const provider = await provided();

const CROWD = 200;
const DOWN = { primary: "503", backup: "answer:from the backup" };
const UP = { primary: "answer:from the primary", backup: "answer:from the backup" };

/** Milliseconds that pass by hand, and while somebody sleeps: those who sleep at the same time sleep side by side. */
class Clock {
  now = 1_000_000;

  sleep = async (delay) => {
    const until = this.now + delay;
    await new Promise(setImmediate);
    this.now = Math.max(this.now, until);
  };
}

/** Agents of one session, which run one by one or all at once. */
class Crowd {
  clock = new Clock();

  constructor(policy, ...models) {
    const { clock } = this;
    const session = new Session({
      policy: new Policy(policy),
      routes: models,
      clock: () => clock.now,
      sleep: clock.sleep,
      seed: 7,
      log: null,
    });
    const client = new OpenAI({ baseURL: `${provider.url}/v1`, apiKey: "any", maxRetries: 0 });
    const [primary, ...fallbacks] = models.map((model) => openaiChat(client, model));
    this.agents = Array.from({ length: CROWD }, () => new Agent(primary, { fallbacks, session }));
  }

  allAtOnce = (many = CROWD) => Promise.all(this.agents.slice(0, many).map((agent) => agent.run("hi")));

  oneByOne = async (many) => {
    const results = [];
    for (let turn = 0; turn < many; turn += 1) {
      results.push(await this.agents[0].run("hi"));
    }
    return results;
  };
}

/** How many got each answer. */
function answers(results) {
  const counts = {};
  for (const { answer, degraded } of results) {
    const whose = degraded ? "nobody" : answer;
    counts[whose] = (counts[whose] ?? 0) + 1;
  }
  return counts;
}

const seen = async (model) => (await provider.log(model)).length;

for (const backup of [true, false]) {
  test(`a storm is not made worse by those who suffer it: ${backup ? "with a backup" : "alone"}`, async () => {
    await provider.script(DOWN);
    // Nothing but the retry budget stands between the crowd and the provider.
    const storm = new Crowd({ breaker: { enabled: false } }, "primary", ...(backup ? ["backup"] : []));
    const begun = storm.clock.now;
    const results = [];
    for (let round = 0; round < 5; round += 1) {
      results.push(...(await storm.allAtOnce()));
      storm.clock.now += 7000;
    }
    const [calls, requests] = [results.length, await seen("primary")];
    const minutes = Math.floor((storm.clock.now - begun) / 60_000) + 1;
    assert.equal(calls, 1000);
    assert(requests >= calls && requests <= 1.2 * calls + 10 * minutes, `${requests} requests`);
    assert.deepEqual(answers(results), { [backup ? "from the backup" : "nobody"]: calls });
    assert.equal(await seen("backup"), backup ? calls : 0);
  });
}

for (const alone of [true, false]) {
  test(`a flapping primary is probed and used again: ${alone ? "one by one" : "all at once"}`, async () => {
    await provider.script(UP);
    const flock = new Crowd({ breaker: { consecutive: 5 } }, "primary", "backup");
    const everybody = alone ? 20 : CROWD;
    const turns = async (many = everybody) => answers(await (alone ? flock.oneByOne(many) : flock.allAtOnce(many)));

    assert.deepEqual(await turns(20), { "from the primary": 20 });
    await provider.change(DOWN);
    const begun = flock.clock.now;
    let known = await seen("primary");
    assert.deepEqual(await turns(), { "from the backup": everybody });
    const opened = (await seen("primary")) - known;
    assert(opened >= 5 && opened <= 1.2 * everybody + 10, `${opened} requests until its breaker opened`);
    // Down for a minute: the breaker is open for 5, 10, 20, then 30 seconds, and each time one of them looks.
    const looks = [
      [2, 0],
      [4, 1],
      [5, 0],
      [6, 1],
      [11, 0],
      [10, 1],
      [14, 0],
      [9, 0],
    ];
    for (const [wait, look] of looks) {
      flock.clock.now += wait * 1000;
      known = await seen("primary");
      const many = look === 1 ? everybody : 20;
      assert.deepEqual(await turns(many), { "from the backup": many });
      assert.equal((await seen("primary")) - known, look, `after another ${wait} s`);
    }
    assert(flock.clock.now - begun >= 60_000);
    await provider.change(UP);
    known = await seen("primary");
    // Not before the 30 seconds are over, and then at once.
    flock.clock.now += 4000;
    assert.deepEqual(await turns(20), { "from the backup": 20 });
    assert.equal(await seen("primary"), known);
    flock.clock.now += 5000;
    const came = await turns();
    const back = (await provider.log("primary")).slice(known);
    assert(back.length >= 1);
    assert.equal(came["from the primary"], back.length);
    assert.equal(back.length + (came["from the backup"] ?? 0), everybody);
    // All who came before the one probe was answered have asked the backup.
    assert(back.length === 1 || back[0].ended_ms <= back[1].at_ms);
    known = await seen("backup");
    assert.deepEqual(await turns(20), { "from the primary": 20 });
    assert.equal(await seen("backup"), known);
  });
}
