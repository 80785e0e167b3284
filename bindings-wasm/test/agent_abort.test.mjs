// Aborting a run: it is over at once, with the caller's own reason, and nothing that was held or begun is left.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Agent, Exhausted, Policy, Route, Session, TransientError, tool } from "failsoft";
import { instant, says, script } from "failsoft/testing";
import { ask } from "./agents.mjs";

const REASON = new Error("from outside");

/** Work that never ends, and says when it was told to. */
function careful(ended) {
  return (...given) => {
    const { signal } = given.at(-1);
    return new Promise(() => signal.addEventListener("abort", () => ended.push(signal.reason)));
  };
}

async function turns(count = 30) {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
}

/** Begins a run, aborts it once it stands still, on virtual and on real time. */
function aborted(name, begin, told = 1) {
  const body = async () => {
    const ended = [];
    const controller = new AbortController();
    const { signal } = controller;
    const running = begin(ended).run("x", { signal });
    running.catch(() => {});
    await turns();
    controller.abort(REASON);
    await assert.rejects(running, (error) => error === REASON);
    assert.deepEqual(ended, Array(told).fill(REASON));
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  };
  test(`${name}, on virtual time`, () => instant(body));
  test(`${name}, on real time`, body);
}

aborted("while the model is asked", (ended) => new Agent(careful(ended)));

aborted(
  "while tools run",
  (ended) => {
    const tools = [tool(careful(ended), { name: "careful" })];
    return new Agent(script(ask(["careful", {}], ["careful", {}], ["careful", {}])), { tools });
  },
  3,
);

aborted("while an approver thinks", (ended) => {
  const tools = [tool(() => assert.fail("it ran"), { name: "mail", risky: true })];
  return new Agent(script(ask(["mail", {}])), { tools, approver: careful(ended) });
});

aborted("while it waits to ask again", () => new Agent(script(new TransientError("down"))), 0);

aborted(
  "while it waits by the caller's own sleep",
  () => new Agent(script(new TransientError("down")), { sleep: () => new Promise(() => {}) }),
  0,
);

aborted(
  "while a client is made",
  () => {
    const backup = new Route("b", { activate: () => new Promise(() => {}) });
    const session = new Session({ policy: new Policy({ retry: { maxAttempts: 1 } }), routes: ["a", backup] });
    return new Agent(script(new TransientError("down")), { fallbacks: [script(says("b"))], session });
  },
  0,
);

test("a run that is aborted before it begins asks nobody", () =>
  instant(async () => {
    const model = script(says("x"));
    await assert.rejects(new Agent(model).run("x", { signal: AbortSignal.abort(REASON) }), (error) => error === REASON);
    assert.equal(model.requests.length, 0);
  }));

test("a model that ends because it was aborted is not asked again", () =>
  instant(async () => {
    const controller = new AbortController();
    let asked = 0;
    const model = (_messages, _tools, { signal }) => {
      asked += 1;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new TransientError("aborted"))));
    };
    const running = new Agent(model).run("x", { signal: controller.signal });
    await turns();
    controller.abort();
    await assert.rejects(running, { name: "AbortError" });
    await turns();
    assert.equal(asked, 1);
  }));

test("a model that aborts its own run gets no tools run", () =>
  instant(async () => {
    const controller = new AbortController();
    let ran = 0;
    const model = () => {
      controller.abort(REASON);
      return ask(["count", {}]);
    };
    const tools = [tool(() => (ran += 1), { name: "count" })];
    await assert.rejects(
      new Agent(model, { tools }).run("x", { signal: controller.signal }),
      (error) => error === REASON,
    );
    assert.equal(ran, 0);
  }));

test("a probe that is aborted gives its permit back", () =>
  instant(async (time) => {
    const policy = new Policy({ breaker: { consecutive: 3 } });
    const session = new Session({ policy, routes: ["primary"] });
    const broken = () => {
      throw new TransientError("down");
    };
    await assert.rejects(session.turn().call(broken), Exhausted);
    time.advance(5000);
    assert.equal(session.breaker("primary"), "half_open");
    const controller = new AbortController();
    const running = new Agent(() => new Promise(() => {}), { session }).run("x", { signal: controller.signal });
    await turns();
    controller.abort();
    await assert.rejects(running, { name: "AbortError" });
    assert.equal((await new Agent(script(says("probed")), { session }).run("x")).answer, "probed");
    assert.equal(session.breaker("primary"), "closed");
  }));

test("a run that ends by itself leaves no listener", () =>
  instant(async () => {
    const { signal } = new AbortController();
    const model = script(new TransientError("down"), ask(["look", {}]), says("x"));
    const tools = [tool((_, context) => context.signal.aborted, { name: "look" })];
    assert.equal((await new Agent(model, { tools }).run("x", { signal })).answer, "x");
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  }));
