// The entries of the package in a page: no bundler, no `await init()`, no `eval`, and nothing on the console.

import assert from "node:assert/strict";
import { test } from "node:test";
import { browse, inPage, serving } from "./browser.mjs";

const server = await serving();
const browser = await browse();

test("the plain entry needs nothing", async () => {
  assert.deepEqual(await inPage(browser, server, "entries.js", "plain"), { answer: "done", asked: 3 });
});

for (const how of ["url", "URL", "response", "bytes", "module"]) {
  test(`failsoft/wasm starts from ${how}`, async () => {
    const { before, kind } = await inPage(browser, server, "given.js", "given", how);
    assert.match(before, /the engine is not there yet/);
    assert.equal(kind, "overloaded");
  });
}

test("failsoft/wasm starts at once from a compiled module", async () => {
  assert.equal(await inPage(browser, server, "given.js", "givenAtOnce"), "rate_limited");
});

test("both entries share one engine", async () => {
  assert.deepEqual(await inPage(browser, server, "entries.js", "both"), { same: true, answer: "done" });
});

test("a module worker has an engine of its own, and what it posts is a plain error", async () => {
  const { message, ...found } = await inPage(browser, server, "entries.js", "inWorker");
  // A structured clone keeps the message and the cause; the class, the code and the brand stay behind.
  assert.deepEqual(found, {
    answer: "done",
    code: "exhausted",
    name: "Error",
    cause: "busy",
    isOurs: false,
    kind: "unknown",
  });
  assert.match(message, /^gave up after 2 attempts/);
});

test("how soon a page can use it", async (t) => {
  const { files, took } = await inPage(browser, server, "entries.js", "sinceStart");
  t.diagnostic(`${files} files, all there ${took.toFixed(0)} ms after the page began`);
  assert.ok(files > 0);
});
