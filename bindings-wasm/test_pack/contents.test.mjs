// What is published: these files and no others, and a package.json that tells the truth about them.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { MODULES, ROOT } from "../test_browser/places.mjs";
import { installed, node, run, tarball } from "./installed.mjs";

const packed = await tarball();
const place = await installed(packed);
const folder = join(place, "node_modules", "failsoft");
const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

const filesOf = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(path.length + 1))
    .sort();

/** A file and its types an entry, what the entries share, the engine, the command, and what there is to read. */
function expected() {
  const entries = ["index", "machine", "testing", "wasm"].flatMap((name) => [`js/${name}.js`, `${name}.d.ts`]);
  const papers = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"];
  return [...entries, ...papers, "failsoft.wasm", "js/cli.js", "policy.schema.json"].sort();
}

const isShared = (name) => /^js\/shared-[A-Z0-9]{8}\.js$/.test(name);

test("these files and no others", (t) => {
  const files = filesOf(folder);
  assert.deepEqual(
    files.filter((name) => !isShared(name)),
    expected(),
  );
  assert.ok(files.filter(isShared).length <= 4, String(files));
  const wasm = readFileSync(join(folder, "failsoft.wasm"));
  t.diagnostic(`tarball ${statSync(packed).size} bytes; wasm ${wasm.length} bytes, ${gzipSync(wasm).length} gzipped`);
});

test("the inlined engine is the one beside it", () => {
  const inline = readFileSync(join(folder, "js", "index.js"), "utf8");
  const [, text] = /"([A-Za-z0-9+/=]{1000,})"/.exec(inline);
  assert.ok(Buffer.from(text, "base64").equals(readFileSync(join(folder, "failsoft.wasm"))));
});

test("the module says nothing of the machine that it was built on", () => {
  const text = readFileSync(join(folder, "failsoft.wasm")).toString("latin1");
  for (const path of ["/root/", "/home/", "/Users/", "\\Users\\", ".cargo", homedir(), ROOT]) {
    assert.ok(!text.includes(path), path);
  }
});

test("nothing has to be installed with it or run for it", () => {
  for (const name of ["dependencies", "peerDependencies", "optionalDependencies", "bundledDependencies", "scripts"]) {
    assert.equal(manifest[name], undefined, name);
  }
});

test("package.json says what it is", () => {
  const { name, type, license, engines, private: kept } = manifest;
  assert.deepEqual(
    [name, type, license, engines.node, kept],
    ["failsoft", "module", "MIT OR Apache-2.0", ">=20", undefined],
  );
  const [, version] = /^version = "(.+)"$/m.exec(readFileSync(join(ROOT, "Cargo.toml"), "utf8"));
  assert.equal(manifest.version, version);
});

test("every export is there, with its types, and is imported by its name", async () => {
  const paths = Object.entries(manifest.exports);
  const wanted = [".", "./wasm", "./testing", "./machine", "./failsoft.wasm", "./policy.schema.json", "./package.json"];
  assert.deepEqual(
    paths.map(([path]) => path),
    wanted,
  );
  for (const [path, target] of paths) {
    for (const file of typeof target === "string" ? [target] : Object.values(target)) {
      assert.ok(existsSync(join(folder, file)), `${path}: ${file}`);
    }
    if (typeof target === "object") {
      // The types come first: TypeScript takes the first condition that fits.
      assert.deepEqual(Object.keys(target), ["types", "default"], path);
      await node(["-e", `import("failsoft${path.slice(1)}")`], place);
    }
  }
});

test("only the start of the engine is a side effect", () => {
  assert.deepEqual([...manifest.sideEffects].sort(), ["./js/index.js"]);
});

test("an import in an empty folder says nothing, and is quick", async (t) => {
  const script = `
    const begun = performance.now();
    const { retry } = await import("failsoft");
    const there = performance.now();
    const answer = await retry(() => "done");
    if (answer !== "done") throw new Error(answer);
    console.log((there - begun).toFixed(1));`;
  const took = [];
  for (let round = 0; round < 5; round += 1) {
    const { stdout, stderr } = await node(["--input-type=module", "-e", script], place);
    assert.match(`${stdout}${stderr}`, /^\d+\.\d\n$/);
    took.push(Number(stdout));
  }
  t.diagnostic(`import and start on ${process.version}: ${Math.min(...took)} ms at best, ${took.join(", ")}`);
});

test("publint has nothing to say", async () => {
  const bytes = readFileSync(packed);
  const pack = { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) };
  const { messages, pkg } = await publint({ pack, strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg, { color: false })),
    [],
  );
});

test("attw has nothing to say", async () => {
  const cli = join(MODULES, "@arethetypeswrong", "cli", "dist", "index.js");
  // The module itself is no script, and has no types.
  const how = [
    "--profile",
    "esm-only",
    "--exclude-entrypoints",
    "./failsoft.wasm",
    "./policy.schema.json",
    "--no-emoji",
    "--no-color",
  ];
  // It ends with 1 when it has found something.
  await run(process.execPath, [cli, packed, ...how]).catch((failed) => assert.fail(failed.stdout || failed.stderr));
});
