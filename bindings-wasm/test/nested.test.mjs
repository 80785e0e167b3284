// Turns within turns: they find the one above, have its time left at most, and share its budgets if asked to.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Agent,
  attempts,
  callWithDeadline,
  currentTurn,
  DeadlineExceeded,
  Exhausted,
  fallback,
  Policy,
  retry,
  Session,
  TransientError,
  tool,
} from "failsoft";
import { calls, hangs, says, script } from "failsoft/testing";
import { ask, results } from "./agents.mjs";
import { rejection, thrown, timed } from "./common.mjs";

function session(turn = {}) {
  const policy = new Policy({ retry: { jitter: "none" }, breaker: { enabled: false }, turn });
  return new Session({ routes: ["primary"], policy, log: null });
}

function fail() {
  throw new TransientError("down");
}

const agent = (model, options) => new Agent(model, { log: null, ...options });

// ---- The current turn. ----

test("the current turn is that of the innermost run", async () => {
  const [outer, inner] = [session().turn(), session().turn()];
  assert.equal(currentTurn(), undefined);
  const told = outer.run((given) => {
    assert.equal(given, outer);
    assert.equal(currentTurn(), outer);
    inner.run(() => assert.equal(currentTurn(), inner));
    assert.equal(currentTurn(), outer);
    return "what it does";
  });
  assert.equal(told, "what it does");
  assert.equal(currentTurn(), undefined);
});

test("a turn that runs nothing is not current", () => {
  session().turn();
  assert.equal(currentTurn(), undefined);
});

test("a run that throws gives the turn before back", () => {
  session()
    .turn()
    .run((outer) => {
      assert.throws(() => session().turn().run(fail), TransientError);
      assert.equal(currentTurn(), outer);
    });
});

test("what is awaited has the turn of whoever started it", async () => {
  const seen = await session()
    .turn()
    .run(async (turn) => {
      await null;
      const found = await turn.call(async () => {
        await null;
        return currentTurn() === turn;
      });
      return [found, currentTurn() === turn];
    });
  assert.deepEqual(seen, [true, true]);
});

test("promises beside each other have turns of their own", async () => {
  const one = () =>
    session()
      .turn()
      .run(async (turn) => {
        const seen = [currentTurn() === turn];
        await new Promise((resolve) => setImmediate(resolve));
        return [...seen, currentTurn() === turn];
      });
  const seen = await Promise.all(Array.from({ length: 10 }, one));
  assert.deepEqual(seen.flat(), Array(20).fill(true));
});

timed("models and tools of an agent find its turn, and are handed it", async () => {
  const found = new Set();
  const look = tool((_, { turn }) => found.add(currentTurn()).add(turn) && "looked", { name: "look" });
  const model = async (messages, _, { turn }) => {
    await null;
    found.add(currentTurn()).add(turn);
    return messages.length === 1 ? ask(["look", {}]) : { answer: "done" };
  };
  await session()
    .turn()
    .run(async (outer) => {
      assert.equal((await agent(model, { tools: [look] }).run("x")).answer, "done");
      assert.equal(currentTurn(), outer);
      assert.ok(!found.has(outer));
    });
  assert.equal(found.size, 1);
  assert.ok(!found.has(undefined));
});

timed("whoever reads a stream of events keeps his own turn", async () => {
  await session()
    .turn()
    .run(async (turn) => {
      for await (const _ of agent(script(says("hi"))).stream("x")) {
        assert.equal(currentTurn(), turn);
      }
    });
});

// ---- Deadlines. ----

timed("a turn within another has the time that is left", (time) => {
  const outer = session({ deadline: 60_000 }).turn();
  outer.run(() => {
    time.advance(20_000);
    assert.equal(session().turn().timeLeft(), 40_000);
    assert.equal(session().turn({ deadline: 10_000 }).timeLeft(), 10_000);
    assert.equal(session().turn({ deadline: 90_000 }).timeLeft(), 40_000);
    assert.equal(session().turn({ parent: null }).timeLeft(), undefined);
    assert.equal(session({ deadline: 90_000 }).turn({ parent: null }).timeLeft(), 90_000);
  });
  assert.equal(session().turn({ parent: outer }).timeLeft(), 40_000);
  assert.equal(session().turn().timeLeft(), undefined);
});

timed("the clocks of the two sessions may differ", (time) => {
  const other = new Session({ routes: ["primary"], clock: () => 5 });
  session({ deadline: 60_000 })
    .turn()
    .run(() => {
      time.advance(20_000);
      assert.equal(other.turn().timeLeft(), 40_000);
    });
});

test("a parent is a turn", () => {
  const error = thrown(() => session().turn({ parent: "mine" }));
  assert.ok(error instanceof TypeError);
  assert.equal(error.message, 'turn: parent: "mine" is not allowed; use a turn, null to stand alone, or leave it out');
});

timed("a sub-agent ends with the time of the agent whose tool it is", async (time) => {
  const below = [];
  const research = tool(
    async () => {
      below.push(await agent(script(hangs())).run("look it up"));
      return below[0].answer;
    },
    { name: "research" },
  );
  const policy = new Policy({ turn: { deadline: 60_000 } });
  const result = await agent(script(calls("research"), says("done")), { tools: [research], policy }).run("x");
  assert.equal(result.stopReason, "deadline");
  // Which of the two timers is first does not matter.
  assert.ok(below.every(({ stopReason }) => stopReason === "deadline"));
  assert.equal(time.now, 1_060_000);
});

timed("a sub-agent may stand alone, and where nothing is found it is told", async () => {
  const research = tool(
    async (_, { turn }) => {
      const left = [];
      const model = (_, __, context) => {
        left.push(context.turn.timeLeft() ?? "none");
        return { answer: "found" };
      };
      for (const parent of [null, undefined, turn]) {
        await agent(model).run("look it up", { parent });
      }
      return left.join();
    },
    { name: "research" },
  );
  const policy = new Policy({ turn: { deadline: 60_000 } });
  const result = await agent(script(calls("research"), says("done")), { tools: [research], policy }).run("x");
  assert.deepEqual(results(result), ["none,60000,60000"]);
});

timed("a turn that was released hands nothing down", () => {
  const outer = session({ deadline: 60_000 }).turn();
  outer.run(() => {
    outer.release();
    assert.equal(session().turn({ shareBudgets: true }).timeLeft(), undefined);
  });
});

// ---- Budgets. ----

timed("shared attempts count for both turns", async () => {
  await session({ attempts: 3 })
    .turn()
    .run(async (outer) => {
      await outer.call(() => "once");
      const wrong = await rejection(session().turn({ shareBudgets: true }).call(fail));
      assert.ok(wrong instanceof Exhausted);
      assert.match(wrong.message, /the limit of 3 attempts, shared with other turns, is reached/);
      assert.ok(wrong.cause instanceof TransientError);
      assert.match((await rejection(outer.call(() => "again"))).message, /the limit of 3 attempts/);
      assert.equal(outer.report().attempts, 1);
    });
});

timed("without sharing each turn has its own budgets", async () => {
  await session({ attempts: 1 })
    .turn()
    .run(async (outer) => {
      const inner = session({ attempts: 1 }).turn();
      assert.deepEqual([await inner.call(() => "inner"), await outer.call(() => "outer")], ["inner", "outer"]);
    });
});

timed("a sub-agent shares the budgets of the agent whose tool it is", async () => {
  const below = [];
  const noop = tool(() => "nothing", { name: "noop" });
  const research = tool(
    async () => {
      const helper = agent(script(calls("noop"), calls("noop")), { tools: [noop] });
      below.push(await helper.run("look it up", { shareBudgets: true }));
      return below[0].answer;
    },
    { name: "research" },
  );
  const policy = new Policy({ turn: { toolCalls: 2 } });
  const model = script(calls("research"), calls("research"));
  const result = await agent(model, { tools: [research], policy }).run("x");
  assert.deepEqual([below.length, below[0].stopReason, result.stopReason], [1, "tool_limit", "tool_limit"]);
});

test("20 turns at once share one budget to the last attempt", async () => {
  let made = 0;
  const outer = session({ attempts: 100 }).turn();
  const work = async () => {
    const turn = session().turn({ parent: outer, shareBudgets: true });
    while (true) {
      await turn.call(async () => {
        made += 1;
      });
    }
  };
  const wrong = await Promise.all(Array.from({ length: 20 }, () => rejection(work())));
  assert.ok(wrong.every((error) => error instanceof Exhausted));
  assert.equal(made, 100);
});

// ---- The plain functions. ----

timed("a retry obeys the deadline of the current turn", async (time) => {
  const tried = [];
  const flaky = () => {
    tried.push(time.now);
    fail();
  };
  await session({ deadline: 1000 })
    .turn()
    .run(async () => {
      await rejection(retry(flaky, { maxAttempts: 10, jitter: "none" }));
      assert.deepEqual(tried, [1_000_000, 1_000_500]); // the next one would begin after the deadline
      time.advance(1000);
      assert.ok((await rejection(retry(flaky))) instanceof DeadlineExceeded);
      assert.equal(tried.length, 2);
    });
});

timed("a block of attempts obeys the deadline of the current turn", async (time) => {
  await session({ deadline: 1000 })
    .turn()
    .run(async () => {
      time.advance(1000);
      const all = async () => {
        for await (const attempt of attempts()) {
          await attempt.run(() => assert.fail("nothing begins after the deadline"));
        }
      };
      assert.ok((await rejection(all())) instanceof DeadlineExceeded);
    });
});

timed("attempts tell when the deadline passed during a wait", async (time) => {
  const oversleep = async () => time.advance(60_000);
  await session({ deadline: 10_000 })
    .turn()
    .run(async () => {
      const all = async () => {
        for await (const attempt of attempts({ jitter: "none", sleep: oversleep })) {
          await attempt.run(fail);
        }
      };
      const wrong = await rejection(all());
      assert.ok(wrong instanceof DeadlineExceeded && wrong.cause instanceof TransientError);
    });
});

timed("a call with a deadline obeys that of the current turn", async (time) => {
  await session({ deadline: 10_000 })
    .turn()
    .run(async () => {
      const wrong = await rejection(callWithDeadline(() => time.hang(100_000), 60_000));
      assert.ok(wrong instanceof DeadlineExceeded && !(wrong instanceof TransientError)); // asking again cannot help
      assert.equal(time.now, 1_010_000);
      assert.ok((await rejection(callWithDeadline(() => "too late", 60_000))) instanceof DeadlineExceeded);
    });
});

timed("a fallback begins no option after the deadline of the current turn", async (time) => {
  let second = 0;
  const slow = () => {
    time.advance(10_000);
    fail();
  };
  await session({ deadline: 10_000 })
    .turn()
    .run(async () => {
      const wrong = await rejection(
        fallback(slow, () => {
          second += 1;
        }),
      );
      assert.ok(wrong instanceof DeadlineExceeded);
    });
  assert.equal(second, 0);
});

timed("retry gives up on what is under way at the deadline of the turn", async () => {
  const turn = session().turn({ deadline: 1000 });
  const signals = [];
  const hanging = ({ signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const error = await rejection(turn.run(() => retry(hanging)));
  assert(error instanceof DeadlineExceeded, error);
  assert.deepEqual([signals.length, signals[0].aborted, turn.timeLeft()], [1, true, 0]);
});

test("what is no flag, no turn and no session is refused in one line", async () => {
  const flag = /^turn: shareBudgets: "no" is not allowed; use true or false$/;
  assert.match(thrown(() => session().turn({ shareBudgets: "no" })).message, flag);
  assert.match((await rejection(agent(() => ({ answer: "x" })).run("x", { shareBudgets: "no" }))).message, flag);
  assert.match(thrown(() => agent(() => {}, { session: {} })).message, /^session: \[object Object\] is not a Session$/);
});
