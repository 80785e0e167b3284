// One owner of retries: a client that repeats its requests under a call is warned of, once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Agent, Policy, retry, Session } from "failsoft";

/** As the package `ai` throws it when it has asked three times. */
function repeated() {
  const errors = [503, 503, 503].map((statusCode) => Object.assign(new Error("busy"), { statusCode }));
  return Object.assign(new Error("Failed after 3 attempts"), { errors, lastError: errors[2] });
}

function logged() {
  const warnings = [];
  const log = ({ level, message }) => level === "warn" && warnings.push(message);
  return { warnings, log, sleep: () => {} };
}

const failing = (error) => () => Promise.reject(error());
const TOLD = /primary retries 2 times by itself: up to 4 x 3 = 12 requests .*maxRetries: 0/;

test("a failure that tells of retries is warned of once a session", async () => {
  const { warnings, ...hooks } = logged();
  const policy = new Policy({ retry: { maxAttempts: 4 } });
  const session = new Session({ routes: ["primary"], policy, ...hooks });
  await assert.rejects(session.turn().call(failing(repeated)));
  await assert.rejects(session.turn().call(failing(repeated)));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], TOLD);
});

test("so is a client that says so when it is made", async () => {
  const { warnings, ...hooks } = logged();
  const policy = new Policy({ retry: { maxAttempts: 4 } });
  const clients = [{ maxRetries: 2 }, { maxRetries: 0 }, { maxRetries: "2" }, {}, undefined, null, 5];
  const told = [];
  for (const client of clients) {
    warnings.length = 0;
    const routes = ["primary", { name: "backup", activate: () => client }];
    const ask = ({ route }) => (route.name === "backup" ? "done" : Promise.reject({ status: 404 }));
    assert.equal(await new Session({ routes, policy, ...hooks }).turn().call(ask), "done");
    told.push(warnings.length);
    for (const line of warnings) {
      assert.match(line, /backup retries 2 times by itself: up to 4 x 3 = 12 requests/);
    }
  }
  assert.deepEqual(told, [1, 0, 0, 0, 0, 0, 0]);
});

test("an agent's model tells too", async () => {
  const { warnings, ...hooks } = logged();
  await new Agent(failing(repeated), hooks).run("hi");
  assert.equal(warnings.filter((line) => /retries 2 times by itself/.test(line)).length, 1);
});

test("AWS counts its attempts", async () => {
  const { warnings, ...hooks } = logged();
  const error = () => Object.assign(new Error("slow down"), { $metadata: { httpStatusCode: 503, attempts: 3 } });
  await assert.rejects(new Session({ routes: ["primary"], ...hooks }).turn().call(failing(error)));
  assert.match(warnings[0], /retries 2 times by itself/);
});

test("a number beyond reason is cut", async () => {
  const { warnings, ...hooks } = logged();
  const error = () => Object.assign(new Error("slow down"), { $metadata: { httpStatusCode: 503, attempts: 2 ** 40 } });
  await assert.rejects(new Session({ routes: ["primary"], ...hooks }).turn().call(failing(error)));
  assert.match(warnings[0], /retries 1000 times by itself/);
});

test("nobody is warned of failures that tell nothing", async () => {
  const { warnings, ...hooks } = logged();
  const session = new Session({ routes: ["primary"], ...hooks });
  for (const fields of [
    {},
    { errors: [new Error("?"), new Error("?")] },
    { $metadata: { attempts: 1 } },
    { lastError: {} },
  ]) {
    await assert.rejects(session.turn().call(failing(() => Object.assign(new Error("no"), { status: 503 }, fields))));
  }
  assert.deepEqual(warnings, []);
});

test("a plain retry says it on the console, once a process", async () => {
  const said = [];
  const { warn } = console;
  console.warn = (...given) => said.push(...given);
  try {
    for (let i = 0; i < 2; i += 1) {
      await assert.rejects(retry(failing(repeated), { sleep: () => {} }));
    }
  } finally {
    console.warn = warn;
  }
  assert.equal(said.length, 1);
  assert.match(said[0], /^failsoft: .*retries 2 times by itself: up to 3 x 3 = 9 requests/);
});
