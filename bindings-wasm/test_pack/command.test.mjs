// The command line of the installed package: `failsoft classify`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { explain } from "failsoft";
import { installed, tarball } from "./installed.mjs";

const place = await installed(await tarball());
const QUOTA = '{"error":{"code":"insufficient_quota"}}';

/** Runs it as a shell would, by the link that npm has made. */
async function failsoft(args, { input = "" } = {}) {
  const child = spawn(join(place, "node_modules", ".bin", "failsoft"), args, {
    cwd: place,
    shell: process.platform === "win32",
    env: { PATH: process.env.PATH },
  });
  child.stdin.on("error", () => {}); // it need not read
  child.stdin.end(input);
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once("close", resolve)),
  ]);
  return { out, err, code };
}

test("what it says is what `explain` says", async () => {
  const said = await failsoft(["classify", "--status", "429", "--header", "Retry-After: 20", "--body", QUOTA]);
  const error = { status: 429, headers: { "retry-after": "20" }, body: QUOTA };
  assert.deepEqual(said, { out: `${explain(error)}\n`, err: "", code: 0 });
});

test("as JSON it is one line of the words that all languages share", async () => {
  const { out } = await failsoft(["classify", "--status", "429", "--header", "retry-after: 20", "--json"]);
  const { why, next, ...rest } = JSON.parse(out);
  assert.equal(out.trimEnd().split("\n").length, 1);
  const numbers = { kind: "rate_limited", status: 429, retry_after_ms: 20_000, reset_after_ms: null };
  const failure = { ...numbers, phase: null, should_retry: null, effect: "possible" };
  assert.deepEqual(rest, { rule: "rate_limit_429", failure });
  assert.ok(why && next);
});

test("a body comes from a file or from standard input", async () => {
  writeFileSync(join(place, "answer.json"), QUOTA);
  const ruleOf = async (body, input) => {
    const { out } = await failsoft(["classify", "--status", "429", "--body", body, "--json"], { input });
    return JSON.parse(out).rule;
  };
  assert.equal(await ruleOf("@answer.json"), "quota");
  assert.equal(await ruleOf("@-", QUOTA), "quota");
  assert.equal(await ruleOf(QUOTA), "quota");
  assert.equal(await ruleOf("@-", "{}"), "rate_limit_429");
});

test("what an error tells without an answer", async () => {
  const kindOf = async (...args) => JSON.parse((await failsoft(["classify", ...args, "--json"])).out).failure.kind;
  assert.equal(await kindOf("--class", "ECONNRESET", "--class", "Error"), "connect");
  assert.equal(await kindOf("--class", "ECONNRESET", "--phase", "idle"), "stream_broken");
  assert.equal(await kindOf("--code", "insufficient_quota"), "quota_exhausted");
  assert.equal(await kindOf("--type", "overloaded_error"), "overloaded");
  assert.equal(await kindOf("--status", "400", "--message", "prompt is too long: 9 tokens"), "context_overflow");
});

test("a policy file counts", async () => {
  const rule = '{ "name": "ours", "when": { "provider": ["shop"] }, "then": { "kind": "auth" } }';
  writeFileSync(join(place, "policy.json"), `{ "classify": { "rules": [${rule}] } }`);
  const args = ["classify", "--status", "503", "--provider", "Shop", "--policy", "policy.json", "--json"];
  assert.equal(JSON.parse((await failsoft(args)).out).rule, "ours");
});

test("a mistake is one line, and an exit code of 2", async () => {
  for (const args of [
    [],
    ["clasify"],
    ["classify", "--stats", "429"],
    ["classify", "--status", "4xx"],
    ["classify", "--status", "999"],
    ["classify", "--header", "no colon"],
    ["classify", "--phase", "later"],
    ["classify", "--body", "@not-there"],
    ["classify", "--policy", "not-there.json"],
    ["classify", "extra"],
  ]) {
    const { out, err, code } = await failsoft(args);
    assert.deepEqual([out, code], ["", 2], args.join(" "));
    assert.match(err, /^failsoft: [^\n]+\n$/);
  }
  const { err } = await failsoft(["classify", "--body", "@not-there"]);
  assert.equal(err, 'failsoft: --body: "not-there" cannot be read; use the name of a file\n');
});

test("it says how it is used", async () => {
  for (const args of [["--help"], ["classify", "-h"]]) {
    const { out, err, code } = await failsoft(args);
    assert.deepEqual([err, code], ["", 0]);
    assert.match(out, /^usage: failsoft classify/);
  }
});
