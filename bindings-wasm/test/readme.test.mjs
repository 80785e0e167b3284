// The examples of the READMEs run as they stand; only the names of the reader's own things are filled in.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Agent, TransientError } from "failsoft";
import { chunks, ends, instant, says, script, streams } from "failsoft/testing";

const AsyncFunction = (async () => {}).constructor;
const README = textOf("../../README.md");
const PAGE = textOf("../README.md");
const FAILURES = textOf("../../docs/failures.md");

function textOf(path) {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}

/** The one JavaScript block of a README that holds this. */
function block(readme, holding) {
  const found = [...readme.matchAll(/```js\n(.*?)```/gs)]
    .map(([, code]) => code)
    .filter((code) => code.includes(holding));
  assert.equal(found.length, 1, `${found.length} blocks hold: ${holding}`);
  return found[0];
}

/** Runs a block on virtual time and returns what it printed. `others` stand for modules that are not ours. */
async function run(code, yours = {}, others = {}) {
  const printed = [];
  const console = { log: (...given) => printed.push(...given) };
  const importOf = (name) => others[name] ?? import(name);
  const body = code.replace(/^import (\w+|\{[^}]*\}) from ("[^"]+");/gm, (_, names, module) => {
    const wanted = names.startsWith("{") ? names : `{ default: ${names} }`;
    return `const ${wanted} = await importOf(${module});`;
  });
  const scope = { importOf, console, ...yours };
  await instant(() => new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope)));
  return printed;
}

const askSomebody = (request) => request.tool === "send_email";

test("the same in three languages", async () => {
  const printed = await run(block(README, "async function answer()"));
  const [, expected] = /Each prints the same:\n\n```text\n(.*?)```/s.exec(README);
  assert.equal(`${printed.join("\n")}\n`, expected);
});

test("the whole agent", async () => {
  const asked = [];
  const sent = [];
  const call = (name, given) => ({ id: name, type: "function", function: { name, arguments: JSON.stringify(given) } });
  const replies = [
    { tool_calls: [call("multiply", { a: 17, b: 23 }), call("send_email", { to: "ada", text: "391" })] },
    { content: "It is 391." },
  ];
  class OpenAI {
    chat = { completions: { create: (body) => reply(body) } };
  }
  const reply = async ({ model }) => {
    asked.push(model);
    const message = { content: null, ...replies.shift() };
    return { choices: [{ message, finish_reason: message.tool_calls ? "tool_calls" : "stop" }] };
  };
  const yours = { ask: async () => "y", mail: (...given) => sent.push(given) };
  const printed = await run(block(PAGE, "const sendEmail"), yours, { openai: { default: OpenAI } });
  assert.deepEqual(printed.slice(0, 4), ["It is 391.", 2, false, "answered"]);
  assert.deepEqual([asked, sent], [["gpt-5", "gpt-5"], [["ada", "391"]]]);
});

test("the guards around one call", async () => {
  const names = ["fetch", "loadOnce", "slow", "askPrimary", "askBackup"];
  const yours = Object.fromEntries(names.map((name) => [name, async () => "reply"]));
  await run(block(PAGE, "new StepLimiter"), {
    ...yours,
    fetch: async () => new Response("reply"),
    url: "",
    ConnectionLost: Error,
    askSomebody,
  });
});

test("your own loop", async () => {
  const yours = { args: { to: "a@b.c" }, askSomebody, clients: {}, request: { signal: new AbortController().signal } };
  const printed = await run(block(PAGE, "turn.step()"), { ...yours, ask: async (_, { signal }) => signal.aborted });
  assert.deepEqual(printed, [false, []]);
});

test("a session that lives for weeks", async () => {
  const closed = [];
  const connect = (model) => ({
    ask: () => `${model} says 391`,
    close: (reason) => closed.push(`${model}: ${reason}`),
  });
  const printed = await run(block(PAGE, "new Runtime("), { connect, search: (query) => query });
  assert.deepEqual(printed, ["gpt-5 says 391", "isolated", 1, "gpt-5 says 391", "gpt-5"]);
  assert.deepEqual(closed, ["gpt-5: closed"]);
});

test("an agent that streams", async () => {
  const shown = [];
  const client = streams(["17 x ", new TransientError("x")], ["it is ", "391"]).client;
  const yours = { client, otherClient: client, request: { signal: new AbortController().signal } };
  Object.assign(yours, { show: (text) => shown.push(text), clear: (reason) => shown.push(`<${reason}>`) });
  const printed = await run(block(PAGE, "agent.stream("), yours);
  assert.deepEqual(shown, ["17 x ", "<server_error>", "it is ", "391"]);
  assert.deepEqual(printed.slice(0, 2), ["scripted-1", { inputTokens: 1, outputTokens: 2 }]);
});

test("a stream of your own", async () => {
  const shown = [];
  const create = async () => (shown.length === 0 ? chunks("the ", new TransientError("x")) : chunks("it ", "is"));
  const yours = { body: {}, clients: { primary: { chat: { completions: { create } } } } };
  Object.assign(yours, { show: (text) => text && shown.push(text), clear: (reason) => shown.push(`<${reason}>`) });
  await run(block(PAGE, "turn.stream("), yours);
  assert.deepEqual(shown, ["the ", "<server_error>", "it ", "is"]);
});

test("what went wrong", async () => {
  const error = Object.assign(new Error("no"), { status: 429, error: { code: "insufficient_quota" } });
  let told = 0;
  const yours = { ask: () => Promise.reject(error), tellSomebody: async () => (told += 1) };
  const [line] = await run(block(PAGE, "explain(error)"), yours);
  assert.equal(told, 1);
  assert.match(line, /quota_exhausted/);
});

test("an answer as it comes", async () => {
  let shown = "";
  const stdout = { write: (text) => (shown += text) };
  const console = { log: (text) => stdout.write(`${text}\n`) };
  const agent = new Agent(streams(["The answer is 3", ends("")], ["The answer is 391."]));
  await run(block(README, "agent.stream("), { agent, console, process: { stdout } });
  const [, expected] = /```text\n(The answer is 3\n.*?)```/s.exec(README);
  assert.equal(shown, expected);
});

test("a policy of one's own", async () => {
  const [, policy] = /```json\n(.*?)```/s.exec(FAILURES);
  const refused = Object.assign(new Error("no"), { status: 403, error: { message: "The team budget is spent." } });
  const files = { readFileSync: (name) => (name === "policy.json" ? policy : undefined) };
  const ask = () => Promise.reject(refused);
  const [line] = await run(block(FAILURES, "session.explain"), { ask }, { "node:fs": files });
  const [, expected] = /--policy policy.json\n(.*?)```/s.exec(FAILURES);
  assert.equal(`${line}\n`, expected);
});

test("without sleeping", async () => {
  assert.deepEqual(await run(block(PAGE, "time.slept")), ["hello", [500, 1000]]);
});

test("the engine given by hand", async () => {
  const url = new URL("failsoft.wasm", import.meta.resolve("failsoft/package.json"));
  const module = await WebAssembly.compile(readFileSync(url));
  let loaded = 0;
  const load = async () => (loaded += 1);
  await run(block(PAGE, "initSync(module)"), { load }, { "failsoft/failsoft.wasm": { default: module } });
  assert.equal(loaded, 1);
});

test("a model may be a plain function", async () => {
  const [, model] = /any\n`(async \(messages[^`]*)`/.exec(PAGE);
  const made = new Function("answer", `return ${model}`)("hello");
  assert.equal((await new Agent(made).run("hi")).answer, (await new Agent(script(says("hello"))).run("hi")).answer);
});
