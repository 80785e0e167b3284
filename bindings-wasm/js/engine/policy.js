// Policies, and the small questions that need nothing else.

import { checked, native, parsed } from "./native.js";

/** What a policy is made of that the engine has already made. */
class Made {
  constructor(verb) {
    this.engine = checked(verb);
  }
}

let engineIn;

/** Every number and choice of the engine; immutable, checked when it is made. */
export class Policy {
  #engine;

  static {
    engineIn = (policy) =>
      typeof policy === "object" && policy !== null && #engine in policy ? policy.#engine : undefined;
  }

  constructor(groups = {}) {
    const isMade = groups instanceof Made;
    this.#engine = isMade ? groups.engine : (engineIn(groups) ?? checked(() => native.EnginePolicy.fromFields(groups)));
    Object.freeze(this);
  }

  /** A policy from a policy file: its text, or what `JSON.parse` made of it. */
  static fromJSON(file) {
    const known = typeof file === "string" ? parsed("policy", file, "valid JSON: an object of fields") : file;
    return made(() => native.EnginePolicy.fromFile(known));
  }

  /** The policy that `retry` follows. */
  static forRetry(fields) {
    return made(() => native.EnginePolicy.forRetry(fields));
  }

  /** The policy that `fallback` follows. */
  static forFallback() {
    return made(() => native.EnginePolicy.forFallback());
  }

  /** What a policy file says, defaults included: the same file serves every language. */
  toJSON() {
    return this.#engine.toFile();
  }
}

function made(verb) {
  return new Policy(new Made(verb));
}

/** The policy that a session of the engine was made with. */
export function policyOf(session) {
  return made(() => session.policy());
}

/** A policy, as the engine knows it. */
export function engineOf(policy) {
  const engine = engineIn(policy);
  if (engine === undefined) {
    throw new TypeError("policy: use a Policy, such as new Policy({ retry: { maxAttempts: 5 } })");
  }
  return engine;
}

/** The digest of a tool call, or what is wrong with its arguments. */
export function canonicalDigest(tool, argumentsText) {
  const complaint = native.tooDeep(String(argumentsText));
  if (complaint !== undefined) {
    return { complaint };
  }
  let given;
  try {
    given = JSON.parse(argumentsText);
  } catch {
    return { complaint: native.notJson() };
  }
  const told = native.canonicalDigest(String(tool), canonical(given));
  return told[0] === "=" ? { digest: told.slice(1) } : { complaint: told.slice(1) };
}

/** JSON in its canonical form (RFC 8785): JavaScript writes numbers and text as it asks, only the keys are to be sorted. */
function canonical(value) {
  if (Array.isArray(value)) {
    return `[${value.map(canonical).join()}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${entries.join()}}`;
  }
  // What JSON cannot say is refused by the core, by its name.
  return Number.isFinite(value) || typeof value !== "number" ? JSON.stringify(value) : String(value);
}

/** SHA-256 of a text, as hex digits. */
export function fingerprint(text) {
  return native.fingerprint(String(text));
}

/** The policy's word on a tool call: `run`, `standing`, `ask` or `deny`. */
export function gate(policy, tool, risky, standing) {
  return engineOf(policy).gate(String(tool), Boolean(risky), standing.map(String));
}

/** An approver's answer as a decision; `failed` if it threw instead of answering. */
export function decision(answer, failed = false) {
  return native.decision(answer, failed);
}

/** Why a decision keeps a tool from running; `undefined` when it may run. */
export function refusal(tool, word) {
  const [reason, sentence] = checked(() => native.refusal(String(tool), String(word)));
  return reason === undefined ? undefined : { reason, sentence };
}

/** Whether a decision covers later calls of the tool too. */
export function stands(word) {
  return native.stands(String(word));
}

/** What a model's reply is: `answer`, `tool_calls` or `nothing`. */
export function readReply(answer, calls) {
  return native.readReply(String(answer), calls);
}

/** Whether a client's error of this kind, `waited` milliseconds after anything came, is a limit of the engine's own. */
export function isLimitOfOurs(kind, endsReading, waited, limit) {
  return native.isLimitOfOurs(String(kind), endsReading, waited, limit);
}

/** Why a provider's reply may not be taken for a whole one; `undefined` when it may. */
export function judgeFinish(reason, refused, acceptCut) {
  const [kind, what] = native.judgeFinish(word(reason), word(refused), acceptCut);
  return kind === undefined ? undefined : { kind, what };
}

/** What crosses as text must be text. */
function word(given) {
  return given === undefined || given === null ? undefined : String(given);
}
