// What passes between a model and the core: shapes, ids and usage. What it means is decided in the core.

import assert from "node:assert/strict";
import { Policy, tool } from "failsoft";
import { says, script } from "failsoft/testing";
import { results, run, timed } from "./agents.mjs";

timed("a call without an id gets one that no other step uses", async () => {
  const look = tool(() => "seen", { name: "look" });
  const nameless = {
    toolCalls: [{ name: "look" }, { name: "look", id: "" }, { name: "look", id: 7 }, { id: "mine", name: "look" }],
  };
  const result = await run(script(nameless, nameless, says("x")), { tools: [look] });
  const ids = result.messages.filter(({ role }) => role === "tool").map(({ toolCallId }) => toolCallId);
  assert.deepEqual(ids, ["call_1_0", "call_1_1", "call_1_2", "mine", "call_2_0", "call_2_1", "call_2_2", "mine"]);
  assert.deepEqual(
    result.messages.filter(({ toolCalls }) => toolCalls).flatMap(({ toolCalls }) => toolCalls.map(({ id }) => id)),
    ids,
  );
});

timed("arguments that were left out are none", async () => {
  const look = tool((args) => args, { name: "look" });
  assert.deepEqual(results(await run(script({ toolCalls: [{ name: "look" }] }, says("x")), { tools: [look] })), ["{}"]);
});

timed("text beside tool calls is kept", async () => {
  const look = tool(() => 1, { name: "look" });
  const both = { answer: "let me see", toolCalls: [{ id: "a", name: "look", arguments: { deep: { x: 1 } } }] };
  const result = await run(script(both, says("x")), { tools: [look] });
  assert.deepEqual(result.messages[1], { role: "assistant", content: "let me see", toolCalls: both.toolCalls });
  assert.notEqual(result.messages[1].toolCalls[0].arguments.deep, both.toolCalls[0].arguments.deep);
});

timed("an answer is taken for one only if something is in it", async () => {
  const policy = new Policy({ retry: { jitter: "none" } });
  assert.equal((await run(script({ answer: " \n" }, says("x")), { policy })).answer, "x");
  assert.equal((await run(script({ answer: " 0 " }), { policy })).answer, " 0 ");
});

timed("dates and classes come as what JSON makes of them", async () => {
  let got;
  const look = tool((args) => (got = args), { name: "look" });
  class Point {
    constructor() {
      this.x = 1;
    }
  }
  const given = { at: new Date(0), point: new Point(), left: undefined };
  await run(script({ toolCalls: [{ name: "look", arguments: given }] }, says("x")), { tools: [look] });
  assert.deepEqual(got, { at: "1970-01-01T00:00:00.000Z", point: { x: 1 } });
});
