// Puts the npm package together from what was built and what is written by hand, from the root of the repository:
// `node xtask/js/assemble.mjs <folder with failsoft.js and failsoft.wasm> <folder of the package>`.

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [built, out] = process.argv.slice(2);
const source = "bindings-wasm";
const template = "inline.template.js";

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
cpSync(join(source, "js"), join(out, "js"), { recursive: true, filter: (path) => !path.endsWith(template) });
copyFileSync(join(built, "failsoft.js"), join(out, "js", "failsoft.js"));
copyFileSync(join(built, "failsoft.wasm"), join(out, "failsoft.wasm"));

const module = readFileSync(join(built, "failsoft.wasm")).toString("base64");
const inline = readFileSync(join(source, "js", template), "utf8");
writeFileSync(join(out, "js", "inline.js"), inline.replace("@MODULE@", module));

const isWanted = (name) => name === "package.json" || name === "README.md" || name.endsWith(".d.ts");
for (const name of readdirSync(source).filter(isWanted)) {
  copyFileSync(join(source, name), join(out, name));
}
for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) {
  copyFileSync(name, join(out, name));
}
