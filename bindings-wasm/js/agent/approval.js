// What an approver is asked, and what its answer is bound to.

import { checkOptionalFunction, checkSignal, shown } from "../engine/options.js";
import { decision, gate, refusal } from "../engine/policy.js";
import { deniedByRule, foreignName, foreignText } from "../engine/words.js";
import { ApprovalDenied, InvalidOption } from "../errors.js";
import { unlessAborted } from "../loops/race.js";
import { readArguments } from "./reply.js";

/**
 * Resolves when a tool call may run, with the decision if somebody was asked; rejects with `ApprovalDenied` when it may
 * not. No approver means no. An approver that fails has not said yes: its error comes out.
 */
export async function passGate(policy, tool, given, { risky = false, standing = [], approver, signal }) {
  if (typeof tool !== "string" || tool === "") {
    throw new TypeError(`tool: ${shown(tool)} is not allowed; use the name of a tool`);
  }
  checkOptionalFunction("approver", approver);
  checkSignal("approver", signal);
  signal?.throwIfAborted();
  const needed = await unlessAborted(signal, () => isRisky(risky, tool, given));
  const asked = askGate(policy, tool, given, needed, standing);
  if (asked === undefined) {
    return undefined;
  }
  const answer = approver ? await unlessAborted(signal, () => approver(asked, { signal })) : "no_approver";
  return decided(asked, answer);
}

/** Whether a call needs approval: a boolean, the names of risky tools, or the caller's own word. */
async function isRisky(risky, tool, given) {
  if (typeof risky === "boolean") {
    return risky;
  }
  if (typeof risky === "function") {
    return Boolean(await risky(tool, given));
  }
  if (typeof risky === "string") {
    return risky === tool;
  }
  if (typeof risky?.[Symbol.iterator] === "function") {
    return new Set(risky).has(tool);
  }
  throw new TypeError(`risky: ${shown(risky)} is neither a boolean, nor names of tools, nor a function`);
}

/** What must be put to an approver: may `tool` run with exactly these `arguments`? Undefined when the call may run. */
function askGate(policy, tool, given, risky, standing) {
  switch (gate(policy, tool, risky, standing)) {
    case "deny":
      throw new ApprovalDenied(deniedByRule(tool));
    case "ask": {
      const read = readArguments(tool, given);
      if (read.digest === undefined) {
        throw new InvalidOption(`${foreignName(tool)}: ${foreignText(read.complaint)}`);
      }
      return Object.freeze({ tool, arguments: read.arguments, digest: read.digest });
    }
    default:
      return undefined;
  }
}

/** An approver's answer as a decision that lets the tool run; throws `ApprovalDenied` when it does not. */
function decided(asked, answer) {
  const word = decision(answer);
  const refused = refusal(asked.tool, word);
  if (refused !== undefined) {
    throw new ApprovalDenied(refused.sentence, { reason: refused.reason });
  }
  return word;
}
