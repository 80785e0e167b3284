// The component, as jco shows it to JavaScript, behind the names that the vectors' runner speaks to. It only renames: moments are
// bigints in the component and numbers here, words have hyphens there and underscores here.

const snake = (word) => word?.replaceAll("-", "_");
const kebab = (word) => word?.replaceAll("_", "-");
const number = (value) => (value === undefined ? undefined : Number(value));
const rate = (thousandths) => (thousandths === undefined ? undefined : thousandths / 1000);

/** What a breaker goes by, as `failsoft/machine` tells it. */
function metrics({ state, failureRate, slowRate, retryAt, ...counts }, now) {
  const retryIn = retryAt === undefined ? undefined : Number(retryAt) - now;
  return { ...counts, state: snake(state), failureRate: rate(failureRate), slowRate: rate(slowRate), retryIn };
}

const usageIn = ({ inputTokens, outputTokens }) => ({
  inputTokens: whole(inputTokens),
  outputTokens: whole(outputTokens),
});
const whole = (value) => (value === undefined || value === Infinity ? undefined : BigInt(Math.round(value)));

const SPANS = ["timeout", "firstProgress", "idle"];

/** Fields of a route in the spelling of policy files. */
function written(fields) {
  const name = (field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([field, value]) => [SPANS.includes(field) ? `${name(field)}_ms` : name(field), value]),
  );
}

/** A `result` as `{ ok }` or `{ wrong }`: jco throws what is wrong, as it stands or wrapped. */
function tried(make) {
  try {
    return { ok: make() };
  } catch (thrown) {
    if (thrown instanceof Error && thrown.payload === undefined) throw thrown;
    return { wrong: thrown?.payload ?? thrown };
  }
}

/** What the core refused, as an error with its line. */
function refused(make) {
  const { ok, wrong } = tried(make);
  if (wrong !== undefined) throw new RangeError(wrong);
  return ok;
}

export function machineOf(component) {
  class Policy {
    constructor(text) {
      this.core = refused(() => component.Policy.fromJson(text));
    }

    static fromJSON(given) {
      return new Policy(typeof given === "string" ? given : JSON.stringify(given));
    }
  }

  class Failure {
    constructor(kind, fields = {}) {
      Object.assign(this, { kind }, fields);
    }
  }

  const failureIn = (failure) => ({
    kind: kebab(failure.kind),
    status: failure.status,
    retryAfter: whole(failure.retryAfter),
    resetAfter: whole(failure.resetAfter),
    phase: kebab(failure.phase),
    shouldRetry: failure.shouldRetry,
    effect: failure.effect,
  });

  const failureOut = (failure) =>
    failure &&
    new Failure(snake(failure.kind), {
      ...failure,
      kind: snake(failure.kind),
      retryAfter: number(failure.retryAfter),
      resetAfter: number(failure.resetAfter),
      phase: snake(failure.phase),
    });

  const tools = (list) => list.map((tool) => ({ ...tool, timeout: whole(tool.timeout) }));

  /** A command as an object with `kind`. */
  function command({ tag, val }, session) {
    const kind = snake(tag);
    const base = { kind, id: val.id, until: number(val.until), why: snake(val.why) };
    switch (kind) {
      case "attempt":
        return attempt(val, session);
      case "wait":
        return { ...base, delay: number(val.delay) ?? Infinity };
      case "switch":
        return { ...base, route: val.route };
      case "rebuild":
        return { ...base, route: val.route, generation: val.client };
      case "ask_approval":
        return { ...base, index: val.index, digest: val.digest };
      case "finish":
        return {
          kind,
          end: snake(val.end.tag),
          limit: snake(val.end.val),
          stopReason: snake(val.stopReason),
          failure: failureOut(val.failure),
          retryIn: val.retryAt === undefined ? undefined : Number(val.retryAt) - session.now(),
          message: val.message,
        };
      default:
        return base;
    }
  }

  function attempt(val, session) {
    const { tag, val: what } = val.work;
    return {
      kind: "attempt",
      id: val.id,
      route: session.routes[val.route],
      generation: val.client,
      work: tag,
      index: tag === "tool" ? what : undefined,
      step: what?.step,
      withTools: what?.withTools ?? false,
      number: val.number,
      timeout: number(val.timeout) ?? Infinity,
      until: number(val.until),
      firstProgress: number(val.firstProgress),
      idle: number(val.idle),
      idempotencyKey: component.idempotencyKey(val.key),
    };
  }

  class MachineSession {
    constructor(policy, routes, clock, seed, oneSlot = false) {
      const text = MachineSession.written(routes);
      this.over(routes, clock, () => component.Session.open(policy.core, text, BigInt(seed), oneSlot));
    }

    static written(routes) {
      return routes.length === 0 ? undefined : JSON.stringify(routes.map(([, fields]) => written(fields)));
    }

    static restore(text, policy, routes, clock, epoch, wall, oneSlot = false) {
      const session = Object.create(MachineSession.prototype);
      const [chain, now] = [MachineSession.written(routes), whole(clock())];
      const make = () =>
        component.Session.restore(text, policy.core, chain, epoch, undefined, now, whole(wall), oneSlot);
      return session.over(routes, clock, make);
    }

    over(routes, clock, make) {
      this.now = clock;
      this.routes = routes.map(([route]) => route);
      // What fields a route may have is said in the spelling of JavaScript.
      this.core = refused(make);
      return this;
    }

    snapshot(wall) {
      return this.core.snapshot(whole(this.now()), whole(wall));
    }
    resetRoute(route) {
      this.core.reset(route);
    }
    breakerMetrics(route) {
      return metrics(this.core.breaker(route, whole(this.now())), this.now());
    }
    orderBreaker(route, order) {
      this.core.orderBreaker(route, kebab(order));
    }
    isolateRoute(route) {
      this.core.isolate(route);
    }
    releaseRoute(route) {
      this.core.release(route);
    }
  }

  /** What turns and calls have in common. */
  class Machine {
    tell(tag, val) {
      return this.core.handle(whole(this.session.now()), { tag, val });
    }
    poll() {
      return command(this.core.poll(whole(this.session.now())), this.session);
    }
    next() {
      return command(this.core.next(whole(this.session.now())), this.session);
    }
    taken = (id) => this.tell("taken", id);
    succeeded = (id) => this.tell("succeeded", id);
    failed = (id, failure, spent) =>
      this.tell("failed", { id, failure: failureIn(failure), spent: spent && usageIn(spent) });
    progress = (id, meaningful, usage) => this.tell("progress", { id, meaningful, usage: usage && usageIn(usage) });
    waited = (id) => this.tell("waited", id);
    ready = (id) => this.tell("ready", id);
    notReady = (id) => this.tell("not-ready", id);
    abandoned = (id) => this.tell("abandoned", id);
    interrupted = () => this.tell("interrupted");
  }

  class MachineTurn extends Machine {
    constructor(session, list, core) {
      super();
      this.session = session;
      this.core = core ?? new component.Turn(session.core, tools(list), whole(session.now()));
    }

    static restore(session, text, list, wall) {
      const now = whole(session.now());
      const make = () => component.Turn.restore(session.core, text, tools(list), now, whole(wall));
      return new MachineTurn(session, list, refused(make));
    }

    snapshot = (wall) => this.core.snapshot(whole(this.session.now()), whole(wall));
    streamOn = (routes, restartable) => this.core.streamOn(new Uint8Array(routes), restartable);
    shorten = (timeout) => this.core.shorten(whole(this.session.now()), whole(timeout));
    inherit = (parent, shareBudgets) =>
      this.core.inherit(whole(this.session.now()), parent.core, whole(parent.session.now()), shareBudgets);
    sentence = (index) => this.core.sentence(index);
    degradedAnswer = () => this.core.degradedAnswer();
    decided = (id, decision, digest) => this.tell("decided", { id, decision: kebab(decision), digest });

    replied(id, kind, rows, { inputTokens, outputTokens } = {}) {
      const calls = rows.map(({ name, digest, complaint, risky }) => ({
        name,
        arguments: digest === undefined ? { tag: "complaint", val: complaint } : { tag: "digest", val: digest },
        risky: typeof risky === "boolean" ? { tag: "said", val: risky } : { tag: risky ?? "declared" },
      }));
      const usage = usageIn({ inputTokens, outputTokens });
      return this.tell("replied", { id, reply: { tag: kebab(kind), val: calls }, usage });
    }

    outcome(index) {
      const found = this.core.outcome(index);
      return found && { outcome: snake(found.tag), limit: snake(found.val) };
    }

    tally() {
      const { usage, spent, stopReason, failure, ...report } = this.core.report();
      return {
        ...report,
        stopReason: snake(stopReason),
        failure: failureOut(failure),
        inputTokens: number(usage.inputTokens),
        outputTokens: number(usage.outputTokens),
        spentInputTokens: number(spent.inputTokens),
        spentOutputTokens: number(spent.outputTokens),
      };
    }

    enter(streaming = false, restartable = true, contextTokens = undefined) {
      if (contextTokens !== undefined) return new Call(this, { streaming, restartable, contextTokens });
      const { tag, val } = this.core.enter(whole(this.session.now()), streaming ? { restartable } : undefined);
      if (tag === "slow") return new Call(this, {}, val);
      return { ...attempt(val[0], this.session), permit: val[1] };
    }

    settle = ({ permit }) => component.Admitted.succeeded(permit, whole(this.session.now()));
    settleAbandoned = ({ permit }) => component.Admitted.abandoned(permit, whole(this.session.now()));
    settleFailed = ({ permit }, failure) =>
      new Call(this, {}, component.Admitted.failed(permit, whole(this.session.now()), failureIn(failure)));
  }

  class Call extends Machine {
    constructor(
      turn,
      { replay = "idempotent", streaming = false, restartable = true, timeout, contextTokens } = {},
      core,
    ) {
      super();
      this.session = turn.session;
      const stream = streaming ? { restartable } : undefined;
      const form = { replay, streaming: stream, timeout: whole(timeout), contextTokens };
      this.core = core ?? new component.Call(turn.core, form);
    }

    release() {
      this.core[Symbol.dispose]();
    }
  }

  class Circuit {
    constructor(policy, clock, maxKeys) {
      this.clock = clock;
      this.core = refused(() => component.Circuit.open(policy.core, maxKeys));
    }

    admit(lease, key) {
      const { ok, wrong } = tried(() => this.core.admit(whole(this.clock()), whole(lease), key));
      return { permit: ok, retryIn: number(wrong) };
    }

    settle = (permit, passed) => this.core.settle(whole(this.clock()), permit, passed);
    metrics = (key) => metrics(this.core.metrics(whole(this.clock()), key), this.clock());
    order = (order, key) => this.core.order(kebab(order), key);
    isolate = (key) => this.core.isolate(key);
    release = (held) => this.core.release(held);
    reset = (key) => this.core.reset(key);
  }

  class Stream {
    constructor({ acceptCut = false, wantsUsage = false }) {
      this.core = new component.Stream(acceptCut, wantsUsage);
    }

    take(chunk) {
      const nothing = { text: false, toolCall: false, reasoning: false, usage: false, terminator: false };
      return this.core.take({ ...nothing, malformed: false, other: false, ...chunk });
    }

    end() {
      const found = this.core.end();
      return found && { kind: snake(found.kind), what: found.what };
    }

    get phase() {
      return snake(this.core.phase());
    }

    get hasProgressed() {
      return this.core.hasProgressed();
    }
  }

  /** The chain as it stands, an empty one too, which the core refuses. */
  class Session {
    constructor({ policy, routes }) {
      this.core = refused(() => component.Session.open(policy.core, JSON.stringify(routes), 1n, false));
    }
  }

  const facts = (told) => ({
    ...told,
    classes: told.classes ?? [],
    headers: Object.entries(told.headers ?? {}),
    phase: kebab(told.phase),
    wallMs: whole(told.wallMs),
  });

  return {
    // It reads routes as it reads policies.
    spelling: "json",
    Policy,
    Failure,
    Session,
    MachineSession,
    MachineTurn,
    Call,
    Circuit,
    Stream,
    classifyFacts: (told, policy) => failureOut((policy?.core ?? component).classify(facts(told))),
    explainFacts(told, policy) {
      const { rule, failure } = policy.core.explain(facts(told));
      return { rule, failure: failureOut(failure) };
    },
    readReply: (answer, calls) => snake(component.readReply(answer, calls)),
    isLimitOfOurs: (kind, endsReading, waited, limit) =>
      component.isLimitOfOurs(kebab(kind), endsReading, BigInt(waited), BigInt(limit)),
    judgeFinish(reason, refusal, acceptCut) {
      const found = component.judgeFinish(reason, refusal, acceptCut);
      return found && { kind: snake(found.kind), what: found.what };
    },
    foreignName: (text) => component.foreignName(text),
    foreignText: (text) => component.foreignText(text),
    canonicalDigest(tool, text) {
      const { ok, wrong } = tried(() => component.canonicalDigest(tool, text));
      return { digest: ok, complaint: wrong };
    },
  };
}
