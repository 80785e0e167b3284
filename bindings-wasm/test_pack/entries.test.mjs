// The entry without a module of its own, in Node: started from each kind of source, in the main thread and in workers.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { installed, node, tarball } from "./installed.mjs";

const place = await installed(await tarball());

/** Runs a module in the folder where the tarball is installed; what it prints, without the last newline. */
async function says(name, text) {
  writeFileSync(join(place, name), text);
  const { stdout, stderr } = await node([name], place);
  assert.equal(stderr, "");
  return stdout.trimEnd();
}

const BEGINS = `
import { readFileSync } from "node:fs";
import { classify, init, initSync, Session } from "failsoft/wasm";
const url = new URL(import.meta.resolve("failsoft/failsoft.wasm"));
const bytes = readFileSync(url);
const response = () => new Response(bytes, { headers: { "content-type": "application/wasm" } });
`;
const ENDS = `
console.log(classify({ status: 503 }).kind, await new Session({ routes: ["primary"] }).turn().call(() => "done"));
`;

for (const [name, starts] of Object.entries({
  "a compiled module, at once": "initSync(new WebAssembly.Module(bytes))",
  "bytes, at once": "initSync(bytes)",
  "a compiled module": "await init(await WebAssembly.compile(bytes))",
  "a promise of one": "await init(WebAssembly.compile(bytes))",
  bytes: "await init(bytes)",
  "a response": "await init(response())",
  "a promise of one response": "await init(Promise.resolve(response()))",
  "a data URL": 'await init("data:application/wasm;base64," + bytes.toString("base64"))',
})) {
  test(`failsoft/wasm starts from ${name}`, async () => {
    assert.equal(await says("entry.mjs", `${BEGINS}${starts};${ENDS}`), "overloaded done");
  });
}

test("before it is started, it says what is missing", async () => {
  const line = await says("early.mjs", `${BEGINS}try { classify({}) } catch (error) { console.log(error.message) }`);
  assert.equal(
    line,
    'failsoft: the engine is not there yet: import "failsoft", or with "failsoft/wasm" first `await init(module)`',
  );
});

test("each thread has an engine of its own, and a compiled module may be shared", async () => {
  const line = await says(
    "threads.mjs",
    `
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { initSync, Session } from "failsoft/wasm";
import { statistics } from "failsoft/machine";

if (isMainThread) {
  const module = new WebAssembly.Module(readFileSync(new URL(import.meta.resolve("failsoft/failsoft.wasm"))));
  initSync(module);
  const kept = [1, 2, 3].map((n) => new Session({ routes: ["p" + n] }));
  const workers = [1, 2].map((n) => new Worker(new URL(import.meta.url), { workerData: { module, n } }));
  const found = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]));
  console.log(JSON.stringify([statistics().sessions, kept.length, ...found]));
} else {
  initSync(workerData.module);
  const sessions = Array.from({ length: workerData.n }, () => new Session({ routes: ["primary"] }));
  const answer = await sessions[0].turn().call(() => "done in " + workerData.n);
  parentPort.postMessage([statistics().sessions, answer]);
}
`,
  );
  assert.deepEqual(JSON.parse(line), [3, 3, [1, "done in 1"], [2, "done in 2"]]);
});
