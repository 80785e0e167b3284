// The offline stories in a page: the same files as in Node, and byte for byte the same transcripts.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { browse, inPage, serving } from "./browser.mjs";
import { ROOT } from "./places.mjs";

const STORIES = readdirSync(join(ROOT, "examples")).filter((name) =>
  existsSync(join(ROOT, "examples", name, "expected.txt")),
);

// What an agent's own log says of runs that were stopped.
const WARNING = /^warning: failsoft: the run stopped: /;

const server = await serving();
const browser = await browse();

test("there are stories", () => assert.ok(STORIES.length >= 7, STORIES.join(", ")));

for (const name of STORIES) {
  test(`${name}, in a page`, async () => {
    const expected = readFileSync(join(ROOT, "examples", name, "expected.txt"), "utf8");
    assert.equal(await inPage(browser, server, "story.js", "tell", `/examples/${name}/main.mjs`, WARNING), expected);
  });
}
