// Every vector through the package's machine, and as many as were counted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "failsoft";
import * as machine from "failsoft/machine";
import { files } from "../../tests/js/files.mjs";
import { camel } from "../../tests/js/form.mjs";
import { tests } from "../../tests/js/vectors.mjs";

const FILES = files();
const NAMES = FILES["names.json"];

for (const [name, holds] of tests({ ...machine, Session }, FILES)) {
  test(name, holds);
}

test("every word that the engine speaks in numbers is listed", () => {
  const spoken = Object.entries(machine.names());
  assert.ok(spoken.length > 0);
  for (const [kind, words] of spoken) {
    assert.deepEqual(words, NAMES[kind], kind);
  }
});

test("every command has its class", () => {
  for (const word of NAMES.command) {
    const name = camel(`_${word}`);
    assert.equal(machine[name]?.prototype.kind, word, name);
  }
});

test("every event has its verb", () => {
  const missing = ({ prototype }) => NAMES.event.filter((word) => typeof prototype[camel(word)] !== "function");
  assert.deepEqual(missing(machine.MachineTurn), []);
  assert.deepEqual(missing(machine.Call), ["replied", "decided"]);
});

for (const [kind, field] of [
  ["failure_phase", "phase"],
  ["failure_effect", "effect"],
]) {
  test(`every ${kind} is known`, () => {
    for (const word of NAMES[kind]) {
      assert.equal(new machine.Failure("unknown", { [field]: word })[field], word);
    }
    refuses(() => new machine.Failure("unknown", { [field]: "oops" }), NAMES[kind]);
  });
}

test("every kind of failure is known", () => {
  assert.deepEqual(
    NAMES.failure_kind.map((kind) => new machine.Failure(kind).kind),
    NAMES.failure_kind,
  );
  assert.deepEqual(Object.keys(new machine.Policy().toJSON().failures).sort(), [...NAMES.failure_kind].sort());
});

test("every kind of reply is known", () => {
  const session = new machine.MachineSession(new machine.Policy(), [[undefined, { name: "p" }]], undefined, 1);
  const turn = new machine.MachineTurn(session);
  assert.ok(!NAMES.reply_kind.some((kind) => turn.replied(9, kind)));
  refuses(() => turn.replied(9, "oops"), NAMES.reply_kind);
});

for (const [kind, group, ...path] of [
  ["jitter", "retry", "jitter"],
  ["past_patience", "retry", "pastPatience"],
  ["fallback_scope", "fallback", "scope"],
  ["when_refused", "fallback", "whenRefused"],
  ["rule_again", "failures", "connect", "again"],
  ["rule_rebuild", "failures", "connect", "rebuild"],
  ["rule_next", "failures", "connect", "next"],
  ["rule_charge", "failures", "connect", "charge"],
  ["rule_cool", "failures", "connect", "cool"],
]) {
  test(`every choice of ${kind} is known`, () => {
    const policy = (word) =>
      new machine.Policy({ [group]: path.reduceRight((inner, name) => ({ [name]: inner }), word) });
    for (const word of NAMES[kind]) {
      policy(word);
    }
    refuses(() => policy("oops"), NAMES[kind]);
  });
}

function refuses(attempt, words) {
  assert.throws(attempt, (error) => error.message.endsWith(`use one of ${words.join(", ")}`));
}
