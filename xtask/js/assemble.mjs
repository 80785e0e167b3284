// Puts the npm package together from what was built and what is written by hand, from the root of the repository:
// `node xtask/js/assemble.mjs <folder with failsoft.js and failsoft.wasm> <folder of the package> <folder with esbuild>`.

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [built, out, tools] = process.argv.slice(2);
const source = "bindings-wasm";
const template = "inline.template.js";
// The package before it is joined: tests of what is inside take it from here.
const parts = `${out}-parts`;

rmSync(parts, { recursive: true, force: true });
cpSync(join(source, "js"), parts, { recursive: true, filter: (path) => !path.endsWith(template) });
copyFileSync(join(built, "failsoft.js"), join(parts, "engine", "failsoft.js"));
const module = readFileSync(join(built, "failsoft.wasm")).toString("base64");
const inline = readFileSync(join(source, "js", "engine", template), "utf8");
writeFileSync(join(parts, "engine", "inline.js"), inline.replace("@MODULE@", module));

// One file an entry, and what they share: forty small files would take longer to find than the engine to start.
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const { buildSync } = createRequire(resolve(tools, "package.json"))("esbuild");
buildSync({
  entryPoints: ["index", "wasm", "testing", "machine"].map((entry) => join(parts, `${entry}.js`)),
  // `export * as testing` stays as it is: joined it would be an object that no bundler leaves out, with all that it holds.
  external: ["./testing.js"],
  outdir: join(out, "js"),
  bundle: true,
  splitting: true,
  chunkNames: "shared-[hash]",
  format: "esm",
  target: "es2022",
  charset: "utf8",
});
copyFileSync(join(source, "js", "cli.js"), join(out, "js", "cli.js")); // it imports the entries as any program does
copyFileSync(join(built, "failsoft.wasm"), join(out, "failsoft.wasm"));
copyFileSync(join("docs", "policy.schema.json"), join(out, "policy.schema.json"));

const isWanted = (name) => name === "package.json" || name === "README.md" || name.endsWith(".d.ts");
for (const name of readdirSync(source).filter(isWanted)) {
  copyFileSync(join(source, name), join(out, name));
}
for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) {
  copyFileSync(name, join(out, name));
}
