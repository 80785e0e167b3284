// The vectors over any machine that speaks as `bindings-wasm/js/machine.js` does. Nothing here needs Node: a page in a browser runs
// it too, with the files that it has fetched.
//
// `machine`: an object with Policy, MachineSession, MachineTurn, Call, Circuit, Failure, Stream, canonicalDigest, classifyFacts,
// explainFacts, readReply, judgeFinish, foreignName, foreignText, and Session, whose constructor takes `{ policy, routes }` and refuses an empty chain.
// `files`: every file of `tests/vectors` by its path below that folder, parsed.

import { camel, failureFields, fits, known, metricsFields, need, plain, routeFields, Wrong } from "./form.mjs";
import { runTimeline } from "./timeline.mjs";

export { Wrong };

const FACTS = "status headers body code error_type message classes phase provider wall_ms";

/** Every test, as pairs of a name and a function that throws: one a vector, and what must hold of all of them. */
export function tests(machine, files) {
  const all = Object.keys(files).filter((path) => path.includes("/"));
  const mine = all.filter((path) => !path.startsWith("driver/"));
  return [
    ...mine.map((path) => [path.replace(/\.json$/, ""), () => runVector(machine, path, files[path])]),
    ["every folder holds as many as were counted", () => need(tally(all), files["count.json"], "files")],
    ["a wrong vector is seen", () => seesWhatIsWrong(machine)],
  ];
}

/** How many files each folder holds, as `count.json` has it. */
export function tally(paths) {
  const counts = {};
  for (const folder of paths.map((path) => path.split("/")[0])) counts[folder] = (counts[folder] ?? 0) + 1;
  return counts;
}

/** Runs one file; throws `Wrong` where it does not hold. */
export function runVector(machine, path, vector) {
  const folder = path.split("/")[0];
  if (folder === "classify") return runClassify(machine, vector);
  if (folder === "policy") return runRefused(machine, vector);
  if (folder === "reply") return runReply(machine, vector);
  if (folder === "text" && vector.foreign !== undefined) return runForeign(machine, vector);
  if (folder === "stream") return runStream(machine, vector);
  return vector.breaker === undefined ? runTimeline(machine, vector) : runBreaker(machine, vector);
}

function runBreaker(machine, vector) {
  known(vector, "name note source breaker max_keys steps");
  const bench = new Bench(machine, vector);
  for (const [place, step] of vector.steps.entries()) {
    known(step, "at advance_ms key event times lease_ms rejected state metrics note");
    bench.now = step.at ?? bench.now + (step.advance_ms ?? 0);
    try {
      for (let times = step.times ?? 1; times > 0; times -= 1) bench.step(step);
      bench.look(step);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      throw new Wrong(`step ${place} (at ${bench.now}): ${error.message}`);
    }
  }
}

/** Breakers alone, on a clock that the file holds. */
class Bench {
  now = 0;
  calls = new Map();
  held = new Map();

  constructor(machine, vector) {
    const policy = machine.Policy.fromJSON({ breaker: vector.breaker });
    this.circuit = new machine.Circuit(policy, () => this.now, vector.max_keys);
  }

  step({ key, event, lease_ms: lease, rejected = false }) {
    const outcomes = { S: true, F: false, N: undefined };
    const [what, name, outcome] = event.split(":");
    switch (what) {
      case "read":
        return;
      case "reset":
        return this.circuit.reset(key);
      case "order":
        return this.circuit.order(name, key);
      case "isolate":
        return this.held.set(name, this.circuit.isolate(key));
      case "release":
        return this.circuit.release(this.held.get(name));
      case "end":
        return this.circuit.settle(this.calls.get(name), outcomes[outcome]);
    }
    const { permit } = this.circuit.admit(lease, key);
    need(permit === undefined, rejected, "refused");
    if (permit !== undefined && what === "start") this.calls.set(name, permit);
    else if (permit !== undefined) this.circuit.settle(permit, outcomes[what]);
  }

  look({ key, state, metrics = {} }) {
    const found = metricsFields(this.circuit.metrics(key), this.now);
    need(found.state, state ?? found.state, "state");
    fits(metrics, found, "metrics");
  }
}

function runClassify(machine, vector) {
  known(vector, "name note source policy cases");
  const policy = machine.Policy.fromJSON(vector.policy ?? {});
  for (const [place, { facts, failure, rule, ...rest }] of vector.cases.entries()) {
    known(rest, "note near");
    known(facts, FACTS);
    // `wall_ms` is a fact of that name, not a span.
    const told = Object.fromEntries(Object.entries(facts).map(([name, fact]) => [camel(name), fact]));
    const explained = machine.explainFacts(told, policy);
    need(failureFields(machine.classifyFacts(told, policy)), failure, `case ${place}, by rule ${explained.rule}`);
    need(failureFields(explained.failure), failure, `case ${place}, explained`);
    need(explained.rule, rule ?? explained.rule, `case ${place}`);
  }
}

function runRefused(machine, vector) {
  known(vector, "name note source refused");
  for (const [place, form] of vector.refused.entries()) {
    known(form, "policy routes line python javascript schema");
    // A host is given routes in its own spelling, and policies in that of a file.
    const line = form[machine.spelling ?? "javascript"] ?? form.line;
    let said = "not refused";
    try {
      open(machine, machine.Policy.fromJSON(form.policy ?? {}), form.routes);
    } catch (refused) {
      said = refused.message;
    }
    need(said, line, `case ${place}`);
  }
}

function runReply(machine, vector) {
  known(vector, "name note source replies finishes limits");
  for (const [place, form] of (vector.replies ?? []).entries()) {
    known(form, "answer calls kind");
    need(machine.readReply(form.answer, form.calls), form.kind, `reply ${place}`);
  }
  for (const [place, { reason, refusal, accept_cut = false, ...wanted }] of (vector.finishes ?? []).entries()) {
    known(wanted, "kind what");
    const found = machine.judgeFinish(reason, refusal, accept_cut);
    need(found ?? {}, wanted, `finish ${place}`);
  }
  for (const [place, form] of (vector.limits ?? []).entries()) {
    known(form, "kind ends_reading waited_ms limit_ms ours");
    const found = machine.isLimitOfOurs(form.kind, form.ends_reading, form.waited_ms, form.limit_ms);
    need(found, form.ours, `limit ${place}`);
  }
}

function runForeign(machine, vector) {
  known(vector, "name note source foreign");
  for (const [place, form] of vector.foreign.entries()) {
    known(form, "is text times shown");
    const show = form.is === "name" ? machine.foreignName : machine.foreignText;
    need(show(form.text.repeat(form.times ?? 1)), form.shown, `text ${place}`);
  }
}

function runStream(machine, vector) {
  known(vector, "name note source accept_cut wants_usage chunks seen phase end error");
  const stream = new machine.Stream({ acceptCut: vector.accept_cut, wantsUsage: vector.wants_usage });
  need(vector.seen.length, vector.chunks.length, "seen");
  for (const [place, chunk] of vector.chunks.entries()) {
    known(chunk, "text tool_call reasoning finish refusal usage terminator malformed other");
    need(stream.take(plain(chunk)), vector.seen[place], `chunk ${place}`);
  }
  need(stream.phase, vector.phase, "phase");
  need(stream.hasProgressed, vector.phase === "idle", "hasProgressed");
  if (vector.error === undefined) return need(stream.end() ?? null, vector.end ?? null, "end");
  known(vector.error, "classes error_type message kind");
  const { kind, ...facts } = vector.error;
  return need(machine.classifyFacts({ ...plain(facts), phase: stream.phase }).kind, kind, "error");
}

function open(machine, policy, routes) {
  if (routes?.every((route) => typeof route === "string")) new machine.Session({ policy, routes });
  const chain = (routes ?? []).map(routeFields).map((route) => [route, plain(route)]);
  new machine.MachineSession(policy, chain, undefined, 1);
}

function seesWhatIsWrong(machine) {
  const poll = { name: "x", routes: ["p"], steps: [{ poll: { attempt: { id: 2 } } }] };
  const says = (vector, line) => {
    let said = "";
    try {
      runTimeline(machine, vector);
    } catch (wrong) {
      if (!(wrong instanceof Wrong)) throw wrong;
      said = wrong.message;
    }
    if (!said.includes(line)) throw new Wrong(`expected "${line}", got "${said}"`);
  };
  says(poll, "step 0 (at 0, plain): poll.attempt.id: expected 2, got 1");
  says({ ...poll, steps: [{ poll: { attempt: { id: { from: 2, to: 3 } } } }] }, 'expected {"from":2,"to":3}, got 1');
  says({ ...poll, steps: [{ poll: { attempt: { oops: 1 } } }] }, "no field oops");
  says({ ...poll, oops: 1 }, "unknown field oops");
  says({ ...poll, steps: [{ oops: 1 }] }, "no such step: oops");
  says({ ...poll, steps: [{ taken: 9 }] }, "was stale");
  says({ ...poll, steps: [{ taken: 1, waited: 1 }] }, "two things");
}
