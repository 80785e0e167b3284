#!/usr/bin/env node
// `failsoft classify`: what the engine makes of a failure that is told on the command line.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Policy } from "./index.js";
import { explainFacts, foreignName } from "./machine.js";

const USAGE = `usage: failsoft classify [options]

What kind of failure an answer or an error is, which rule says so, and what follows.

  --status CODE        the HTTP status
  --header "NAME: V"   a header of the answer; as many as there are
  --body TEXT          the answer's body; @FILE reads a file, @- standard input
  --message TEXT       the message of the error
  --code WORD          the code that the error itself carries, such as insufficient_quota
  --type WORD          the type that it carries, such as overloaded_error
  --class NAME         a class of the error, or a system's code such as ECONNRESET; as many as there are, its own first
  --phase PHASE        how far it had come: pool, connect, send, first_progress or idle
  --provider NAME      who answered, such as openai
  --policy FILE        a policy file, whose rules and rows count
  --json               what was found, as one line of JSON
`;

/** Bytes of a body that are looked at. */
const LONGEST = 65_536;

const OPTIONS = {
  status: { type: "string" },
  header: { type: "string", multiple: true, default: [] },
  body: { type: "string" },
  message: { type: "string" },
  code: { type: "string" },
  type: { type: "string" },
  class: { type: "string", multiple: true, default: [] },
  phase: { type: "string" },
  provider: { type: "string" },
  policy: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
};

try {
  process.stdout.write(said(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`failsoft: ${String(error.message).replace(/\s+/g, " ")}\n`);
  process.exitCode = 2;
}

function said(args) {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (values.help) {
    return USAGE;
  }
  if (positionals.join(" ") !== "classify") {
    throw new Error(`"${foreignName(positionals.join(" "))}" is not a command; use classify`);
  }
  const policy = values.policy === undefined ? undefined : Policy.fromJSON(String(read("--policy", values.policy)));
  const found = explainFacts(factsOf(values), policy);
  return `${values.json ? JSON.stringify(asJson(found)) : found}\n`;
}

function factsOf({ status, header, body, message, code, type, class: classes, phase, provider }) {
  return {
    status: status === undefined ? undefined : statusOf(status),
    headers: Object.fromEntries(header.map(headerOf)),
    body: body === undefined ? undefined : textOf(body),
    message,
    code,
    errorType: type,
    classes,
    phase,
    provider: provider?.toLowerCase(),
    wallMs: Date.now(),
  };
}

function statusOf(text) {
  if (!/^[1-5]\d\d$/.test(text)) {
    throw new Error(`--status: "${foreignName(text)}" is not allowed; use 100 to 599`);
  }
  return Number(text);
}

function headerOf(line) {
  const colon = line.indexOf(":");
  if (line.slice(0, Math.max(colon, 0)).trim() === "") {
    throw new Error(`--header: "${foreignName(line)}" is not allowed; use one such as "retry-after: 20"`);
  }
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

/** A text, or what a file or standard input holds: as much of it as the engine looks at. */
function textOf(given) {
  const told = () => (given === "@-" ? readFileSync(0) : read("--body", given.slice(1)));
  const bytes = given.startsWith("@") ? told() : Buffer.from(given);
  return bytes.subarray(0, LONGEST).toString();
}

function read(option, file) {
  try {
    return readFileSync(file);
  } catch {
    throw new Error(`${option}: "${foreignName(file)}" cannot be read; use the name of a file`);
  }
}

/** In the words and the order of every language. */
function asJson({ rule, failure, why, next }) {
  const { kind, status, retryAfter, resetAfter, phase, shouldRetry, effect } = failure;
  const numbers = { status: status ?? null, retry_after_ms: retryAfter ?? null, reset_after_ms: resetAfter ?? null };
  const words = { phase: phase ?? null, should_retry: shouldRetry ?? null, effect };
  return { rule, failure: { kind, ...numbers, ...words }, why, next };
}
