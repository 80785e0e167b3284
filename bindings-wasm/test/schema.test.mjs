// The JSON Schema of a policy file, as it is in the package, by a validator of other people.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import Ajv from "ajv/dist/2020.js";
import { Policy } from "failsoft";

const root = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const schema = JSON.parse(readFileSync(fileURLToPath(import.meta.resolve("failsoft/policy.schema.json")), "utf8"));
const valid = new Ajv({ allowUnionTypes: true }).compile(schema);

const vectors = readdirSync(new URL("tests/vectors/", root), { withFileTypes: true })
  .filter((folder) => folder.isDirectory())
  .flatMap(({ name }) =>
    readdirSync(new URL(`tests/vectors/${name}/`, root)).map((file) => `tests/vectors/${name}/${file}`),
  )
  .map((path) => JSON.parse(read(path)));

const blocks = (page) =>
  read(page)
    .split("```json\n")
    .slice(1)
    .map((block) => JSON.parse(block.split("```")[0]));

const good = [
  {},
  new Policy().toJSON(),
  ...vectors.flatMap(({ policy }) => policy ?? []),
  // A vector that speaks to one breaker alone has the policy's part of that name.
  ...vectors.flatMap(({ breaker }) => (breaker ? { breaker } : [])),
  ...["README.md", "docs/failures.md"].flatMap(blocks),
];

test("it is the one of the repository", () => {
  assert.deepEqual(schema, JSON.parse(read("docs/policy.schema.json")));
});

test("every policy that is read is valid", () => {
  assert.ok(good.length > 200, `${good.length} policies`);
  for (const policy of good) {
    Policy.fromJSON(policy);
    assert.ok(valid(policy), `${JSON.stringify(policy)}: ${JSON.stringify(valid.errors)}`);
  }
});

for (const { policy, line, schema = true } of vectors.flatMap(({ refused }) => refused ?? [])) {
  if (policy === undefined) continue;
  test(`a policy that is refused is not: ${line}`, () => {
    assert.throws(() => Policy.fromJSON(policy));
    assert.equal(valid(policy), !schema);
  });
}
