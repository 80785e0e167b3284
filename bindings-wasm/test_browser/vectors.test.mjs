// Every vector, and every script of the host loops, in a page that imports the packed package.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as failsoft from "failsoft";
import * as machine from "failsoft/machine";
import { tests as scripts } from "../../tests/js/driver.mjs";
import { files } from "../../tests/js/files.mjs";
import { tests as vectors } from "../../tests/js/vectors.mjs";
import { browse, inPage, serving } from "./browser.mjs";

const server = await serving();
const browser = await browse();
const FILES = files();

const runs = [
  ["vectors", "runVectors", vectors({ ...machine, Session: failsoft.Session }, FILES)],
  ["scripts", "runScripts", scripts(failsoft, FILES)],
];
// Before the first test is known: with the last one the browser goes.
const found = await Promise.all(runs.map(([, verb]) => inPage(browser, server, "holds.js", verb)));

for (const [place, [what, , here]] of runs.entries()) {
  const there = found[place];
  for (const [name, wrong] of there) {
    test(`${name}, in a page`, () => assert.equal(wrong, undefined));
  }
  test(`as many ${what} as in Node`, () => {
    const names = (list) => list.map(([name]) => name);
    assert.ok(there.length > 0);
    assert.deepEqual(names(there), names(here));
  });
}
