// What the adapters share: one request within its limits, and what may be taken for a reply. No SDK is imported here or
// beside it: clients come from the user.
//
// Both adapters convert and judge nothing:
//
// - The SDK's own retries are off for every request: one owner of retries, or 3 attempts become 9.
// - `attempt.timeout` goes to the SDK as its time limit, or the client's own if that is shorter. When the SDK gives up at
//   a limit that was ours, that is ours to report: a CallTimeout (kind `timed_out`) with the SDK's error as its cause.
//   At a shorter limit of the client's own the SDK's error stays as it is (`read_timeout`).
// - The SDK's limit ends with the head of the reply; `attempt.signal` covers all of it, to the last byte.
// - `attempt.idempotencyKey` goes out as the header `Idempotency-Key`, the same in every attempt of a call.
// - Whatever else the SDK throws is thrown unchanged; `classify` knows it.

import { classify } from "./classify.js";
import { CallTimeout, InvalidOption } from "./errors.js";
import { canonicalDigest, Failure, fingerprint, judgeFinish, readReply, words } from "./machine.js";
import { isObject } from "./reply.js";

/** Longer timers fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;
const OF_THE_REQUEST = ["timeout", "headers", "query", "fetchOptions"];
const OURS = {
  stream: "whole replies are what an agent needs",
  maxRetries: "the policy says how often to ask",
  signal: "run takes one",
};

/**
 * The provider replied, but with nothing that may be taken for a whole answer.
 *
 * `failsoftFailure` is what the engine makes of it, `reply` the SDK's own object, with all that there was.
 */
export class UnusableReply extends Error {
  constructor(message, kind, reply, options) {
    super(message, options);
    this.failsoftFailure = new Failure(kind);
    this.reply = reply;
  }
}
Object.defineProperty(UnusableReply.prototype, "name", { value: "UnusableReply", writable: true, configurable: true });

/**
 * A model that an Agent takes, made by `openaiChat` or `anthropicMessages`.
 *
 * `ask(messages, tools, attempt)` is what an agent calls, and what fits
 * `turn.call((attempt) => model.ask(messages, tools, attempt))`. Without an attempt the client's own time limit holds.
 */
export class ChatModel {
  #ofTheRequest = {};
  #options = {};

  constructor(client, model, { acceptCut = false, route, ...options } = {}) {
    if (!this.fits(client)) {
      throw new TypeError(`client: ${nameOf(client)} is not allowed; use a client of the package ${this.package}`);
    }
    for (const [name, value] of Object.entries(options)) {
      if (Object.hasOwn(OURS, name)) {
        if (value) throw new InvalidOption(`options.${name}: ${value} is not allowed; leave it out, ${OURS[name]}`);
        continue;
      }
      (OF_THE_REQUEST.includes(name) ? this.#ofTheRequest : this.#options)[name] = value;
    }
    this.client = client;
    this.model = model;
    this.acceptCut = acceptCut;
    this.route = { ...routeOf(client, model, this.provider), ...route };
  }

  /** The options of `create`, without those of the request. */
  get options() {
    return this.#options;
  }

  /** Makes the request of this attempt: within its time limit, under its idempotency key, once. */
  async ask(messages, tools = [], attempt = {}) {
    const own = this.#ofTheRequest.timeout ?? this.client.timeout;
    const [timeout, ours] = shorter(own, attempt.timeout);
    const signal = attempt.signal ?? undefined;
    const request = {
      ...this.#ofTheRequest,
      maxRetries: 0,
      headers: withKey(this.#ofTheRequest.headers, attempt.idempotencyKey),
    };
    if (timeout !== undefined) request.timeout = timeout;
    if (signal !== undefined) request.signal = signal;
    let reply;
    try {
      reply = await this.create({ ...this.request(messages, tools), model: this.model }, request);
    } catch (error) {
      // The SDKs have an error of their own for an aborted request, which does not say why.
      if (signal?.aborted) throw signal.reason;
      if (ours !== undefined && classify(error).kind === "read_timeout") {
        throw new CallTimeout(`${words.givenUpOn(this.model, ours)} of silence`, { cause: error });
      }
      throw error;
    }
    return this.#whole(reply);
  }

  #whole(reply) {
    try {
      return this.read(reply);
    } catch (error) {
      if (error instanceof UnusableReply) throw error;
      // The SDKs hand on whatever came; what cannot even be read is no bug of the caller's.
      throw new UnusableReply(`${this.model}: ${saidInstead(reply)}`, "malformed", reply, { cause: error });
    }
  }

  /** Throws what the core has against a reply that ended so. */
  refuse(reason, refusal, reply) {
    const judged = judgeFinish(word(reason), word(refusal), this.acceptCut);
    if (judged !== undefined) this.unusable(judged.what, judged.kind, reply);
  }

  unusable(what, kind, reply) {
    throw new UnusableReply(`${this.model}: ${what}`, kind, reply);
  }

  reply(calls, given, usage, reply) {
    const text = typeof given === "string" ? given : "";
    if (readReply(text, calls.length) === "nothing") {
      this.unusable(words.emptyReply(), "malformed", reply);
    }
    return {
      ...(text !== "" && { answer: text }),
      ...(calls.length > 0 && { toolCalls: calls }),
      ...(usage !== undefined && { usage }),
    };
  }
}

/** The options and the tools of both; without tools also without the options that the API refuses alone. */
export function withTools(options, tools, onlyBeside) {
  const every = [...(options.tools ?? []), ...tools];
  const request = { ...options, tools: every };
  if (every.length === 0) {
    for (const name of ["tools", ...onlyBeside]) delete request[name];
  }
  return request;
}

/** A client's own time limit shortened to ours, in whole milliseconds, and our limit if it is the one that ends it. */
function shorter(own, limit) {
  if (limit === undefined || limit === Infinity) return [own ?? undefined, undefined];
  if (typeof own === "number" && own < limit) return [own, undefined];
  return [Math.min(Math.max(Math.ceil(limit), 1), LONGEST_TIMER), limit];
}

function withKey(headers, key) {
  const named = typeof headers?.[Symbol.iterator] === "function" ? Object.fromEntries(headers) : { ...headers };
  const isNamed = Object.keys(named).some((name) => name.toLowerCase() === "idempotency-key");
  return key === undefined || isNamed ? named : { "Idempotency-Key": key, ...named };
}

/** What a client tells of the place it asks. Of its key only a fingerprint, so that quotas are told apart. */
function routeOf(client, model, plain) {
  const { apiKey, baseURL } = client;
  return {
    provider: providerOf(client, plain),
    model,
    endpoint: baseURL == null ? undefined : String(baseURL),
    credential: typeof apiKey === "string" && apiKey !== "" ? `sha256:${fingerprint(apiKey).slice(0, 12)}` : undefined,
  };
}

/** The name of the client's class, such as `azureopenai`, if a bundler has left it one. */
function providerOf(client, plain) {
  const name = String(client.constructor?.name ?? "").toLowerCase();
  return name.includes(plain) ? name : plain;
}

/**
 * Arguments as an object; what is none stays the text that it was, for the core to refuse and the model to hear of. So
 * do numbers that JavaScript would round.
 */
export function readArguments(name, given) {
  if (typeof given !== "string") return given;
  if (given.trim() === "") return {};
  return canonicalDigest(String(name), given).digest === undefined ? given : JSON.parse(given);
}

export function readUsage(reply, read, written) {
  const counts = read.map((name) => reply.usage?.[name]);
  const output = reply.usage?.[written];
  if (!Number.isSafeInteger(counts[0]) || !Number.isSafeInteger(output)) return undefined;
  return {
    inputTokens: counts.filter(Number.isSafeInteger).reduce((sum, count) => sum + count, 0),
    outputTokens: output,
  };
}

/** What came in place of a reply, for people: the error under a status of 200, or what kind of thing it is. */
export function saidInstead(reply) {
  const error = isObject(reply) ? reply.error : undefined;
  if (error) return `the reply under status 200 is an error: ${String(JSON.stringify(error)).slice(0, 500)}`;
  if (typeof reply === "string") return `the reply is a text and no object: ${JSON.stringify(reply.slice(0, 200))}`;
  return `the reply is not what this API sends: ${nameOf(reply)} without content`;
}

/** What the SDKs let through is not always text. */
function word(value) {
  return value === undefined || value === null ? undefined : String(value);
}

function nameOf(value) {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "function") return `the class or function ${value.name}`;
  return isObject(value) ? "an object" : String(value);
}
