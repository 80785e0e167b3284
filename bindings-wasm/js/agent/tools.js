// Tools as a model sees them, and as the engine does.

import { checkFunction, checkOptions, isGenerator, shown } from "../engine/options.js";
import { checkTool } from "../engine/turn.js";
import { foreignName } from "../engine/words.js";
import { InvalidOption } from "../errors.js";

const OPTIONS = ["name", "description", "parameters", "risky", "replay", "timeout"];
const ANYTHING = { type: "object", properties: {}, additionalProperties: true };

/** A function that a model may ask for. Made by `tool`; `fn` is the function itself. */
export class Tool {
  constructor(fn, options) {
    checkFunction("tool", fn);
    checkOptions("tool", options, OPTIONS);
    const { name, description = "", parameters = ANYTHING, risky = false, replay = "once", timeout } = options ?? {};
    this.fn = fn;
    this.name = name ?? fn.name;
    if (isGenerator(fn)) {
      throw new TypeError(
        `tool ${foreignName(this.name)}: a generator brings no result; use a function that returns one`,
      );
    }
    if (typeof risky !== "boolean" && typeof risky !== "function") {
      throw new InvalidOption(
        `tool.risky: ${shown(risky)} is not allowed; use true, false or a function of the arguments`,
      );
    }
    if (typeof parameters !== "object" || parameters === null || Array.isArray(parameters)) {
      throw new InvalidOption(`tool.parameters: ${shown(parameters)} is not allowed; use a JSON schema, an object`);
    }
    this.description = description;
    this.parameters = parameters;
    this.risky = risky;
    this.replay = replay;
    this.timeout = timeout;
    checkTool(this.row());
  }

  /** The predicate's word on a call: undefined if there is no predicate. */
  riskOf(given) {
    if (typeof this.risky !== "function") {
      return undefined;
    }
    const word = this.risky(given);
    if (typeof word?.then === "function") {
      word.then(undefined, () => {});
      throw new TypeError("a predicate must answer at once, not by a promise");
    }
    return Boolean(word);
  }

  /**
   * What is wrong with the arguments, for the model; undefined if they fit. Only names are looked at: what is
   * `required` and, where `additionalProperties` is false, what is unknown. Types are for the function to check.
   */
  complaint(given) {
    const { required, properties, additionalProperties } = this.parameters;
    for (const name of Array.isArray(required) ? required : []) {
      if (!Object.hasOwn(given, name)) {
        return `the arguments do not fit: missing a required argument: '${foreignName(name)}'`;
      }
    }
    if (additionalProperties === false) {
      for (const name of Object.keys(given)) {
        if (!Object.hasOwn(properties ?? {}, name)) {
          return `the arguments do not fit: got an unexpected keyword argument '${foreignName(name)}'`;
        }
      }
    }
    return undefined;
  }

  /** What the engine is told about it. */
  row() {
    return { name: this.name, risky: this.risky === true, replay: this.replay, timeout: this.timeout };
  }

  /** What a model is told about it. */
  spec() {
    return { name: this.name, description: this.description, parameters: this.parameters };
  }
}

/**
 * Makes a tool of a function: `tool(multiply, { description: "Multiplies.", parameters: { .. } })`.
 *
 * A model sends its arguments as one object: the function is called as `fn(args, { signal, idempotencyKey })`. The
 * options are described in `index.d.ts`.
 */
export function tool(fn, options) {
  return new Tool(fn, options);
}

export function asTool(one) {
  return one instanceof Tool ? one : new Tool(one);
}
