// What users, models and providers wrote is shown on one line, escaped and cut, in whatever the package says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, CircuitBreaker, openaiChat, Policy, Route, retry, retrying, Session, tool } from "failsoft";
import { foreignName, foreignQuoted, foreignText } from "failsoft/machine";
import { instant } from "failsoft/testing";

/** A colour, a new line, what turns writing around, what has no width; then too much of it. */
const EVIL = `\u001b[31mred\n\u202eback\u200b${"x".repeat(300)}`;
const SHOWN = "\\u{1b}[31mred\\n\\u{202e}back\\u{200b}xxx";

/** As short as a person reads it, in one line, and nothing in it that is not seen. */
function isPlain(message) {
  assert.ok(message.includes(SHOWN), message);
  assert.doesNotMatch(message, /[\p{Cc}\p{Cf}]|x{200}/u);
}

const named = (fn) => Object.defineProperty(fn, "name", { value: EVIL });
const generator = () => named(function* () {});
const session = () => new Session({ routes: ["primary"], log: undefined });
const model = (reply) => {
  const create = async () => reply;
  const client = { baseURL: "http://localhost", chat: { completions: { create } }, responses: {} };
  return openaiChat(client, EVIL);
};

/** Each says something about a text that it was given. */
const REFUSALS = {
  "an option that there is not": () => retry(() => 1, { [EVIL]: 1 }),
  "the value of an option": () => new Session({ routes: ["primary"], clock: EVIL }),
  "a field of a policy": () => new Policy({ retry: { jitter: EVIL } }),
  "a seed": () => new Session({ routes: ["primary"], seed: EVIL }),
  "a route that there is not": () => session().breaker(EVIL),
  "a route that there is": () => new Session({ routes: [EVIL] }).breaker("other"),
  "a generator to be retried": () => retrying(generator()),
  "a generator to be guarded": () => new CircuitBreaker().wrap(generator()),
  "a generator as a tool": () => tool(generator(), { name: EVIL }),
  "two tools of one name": () => new Agent(() => "", { tools: [EVIL, EVIL].map((name) => tool(() => 1, { name })) }),
  "a reason to raise on": () => new Agent(() => "").run("task", { raiseOn: EVIL }),
  "arguments that are no data": () =>
    session()
      .turn()
      .gate(EVIL, { at: Number.NaN }, { risky: true, approver: () => true }),
  "a key of such arguments": () =>
    session()
      .turn()
      .gate("tool", { [EVIL]: Number.NaN }, { risky: true, approver: () => true }),
  "a model that sends something else": () => model("text").ask([]),
  "what it sends instead": () => model(EVIL).ask([]),
  "an error in place of a reply": () => model({ error: { message: EVIL } }).ask([]),
};

for (const [what, refused] of Object.entries(REFUSALS)) {
  test(`${what} is shown as it is meant`, async () => {
    const error = await Promise.resolve()
      .then(refused)
      .then(
        () => assert.fail("nothing was refused"),
        (found) => found,
      );
    isPlain(error.message);
  });
}

test("logs tell of clients, tools and approvers as they are meant", async () => {
  const lines = [];
  const no = () => {
    throw new Error(EVIL);
  };
  const log = ({ level, message }) => level === "warn" && lines.push(message);
  const route = new Route("primary", { activate: no });
  const failing = new Session({ routes: [route], log });
  await instant(() => failing.turn().call(() => 1)).catch(() => {});
  assert.match(lines[0], /the client of route primary could not be made: /);
  lines.forEach(isPlain);

  lines.length = 0;
  const asks = (messages) =>
    messages.length > 1 ? { answer: "done" } : { toolCalls: [{ id: "1", name: EVIL, arguments: {} }] };
  const tools = [tool(() => 1, { name: EVIL, risky: no })];
  const agent = new Agent(asks, { tools, approver: no, session: new Session({ routes: ["primary"], log }) });
  await agent.run("task");
  assert.equal(lines.length, 2, lines.join("\n"));
  lines.forEach(isPlain);
});

test("a text that is no JSON is shown as it is meant", () => {
  // How much of it is told is the platform's own; what is told is escaped.
  assert.throws(
    () => Policy.fromJSON(EVIL),
    ({ message }) => /^policy: [^\p{Cc}\p{Cf}]+; use valid JSON/u.test(message),
  );
});

test("names are cut at 64 characters, texts at 200; quotes are escaped where there are some", () => {
  assert.equal(foreignName("x".repeat(65)), `${"x".repeat(61)}...`);
  assert.equal(foreignName("x".repeat(64)), "x".repeat(64));
  assert.equal(foreignText("x".repeat(100_000)), `${"x".repeat(197)}...`);
  assert.equal(foreignQuoted('say "no"'), '"say \\"no\\""');
  assert.equal(foreignName(undefined), "undefined");
  // A pair of surrogates at the place up to which a text is handed over.
  assert.equal(foreignText(`${"x".repeat(999)}\u{1f600}`), `${"x".repeat(197)}...`);
});
