// What `classify` makes of real errors: of the SDKs, of `fetch`, of undici and of Node itself, each raised by driving the
// real client into a server that misbehaves.

import assert from "node:assert/strict";
import dns from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import Anthropic from "@anthropic-ai/sdk";
import { classify } from "failsoft";
import OpenAI from "openai";
import * as undici from "undici";
import { REQUESTS, request } from "../test/fetch_errors.mjs";
import { HI, provided, status } from "./harness.mjs";
import { connection, nameless, nobody, securing, selfSigned, serving } from "./places.mjs";

const provider = await provided();
const dead = await nobody();

const own = selfSigned();
const secured = await securing(own);
const notHttp = await serving(connection((socket) => socket.end("junk\r\n\r\n")));
const closing = await serving(connection((socket) => socket.end()));

/** Every row is a test: a promise that must be rejected, and what its reason must be taken for. */
function testRows(rows) {
  for (const [name, [attempt, kind, { effect = "possible", ...rest } = {}]] of Object.entries(rows)) {
    test(name, async () => {
      const failure = await attempt().then(
        (value) => assert.fail(`it brought ${JSON.stringify(value)}`),
        (error) => classify(error),
      );
      assert.deepEqual({ kind: failure.kind, effect: failure.effect }, { kind, effect });
      for (const [field, value] of Object.entries(rest)) {
        assert.equal(failure[field], value, field);
      }
    });
  }
}

const UNSENT = { effect: "none", phase: "connect" };
const QUOTA = status(429, { message: "..", type: "insufficient_quota", code: "insufficient_quota" });
const BILLING = status(400, { type: "invalid_request_error", message: "Your credit balance is too low to .." });
const TOO_LONG = status(400, { message: "..", type: "invalid_request_error", code: "context_length_exceeded" });
const PROMPT = status(400, { type: "invalid_request_error", message: "prompt is too long: 9 tokens > 8 maximum" });
const REFUSED = status(400, { message: "no", code: "content_policy_violation", type: "invalid_request_error" });
const BLOCKED = status(400, { type: "invalid_request_error", message: "Output blocked by content filtering policy" });

const SDKS = {
  openai: {
    ask: (url, model, { signal, stream, ...options } = {}) => {
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0, ...options });
      return client.chat.completions.create({ model, messages: HI, stream }, { signal });
    },
    words: { quota: QUOTA, long: TOO_LONG, refused: REFUSED },
  },
  anthropic: {
    ask: (url, model, { signal, stream, ...options } = {}) => {
      const client = new Anthropic({ baseURL: url, apiKey: "k", maxRetries: 0, ...options });
      return client.messages.create({ model, messages: HI, max_tokens: 9, stream }, { signal });
    },
    words: { quota: BILLING, long: PROMPT, refused: BLOCKED },
  },
};

for (const [name, { ask, words }] of Object.entries(SDKS)) {
  const plain = (behaviour, options) => async () => {
    await provider.script({ m: behaviour });
    return ask(provider.url, "m", options);
  };
  const streamed = (behaviour, options) => async () => {
    const chunks = [];
    for await (const chunk of await plain(behaviour, { ...options, stream: true })()) {
      chunks.push(chunk);
    }
    return chunks;
  };
  const statuses = {
    400: "invalid_request",
    401: "auth",
    402: "quota_exhausted",
    403: "auth",
    404: "not_found",
    408: "server_error",
    409: "server_error",
    413: "invalid_request",
    422: "invalid_request",
    429: "rate_limited",
    500: "server_error",
    501: "server_error",
    502: "server_error",
    503: "overloaded",
    504: "server_error",
    529: "overloaded",
  };

  describe(`${name}: statuses`, () => {
    testRows(
      Object.fromEntries(
        Object.entries(statuses).map(([code, kind]) => [code, [plain(code), kind, { status: Number(code) }]]),
      ),
    );
    testRows({
      "a stated wait": [plain("429:retry-after=7"), "rate_limited", { retryAfter: 7000 }],
      "a stated wait in ms": [plain("429:retry-after-ms=1500"), "rate_limited", { retryAfter: 1500 }],
      "a word on retries": [plain("503:x-should-retry=false"), "overloaded", { shouldRetry: false }],
      "an empty quota": [plain(words.quota), "quota_exhausted"],
      "a prompt that is too long": [plain(words.long), "context_overflow", { status: 400 }],
      "refused content": [plain(words.refused), "content_refused", { status: 400 }],
      "a gateway's page": [plain({ do: "status", status: 502, body: "<html>" }), "server_error", { status: 502 }],
    });
  });

  describe(`${name}: TLS`, () => {
    testRows({
      "TLS where there is none": [() => ask(provider.url.replace("http:", "https:"), "m"), "connect"],
      "no TLS where there is some": [() => ask(secured.replace("https:", "http:"), "m"), "connect"],
    });
  });

  describe(`${name}: streams`, () => {
    testRows({
      "an error under 200": [streamed("overloaded:2"), "overloaded"],
      reset: [streamed("cut:2:the answer is forty two"), "connect"],
      closed: [streamed("close:2:the answer is forty two"), "connect"],
      "a chunk that is not JSON": [streamed("malformed_chunk:1:the answer is"), "malformed"],
    });
  });

  describe(`${name}: what the caller did`, () => {
    testRows({
      "a signal that was aborted before": [plain("answer", { signal: AbortSignal.abort() }), "cancelled"],
      "a line break in the key": [() => ask(provider.url, "m", { apiKey: "a\nb" }), "bug"],
      "an address that is none": [() => ask("nonsense", "m"), "bug"],
    });

    test("a signal that was aborted meanwhile", async () => {
      const controller = new AbortController();
      const asked = plain("silence", { signal: controller.signal })();
      const error = assert.rejects(asked, (reason) => classify(reason).kind === "cancelled");
      await sleep(50);
      controller.abort();
      await error;
    });
  });
}

describe("fetch", () => {
  for (const [name, how] of Object.entries(REQUESTS)) {
    testRows({
      [name]: [() => request(how, { url: provider.url, nobody: dead }), how.kind, { effect: how.effect }],
    });
  }
  testRows({
    "no such name": [() => fetch(nameless), "connect", UNSENT],
    "both families refused": [() => fetch(dead.replace("127.0.0.1", "localhost")), "connect", UNSENT],
    "a certificate of its own": [() => fetch(secured), "certificate", UNSENT],
    "not HTTP": [() => fetch(notHttp), "connect"],
    "closed before the head": [() => fetch(closing), "connect"],
    "an address that is none": [() => fetch("nonsense"), "bug"],
    "a header that is none": [() => fetch(dead, { headers: { a: "x\ny" } }), "bug"],
    "one of many, all failed": [() => Promise.any([fetch(dead), fetch(dead)]), "connect", UNSENT],
    "wrapped by the caller": [
      () => fetch(dead).catch((cause) => Promise.reject(new Error("no model", { cause }))),
      "connect",
      UNSENT,
    ],
  });
});

describe("undici", () => {
  const post = async (model, options) => {
    const dispatcher = new undici.Agent(options);
    try {
      const reply = await undici.fetch(`${provider.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model, messages: HI }),
        dispatcher,
      });
      return await reply.text();
    } finally {
      await dispatcher.destroy();
    }
  };
  const destroyed = async () => {
    const dispatcher = new undici.Agent();
    const asked = undici.fetch(closing, { dispatcher });
    dispatcher.destroy();
    return asked;
  };
  testRows({
    "no head in time": [() => post("silence", { headersTimeout: 100 }), "read_timeout"],
    "no more of the body in time": [() => post("stall:1:the answer is", { bodyTimeout: 100 }), "read_timeout"],
    "closed in the middle": [() => post("close:2:the answer is forty two"), "connect"],
    "its dispatcher destroyed": [destroyed, "connect"],
  });
});

describe("Node", () => {
  const get = (url, options = {}) =>
    new Promise((resolve, reject) => {
      const client = url.startsWith("https:") ? https : http;
      const asked = client.request(url, options, (response) => {
        response.on("error", reject).on("end", resolve).resume();
      });
      asked.on("error", reject).end(options.body);
    });
  const post = (model, options) =>
    get(`${provider.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, messages: HI }),
      ...options,
    });
  testRows({
    refused: [() => get(dead), "connect", UNSENT],
    "both families refused": [() => get(dead.replace("127.0.0.1", "localhost")), "connect", UNSENT],
    "no such name": [() => get(nameless), "connect", UNSENT],
    "a name looked up": [() => dns.lookup("nobody.invalid"), "connect", UNSENT],
    reset: [() => post("reset"), "connect"],
    "reset mid-body": [() => post("cut:2:the answer is"), "connect"],
    "close mid-body": [() => post("close:2:the answer is"), "connect"],
    "not HTTP": [() => get(notHttp), "connect"],
    "closed before the head": [() => get(closing), "connect"],
    "a certificate of its own": [() => get(secured), "certificate", UNSENT],
    "a certificate for another name": [() => get(secured, { ca: own.cert }), "certificate", UNSENT],
    "TLS where there is none": [() => get(provider.url.replace("http:", "https:")), "connect"],
    "a signal that timed out": [() => post("silence", { signal: AbortSignal.timeout(50) }), "read_timeout"],
    "a sleep that timed out": [() => sleep(5000, 0, { signal: AbortSignal.timeout(10) }), "read_timeout"],
    "a sleep that was aborted": [() => sleep(5000, 0, { signal: AbortSignal.abort() }), "cancelled"],
    "a bug": [async () => null.choices, "bug"],
    "a recursion without end": [
      async () =>
        (function again() {
          again();
        })(),
      "bug",
    ],
    "a clone that cannot be": [async () => structuredClone(() => {}), "unknown"],
  });
});
