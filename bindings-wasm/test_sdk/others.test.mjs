// Clients that do not speak to the provider of these tests: Google's and Amazon's, each driven into a server of its own.

import assert from "node:assert/strict";
import http from "node:http";
import http2 from "node:http2";
import { describe, test } from "node:test";
import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { GoogleGenAI } from "@google/genai";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { explain, Session } from "failsoft";
import { nobody, serving } from "./places.mjs";

const dead = await nobody();
const JSON_HEAD = { "content-type": "application/json" };

/** What the server does next: `answer(request, response)`. */
let answer;
const url = await serving(
  http.createServer((request, response) => {
    request.resume();
    answer(request, response);
  }),
);

const says =
  (status, body, headers = {}) =>
  (_, response) => {
    response.writeHead(status, { ...JSON_HEAD, ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
const resets = (request) => request.socket.resetAndDestroy();
const keepsSilent = () => {};

async function explained(doing, ask) {
  answer = doing;
  const error = await ask().then(
    () => assert.fail("it was no failure"),
    (reason) => reason,
  );
  return explain(error);
}

function testRows(rows, ask) {
  for (const [name, [doing, wanted, how]] of Object.entries(rows)) {
    test(name, async () => {
      const { rule, failure } = await explained(doing, () => ask(how));
      const found = { rule, ...failure };
      for (const [field, value] of Object.entries({ effect: "possible", ...wanted })) {
        assert.equal(found[field], value, `${field}: ${JSON.stringify(found)}`);
      }
    });
  }
}

const REFUSED = { kind: "connect", effect: "none", phase: "connect", rule: "refused" };

describe("@google/genai", () => {
  const ask = ({ at = url, timeout } = {}) =>
    new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: at, timeout } }).models.generateContent({
      model: "m",
      contents: "hi",
    });
  const error = (code, status, message, details) => ({ error: { code, message, status, details } });
  const violated = (quotaId) => ({ "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId }] });
  const after = (retryDelay) => ({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay });
  const EXCEEDED = "You exceeded your current quota";

  testRows(
    {
      "a minute's limit": [
        says(429, error(429, "RESOURCE_EXHAUSTED", EXCEEDED, [violated("RequestsPerMinute"), after("34.5s")])),
        { kind: "rate_limited", status: 429, retryAfter: 34_500 },
      ],
      "a day's quota": [
        says(429, error(429, "RESOURCE_EXHAUSTED", EXCEEDED, [violated("RequestsPerDay-FreeTier"), after("5s")])),
        { kind: "quota_exhausted", status: 429 },
      ],
      "a key that is none": [
        says(400, error(400, "INVALID_ARGUMENT", "API key not valid.", [{ reason: "API_KEY_INVALID" }])),
        { kind: "auth", status: 400 },
      ],
      "no such model": [says(404, error(404, "NOT_FOUND", "no")), { kind: "not_found", status: 404 }],
      overloaded: [
        says(503, error(503, "UNAVAILABLE", "The model is overloaded.")),
        { kind: "overloaded", status: 503 },
      ],
      "no JSON": [says(500, "<html>", { "content-type": "text/html" }), { kind: "server_error", status: 500 }],
      reset: [resets, { kind: "connect", rule: "lost" }],
      refused: [keepsSilent, REFUSED, { at: dead }],
      // Its own limit is an AbortController's, and says no more than that somebody stopped it.
      "its own limit": [keepsSilent, { kind: "cancelled" }, { timeout: 100 }],
    },
    ask,
  );
});

describe("AWS: @aws-sdk/client-bedrock-runtime", () => {
  const clientOf = (at, options) =>
    new BedrockRuntimeClient({
      region: "us-east-1",
      endpoint: at,
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler(
        options?.timeout && { requestTimeout: options.timeout, throwOnRequestTimeout: true },
      ),
      ...options,
    });
  const command = () => new ConverseCommand({ modelId: "m", messages: [{ role: "user", content: [{ text: "hi" }] }] });
  const ask = ({ at = url, signal, ...options } = {}) => clientOf(at, options).send(command(), { abortSignal: signal });
  const service = (status, type, message = "..") =>
    says(status, { message }, { "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/` });

  testRows(
    {
      throttled: [service(429, "ThrottlingException"), { kind: "rate_limited", status: 429, rule: "rate_limit" }],
      "no access": [service(403, "AccessDeniedException"), { kind: "auth", status: 403 }],
      "a request that is wrong": [service(400, "ValidationException"), { kind: "invalid_request", status: 400 }],
      "too long": [
        service(400, "ValidationException", "Input is too long for requested model."),
        { kind: "context_overflow", status: 400 },
      ],
      unavailable: [service(503, "ServiceUnavailableException"), { kind: "overloaded", status: 503 }],
      "not ready": [service(429, "ModelNotReadyException"), { kind: "overloaded", status: 429 }],
      reset: [resets, { kind: "connect", rule: "lost" }],
      refused: [keepsSilent, REFUSED, { at: dead }],
      "its own limit": [keepsSilent, { kind: "read_timeout" }, { timeout: 100 }],
      "stopped by the caller": [keepsSilent, { kind: "cancelled" }, { signal: AbortSignal.abort() }],
    },
    ask,
  );

  test("over HTTP/2, as it does by itself", async () => {
    const server = http2.createServer((_, response) => {
      response.writeHead(429, { ...JSON_HEAD, "x-amzn-errortype": "ThrottlingException" });
      response.end('{"message":"slow down"}');
    });
    const sessions = new Set();
    server.on("session", (session) => sessions.add(session));
    const at = await serving(server);
    const client = clientOf(at, { requestHandler: undefined });
    const found = await explained(undefined, () => client.send(command()));
    assert.deepEqual([found.failure.kind, found.failure.status], ["rate_limited", 429]);
    client.destroy();
    for (const session of sessions) session.destroy();
  });

  test("over HTTP/2, refused, and HTTP/1 where HTTP/2 was wanted", async () => {
    const by = (at) => () => clientOf(at, { requestHandler: undefined }).send(command());
    const refused = (await explained(undefined, by(dead))).failure;
    assert.deepEqual([refused.kind, refused.effect], ["connect", "none"]);
    assert.equal((await explained(says(200, {}), by(url))).failure.kind, "connect");
  });

  test("its own retries are warned of", async () => {
    answer = service(503, "ServiceUnavailableException");
    const warnings = [];
    const log = ({ level, message }) => level === "warn" && warnings.push(message);
    const session = new Session({ routes: ["primary"], sleep: () => {}, log });
    await assert.rejects(session.turn().call(() => ask({ maxAttempts: 2, retryMode: "standard" })));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /retries once|retries 1 time by itself/);
  });
});
