// The form of a vector: what is refused in it, and how what a machine says is compared with it. No host's module is needed here.

/** A vector that does not hold. */
export class Wrong extends Error {
  name = "Wrong";
}

/** The fused way in does not know this step: the file is run the long way only. */
export class Unfused extends Error {}

const shown = (value) => JSON.stringify(value) ?? "undefined";

const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function same(one, other) {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, place) => same(item, other[place]));
  }
  if (isMap(one) && isMap(other)) {
    const names = Object.keys(one);
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
    );
  }
  return Object.is(one, other);
}

/** Both must be equal, all the way down. */
export function need(found, wanted, what) {
  if (!same(found, wanted)) throw new Wrong(`${what}: expected ${shown(wanted)}, got ${shown(found)}`);
}

/** Refuses what the form does not name. */
export function known(data, fields) {
  const names = fields.split(" ");
  for (const name of Object.keys(data)) {
    if (!names.includes(name)) throw new Wrong(`unknown field ${name}`);
  }
}

/** Every field that is given must be there and equal; `{from, to}` is a range; two digits a whole digest. */
export function fits(wanted, found, what) {
  if (isMap(wanted) && isMap(found)) {
    for (const [name, value] of Object.entries(wanted)) {
      if (!Object.hasOwn(found, name)) throw new Wrong(`${what}: no field ${name} in ${shown(found)}`);
      fits(value, found[name], `${what}.${name}`);
    }
  } else if (isMap(wanted) && typeof found === "number") {
    known(wanted, "from to");
    if (!(wanted.from <= found && found <= wanted.to)) {
      throw new Wrong(`${what}: expected ${shown(wanted)}, got ${found}`);
    }
  } else if (!(typeof wanted === "string" && wanted.length === 2 && found === wanted.repeat(32))) {
    need(found, wanted, what);
  }
}

/** What a breaker goes by, as a vector writes it. */
export function metricsFields(metrics, now) {
  const { state, calls, failed, slow, failureRate = null, slowRate = null, retryIn } = metrics;
  const retry_at_ms = retryIn === undefined ? null : now + retryIn;
  return { state, calls, failed, slow, failure_rate: failureRate, slow_rate: slowRate, retry_at_ms };
}

/** A name of a vector as JavaScript spells it. */
export const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** Fields as JavaScript has them: camelCase, spans without their unit. */
export function plain(data) {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [camel(name.replace(/_ms$/, "")), value]));
}

/** A span or a moment as a vector writes it; `null` stands for "never" and for "none". */
export const ms = (span) => (span === undefined || span === Infinity ? null : Math.round(span));

/** Two digits stand for a whole digest. */
export const digits = (digest) => (digest?.length === 2 ? digest.repeat(32) : digest);

/** A route of the chain as a map of fields. */
export const routeFields = (route) => (typeof route === "string" ? { name: route } : route);

/** What is told of a failure. */
export function failure(machine, form) {
  known(form, "id kind status retry_after_ms reset_after_ms phase should_retry effect spent");
  const { id: _, kind, spent: __, ...fields } = plain(form);
  return new machine.Failure(kind, fields);
}

/** What an attempt has used; undefined where the host cannot say. */
export function used(form) {
  if (form === undefined) return undefined;
  known(form, "input_tokens output_tokens");
  return plain(form);
}

/** A failure as a vector writes it. */
export function failureFields(found) {
  return {
    kind: found.kind,
    status: found.status ?? null,
    retry_after_ms: ms(found.retryAfter),
    reset_after_ms: ms(found.resetAfter),
    phase: found.phase ?? null,
    should_retry: found.shouldRetry ?? null,
    effect: found.effect,
  };
}

/** One tool call of a model's reply. */
export function toolCall(machine, form) {
  known(form, "name digest arguments bad risky");
  const { name, risky } = form;
  if ([form.digest, form.arguments, form.bad].filter((given) => given !== undefined).length !== 1) {
    throw new Wrong(`tool call ${name}: give one of digest, arguments, bad`);
  }
  if (form.arguments !== undefined) return { name, risky, ...machine.canonicalDigest(name, form.arguments) };
  return { name, risky, digest: digits(form.digest), complaint: form.bad };
}

/** A command as a vector writes it, every field given. `names` are the routes of the chain. */
export function commandFields(command, names, now) {
  const { kind, id } = command;
  const until = { until_ms: ms(command.until) };
  switch (kind) {
    case "attempt":
      return {
        [kind]: {
          id,
          route: command.route?.name ?? null,
          client: command.generation,
          work: work(command),
          number: command.number,
          timeout_ms: ms(command.timeout),
          first_progress_ms: ms(command.firstProgress),
          idle_ms: ms(command.idle),
          idempotency_key: command.idempotencyKey,
          ...until,
        },
      };
    case "wait": {
      const delay = command.until === undefined ? null : ms(command.delay);
      return { [kind]: { id, delay_ms: delay, why: command.why, ...until } };
    }
    case "switch":
      return { [kind]: { id, route: names[command.route], why: command.why, ...until } };
    case "rebuild":
      return { [kind]: { id, route: names[command.route], client: command.generation, ...until } };
    case "ask_approval":
      return { [kind]: { id, index: command.index, digest: command.digest, ...until } };
    case "cancel":
      return { [kind]: { id, why: command.why } };
    case "finish": {
      const { end, retryIn } = command;
      const retry = retryIn === undefined ? null : ms(retryIn + now);
      const [limit, reason] = [command.limit ?? null, command.stopReason];
      const failed = command.failure?.kind ?? null;
      return { [kind]: { end, limit, stop_reason: reason, failure: failed, retry_at_ms: retry } };
    }
    default:
      throw new Wrong(`no such command: ${shown(command)}`);
  }
}

function work(attempt) {
  switch (attempt.work) {
    case "model":
      return `model ${attempt.step}${attempt.withTools ? "" : " without tools"}`;
    case "tool":
      return `tool ${attempt.index}`;
    default:
      return attempt.work;
  }
}
