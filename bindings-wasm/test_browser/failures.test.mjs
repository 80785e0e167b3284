// What `classify` makes of Chromium's own errors: a TypeError that says little, or a DOMException.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FETCH_SAYS, REQUESTS } from "../test/fetch_errors.mjs";
import { browse, inPage, serving } from "./browser.mjs";
import { nobody, provide } from "./provider.mjs";

const server = await serving();
const browser = await browse();
const url = await provide("--cors");
const closed = await provide();
const dead = await nobody();

/** What Chromium itself says of a request that failed, on its console. */
const TOLD = /^error: (Failed to load resource|Access to fetch at)/;
const PARTS = ["kind", "effect"];

function told(found, wanted) {
  assert.deepEqual(Object.fromEntries(PARTS.map((part) => [part, found[part]])), wanted, JSON.stringify(found));
}

for (const [name, { kind, effect, effectInPage = effect }] of Object.entries(REQUESTS)) {
  test(`${name}, in a page`, async () => {
    const found = await inPage(browser, server, "failures.js", "ask", { name, url, nobody: dead }, TOLD);
    told(found, { kind, effect: effectInPage });
    if (found.name === "TypeError") {
      assert.ok(FETCH_SAYS.chromium.includes(found.message), found.message);
    }
  });
}

// A page is not told that it was CORS: only its console is.
const ONLY_IN_A_PAGE = {
  "an origin that lets no page in": [{ url: `${closed}/log` }, "connect", "possible"],
  "a name that nobody knows": [{ url: "http://nobody.invalid/" }, "connect", "possible"],
  "aborted before it was sent": [{ url: `${url}/log`, abort: true }, "cancelled", "possible"],
  "a limit that is over": [{ url: `${url}/log`, within: 0 }, "read_timeout", "possible"],
};

for (const [name, [given, kind, effect]] of Object.entries(ONLY_IN_A_PAGE)) {
  test(`${name}, in a page`, async () => {
    told(await inPage(browser, server, "failures.js", "get", given, TOLD), { kind, effect });
  });
}

test("a page may read how long to wait", async () => {
  const given = { url, model: "429:retry-after=7" };
  const found = await inPage(browser, server, "failures.js", "refused", given, TOLD);
  assert.deepEqual([found.kind, found.status, found.retryAfter], ["rate_limited", 429, 7000]);
});
