// What may go wrong between a client and a provider, as data: what the provider does, and what it must be taken for,
// whoever asked. `but` says what is otherwise for which client, and why it cannot be the same.

import { status } from "./harness.mjs";

const minute = () => new Date(Date.now() + 60_000).toISOString();
const body = (code, text, headers = {}) => ({ do: "status", status: code, body: text, headers });

const RPM = "Rate limit reached for m on requests per min (RPM): Limit 3, Used 3, Requested 1.";
const GOOGLE = (quotaId, delay) => ({
  error: {
    code: 429,
    message: "You exceeded your current quota, please check your plan and billing details.",
    status: "RESOURCE_EXHAUSTED",
    details: [
      { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId }] },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: delay },
    ],
  },
});

/** The answer's body is not read by `fetch`, so only its head can tell. */
const unread = (rest) => ({ fetch: rest });
/** In Anthropic's own words the provider says more of it, or less. */
const inAnthropics = (rule) => ({ anthropic: { rule } });
/** `ai` has a class of its own for what is no JSON. */
const READ_BY_AI = { generateText: { rule: "malformed" }, streamText: { rule: "malformed" } };

export const ANSWERS = {
  "OpenAI: requests a minute": {
    does: status(
      429,
      { message: RPM, type: "requests", param: null, code: "rate_limit_exceeded" },
      {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m12s",
        "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-tokens": "6m0s",
      },
    ),
    is: { kind: "rate_limited", status: 429, resetAfter: 72_000, rule: "rate_limit" },
    but: unread({ rule: "rate_limit_429" }),
  },
  "Anthropic: requests a minute": {
    does: status(429, { type: "rate_limit_error", message: ".." }, { "retry-after": "20" }),
    is: { kind: "rate_limited", status: 429, retryAfter: 20_000, rule: "rate_limit" },
    but: unread({ rule: "rate_limit_429" }),
  },
  "Anthropic: input tokens, with a date": {
    does: () =>
      status(
        429,
        { type: "rate_limit_error", message: ".." },
        {
          "anthropic-ratelimit-input-tokens-remaining": "0",
          "anthropic-ratelimit-input-tokens-reset": minute(),
          "anthropic-ratelimit-requests-remaining": "7",
          "anthropic-ratelimit-requests-reset": new Date(Date.now() + 3_600_000).toISOString(),
        },
      ),
    is: { kind: "rate_limited", status: 429, resetAfter: [50_000, 60_000], rule: "rate_limit" },
    but: unread({ rule: "rate_limit_429" }),
  },
  "Google: a minute, by RetryInfo": {
    does: body(429, GOOGLE("GenerateRequestsPerMinutePerProjectPerModel", "34.5s")),
    is: { kind: "rate_limited", status: 429, retryAfter: 34_500, rule: "rate_limit_429" },
    but: unread({ retryAfter: undefined }),
  },
  "Google: a day": {
    does: body(429, GOOGLE("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "1s")),
    is: { kind: "quota_exhausted", status: 429, retryAfter: 1000, rule: "quota" },
    but: unread({ kind: "rate_limited", retryAfter: undefined, rule: "rate_limit_429" }),
  },
  "milliseconds, and no retry": {
    does: "503:retry-after-ms=1500;x-should-retry=false",
    is: { kind: "overloaded", status: 503, retryAfter: 1500, shouldRetry: false, rule: "overloaded_503_529" },
    but: inAnthropics("overloaded"),
  },
  "OpenAI: the quota is used up": {
    does: status(429, { message: "..", type: "insufficient_quota", code: "insufficient_quota" }),
    is: { kind: "quota_exhausted", status: 429, rule: "quota" },
    but: unread({ kind: "rate_limited", rule: "rate_limit_429" }),
  },
  "Anthropic: the credit is used up": {
    does: status(400, { type: "invalid_request_error", message: "Your credit balance is too low to access the API." }),
    is: { kind: "quota_exhausted", status: 400, rule: "quota_by_phrase" },
    but: unread({ kind: "invalid_request", rule: "refused_4xx" }),
  },
  "OpenAI: too long": {
    does: status(400, { message: "..", type: "invalid_request_error", code: "context_length_exceeded" }),
    is: { kind: "context_overflow", status: 400, rule: "context" },
    but: unread({ kind: "invalid_request", rule: "refused_4xx" }),
  },
  "Anthropic: too long": {
    does: status(400, { type: "invalid_request_error", message: "prompt is too long: 9 tokens > 8 maximum" }),
    is: { kind: "context_overflow", status: 400, rule: "context_by_phrase" },
    but: unread({ kind: "invalid_request", rule: "refused_4xx" }),
  },
  "OpenAI: refused content": {
    does: status(400, { message: "no", code: "content_policy_violation", type: "invalid_request_error" }),
    is: { kind: "content_refused", status: 400, rule: "content" },
    but: unread({ kind: "invalid_request", rule: "refused_4xx" }),
  },
  401: {
    does: "401",
    is: { kind: "auth", status: 401, rule: "auth_by_word" },
    but: { ...inAnthropics("auth_401_403"), ...unread({ rule: "auth_401_403" }) },
  },
  404: {
    does: "404",
    is: { kind: "not_found", status: 404, rule: "model" },
    but: { ...inAnthropics("not_found_404_410"), ...unread({ rule: "not_found_404_410" }) },
  },
  422: { does: "422", is: { kind: "invalid_request", status: 422, rule: "refused_4xx" } },
  500: { does: "500", is: { kind: "server_error", status: 500, rule: "server_5xx" } },
  503: {
    does: "503",
    is: { kind: "overloaded", status: 503, rule: "overloaded_503_529" },
    but: inAnthropics("overloaded"),
  },
  529: {
    does: "529",
    is: { kind: "overloaded", status: 529, rule: "overloaded_503_529" },
    but: inAnthropics("overloaded"),
  },
  "a gateway's page": {
    does: body(502, "<html>502 Bad Gateway</html>"),
    is: { kind: "server_error", status: 502, rule: "server_5xx" },
  },
  "an error under 200": {
    does: "overloaded",
    is: { kind: "overloaded", rule: "overloaded" },
    // These four hand such an answer on as if it were one.
    but: { openai: "brings", anthropic: "brings", axios: "brings", "axios over fetch": "brings", fetch: "brings" },
  },
  "HTML under 200": {
    does: { do: "malformed_body", headers: { "content-type": "application/json" } },
    is: { kind: "malformed", rule: "malformed_json" },
    but: READ_BY_AI,
  },
  "half a body": {
    does: "malformed_chunk:1:hello there",
    is: { kind: "malformed", rule: "malformed_json" },
    but: READ_BY_AI,
  },
};

const UNSENT = { effect: "none", phase: "connect" };
/** Over Node's own client, axios tells a body that was cut in words of its own, up to Node 20 a reset as well. */
const TOLD_BY_AXIOS = { axios: { rule: ["lost", "axios_lost"] } };

export const CONNECTIONS = {
  reset: { does: "reset", is: { kind: "connect", rule: "lost" } },
  "reset in the middle of the body": {
    does: "cut:2:the answer is forty two",
    is: { kind: "connect", rule: "lost" },
    but: TOLD_BY_AXIOS,
  },
  "closed in the middle of the body": {
    does: "close:2:the answer is forty two",
    is: { kind: "connect", rule: "lost" },
    but: TOLD_BY_AXIOS,
  },
  "the client's own limit": {
    does: "silence",
    how: { timeout: 100 },
    is: { kind: "read_timeout", rule: "read_timeout" },
  },
  refused: { at: "dead", is: { kind: "connect", rule: "refused", ...UNSENT } },
  "refused by both families": { at: "localhost", is: { kind: "connect", rule: "refused", ...UNSENT } },
  "no such name": { at: "nameless", is: { kind: "connect", rule: "dns", ...UNSENT } },
  "a certificate of its own": { at: "secured", is: { kind: "certificate", rule: "certificate", ...UNSENT } },
  "not HTTP": { at: "notHttp", is: { kind: "connect", rule: "lost" } },
  "closed before the head": { at: "closing", is: { kind: "connect", rule: "lost" } },
};

/** In the middle of a stream, with what its reader knows: something had come. */
export const STREAMS = {
  "an error under 200": { does: "overloaded:2", is: { kind: "overloaded", phase: "idle", rule: "overloaded" } },
  reset: {
    does: "cut:2:the answer is forty two",
    is: { kind: "stream_broken", phase: "idle", rule: "broken_after_progress" },
  },
  closed: {
    does: "close:2:the answer is forty two",
    is: { kind: "stream_broken", phase: "idle", rule: "broken_after_progress" },
  },
  "a chunk that is not JSON": {
    does: "malformed_chunk:1:the answer is",
    is: { kind: "malformed", phase: "idle", rule: "malformed_json" },
    but: READ_BY_AI,
  },
};
