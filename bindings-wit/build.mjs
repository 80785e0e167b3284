// Makes the component of the core module, and of the component what Node runs:
//
//   node bindings-wit/build.mjs FOLDER CORE OUT
//
// FOLDER holds node_modules with @bytecodealliance/jco-transpile, CORE is what cargo built, OUT takes failsoft.component.wasm,
// failsoft.js with its parts, and the d.ts that jco writes.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, core, out] = process.argv.slice(2).map((path) => resolve(path));
const { resolve: find } = createRequire(`${folder}/package.json`);
const { transpileBytes } = await import(pathToFileURL(find("@bytecodealliance/jco-transpile")));
const { componentNew, componentWit } = await import(pathToFileURL(find("@bytecodealliance/jco-transpile/wasm-tools")));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const component = await componentNew(readFileSync(core), []);
const wit = await componentWit(component);
const { files, imports } = await transpileBytes(component, { name: "failsoft" });
if (imports.length > 0 || /^\s*import /m.test(wit)) throw new Error(`the component imports something:\n${wit}`);

const write = (name, bytes) => {
  mkdirSync(dirname(`${out}/${name}`), { recursive: true });
  writeFileSync(`${out}/${name}`, bytes);
};
write("failsoft.component.wasm", component);
// So that Node reads failsoft.js as a module.
write("package.json", '{ "type": "module" }\n');
for (const [name, bytes] of Object.entries(files)) write(name, bytes);
console.log(`failsoft.component.wasm: ${component.length} bytes, no imports`);
