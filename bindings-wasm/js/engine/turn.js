// Turns and their calls, as the engine knows them: the session owns them, and here they are numbers.

import { Attempt, readCommand } from "./commands.js";
import { failureOf } from "./failure.js";
import { checked, collects, native, parsed } from "./native.js";

const NONE = [];

/** The handle of what was given back: the engine knows none like it. */
const NOBODY = -1;

/** Events that are no more than an id, by their places in the list of `names.json`. */
const EVENTS = { taken: 0, succeeded: 1, waited: 5, ready: 6, notReady: 7, abandoned: 9, interrupted: 10 };

/** What turns and calls have in common: they are told what happened. */
class Machine {
  /** "I am doing it", or, for a `Cancel`, "I have stopped it". */
  taken(id) {
    return this.tell(EVENTS.taken, id);
  }

  succeeded(id) {
    return this.tell(EVENTS.succeeded, id);
  }

  waited(id) {
    return this.tell(EVENTS.waited, id);
  }

  ready(id) {
    return this.tell(EVENTS.ready, id);
  }

  notReady(id) {
    return this.tell(EVENTS.notReady, id);
  }

  /** The host dropped or cancelled what it had taken: permits go back, and it is not counted. */
  abandoned(id) {
    return this.tell(EVENTS.abandoned, id);
  }

  /** The host starts from a snapshot after a death: what was taken but not reported has an unknown outcome. */
  interrupted() {
    return this.tell(EVENTS.interrupted, 0);
  }
}

/** One request of a user. */
export class MachineTurn extends Machine {
  /** @param tools objects of name, risky, replay and timeout. */
  constructor(session, tools = NONE, restored = undefined) {
    super();
    this.session = session;
    this.handle = restored === undefined ? begun(session, tools, session.now()) : checked(restored);
    this.kept = session.keep(this);
  }

  /** A turn from its snapshot, its tools given anew. After a death, report `interrupted` first. */
  static restore(session, text, tools = [], wall = Date.now()) {
    return new MachineTurn(session, tools, restoring(session, text, tools, wall));
  }

  now() {
    return this.session.now();
  }

  /** What to do next; the same until an event or time changes it. */
  poll() {
    return readCommand(this.session.engine.turnPoll(this.handle, this.session.now(), false), this.session);
  }

  /** As `poll`, and takes what it says. */
  next() {
    return readCommand(this.session.engine.turnPoll(this.handle, this.session.now(), true), this.session);
  }

  tell(event, id) {
    return this.session.engine.turnTell(this.handle, this.session.now(), event, id);
  }

  /** `spent` is what a model request has used; without it the engine takes what the stream said, or what the failure lets it know. */
  failed(id, failure, spent = undefined) {
    return this.session.engine.turnFailed(this.handle, this.session.now(), id, failure, spent);
  }

  /**
   * A stream brought something; keep-alives, role-only and usage-only chunks are not meaningful. `usage` is what it says to have
   * used so far: that counts if it ends without an answer.
   */
  progress(id, meaningful, usage = undefined) {
    return this.session.engine.turnProgress(this.handle, this.session.now(), id, meaningful, usage);
  }

  /** The models of these routes, by their places in the chain, stream: for the model requests to come. */
  streamOn(routes, restartable) {
    this.session.engine.turnStreamOn(this.handle, routes, restartable);
  }

  decided(id, decision, digest) {
    return checked(() =>
      this.session.engine.turnDecided(this.handle, this.session.now(), id, String(decision), String(digest)),
    );
  }

  /** @param kind what `readReply` said. @param rows objects of name, digest, complaint and risky. */
  replied(id, kind, rows = [], usage = undefined) {
    return checked(() =>
      this.session.engine.turnReplied(this.handle, this.session.now(), id, String(kind), rows, usage),
    );
  }

  /** What became of a tool call; undefined while it is open. */
  outcome(index) {
    const [outcome, limit] = this.session.engine.turnOutcome(this.handle, index);
    return outcome === undefined ? undefined : { outcome, limit };
  }

  /** What the model is told about a tool call that brought no result of its own. */
  sentence(index) {
    return this.session.engine.turnSentence(this.handle, index);
  }

  /** What the user is told in place of an answer. */
  degradedAnswer() {
    return this.session.engine.turnDegradedAnswer(this.handle);
  }

  /** Counts a step; the limit in the way, if there is one. */
  takeStep() {
    return this.session.engine.turnTakeStep(this.handle, this.session.now());
  }

  /** What became of the turn so far. */
  tally() {
    const { failure, ...tally } = this.session.engine.turnTally(this.handle);
    return { ...tally, failure: failureOf(failure) };
  }

  /** Notices that were not read yet. */
  notices() {
    const { engine } = this.session;
    const notices = [];
    for (let one = engine.turnNotice(this.handle); one !== undefined; one = engine.turnNotice(this.handle)) {
      notices.push(one);
    }
    return notices;
  }

  /** Milliseconds left until the deadline; undefined without one. */
  timeLeft() {
    return this.session.engine.turnTimeLeft(this.handle, this.session.now());
  }

  /** Brings the deadline forward to so many milliseconds from now. */
  shorten(timeout) {
    this.session.engine.turnShorten(this.handle, this.session.now(), timeout);
  }

  /** Begins within another turn: with its time left at most, and, if shared, within its budgets. Before its first attempt. */
  inherit(parent, shareBudgets = false) {
    const legacy = parent.session.engine.turnHandDown(parent.handle, parent.now(), shareBudgets);
    this.session.engine.turnInherit(this.handle, this.session.now(), legacy);
  }

  /** Names the run, so that its idempotency keys repeat when it is run again. To be said before its first attempt. */
  setRunId(runId) {
    checked(() => this.session.engine.turnSetRunId(this.handle, runId));
  }

  /** The short way into a call: an attempt that was let through, or a call to be driven by `next`. */
  enter(streaming = false, restartable = true, contextTokens = undefined) {
    if (contextTokens !== undefined) {
      return new Call(this, { streaming, restartable, contextTokens });
    }
    const { session } = this;
    const entered = session.engine.enter(this.handle, session.now(), streaming, restartable);
    return entered >= 0 ? new Attempt(session, entered) : Call.of(this, -1 - entered);
  }

  /** The attempt worked. */
  settle(attempt) {
    this.session.engine.settle(this.handle, attempt.entry, this.session.now());
    attempt.entry = NOBODY;
  }

  /** The attempt failed: the call goes on from there by `next`. */
  settleFailed(attempt, failure) {
    const call = this.#long(attempt);
    call.failed(attempt.id, failure);
    return call;
  }

  /** The attempt was dropped: permits go back, and it is not counted. */
  settleAbandoned(attempt) {
    const call = this.#long(attempt);
    call.abandoned(attempt.id);
    call.release();
  }

  /** The call of an attempt that was let through, to be driven the long way. */
  #long(attempt) {
    const call = Call.of(this, attempt.entry);
    attempt.entry = NOBODY;
    return call;
  }

  /** Gives its place in the engine back before the collector would, for a host that knows that it is over. */
  release() {
    if (this.handle >= 0) {
      this.session.engine.turnDrop(this.handle);
      this.kept.handle = undefined;
      this.handle = NOBODY;
    }
  }

  /** The end of a `using` block. */
  leave() {
    if (!collects) {
      this.release();
    }
  }

  /** The state as text; `wall` is milliseconds since the Unix epoch. */
  snapshot(wall = Date.now()) {
    return JSON.stringify(this.session.engine.turnSnapshot(this.handle, this.session.now(), wall));
  }
}

/** One guarded operation within a turn. */
export class Call extends Machine {
  constructor(turn, options = {}, made = undefined) {
    super();
    this.turn = turn;
    this.handle = made ?? checked(() => newCall(turn, options));
  }

  static of(turn, handle) {
    return new Call(turn, undefined, handle);
  }

  now() {
    return this.turn.now();
  }

  poll() {
    return this.#polled(false);
  }

  next() {
    return this.#polled(true);
  }

  #polled(take) {
    const { handle, session } = this.turn;
    return readCommand(session.engine.callPoll(handle, this.handle, session.now(), take), session);
  }

  tell(event, id) {
    const { handle, session } = this.turn;
    return session.engine.callTell(handle, this.handle, session.now(), event, id);
  }

  failed(id, failure) {
    const { handle, session } = this.turn;
    return session.engine.callFailed(handle, this.handle, session.now(), id, failure);
  }

  progress(id, meaningful) {
    const { handle, session } = this.turn;
    return session.engine.callProgress(handle, this.handle, session.now(), id, meaningful);
  }

  /** Gives its place in the engine back, once: the loops do so when they are over. */
  release() {
    if (this.handle >= 0) {
      this.turn.session.engine.callDrop(this.turn.handle, this.handle);
      this.handle = NOBODY;
    }
  }
}

function newCall(turn, { replay = "idempotent", streaming = false, restartable = true, timeout, contextTokens }) {
  const { handle, session } = turn;
  return session.engine.callNew(handle, String(replay), streaming, restartable, timeout ?? NaN, contextTokens);
}

function begun({ engine }, tools, now) {
  return tools.length === 0 ? engine.turnBegin(now) : checked(() => engine.turnWithTools(tools.map(rowOf), now));
}

/** What makes a turn from its snapshot. */
export function restoring(session, text, tools, wall) {
  const stored = parsed("snapshot", text, "the text of a turn's snapshot");
  return () => session.engine.turnRestore(stored, tools.map(rowOf), session.now(), wall);
}

/** Refuses a tool whose fields are wrong, before there is a turn. */
export function checkTool(tool) {
  checked(() => native.toolCheck(rowOf(tool)));
}

/** A tool as the engine takes it. */
function rowOf({ name, risky, replay, timeout }) {
  return { name, risky, replay, timeout };
}
