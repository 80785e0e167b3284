// Where the tests find things. `xtask/js/resolve.mjs` and FAILSOFT_NODE_ENV say which environment the package comes from.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The package as it was packed. */
export const PACKAGE = dirname(realpathSync(fileURLToPath(import.meta.resolve("failsoft/package.json"))));

/** What was installed beside it. */
export const MODULES = resolve(process.env.FAILSOFT_NODE_ENV ?? join(ROOT, "bindings-wasm"), "node_modules");

export const MANIFEST = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));

/** The import map of a page that serves the package under `base`: what `exports` says, and nothing that it does not. */
export function importMap(base) {
  const entries = Object.entries(MANIFEST.exports).map(([name, target]) => {
    const file = typeof target === "string" ? target : target.default;
    return [MANIFEST.name + name.slice(1), base + file.slice(2)];
  });
  return Object.fromEntries(entries);
}

/** Chromium as the system has it; nothing is downloaded. */
export function chromiumPath() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error("no Chromium on the PATH: apt-get install chromium");
  }
  return found;
}
