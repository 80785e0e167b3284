// The places that can be asked.

import { checkFields, checkOptionalFunction, checkOptions, shown } from "../engine/options.js";

const FIELDS = [
  "provider",
  "model",
  "endpoint",
  "credential",
  "hasCredential",
  "aggregator",
  "contextWindow",
  "timeout",
  "firstProgress",
  "idle",
];
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const OPTIONS = [...FIELDS, "activate", "close", "client", "runtime"];

/**
 * A place that can be asked for the same thing: one entry of the chain, the primary first.
 *
 * What two routes share, they share in sickness too: the same `endpoint` has one breaker for connections; the same
 * provider, endpoint and model have one for everything else; the same `credential` has one quota. The options are
 * explained in the types.
 */
export class Route {
  constructor(name, options) {
    if (typeof name !== "string") {
      throw new TypeError(`Route: ${shown(name)} is not a name; use a text, or a Route, or an object with a name`);
    }
    checkOptions("Route", options, OPTIONS);
    checkOptionalFunction("Route: activate", options?.activate);
    checkOptionalFunction("Route: close", options?.close);
    if (options?.runtime !== undefined && options.runtime !== null) {
      checkFields("Route: runtime", options.runtime);
    }
    this.name = name;
    for (const field of OPTIONS) {
      this[field] = options?.[field] ?? undefined;
    }
    this.hasCredential ??= true;
  }

  /** A route as it is written in a chain: a route, a mere name, or a plain object. */
  static of(one) {
    return routeOf(one);
  }

  /** What is known of it. Not its client, nor what it puts in force: they may hold secrets. */
  toJSON() {
    const known = ["name", ...FIELDS].map((field) => [field, this[field]]);
    return Object.fromEntries(known.filter(([, value]) => value !== undefined));
  }

  [INSPECT]() {
    const told = Object.entries(this.toJSON()).map(([field, value]) => `${field}: ${shown(value)}`);
    const held = ["activate", "close", "client", "runtime"].filter((field) => this[field] !== undefined);
    return `Route { ${told.join(", ")}${held.length > 0 ? "; holds " : ""}${held.join(", ")} }`;
  }
}

// Apart: a class that names itself in its body is given another name where it is joined to others.
function routeOf(one) {
  if (one instanceof Route) {
    return one;
  }
  if (typeof one !== "object" || one === null) {
    return new Route(one);
  }
  const { name, ...options } = one;
  return new Route(name, options);
}

/** As the core reads it. */
export function fieldsOf(route) {
  const fields = { name: route.name, activates: route.activate !== undefined, ready: route.client !== undefined };
  for (const field of FIELDS) {
    fields[field] = route[field];
  }
  return fields;
}
