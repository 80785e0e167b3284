// The machine: sessions, turns and calls, for hosts that write a loop of their own. Every decision is the core's.

import { readNotice, readTally } from "./account.js";
import { monotonic, setDefaultClock } from "./clock.js";
import { Attempt, readCommand } from "./command.js";
import { native } from "./engine.js";
import { known, numbersOf } from "./failure.js";
import { checked, GONE, keep, letGo, statistics, TABLES } from "./handles.js";
import { restoring, rowOf } from "./rows.js";

export { Circuit, StepCounter } from "./circuit.js";
export { AskApproval, Attempt, Cancel, Finish, Rebuild, Switch, Wait } from "./command.js";
export { Failure } from "./failure.js";
export * from "./judge.js";
export { MachineSession } from "./machine_session.js";
export {
  canonicalDigest,
  decision,
  fingerprint,
  gate,
  isLimitOfOurs,
  judgeFinish,
  Policy,
  readReply,
  refusal,
  stands,
} from "./policy.js";
export { Stream } from "./stream.js";
export { deniedByRule, foreignName, foreignText, names, stopReasons, toolFailed, words } from "./words.js";
export { monotonic, setDefaultClock, statistics };

/** Events that are no more than an id, by their places in the list of `names.json`. */
const EVENTS = { taken: 0, succeeded: 1, waited: 6, ready: 7, notReady: 8, abandoned: 10, interrupted: 11 };

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

  /** The host dropped or cancelled what it had taken: permits go back, nobody is charged. */
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
  constructor(session, tools = [], restored) {
    super();
    this.session = session;
    const make = restored ?? (() => native.turnNew(session.handle, tools.map(rowOf), session.now()));
    this.handle = keep(this, TABLES.turns, checked(make));
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
    return readCommand(native.turnPoll(this.handle, this.now(), false), this.session);
  }

  /** As `poll`, and takes what it says. */
  next() {
    return readCommand(native.turnPoll(this.handle, this.now(), true), this.session);
  }

  tell(event, id) {
    return native.turnTell(this.handle, this.now(), event, id);
  }

  failed(id, failure) {
    return native.turnFailed(this.handle, this.now(), id, ...numbersOf(failure));
  }

  /** A stream brought something; keep-alives, role-only and usage-only chunks are not meaningful. */
  progress(id, meaningful) {
    return native.turnProgress(this.handle, this.now(), id, meaningful);
  }

  /** What the attempt has used of the model, as far as that is known; said before `failed`. */
  spent(id, { inputTokens, outputTokens } = {}) {
    return native.turnSpent(this.handle, this.now(), id, inputTokens ?? NaN, outputTokens ?? NaN);
  }

  /** The models of these routes, by their places in the chain, stream: for the model requests to come. */
  streamOn(routes, restartable) {
    const half = (from) => routes.reduce((bits, place) => bits | (place >> 5 === from ? 1 << (place & 31) : 0), 0);
    native.turnStreamOn(this.handle, half(0), half(1), restartable);
  }

  decided(id, decision, digest) {
    return checked(() => native.turnDecided(this.handle, this.now(), id, String(decision), String(digest)));
  }

  /** @param kind what `readReply` said. @param rows objects of name, digest, complaint and risky. */
  replied(id, kind, rows = [], { inputTokens, outputTokens } = {}) {
    const tokens = [inputTokens ?? NaN, outputTokens ?? NaN];
    return checked(() => native.turnReplied(this.handle, this.now(), id, String(kind), rows, ...tokens));
  }

  /** What became of a tool call; undefined while it is open. */
  outcome(index) {
    const [outcome, limit] = native.turnOutcome(this.handle, index);
    return outcome === undefined ? undefined : { outcome, limit };
  }

  /** What the model is told about a tool call that brought no result of its own. */
  sentence(index) {
    return native.turnSentence(this.handle, index);
  }

  /** What the user is told in place of an answer. */
  degradedAnswer() {
    return native.turnDegradedAnswer(this.handle);
  }

  /** Counts a step; the limit in the way, if there is one. */
  takeStep() {
    return native.turnTakeStep(this.handle, this.now());
  }

  /** What became of the turn so far. */
  tally() {
    return readTally(this.handle);
  }

  /** Notices that were not read yet. */
  notices() {
    const notices = [];
    for (let line = native.turnNotice(this.handle); line !== undefined; line = native.turnNotice(this.handle)) {
      notices.push(readNotice(line, this.session.routeNames));
    }
    return notices;
  }

  /** Milliseconds left until the deadline; undefined without one. */
  timeLeft() {
    return known(native.turnTimeLeft(this.handle, this.now()));
  }

  /** Brings the deadline forward to so many milliseconds from now. */
  shorten(timeout) {
    native.turnShorten(this.handle, this.now(), timeout);
  }

  /** Begins within another turn: with its time left at most, and, if shared, within its budgets. Before its first attempt. */
  inherit(parent, shareBudgets = false) {
    native.turnInherit(this.handle, this.now(), parent.handle, parent.now(), shareBudgets);
  }

  /** Names the run, so that its idempotency keys repeat when it is run again. To be said before its first attempt. */
  setRunId(runId) {
    checked(() => native.turnSetRunId(this.handle, runId));
  }

  /** The short way into a call: an attempt that was let through, or a call to be driven by `next`. */
  enter(streaming = false, restartable = true, contextTokens = undefined) {
    if (contextTokens !== undefined) {
      return new Call(this, { streaming, restartable, contextTokens });
    }
    const entered = native.turnEnter(this.handle, this.session.now(), streaming, restartable);
    return entered >= 0 ? new Attempt(this.session, entered) : Call.of(this, -1 - entered);
  }

  /** The attempt worked. */
  settle(attempt) {
    native.settle(attempt.entry, this.session.now());
    attempt.entry = GONE;
  }

  /** The attempt failed: the call goes on from there by `next`. */
  settleFailed(attempt, failure) {
    const call = this.#long(attempt);
    call.failed(attempt.id, failure);
    return call;
  }

  /** The attempt was dropped: permits go back, nobody is charged. */
  settleAbandoned(attempt) {
    const call = this.#long(attempt);
    call.abandoned(attempt.id);
    call.release();
  }

  /** The call of an attempt that was let through, to be driven the long way. */
  #long(attempt) {
    const call = Call.of(this, attempt.entry);
    attempt.entry = GONE;
    return call;
  }

  /** Gives its place in the engine back before the collector would, for a host that knows that it is over. */
  release() {
    letGo(this, TABLES.turns, this.handle);
    this.handle = GONE;
  }

  /** The state as text; `wall` is milliseconds since the Unix epoch. */
  snapshot(wall = Date.now()) {
    return JSON.stringify(native.turnSnapshot(this.handle, this.now(), wall));
  }
}

/** One guarded operation within a turn. */
function newCall(turn, { replay = "idempotent", streaming = false, restartable = true, timeout, contextTokens }) {
  return native.callNew(turn.handle, String(replay), streaming, restartable, timeout ?? NaN, contextTokens);
}

export class Call extends Machine {
  constructor(turn, options = {}, made = undefined) {
    super();
    this.turn = turn;
    this.handle = made ?? checked(() => newCall(turn, options));
  }

  static of(turn, handle) {
    return new Call(turn, undefined, handle);
  }

  poll() {
    return readCommand(native.callPoll(this.handle, this.turn.now(), false), this.turn.session);
  }

  next() {
    return readCommand(native.callPoll(this.handle, this.turn.now(), true), this.turn.session);
  }

  tell(event, id) {
    return native.callTell(this.handle, this.turn.now(), event, id);
  }

  failed(id, failure) {
    return native.callFailed(this.handle, this.turn.now(), id, ...numbersOf(failure));
  }

  progress(id, meaningful) {
    return native.callProgress(this.handle, this.turn.now(), id, meaningful);
  }

  /** Gives its place in the engine back, once: the loops do so when they are over. */
  release() {
    if (this.handle >= 0) {
      native.release(TABLES.calls, this.handle);
      this.handle = GONE;
    }
  }
}
