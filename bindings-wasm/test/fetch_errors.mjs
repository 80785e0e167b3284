// How `fetch` fails, as data: for the tests in Node and for those in a browser's page.

/** The TypeErrors by which each engine says that no answer came, or only half of one; none of them is a bug. */
export const FETCH_SAYS = {
  node: ["fetch failed", "terminated"],
  chromium: ["Failed to fetch", "Failed to fetch (example.com)", "network error"],
  firefox: ["NetworkError when attempting to fetch resource.", "Error in input stream", "Error in body stream"],
  safari: [
    "Load failed",
    "Load failed (example.com)",
    "The network connection was lost.",
    "The Internet connection appears to be offline.",
  ],
  others: ["Network request failed", "Network connection lost."],
};

/** TypeErrors that are bugs, near misses among them. */
export const BUGS_SAY = [
  "Cannot read properties of undefined (reading 'choices')",
  "Failed to parse URL from nonsense",
  "Failed to fetch dynamically imported module: https://example.com/a.js",
  "Load failed: x is undefined",
  "terminated?",
  "load failed",
  "",
];

/** What a body that is not JSON makes `response.json()` say: a SyntaxError, which is no bug either. */
export const JSON_SAYS = {
  v8: [
    "Unexpected token '<', \"<html><bod\"... is not valid JSON",
    "Unexpected end of JSON input",
    "Unterminated string in JSON at position 27 (line 1 column 28)",
  ],
  firefox: ["JSON.parse: unexpected character at line 1 column 1 of the JSON data"],
  safari: ["JSON Parse error: Unrecognized token '<'", "JSON Parse error: Unexpected EOF"],
};

/**
 * One request by `fetch` each: what the provider does (`model`; or nobody listens at the address), how the body is
 * read, the limit in ms that the request has of its own, and what its failure is. A page is told less than Node: where
 * the connection was refused, only Node can know that nothing was sent (`effectInPage`).
 */
export const REQUESTS = {
  refused: { nobody: true, kind: "connect", effect: "none", effectInPage: "possible" },
  reset: { model: "reset", kind: "connect", effect: "possible" },
  "reset in the middle of the body": { model: "cut:2:the answer is forty two", kind: "connect", effect: "possible" },
  "closed in the middle of the body": { model: "close:2:the answer is forty two", kind: "connect", effect: "possible" },
  "the same, read as text": { model: "close:2:the answer is", read: "text", kind: "connect", effect: "possible" },
  "HTML under 200": { model: "malformed_body", kind: "malformed", effect: "possible" },
  "half a body": { model: "malformed_chunk:1:hello there", kind: "malformed", effect: "possible" },
  "an empty body": { model: "malformed_body:", kind: "malformed", effect: "possible" },
  "a limit of its own, before the head": { model: "silence", limit: 100, kind: "read_timeout", effect: "possible" },
  "a limit of its own, in the body": {
    model: "stall:1:the answer is",
    limit: 100,
    kind: "read_timeout",
    effect: "possible",
  },
  "somebody's abort": { model: "silence", abort: 100, kind: "cancelled", effect: "possible" },
};

/** Makes one of these requests: `url` of the provider, `nobody` an address where nobody listens. */
export async function request({ nobody: refused, model, read = "json", limit, abort }, { url, nobody }) {
  const controller = new AbortController();
  if (abort !== undefined) {
    setTimeout(() => controller.abort(), abort);
  }
  const response = await fetch(`${refused ? nobody : url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    signal: limit === undefined ? controller.signal : AbortSignal.timeout(limit),
  });
  return response[read]();
}
