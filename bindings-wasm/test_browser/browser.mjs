// One headless Chromium for the tests of a file, and pages in it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { files } from "../../tests/js/files.mjs";
import { chromiumPath, importMap, MODULES, PACKAGE, ROOT } from "./places.mjs";
import { serve } from "./server.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Loopback by its number; every name is unknown, and nobody is asked for it.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** The page that the tests run in: an import map, and nothing that prepares the package. */
function blank(imports) {
  const map = JSON.stringify({ imports });
  const icon = '<link rel="icon" href="data:,">';
  return `<!doctype html><meta charset="utf-8"><title>failsoft</title>${icon}<script type="importmap">${map}</script>`;
}

/** A Chromium for the tests of this file; it ends with them. */
export async function browse() {
  const browser = await chromium.launch({ executablePath: chromiumPath(), headless: true, args: FLAGS });
  after(() => browser.close());
  return browser;
}

/** Serves what the pages need, for the tests of this file. `more` as in `serve`. */
export async function serving(more = {}) {
  const imports = { ...importMap("/package/"), openai: "/npm/openai/index.mjs" };
  const server = await serve({
    "/": { type: "text/html", text: blank(imports) },
    "/vectors.json": { type: "application/json", text: JSON.stringify(files()) },
    "/package/": PACKAGE,
    "/npm/": MODULES,
    "/examples/": join(ROOT, "examples"),
    "/runners/": join(ROOT, "tests", "js"),
    "/data/": join(ROOT, "bindings-wasm", "test"),
    "/page/": join(ROOT, "bindings-wasm", "test_browser", "page"),
    ...more,
  });
  after(() => server.close());
  return server;
}

/** A page, and what its console and its errors have said. */
export async function open(browser, url) {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`uncaught: ${error.stack ?? error}`));
  await page.goto(url);
  return { page, said };
}

/**
 * Calls what a module of `page/` exports, in a page of its own. The console must stay silent, but for lines that `may` be said:
 * Chromium itself reports every request that fails.
 */
export async function inPage(browser, server, module, verb, given = undefined, may = undefined) {
  const { page, said } = await open(browser, server.url);
  try {
    const call = { module: `/page/${module}`, verb, given };
    return await page.evaluate(async ({ module, verb, given }) => (await import(module))[verb](given), call);
  } finally {
    const wrong = said.filter((line) => !may?.test(line));
    await page.close();
    assert.deepEqual(wrong, [], `${module} said`);
  }
}
