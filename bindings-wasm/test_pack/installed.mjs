// The packed package, and folders in which nothing else is installed.

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PACKAGE } from "../test_browser/places.mjs";

export const run = promisify(execFile);
export const APP = fileURLToPath(new URL("app", import.meta.url));

/** A folder for the tests of this file; it goes with them. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), "failsoft-"));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The tarball: what FAILSOFT_TARBALL names, or what npm packs of the assembled package. */
export async function tarball() {
  if (process.env.FAILSOFT_TARBALL) {
    return resolve(process.env.FAILSOFT_TARBALL);
  }
  const place = folder();
  await run("npm", ["pack", "--silent", "--pack-destination", place], { cwd: PACKAGE });
  const [name] = readdirSync(place);
  return join(place, name);
}

/** An empty folder into which npm has installed the tarball, without asking a registry. */
export async function installed(packed) {
  const place = folder();
  writeFileSync(join(place, "package.json"), '{ "private": true, "type": "module" }\n');
  const quiet = ["--offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", ...quiet, packed], { cwd: place });
  return place;
}

/** The app, with the tarball installed beside it. */
export async function installedApp(packed) {
  const place = await installed(packed);
  cpSync(APP, place, { recursive: true, filter: (path) => !path.endsWith("package.json") });
  return place;
}

/** A script by this very Node, without what the tests themselves have brought along. */
export function node(args, cwd) {
  const env = { ...process.env };
  for (const name of ["NODE_OPTIONS", "NODE_TEST_CONTEXT", "FAILSOFT_NODE_ENV"]) delete env[name];
  return run(process.execPath, args, { cwd, env });
}
