// What has to be measured in a fresh Node, and what is measured on disk: the import, the sizes, the memory.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Block } from "./block.mjs";

const found = (name) => JSON.stringify(import.meta.resolve(name));

/** Runs a module of so many lines in a Node of its own, and returns the number that it prints. */
function told(source, flags = []) {
  // Without the hooks of this process, which would be measured, too.
  const env = { ...process.env, NODE_OPTIONS: "" };
  return Number(execFileSync(process.execPath, [...flags, "--input-type=module", "-e", source], { env }));
}

const timed = (before, work) => `${before}
  const begun = performance.now();
  ${work}
  console.log((performance.now() - begun) * 1e6);`;

/** Fresh Nodes, each of which times one import. */
export function imports() {
  const inlined = `await import(${found("failsoft")});`;
  const bytes = `(await import("node:fs")).readFileSync(new URL(${found("failsoft/failsoft.wasm")}))`;
  const given = `const { initSync } = await import(${found("failsoft/wasm")}); initSync(bytes);`;
  const parts = `const { init } = await import(${found("failsoft/wasm")}); await init(bytes);`;
  const whole = (source) => () => {
    const begun = performance.now();
    told(`${source} console.log(0);`);
    return (performance.now() - begun) * 1e6;
  };
  const cases = {
    'import "failsoft"': () => told(timed("", inlined)),
    'import "failsoft/wasm" and initSync(bytes)': () => told(timed(`const bytes = ${bytes};`, given)),
    'import "failsoft/wasm" and await init(bytes)': () => told(timed(`const bytes = ${bytes};`, parts)),
    "the whole process, an empty module": whole(""),
    'the whole process, import "failsoft"': whole(inlined),
  };
  for (const name of ["cockatiel", "opossum", "p-retry"]) {
    try {
      cases[`import "${name}"`] = (
        (source) => () =>
          told(source)
      )(timed("", `await import(${found(name)});`));
    } catch {} // it is not there
  }
  return new Block("import, each in a fresh Node", cases, { once: true });
}

/** Sizes of the engine's module: as it is, and on its way to a browser. */
export function sizes() {
  const module = readFileSync(fileURLToPath(import.meta.resolve("failsoft/failsoft.wasm")));
  return { raw: module.length, gzipped: gzipSync(module, { level: 9 }).length };
}

/** Bytes of one object, in JavaScript's heap and in the engine's memory together, when there are many. */
export function bytesOf(made, count) {
  const source = `
    import { Session } from ${found("failsoft")};
    import { statistics } from ${found("failsoft/machine")};
    const session = new Session({ routes: ["primary", "backup"], seed: 7 });
    const used = () => { gc(); return process.memoryUsage().heapUsed + statistics().bytes; };
    const kept = Array.from({ length: ${count} });
    const before = used();
    for (let at = 0; at < ${count}; at += 1) kept[at] = ${made};
    console.log((used() - before) / kept.length);`;
  return Math.round(told(source, ["--expose-gc"]));
}
