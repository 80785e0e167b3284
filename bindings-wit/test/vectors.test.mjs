// Every vector through the component, in Node, through jco. FAILSOFT_WIT_DIR is the folder that holds what jco made of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { files } from "../../tests/js/files.mjs";
import { tests } from "../../tests/js/vectors.mjs";
import { machineOf } from "./machine.mjs";

const folder = process.env.FAILSOFT_WIT_DIR;
if (!folder) throw new Error("set FAILSOFT_WIT_DIR to the folder that holds failsoft.js");

const { machine: component } = await import(pathToFileURL(`${folder}/failsoft.js`));
const vectors = files();

for (const [name, holds] of tests(machineOf(component), vectors)) test(name, holds);

test("it imports nothing", () => {
  const source = readFileSync(`${folder}/failsoft.js`, "utf8");
  assert.doesNotMatch(source, /^import .* from '(?!node:)/m);
  // What is left is the component's own: its tables of resources.
  const core = new WebAssembly.Module(readFileSync(`${folder}/failsoft.core.wasm`));
  const imports = WebAssembly.Module.imports(core);
  assert.deepEqual(
    imports.filter(({ module, name }) => !(module.startsWith("[export]") && name.startsWith("["))),
    [],
  );
});
