// Risky tools: they run on a clear yes, for exactly what was shown.

import assert from "node:assert/strict";
import { CallTimeout, Policy, tool } from "failsoft";
import { calls, NoticeRecorder, says, script } from "failsoft/testing";
import { ask, multiply, results, run, timed } from "./agents.mjs";

function mail(sent, options) {
  const sendEmail = ({ to }) => {
    sent.push(to);
    return "sent";
  };
  return tool(sendEmail, { name: "send_email", risky: true, ...options });
}

timed("a risky tool is blocked without an approver", async () => {
  const sent = [];
  const model = script(ask(["send_email", { to: "ada" }], ["multiply", { a: 2, b: 3 }]), says("done"));
  const result = await run(model, { tools: [mail(sent), multiply] });
  assert.deepEqual([sent, result.blocked, result.degraded], [[], ["send_email"], false]);
  assert.match(results(result)[0], /^The tool send_email was not run: it needs a person's approval/);
  assert.equal(results(result)[1], "6");
});

for (const answer of [true, "once", "session", "always", Promise.resolve(true)]) {
  timed(`it runs after a yes: ${answer}`, async () => {
    const [sent, asked] = [[], []];
    const approver = (request) => {
      asked.push([request.tool, request.arguments, typeof request.digest]);
      return answer;
    };
    const model = script(ask(["multiply", { a: 2, b: 3 }], ["send_email", { to: "ada" }]), says("done"));
    const result = await run(model, { tools: [mail(sent), multiply], approver });
    assert.deepEqual([sent, result.blocked, asked], [["ada"], [], [["send_email", { to: "ada" }, "string"]]]);
  });
}

for (const answer of [false, null, undefined, "no", 1, {}]) {
  timed(`everything else is a no: ${JSON.stringify(answer)}`, async () => {
    const sent = [];
    const model = script(calls("send_email", { to: "ada" }), says("x"));
    const result = await run(model, { tools: [mail(sent)], approver: () => answer });
    assert.deepEqual([sent, result.blocked], [[], ["send_email"]]);
    assert.deepEqual(results(result), ["The tool send_email was not run: it was denied. Do not try it again."]);
  });
}

timed("an approver that fails is no yes", async () => {
  const [sent, log] = [[], new NoticeRecorder()];
  const approver = () => {
    throw new Error("no terminal");
  };
  const model = script(calls("send_email", { to: "ada" }), says("x"));
  const result = await run(model, { tools: [mail(sent)], approver, log });
  assert.deepEqual([sent, result.blocked], [[], ["send_email"]]);
  assert(log.lines.some((line) => line.includes("the approver failed, which is not a yes")));
});

timed("a standing approval is asked for once", async () => {
  const [sent, asked] = [[], []];
  const approver = (request) => {
    asked.push(request.arguments.to);
    return "session";
  };
  const model = script(calls("send_email", { to: "ada" }), calls("send_email", { to: "bob" }), says("x"));
  await run(model, { tools: [mail(sent)], approver });
  assert.deepEqual([sent, asked], [["ada", "bob"], ["ada"]]);
});

timed("an approver that never answers expires, and hears of it", async (time) => {
  const sent = [];
  let heard;
  const approver = async (_, { signal }) => {
    signal.addEventListener("abort", () => (heard = signal.reason));
    await time.hang(Infinity);
  };
  const before = time.now;
  const model = script(calls("send_email", { to: "ada" }), says("x"));
  const result = await run(model, { tools: [mail(sent)], approver });
  assert.equal(time.now - before, 300_000);
  assert.deepEqual([sent, result.blocked], [[], ["send_email"]]);
  assert.deepEqual(results(result), ["The tool send_email was not run: nobody approved it in time."]);
  assert(heard instanceof CallTimeout);
});

timed("a yes that comes too late is no yes", async (time) => {
  const sent = [];
  const approver = async () => {
    await time.hang(301_000);
    return true;
  };
  const quick = tool(() => time.hang(400_000), { name: "quick" });
  const model = script(ask(["send_email", { to: "ada" }], ["quick", {}]), says("x"));
  const result = await run(model, { tools: [mail(sent), quick], approver });
  assert.deepEqual([sent, result.blocked], [[], ["send_email"]]);
});

timed("a predicate says which calls are risky", async () => {
  const paid = [];
  const pay = tool(({ amount }) => paid.push(amount), { name: "pay", risky: ({ amount }) => amount > 100 });
  const result = await run(script(ask(["pay", { amount: 5 }], ["pay", { amount: 500 }]), says("x")), { tools: [pay] });
  assert.deepEqual([paid, result.blocked], [[5], ["pay"]]);
});

for (const [how, risky] of [
  [
    "throws",
    () => {
      throw new Error("no idea");
    },
  ],
  ["answers by a promise", async () => false],
  [
    "rejects",
    async () => {
      throw new Error("no idea");
    },
  ],
]) {
  timed(`a predicate that ${how} is no no`, async () => {
    const [paid, log] = [[], new NoticeRecorder()];
    const pay = tool(({ amount }) => paid.push(amount), { name: "pay", risky });
    const result = await run(script(calls("pay", { amount: 5 }), says("x")), { tools: [pay], log });
    assert.deepEqual([paid, result.blocked], [[], ["pay"]]);
    assert(log.lines.some((line) => line.includes("the predicate of tool pay failed, which is not a no to risk")));
  });
}

timed("the policy may deny a tool", async () => {
  const policy = new Policy({ approval: { deny: ["multiply"] } });
  const model = script(calls("multiply", { a: 1, b: 1 }), says("x"));
  assert.deepEqual((await run(model, { tools: [multiply], policy, approver: () => true })).blocked, ["multiply"]);
});

timed("nobody can change what was asked for", async () => {
  const ran = [];
  const given = { to: "ada" };
  const approver = (request) => {
    request.arguments.to = given.to = "eve";
    return true;
  };
  const send = tool(({ to }) => ran.push(to), { name: "send", risky: true });
  await run(script(ask(["send", given]), says("x")), { tools: [send], approver });
  assert.deepEqual(ran, ["ada"]);
});
