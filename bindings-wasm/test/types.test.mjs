// The hand-written types say what is there, and nothing else: names, options, defaults and ranges.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Policy } from "failsoft";
import { declared, options, textOf } from "./declarations.mjs";

const ENTRIES = { failsoft: "index.d.ts", "failsoft/testing": "testing.d.ts", "failsoft/machine": "machine.d.ts" };
const NAMES = JSON.parse(readFileSync(new URL("../../tests/vectors/names.json", import.meta.url), "utf8"));
const isOptions = (name) => /(?:Options|Spec|Row|Rule|Fields)$/.test(name) && name !== "ToolSpec";
const DOCUMENTED = Object.values(ENTRIES).flatMap((file) => options(textOf(file), isOptions));

/** The parts of a policy: the interface of each. */
const PARTS = {
  retry: "RetryPolicyOptions",
  attempt: "AttemptPolicyOptions",
  breaker: "BreakerPolicyOptions",
  budget: "BudgetPolicyOptions",
  fallback: "FallbackPolicyOptions",
  recovery: "RecoveryPolicyOptions",
  hedge: "HedgePolicyOptions",
  turn: "TurnPolicyOptions",
  approval: "ApprovalPolicyOptions",
  classify: "ClassifyPolicyOptions",
};

for (const [entry, file] of Object.entries(ENTRIES)) {
  test(`every name of ${entry} is declared, and every declared name is there`, async () => {
    assert.deepEqual(declared(textOf(file)), Object.keys(await import(entry)).sort());
  });
}

test("failsoft/wasm has the same names, and how to start", async () => {
  const { init, initSync, ...rest } = await import("failsoft/wasm");
  assert.deepEqual(Object.keys(rest).sort(), Object.keys(await import("failsoft")).sort());
  assert.deepEqual(declared(textOf("wasm.d.ts")), ["init", "initSync"]);
  assert.equal(typeof init, typeof initSync);
});

test("what is exported is called so in a stack and in an inspector", async () => {
  for (const [name, one] of Object.entries(await import("failsoft"))) {
    assert.equal(typeof one === "function" ? one.name : name, name);
  }
});

test("every option has prose, its default and an example", () => {
  assert.ok(DOCUMENTED.length > 150, `only ${DOCUMENTED.length} were found`);
  for (const { holder, name, prose, default: usual, example } of DOCUMENTED) {
    const where = `${holder}.${name}`;
    assert.ok(prose.length > 10 && /[.:?]/.test(prose), `${where} has no prose: ${prose}`);
    assert.ok(usual, `${where} has no default`);
    assert.ok(example, `${where} has no example`);
    assert.ok(example.includes(name), `the example of ${where} does not show it: ${example}`);
    assert.doesNotThrow(() => new Function(`async () => { ${example} }`), `the example of ${where}: ${example}`);
  }
});

for (const [part, holder] of Object.entries(PARTS)) {
  test(`the policy's ${part}: fields, defaults and ranges are the engine's`, () => {
    const fields = DOCUMENTED.filter((one) => one.holder === holder);
    const known = new Policy().toJSON()[part];
    assert.deepEqual(fields.map(({ name }) => fieldOf(known, name)).sort(), Object.keys(known).sort());
    for (const { name, type, prose, default: usual, example } of fields) {
      assert.deepEqual(read(usual), known[fieldOf(known, name)], `the default of ${part}.${name}`);
      for (const word of allowed({ [part]: { [name]: {} } })) {
        const isSaid = `${prose} ${type}`.includes(word) || type.startsWith("Jitter"); // a union of its own, see below
        assert.ok(isSaid, `${part}.${name} does not say: ${word}`);
      }
      assert.ok(read(example) instanceof Policy, example);
    }
  });
}

test("the failure table: rows and defaults are the engine's", () => {
  const rows = DOCUMENTED.filter(({ holder }) => holder === "FailuresOptions");
  assert.deepEqual(rows.map(({ name }) => snake(name)).sort(), [...NAMES.failure_kind].sort());
  const { failures } = new Policy().toJSON();
  for (const { name, default: usual, example } of rows) {
    const { cool_base_ms, cool_cap_ms, ...rest } = failures[snake(name)];
    const said = { coolBase: cool_base_ms, coolCap: cool_cap_ms };
    for (const [field, value] of Object.entries(rest)) {
      said[camel(field)] = value;
    }
    const worthSaying = Object.entries(said).filter(([, value]) => ![0, "no", false].includes(value));
    assert.deepEqual(read(usual), Object.fromEntries(worthSaying), `the default of ${name}`);
    assert.ok(read(example) instanceof Policy, example);
  }
  for (const { name, type, prose, example } of DOCUMENTED.filter(({ holder }) => holder === "FailureRule")) {
    for (const word of allowed({ failures: { rateLimited: { [name]: {} } } })) {
      assert.ok(`${prose} ${type}`.includes(word), `FailureRule.${name} does not say: ${word}`);
    }
    assert.ok(read(example) instanceof Policy, example);
  }
});

test("unions of words are the engine's", () => {
  const text = textOf("index.d.ts");
  const unions = { FailureKind: "failure_kind", FailurePhase: "failure_phase", FailureEffect: "failure_effect" };
  Object.assign(unions, { StopReason: "stop_reason", BreakerState: "breaker_state", Jitter: "jitter" });
  Object.assign(unions, { Replay: "replay", Decision: "decision" });
  for (const [type, list] of Object.entries(unions)) {
    const union = new RegExp(`^export type ${type} =([^;]*);`, "m").exec(text)?.[1] ?? "";
    const words = [...union.matchAll(/"(\w+)"/g)].map(([, word]) => word);
    assert.deepEqual(words.sort(), [...NAMES[list]].sort(), type);
  }
});

/** What a comment says in JavaScript. */
function read(text) {
  return new Function("Policy", `return (${text});`)(Policy);
}

/** What the engine would allow in place of a value that it refuses, in the words of the types. */
function allowed(groups) {
  try {
    new Policy(groups);
  } catch ({ message }) {
    const use = message.split("; use ")[1];
    const words = /^one of (.*)$/.exec(use)?.[1].split(", ");
    return (
      words?.map((word) => `"${word}"`) ?? [use.replace(/^([\d.]+) s to/, (_, seconds) => `${seconds * 1000} ms to`)]
    );
  }
  throw new Error("it was not refused");
}

/** The name of a field in a policy file. */
function fieldOf(known, name) {
  return `${snake(name)}_ms` in known ? `${snake(name)}_ms` : snake(name);
}

function snake(name) {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camel(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}
