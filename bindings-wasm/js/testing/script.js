// Models that follow a script.

import { TransientError } from "../errors.js";
import { current, rest } from "../loops/time.js";

/**
 * A model that follows a script, one step a request; the last step repeats. A step is a reply, an error to throw, or a
 * function of `(messages, tools, context)`, sync or async; lists of steps are laid out. `requests` keeps what was
 * asked.
 */
export function script(...steps) {
  const all = steps.flat(Infinity);
  const model = (messages, tools, context) => {
    const step = all[Math.min(model.requests.length, all.length - 1)];
    model.requests.push(messages);
    return take(step, messages, tools, context);
  };
  return Object.assign(model, { steps: all, requests: [] });
}

function take(step, ...given) {
  if (step instanceof Error) {
    throw step;
  }
  return typeof step === "function" ? step(...given) : step;
}

/** A step that answers; `{last_tool_result}` in it becomes the content of the last tool message. */
export function says(text) {
  return (messages) => {
    const result = messages.findLast((message) => message.role === "tool");
    return { answer: text.replaceAll("{last_tool_result}", () => result?.content ?? "") };
  };
}

/** A step that asks for one tool call. */
export function calls(name, given = {}) {
  return { toolCalls: [{ id: `call_${name}`, name, arguments: given }] };
}

/** Steps that fail: by default as an overloaded provider does. */
export function fails(times = 1, error = new TransientError("overloaded")) {
  return Array.from({ length: times }, () => error);
}

/**
 * A step that hangs on the virtual clock of `instant()`, by default for ever; it ends when the attempt's signal is
 * aborted.
 */
export function hangs(millis = Infinity, then = undefined) {
  return async (messages, tools, context) => {
    const source = current();
    if (!source.virtual) {
      throw new Error("hangs() needs the virtual clock of instant()");
    }
    await rest(source, millis, context?.signal);
    return take(then, messages, tools, context);
  };
}
