// What the adapters share: one request within its limits, and what may be taken for a reply. No SDK is imported here or
// beside it: clients come from the user.
//
// Both adapters convert and judge nothing:
//
// - The SDK's own retries are off for every request: one owner of retries, or 3 attempts become 9.
// - `attempt.timeout` goes to the SDK as its time limit, or the client's own if that is shorter; of a stream it is the
//   longer of its two clocks. When the SDK gives up at a limit that was ours, that is ours to report: a CallTimeout (kind
//   `timed_out`) with the SDK's error as its cause. At a shorter limit of the client's own the SDK's error stays as it
//   is (`read_timeout`).
// - The SDK's limit ends with the head of the reply; `attempt.signal` covers all of it, to the last byte.
// - `attempt.idempotencyKey` goes out as the header `Idempotency-Key`, the same in every attempt of a call.
// - An error that the provider sends under a status of 200 is a ProviderError. Whatever else the SDK throws is thrown
//   unchanged; `classify` knows both.

import { asText, isObject } from "../agent/reply.js";
import { shown } from "../engine/options.js";
import { fingerprint, isLimitOfOurs, judgeFinish, readReply } from "../engine/policy.js";
import { foreignName, foreignText, words } from "../engine/words.js";
import { CallTimeout, InvalidOption } from "../errors.js";
import { errorIn, textIn, word } from "../facts/chunks.js";
import { classify } from "../facts/classify.js";
import { mark, ProviderError, providerError, UnusableReply } from "../facts/course.js";
import { get } from "../facts/peek.js";
import { current } from "../loops/time.js";
import { Collecting, collect } from "./collect.js";

/** Longer timers fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;
const OF_THE_REQUEST = ["timeout", "headers", "query", "fetchOptions"];
const OURS = {
  maxRetries: "the policy says how often to ask",
  signal: "run takes one",
};

/**
 * A model that an Agent takes, made by `openaiChat` or `anthropicMessages`.
 *
 * `ask(messages, tools, attempt, watch)` is what an agent calls, and what fits
 * `turn.call((attempt) => model.ask(messages, tools, attempt))`. Without an attempt the client's own time limit holds.
 * `watch` is told of what a stream brings, where `streams` is true.
 */
export class ChatModel {
  #ofTheRequest = {};
  #options = {};

  constructor(client, model, { acceptCut = false, stream = false, route, ...options } = {}) {
    if (!this.fits(client)) {
      throw new TypeError(`client: ${nameOf(client)} is not allowed; use a client of the package ${this.package}`);
    }
    if (typeof stream !== "boolean") {
      throw new TypeError(`options.stream: ${shown(stream)} is not allowed; use true or false`);
    }
    for (const [name, value] of Object.entries(options)) {
      if (Object.hasOwn(OURS, name)) {
        if (value)
          throw new InvalidOption(`options.${name}: ${shown(value)} is not allowed; leave it out, ${OURS[name]}`);
        continue;
      }
      (OF_THE_REQUEST.includes(name) ? this.#ofTheRequest : this.#options)[name] = value;
    }
    this.client = client;
    this.model = model;
    this.acceptCut = acceptCut;
    this.streams = stream;
    this.route = { ...routeOf(client, model, this.provider), ...route };
  }

  /** The options of `create`, without those of the request. */
  get options() {
    return this.#options;
  }

  /** Makes the request of this attempt: within its time limits, under its idempotency key, once. */
  async ask(messages, tools = [], attempt = {}, watch = undefined) {
    const own = this.#ofTheRequest.timeout ?? this.client.timeout;
    const limit = limitOf(attempt);
    const [timeout, endsReading] = shorter(own, limit);
    const signal = attempt.signal ?? undefined;
    const options = {
      ...this.#ofTheRequest,
      maxRetries: 0,
      headers: withKey(this.#ofTheRequest.headers, attempt.idempotencyKey),
    };
    if (timeout !== undefined) options.timeout = timeout;
    if (signal !== undefined) options.signal = signal;
    const request = { ...this.request(messages, tools), model: this.model };
    const course = this.streams ? this.#course(request, watch) : undefined;
    const begun = current().now();
    try {
      if (course === undefined) {
        return this.#whole(await this.create(request, options));
      }
      await collect(this.create(this.streamed(request), options), course, signal);
      return course.whole === undefined ? this.#settle(course.parts()) : this.#whole(course.whole);
    } catch (error) {
      // The SDKs have an error of their own for an aborted request, which does not say why.
      if (signal?.aborted) throw signal.reason;
      const waited = current().now() - (course?.heard ?? begun);
      const isOurs = limit !== undefined && isLimitOfOurs(classify(error).kind, endsReading, waited, limit);
      const told = isOurs
        ? new CallTimeout(`${words.givenUpOn(this.model, limit)} of silence`, { cause: error })
        : error;
      if (course !== undefined && get(told, "failsoftUsage") === undefined) mark(told, course.stream, course.spent());
      throw told;
    }
  }

  #course(request, watch) {
    const { acceptCut } = this;
    const wantsUsage = this.wantsUsage(this.streamed(request));
    return new Collecting(this.model, this.collected(), (usage) => this.usage(usage), { acceptCut, wantsUsage, watch });
  }

  #whole(reply) {
    const wrong = providerError(reply);
    if (wrong !== undefined) throw new ProviderError(`${foreignName(this.model)}: ${saidInstead(reply)}`, wrong.body);
    let parts;
    try {
      parts = this.parts(reply);
    } catch (error) {
      // The SDKs hand on whatever came; what cannot even be read is no bug of the caller's.
      throw new UnusableReply(`${foreignName(this.model)}: ${saidInstead(reply)}`, "malformed", reply, {
        cause: error,
      });
    }
    if (parts === undefined) {
      throw new UnusableReply(`${foreignName(this.model)}: ${saidInstead(reply)}`, "malformed", reply);
    }
    const judged = judgeFinish(word(parts.finish), word(parts.refusal), this.acceptCut);
    if (judged !== undefined) throw this.#unusable(judged.what, judged.kind, reply, parts);
    return this.#settle(parts, reply);
  }

  #settle(parts, reply) {
    const { calls, model } = parts;
    const text = textIn(parts.text);
    if (readReply(text, calls.length) === "nothing") {
      throw this.#unusable(words.emptyReply(), "malformed", reply, parts);
    }
    const usage = this.usage(parts.usage);
    return {
      ...(text !== "" && { answer: text }),
      ...(calls.length > 0 && { toolCalls: calls }),
      ...(typeof model === "string" && { model }),
      ...(usage?.outputTokens !== undefined && { usage }),
    };
  }

  #unusable(what, kind, reply, parts) {
    const error = new UnusableReply(`${foreignName(this.model)}: ${what}`, kind, reply);
    const value = this.usage(parts.usage);
    return value === undefined ? error : Object.defineProperty(error, "failsoftUsage", { value });
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

/** For how long the client may be silent: a stream has two clocks of its own, and no limit for the whole. */
function limitOf({ firstProgress, idle, timeout }) {
  return firstProgress === undefined && idle === undefined ? timeout : Math.max(firstProgress ?? 0, idle ?? 0);
}

/** A client's own time limit shortened to ours, in whole milliseconds, and whether ours is the one that ends it. */
function shorter(own, limit) {
  if (limit === undefined || limit === Infinity) return [own ?? undefined, false];
  if (typeof own === "number" && own < limit) return [own, false];
  return [Math.min(Math.max(Math.ceil(limit), 1), LONGEST_TIMER), true];
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

/** What came in place of a reply, for people: the error under a status of 200, or what kind of thing it is. */
function saidInstead(reply) {
  const error = errorIn(reply);
  if (error) return `the reply under status 200 is an error: ${foreignText(asText(error))}`;
  if (typeof reply === "string") return `the reply is a text and no object: ${foreignText(JSON.stringify(reply))}`;
  return `the reply is not what this API sends: ${nameOf(reply)} without content`;
}

function nameOf(value) {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "function") return `the class or function ${foreignName(value.name)}`;
  return isObject(value) ? "an object" : shown(value);
}
