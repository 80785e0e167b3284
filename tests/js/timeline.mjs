// Runs a timeline: one session, its named turns, and one clock that the file holds.

import {
  commandFields,
  digits,
  failure,
  fits,
  known,
  metricsFields,
  need,
  plain,
  routeFields,
  toolCall,
  Unfused,
  used,
  Wrong,
} from "./form.mjs";

/** The calendar of every vector, in milliseconds since the Unix epoch. */
const WALL = 1_700_000_000_000;

/**
 * As it stands; with every turn written and restored before each step; and, for calls, by `enter` and `settle` as far as these
 * go. Tells which ways it went to the end.
 */
export function runTimeline(machine, vector) {
  const ways = vector.call === undefined ? ["plain", "restored"] : ["plain", "restored", "fused"];
  return ways.filter((way) => {
    const timeline = new Timeline(machine, vector, way);
    try {
      timeline.run();
      return true;
    } catch (error) {
      if (error instanceof Unfused) return false;
      throw error;
    } finally {
      timeline.close();
    }
  });
}

/** What the short way in knows of a call. */
const SHORT = ["streaming", "restartable", "context_tokens"];

export class Timeline {
  now = 0;
  wall = WALL;
  epoch = 0;
  actors = new Map();
  calls = [];
  clock = () => this.now;

  constructor(machine, vector, way) {
    known(vector, "name note source policy routes one_slot tools seed call streams steps");
    Object.assign(this, { machine, vector, way });
    this.policy = machine.Policy.fromJSON(vector.policy ?? {});
    this.setChain(vector.routes ?? []);
    this.tools = (vector.tools ?? []).map((tool) => {
      known(tool, "name risky replay timeout_ms");
      return { risky: false, replay: "once", timeout: undefined, ...plain(tool) };
    });
    this.oneSlot = vector.one_slot ?? false;
    this.session = new machine.MachineSession(this.policy, this.chain, this.clock, vector.seed ?? 1, this.oneSlot);
  }

  setChain(given) {
    const routes = given.map(routeFields);
    this.names = routes.map((route) => route.name);
    this.chain = routes.map((route) => [{ name: route.name }, plain(route)]);
  }

  run() {
    for (const [place, { at, note: _, ...step }] of this.vector.steps.entries()) {
      this.now = at ?? this.now;
      try {
        this.step(step);
      } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        throw new Wrong(`step ${place} (at ${this.now}, ${this.way}): ${error.message}`);
      }
    }
  }

  close() {
    for (const call of this.calls) call.release();
  }

  step({ turn = "a", stale = false, ...step }) {
    const [[action, value], more] = Object.entries(step);
    if (more !== undefined) throw new Wrong(`one step, two things: ${Object.keys(step)}`);
    switch (action) {
      case "snapshot":
        return this.restore(value);
      case "reset":
        return this.session.resetRoute(this.names.indexOf(value));
      case "order":
        known(value, "route order");
        return this.session.orderBreaker(this.names.indexOf(value.route), value.order);
      case "isolate":
        return this.session.isolateRoute(this.names.indexOf(value));
      case "release":
        return this.session.releaseRoute(this.names.indexOf(value));
      case "breaker": {
        const metrics = this.session.breakerMetrics(this.names.indexOf(value.route));
        return fits(value, { route: value.route, ...metricsFields(metrics, this.now) }, "breaker");
      }
      case "new_turn":
        need(value, true, "new_turn");
        return this.actors.set(turn, new Actor(this));
      case "within":
        return this.actors.set(turn, new Actor(this).beginWithin(value));
    }
    if (!this.actors.has(turn)) this.actors.set(turn, new Actor(this));
    else if (this.way === "restored") this.actors.get(turn).restore(this.wall + this.now);
    return this.actors.get(turn).step(action, value, stale);
  }

  restore(form) {
    let [clock, outside] = [this.now, 0];
    if (form !== true) {
      known(form, "clock outside_ms routes");
      [clock, outside] = [form.clock, form.outside_ms];
      if (form.routes !== undefined) this.setChain(form.routes);
    }
    const wall = this.wall + this.now;
    const there = wall + outside;
    const session = this.session.snapshot(wall);
    const turns = [...this.actors.values()].map((actor) => [actor, actor.turn.snapshot(wall)]);
    this.epoch += 1;
    this.now = clock;
    const { MachineSession, MachineTurn } = this.machine;
    this.session = MachineSession.restore(
      session,
      this.policy,
      this.chain,
      this.clock,
      this.epoch,
      there,
      this.oneSlot,
    );
    for (const [actor, text] of turns) actor.turn = MachineTurn.restore(this.session, text, this.tools, there);
    this.wall = there - clock;
  }
}

/** A turn, and what it drives: its own loop, or a call of a function. */
export class Actor {
  asked = new Map();
  call;
  form;
  admitted;
  taken = false;
  settled = false;
  shares = false;

  constructor(host) {
    this.host = host;
    this.turn = new host.machine.MachineTurn(host.session, host.tools);
    if (host.vector.call !== undefined) this.begin(host.vector.call);
    if (host.vector.streams !== undefined) this.stream(host.vector.streams);
  }

  beginWithin(form) {
    known(form, "turn share_budgets deadline_ms");
    const { share_budgets: shares = false, deadline_ms: deadline } = form;
    const above = this.host.actors.get(form.turn);
    this.turn.inherit(above.turn, shares);
    [this.shares, above.shares] = [shares, above.shares || shares];
    if (deadline !== undefined) this.turn.shorten(deadline);
    return this;
  }

  stream(form) {
    known(form, "routes restartable");
    const { names } = this.host;
    const places = (form.routes ?? names).map((name) => names.indexOf(name));
    this.turn.streamOn(places, form.restartable);
  }

  begin(form) {
    known(form, "replay streaming restartable timeout_ms context_tokens");
    [this.settled, this.taken, this.admitted] = [false, false, undefined];
    const short = Object.keys(form).every((name) => SHORT.includes(name));
    [this.call, this.form] = [undefined, form];
    if (this.host.way !== "fused" || !short) this.hold(new this.host.machine.Call(this.turn, plain(form)));
  }

  hold(call) {
    this.call = call;
    if (call !== undefined) this.host.calls.push(call);
  }

  get machine() {
    if (this.host.vector.call === undefined) return this.turn;
    if (this.call === undefined) throw new Unfused();
    return this.call;
  }

  /** On the same clock, at once: nothing may change. Calls are bound to their turn, and stay. */
  restore(wall) {
    // Budgets that are shared become the turn's own when it is stored: that is another state.
    if (this.host.vector.call !== undefined || this.shares) return;
    const { host, turn } = this;
    this.turn = host.machine.MachineTurn.restore(host.session, turn.snapshot(wall), host.tools, wall);
  }

  step(action, value, stale) {
    switch (action) {
      case "poll":
        return this.poll(value);
      case "new_call":
        return this.begin(value);
      case "report":
        return fits(value, this.report(), "report");
      case "outcome": {
        known(value, "index outcome limit");
        const { outcome = null, limit = null } = this.turn.outcome(value.index) ?? {};
        return fits(value, { index: value.index, outcome, limit }, "outcome");
      }
      case "sentence":
        known(value, "index text");
        return need(this.turn.sentence(value.index) ?? null, value.text, "sentence");
      case "lines":
        return need([...this.turn.tally().lines], value, "lines");
      case "explain": {
        const end = this.machine.poll();
        return need(end.kind === "finish" ? end.message : "", value, "explain");
      }
      case "degraded_answer":
        return need(this.turn.degradedAnswer() ?? null, value, "degraded_answer");
    }
    const accepted = this.event(action, value);
    if (accepted === stale) {
      throw new Wrong(`${action} ${JSON.stringify(value)} was ${accepted ? "accepted" : "stale"}`);
    }
  }

  report() {
    const tally = this.turn.tally();
    return {
      stop_reason: tally.stopReason ?? null,
      degraded: tally.degraded,
      steps: tally.steps,
      attempts: tally.attempts,
      tool_calls: tally.toolCalls,
      blocked: [...tally.blocked],
      input_tokens: tally.inputTokens ?? null,
      output_tokens: tally.outputTokens ?? null,
      spent_input_tokens: tally.spentInputTokens ?? null,
      spent_output_tokens: tally.spentOutputTokens ?? null,
      failure: tally.failure?.kind ?? null,
    };
  }

  // ---- Polls. ----

  poll(wanted) {
    const command = this.enter() ?? this.machine.poll();
    // Read at once: a host may make a command's fields when they are asked for.
    const shown = commandFields(command, this.host.names, this.host.now);
    if (this.admitted === undefined) {
      const again = commandFields(this.machine.poll(), this.host.names, this.host.now);
      need(again, shown, "polled twice");
    }
    if (command.kind === "ask_approval") this.asked.set(command.id, command.digest);
    fits(wanted, shown, "poll");
  }

  /** The short way in, as far as it goes. */
  enter() {
    if (this.host.way !== "fused" || this.call !== undefined) return undefined;
    if (this.settled || this.admitted !== undefined) throw new Unfused();
    const { streaming = false, restartable = true, context_tokens } = this.form;
    const entered = this.turn.enter(streaming, restartable, context_tokens);
    if (entered instanceof this.host.machine.Call) this.hold(entered);
    else this.admitted = entered;
    return this.admitted;
  }

  // ---- Events. ----

  event(name, value) {
    if (this.admitted !== undefined) return this.settle(name, value);
    if (this.settled) throw new Unfused();
    switch (name) {
      case "taken":
      case "succeeded":
      case "waited":
      case "ready":
      case "abandoned":
        return this.machine[name](value);
      case "not_ready":
        return this.machine.notReady(value);
      case "interrupted":
        need(value, true, "interrupted");
        return this.machine.interrupted();
      case "failed":
        return this.machine.failed(value.id, failure(this.host.machine, value), used(value.spent));
      case "progress":
        known(value, "id meaningful usage");
        return this.machine.progress(value.id, value.meaningful, used(value.usage));
      case "decided":
        known(value, "id decision digest");
        return this.turn.decided(value.id, value.decision, digits(value.digest) ?? this.asked.get(value.id));
      case "replied":
        return this.replied(value);
      default:
        throw new Wrong(`no such step: ${name}`);
    }
  }

  replied(form) {
    known(form, "id answer tool_calls usage");
    if ((form.answer === undefined) === (form.tool_calls === undefined)) {
      throw new Wrong("replied: give answer or tool_calls");
    }
    known(form.usage ?? {}, "input_tokens output_tokens");
    const rows = (form.tool_calls ?? []).map((call) => toolCall(this.host.machine, call));
    const kind = this.host.machine.readReply(form.answer ? "an answer" : "", rows.length);
    return this.turn.replied(form.id, kind, rows, plain(form.usage ?? {}));
  }

  settle(name, value) {
    const attempt = this.admitted;
    if (attempt.id !== (value?.id ?? value) || (name === "taken" && this.taken)) throw new Unfused();
    switch (name) {
      case "taken":
        this.taken = true;
        return true;
      case "succeeded":
        this.turn.settle(attempt);
        this.settled = true;
        break;
      case "abandoned":
        this.turn.settleAbandoned(attempt);
        this.settled = true;
        break;
      case "failed":
        this.hold(this.turn.settleFailed(attempt, failure(this.host.machine, value)));
        break;
      default:
        throw new Unfused();
    }
    this.admitted = undefined;
    return true;
  }
}
