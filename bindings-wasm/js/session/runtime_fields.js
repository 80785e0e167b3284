// Which fields of a `Runtime` belong together, and which go along from one place to the next.

import { Route } from "./route.js";

/** What says where and as whom to ask: it never goes along to another provider or base URL. */
const OF_A_PLACE = ["provider", "baseUrl", "apiKey", "apiMode", "clientArguments"];
/** What holds for one model of one place. */
const OF_A_MODEL = ["contextWindow", "promptCaching"];
const PLACES = ["provider", "baseUrl", "apiMode"];
/** Fields that begin so belong to the API modes that begin so, and to no other. */
const MODES = {
  anthropic: ["anthropic"],
  openai: ["chat", "responses", "codex"],
  bedrock: ["bedrock"],
  aws: ["bedrock"],
};

/** What a fallback puts in force: its `runtime` fields, over what the route says of itself. */
export function fieldsOf(to) {
  if (!(to instanceof Route)) {
    return to;
  }
  const own = { provider: to.provider, model: to.model, baseUrl: to.endpoint, contextWindow: to.contextWindow };
  const said = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(said), ...to.runtime };
}

/** The values of the next place: what goes along from `base`, what its API mode brings, and what was given. */
export function fitting(base, fields, modes) {
  const moves =
    Object.keys(base).length === 0 || PLACES.some((name) => Object.hasOwn(fields, name) && fields[name] !== base[name]);
  const before = base.apiMode;
  const mode = Object.hasOwn(fields, "apiMode") ? fields.apiMode : moves ? undefined : before;
  const stays = new Set(Object.keys(base));
  const drop = (names) => {
    for (const name of names) {
      stays.delete(name);
    }
  };
  if (moves) {
    drop([...OF_A_PLACE, ...OF_A_MODEL, ...Object.keys(modes[before] ?? {})]);
    drop([...stays].filter((name) => familyOf(name) !== undefined));
  }
  if ((Object.hasOwn(fields, "model") ? fields.model : base.model) !== base.model) {
    drop(OF_A_MODEL);
  }
  const kept = [...stays].map((name) => [name, base[name]]);
  const values = { ...Object.fromEntries(kept), ...(moves ? modes[mode] : {}), ...fields };
  return copied(Object.fromEntries(Object.entries(values).filter(([name]) => applies(name, mode))));
}

function familyOf(name) {
  return Object.keys(MODES).find((one) => name.startsWith(one) && /^[A-Z]/.test(name.slice(one.length)));
}

/** Whether a field applies to an API mode. Of a mode that is not known nothing is known. */
function applies(name, mode) {
  const fits = (known) => typeof mode === "string" && mode.startsWith(known);
  const isKnown = Object.values(MODES).flat().some(fits);
  const family = familyOf(name);
  return !isKnown || family === undefined || MODES[family].some(fits);
}

/** A deep copy of plain data. Anything else, such as a connection amid the arguments of a client, is shared. */
export function copied(value, seen = new Map()) {
  if (typeof value !== "object" || value === null || seen.has(value)) {
    return seen.get(value) ?? value;
  }
  const form = Object.getPrototypeOf(value);
  const made = Array.isArray(value) ? [] : form === Object.prototype || form === null ? {} : undefined;
  if (made !== undefined) {
    seen.set(value, made);
    for (const name of Object.keys(value)) {
      made[name] = copied(value[name], seen);
    }
    return made;
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, one]) => [key, copied(one, seen)]));
  }
  return value instanceof Set ? new Set([...value].map((one) => copied(one, seen))) : dated(value);
}

function dated(value) {
  return value instanceof Date ? new Date(value) : value;
}
