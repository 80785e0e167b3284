// The packed package in bundles: a production build by Vite, and one file by esbuild, run in Chromium and in Node.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { build as vite } from "vite";
import { browse, open } from "../test_browser/browser.mjs";
import { serve } from "../test_browser/server.mjs";
import { folder, installedApp, node, tarball } from "./installed.mjs";

const app = await installedApp(await tarball());
const browser = await browse();

const SAYS = {
  agent: "17 times 23 is 391, after 4 attempts",
  retry: "done at attempt 3",
};
/** A word of the files of an agent, and one of an adapter's: a bundle holds what it uses. */
const [OF_AN_AGENT, OF_AN_ADAPTER] = ["toolCallId", "Idempotency-Key"];

/** Opens a page of a built app, waits for its answer, and the console must stay silent. */
async function answerOf(places, path, expected) {
  const server = await serve(places);
  try {
    const { page, said } = await open(browser, server.url + path);
    await page.waitForFunction(() => document.querySelector("#answer")?.textContent !== "waiting", null, {
      timeout: 10_000,
    });
    assert.equal(await page.textContent("#answer"), expected);
    await page.close();
    assert.deepEqual(said, []);
  } finally {
    await server.close();
  }
}

/** Bytes of the scripts of a bundle, and of the engine that one of them carries. */
function sizes(scripts) {
  const text = scripts.join("\n");
  const engine = Math.max(0, ...[...text.matchAll(/[A-Za-z0-9+/=]{1000,}/g)].map(([found]) => found.length));
  return { bytes: text.length, gzipped: gzipSync(text).length, code: text.length - engine, text };
}

function shown({ bytes, gzipped, code }) {
  return `${bytes} bytes, ${gzipped} gzipped, ${code} of them beside the engine`;
}

const scriptsIn = (path) =>
  readdirSync(path, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => readFileSync(join(path, name), "utf8"));

const built = {};
for (const [name, page] of [
  ["agent", "index.html"],
  ["retry", "retry.html"],
]) {
  test(`a production build of Vite: ${name}`, async (t) => {
    const out = folder();
    const warnings = [];
    await vite({
      root: app,
      configFile: false,
      logLevel: "silent",
      build: {
        outDir: out,
        emptyOutDir: true,
        target: "es2022",
        chunkSizeWarningLimit: 5000,
        rolldownOptions: { input: join(app, page), onwarn: (warning) => warnings.push(warning.message) },
      },
    });
    assert.deepEqual(warnings, []);
    built[name] = sizes(scriptsIn(out));
    t.diagnostic(`${name}, by Vite on ${process.version}: ${shown(built[name])}`);
    const text = readFileSync(join(out, page), "utf8");
    await answerOf({ "/": { type: "text/html", text }, "/assets/": join(out, "assets") }, "/", SAYS[name]);
  });
}

test("a bundle holds what it uses, and no more", () => {
  const { agent, retry } = built;
  assert.ok(agent.text.includes(OF_AN_AGENT));
  assert.ok(!retry.text.includes(OF_AN_AGENT));
  assert.ok(![agent, retry].some(({ text }) => text.includes(OF_AN_ADAPTER)));
  assert.ok(retry.code < agent.code);
});

for (const platform of ["browser", "node"]) {
  for (const name of Object.keys(SAYS)) {
    test(`one file by esbuild for ${platform}: ${name}`, async (t) => {
      const out = folder();
      const outfile = join(out, `${name}.mjs`);
      const { warnings } = await esbuild.build({
        entryPoints: [join(app, `${name}.js`)],
        outfile,
        platform,
        bundle: true,
        minify: true,
        format: "esm",
        target: "es2022",
        logLevel: "silent",
      });
      assert.deepEqual(warnings, []);
      t.diagnostic(`${name}, by esbuild: ${shown(sizes([readFileSync(outfile, "utf8")]))}`);
      if (platform === "node") {
        const { stdout, stderr } = await node([outfile], out);
        assert.deepEqual([stdout, stderr], [`${SAYS[name]}\n`, ""]);
      } else {
        const script = `<script type="module" src="/built/${name}.mjs"></script>`;
        const text = `<!doctype html><link rel="icon" href="data:,"><p id="answer">waiting</p>${script}`;
        await answerOf({ "/": { type: "text/html", text }, "/built/": out }, "/", SAYS[name]);
      }
    });
  }
}
