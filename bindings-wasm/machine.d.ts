// `failsoft/machine`: the machine itself, for hosts that write a loop of their own. Two verbs: `next` (or `poll`) says
// what to do, the others report what happened and answer whether that still counted. `docs/design.md` tells the rest.

import type {
  Attempt,
  BreakerMetrics,
  Clock,
  Decision,
  Explanation,
  Failure,
  FailureKind,
  FailurePhase,
  Policy,
  Replay,
  RouteOptions,
  StopReason,
} from "./index.js";

export { Attempt, Explanation, Failure, Policy } from "./index.js";

/** What a host is told to do. A host that meets a kind that it does not know must throw. */
export type Command = Attempt | Wait | Switch | Rebuild | AskApproval | Cancel | Finish;

/** Sleep `delay` milliseconds, then report `waited`; with why `running` wait for a report instead. */
export class Wait {
  private constructor();
  readonly kind: "wait";
  readonly id: number;
  readonly delay: number;
  readonly until: number | undefined;
  readonly why: "backoff" | "rebuilt" | "cooldown" | "breaker" | "activating" | "running";
}

/** Make this route's client ready, then report `ready` or `notReady`. */
export class Switch {
  private constructor();
  readonly kind: "switch";
  readonly id: number;
  /** The route's place in the chain. */
  readonly route: number;
  readonly until: number | undefined;
  readonly why: "begin" | "fallback";
}

/** Close this route's client and make it again, then report `ready` or `notReady`. */
export class Rebuild {
  private constructor();
  readonly kind: "rebuild";
  readonly id: number;
  /** The route's place in the chain. */
  readonly route: number;
  readonly until: number | undefined;
  readonly generation: number;
}

/** Ask a person whether this tool call may run, then report `decided`. */
export class AskApproval {
  private constructor();
  readonly kind: "ask_approval";
  readonly id: number;
  /** The tool call's place in the model's reply. */
  readonly index: number;
  readonly until: number | undefined;
  readonly digest: string;
}

/** Stop what was taken under this id. */
export class Cancel {
  private constructor();
  readonly kind: "cancel";
  readonly id: number;
  readonly why: "timed_out" | "deadline" | "superseded";
}

/** It is over. */
export class Finish {
  private constructor();
  readonly kind: "finish";
  readonly end: "succeeded" | "permanent" | "exhausted" | "no_route" | "limit" | "cancelled";
  readonly limit: Limit | undefined;
  readonly stopReason: StopReason;
  readonly failure: Failure | undefined;
  /** Milliseconds until asking again may help. */
  readonly retryIn: number | undefined;
  readonly timedOut: boolean;
  readonly message: string;
  /** Which error this end is: the original one, or one of ours. */
  raised(hasOriginal: boolean): "original" | "deadline_exceeded" | "step_limit_exceeded" | "breaker_open" | "exhausted";
}

/** A limit of a turn that was reached. */
export type Limit = "steps" | "tool_calls" | "attempts" | "tokens" | "deadline" | "same_failure";

/** What a model request has used, as far as that is known. */
export interface Used {
  /** @default undefined: unknown */
  inputTokens?: number | undefined;
  /** @default undefined: unknown */
  outputTokens?: number | undefined;
}

/** What turns and calls have in common. Each answers whether the report was accepted; a stale one changes nothing. */
declare class Machine {
  protected constructor();
  /** What to do; the same until a report or time changes it. */
  poll(): Command;
  /** As `poll`, and takes what it says: nobody else is told to do it. */
  next(): Command;
  /** "I am doing it", or, for a {@link Cancel}, "I have stopped it". */
  taken(id: number): boolean;
  succeeded(id: number): boolean;
  failed(id: number, failure: Failure): boolean;
  /** A stream brought something; keep-alives, role-only and usage-only chunks are not meaningful. */
  progress(id: number, meaningful: boolean): boolean;
  waited(id: number): boolean;
  ready(id: number): boolean;
  notReady(id: number): boolean;
  /** It was dropped or cancelled by the host: permits go back, and it is not counted. */
  abandoned(id: number): boolean;
  /** First of all after a death: what was taken but not reported has an unknown outcome. */
  interrupted(): boolean;
}

/** What the engine knows of a route, and whether it has a hook that makes its client. */
export interface RouteFields extends Omit<RouteOptions, "activate" | "close" | "client" | "runtime"> {
  /**
   * Its name; unique in the chain.
   *
   * @default none: it must be given
   * @example new MachineSession(new Policy(), [[{}, { name: "primary" }]])
   */
  name: string;
  /**
   * Whether its client has to be made: only then are there a {@link Switch} and a {@link Rebuild}.
   *
   * @default false
   * @example new MachineSession(new Policy(), [[{}, { name: "primary", activates: true }]])
   */
  activates?: boolean | undefined;
  /**
   * Whether its client is there when the session begins.
   *
   * @default undefined: that of the primary is, and that of every route that has no hook
   * @example new MachineSession(new Policy(), [[{}, { name: "primary", activates: true, ready: false }]])
   */
  ready?: boolean | undefined;
}

/** The process or the conversation. Clients and your own route objects stay in JavaScript. */
export class MachineSession {
  /**
   * @param routes pairs of an object of yours, which is `attempt.route`, and what the engine knows of it.
   * @param seed for tests; without one the engine asks the platform for randomness, when it first needs it.
   * @param oneSlot whether the host keeps one client at a time: to make one ready is to make the others not ready.
   */
  constructor(
    policy: Policy,
    routes: readonly (readonly [unknown, RouteFields])[],
    clock?: Clock,
    seed?: number | bigint,
    oneSlot?: boolean,
  );
  /**
   * A session from a snapshot, over a policy and a chain of today.
   *
   * @param epoch a number that differs from those of the processes before.
   * @param wall milliseconds since the Unix epoch.
   */
  static restore(
    text: string,
    policy: Policy,
    routes: readonly (readonly [unknown, RouteFields])[],
    clock: Clock | undefined,
    epoch: number | bigint,
    wall: number,
    oneSlot?: boolean,
  ): MachineSession;
  readonly routes: readonly unknown[];
  get policy(): Policy;
  /** Milliseconds on its clock. */
  now(): number;
  /** The state as text. Clients and permits do not travel. `wall` is milliseconds since the Unix epoch, now by default. */
  snapshot(wall?: number): string;
  /** Whether calls of it may be hedged, which is for loops that can have two requests under way at once. */
  readonly hedges: boolean;
  breakerMetrics(route: number): BreakerMetrics;
  orderBreaker(route: number, order: BreakerOrder): void;
  isolateRoute(route: number): void;
  releaseRoute(route: number): void;
  resetRoute(route: number): void;
  standingApprovals(): string[];
  standFor(tool: string): void;
  withdrawApproval(tool: string): boolean;
  /** The warning about a client that repeats its requests by itself so often. */
  multiplied(route: string | undefined, retries: number): string;
  /** The host has made or closed a route's client by itself, between turns. */
  setReady(route: number, ready: boolean): void;
  /** A route's client; for an attempt that was pinned, the one that it began with. */
  clientOf(route: number, attempt?: unknown): unknown;
  setClient(route: number, client: unknown): void;
  /** From now on this is the client of the attempt, whatever the route's becomes. */
  pin(attempt: unknown, client: unknown): void;
}

/** A tool, as the engine takes it. */
export interface ToolRow {
  /**
   * Its name; unique in the turn.
   *
   * @default none: it must be given
   * @example new MachineTurn(session, [{ name: "add", risky: false, replay: "once" }])
   */
  name: string;
  /**
   * Whether every call of it needs approval.
   *
   * @default none: it must be given
   * @example new MachineTurn(session, [{ name: "pay", risky: true, replay: "keyed" }])
   */
  risky: boolean;
  /**
   * Whether a call may be made twice.
   *
   * @default none: it must be given
   * @example new MachineTurn(session, [{ name: "find", risky: false, replay: "idempotent" }])
   */
  replay: Replay;
  /**
   * The limit of one run, in place of the policy's `attempt.timeout`: 1 ms to 30 days.
   *
   * @default undefined
   * @example new MachineTurn(session, [{ name: "find", risky: false, replay: "idempotent", timeout: 5_000 }])
   */
  timeout?: number | undefined;
}

/** A tool call of a model's reply: its digest, or what is wrong with its arguments; and its risk, where that has to be judged. */
export type CallRow =
  | { name: string; digest: string; risky?: boolean | "unknown" | undefined }
  | { name: string; complaint: string };

/** What became of a tool call. */
export type ToolOutcome =
  | "ran"
  | "failed"
  | "outcome_unknown"
  | "denied"
  | "expired"
  | "no_approver"
  | "withdrawn"
  | "unknown_tool"
  | "bad_arguments"
  | "not_run";

/** What became of a turn so far. */
export interface Tally {
  route: string | undefined;
  stopReason: StopReason | undefined;
  degraded: boolean;
  steps: number;
  attempts: number;
  toolCalls: number;
  blocked: string[];
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  /** What requests used that failed; undefined once that is unknown of one of them. */
  spentInputTokens: number | undefined;
  spentOutputTokens: number | undefined;
  failure: Failure | undefined;
  lines: string[];
}

/** Something worth a log line. */
export interface Notice {
  /** Milliseconds since the turn began. */
  at: number;
  line: string;
  what:
    | "attempt_failed"
    | "recovered"
    | "skipped"
    | "moved_on"
    | "returned"
    | "hedged"
    | "hedge_won"
    | "not_ready"
    | "rebuilt"
    | "not_rebuilt"
    | "breaker_opened"
    | "breaker_closed"
    | "cooldown"
    | "waiting"
    | "replied"
    | "approval_asked"
    | "decided"
    | "tool"
    | "limit_reached"
    | "usage_unknown"
    | "finished";
  /** The name of the route that it is about. */
  route: string | undefined;
  /** Of an attempt that failed: which on its route, from 1; how; what follows, and the milliseconds before it. */
  attempt: number | undefined;
  kind: FailureKind | undefined;
  next: "again" | "rebuild" | "move_on" | "wait" | "hedge" | "first" | "stop" | undefined;
  delay: number | undefined;
}

/** One request of a user. */
export class MachineTurn extends Machine {
  constructor(session: MachineSession, tools?: readonly ToolRow[]);
  /** A turn from its snapshot, its tools given anew. After a death, report `interrupted` first. */
  static restore(session: MachineSession, text: string, tools: readonly ToolRow[], wall: number): MachineTurn;
  readonly session: MachineSession;
  now(): number;
  /** An approver's decision on the call of this digest. */
  decided(id: number, decision: Decision, digest: string): boolean;
  /** A model's reply. Its kind is what {@link readReply} says. */
  replied(id: number, kind: ReplyKind, rows?: readonly CallRow[], usage?: Used): boolean;
  /**
   * The attempt failed. `spent` is what a model request has used; without it the engine takes what the stream said, or what the
   * failure lets it know.
   */
  failed(id: number, failure: Failure, spent?: Used): boolean;
  /**
   * A stream brought something; keep-alives, role-only and usage-only chunks are not meaningful. `usage` is what it says to have
   * used so far: that counts if it ends without an answer.
   */
  progress(id: number, meaningful: boolean, usage?: Used): boolean;
  /**
   * The models of these routes, by their places in the chain, stream: for the model requests to come.
   *
   * @param restartable whether one that broke may be asked for again, from the beginning, after it made progress.
   */
  streamOn(routes: readonly number[], restartable: boolean): void;
  /** What became of a tool call; undefined while it is open. */
  outcome(index: number): { outcome: ToolOutcome; limit: Limit | undefined } | undefined;
  /** What the model is told about a tool call that brought no result of its own. */
  sentence(index: number): string | undefined;
  /** What the user is told in place of an answer. */
  degradedAnswer(): string | undefined;
  /** Counts a step; returns the limit in the way, if there is one. */
  takeStep(): Limit | undefined;
  tally(): Tally;
  /** Notices that were not read yet. */
  notices(): Notice[];
  /** Milliseconds left until the deadline; undefined without one. */
  timeLeft(): number | undefined;
  /** Brings the deadline forward to so many milliseconds from now. */
  shorten(timeout: number): void;
  /** Begins within another turn: with its time left at most, and, if shared, within its budgets. Before its first attempt. */
  inherit(parent: MachineTurn, shareBudgets?: boolean): void;
  /** Names the run, so that its idempotency keys repeat when it is run again. To be said before its first attempt. */
  setRunId(runId: string): void;
  /** The short way into a call: an attempt that was let through, to be settled, or a call to be driven. */
  enter(streaming?: boolean, restartable?: boolean, contextTokens?: number): Attempt | Call;
  settle(attempt: Attempt): void;
  /** The attempt failed: the call goes on from there. */
  settleFailed(attempt: Attempt, failure: Failure): Call;
  settleAbandoned(attempt: Attempt): void;
  /** The state as text. `wall` is milliseconds since the Unix epoch, now by default. */
  snapshot(wall?: number): string;
}

/** One guarded operation within a turn. */
export class Call extends Machine {
  constructor(turn: MachineTurn, options?: MachineCallOptions);
  readonly kind?: undefined;
  readonly turn: MachineTurn;
  /** Gives its place in the engine back: the loop does so when it is over. Twice does no harm. */
  release(): void;
}

/** What is known of a {@link Call}. */
export interface MachineCallOptions {
  /**
   * Whether it may be made twice.
   *
   * @default "idempotent"
   * @example new Call(turn, { replay: "once" })
   */
  replay?: Replay | undefined;
  /**
   * Whether its attempts are streams: then they have limits of progress in place of one for the whole.
   *
   * @default false
   * @example new Call(turn, { streaming: true })
   */
  streaming?: boolean | undefined;
  /**
   * Whether it may start over after a stream made progress.
   *
   * @default true
   * @example new Call(turn, { streaming: true, restartable: false })
   */
  restartable?: boolean | undefined;
  /**
   * The limit of one attempt, in place of the policy's `attempt.timeout`: 1 ms to 30 days.
   *
   * @default undefined
   * @example new Call(turn, { timeout: 5_000 })
   */
  timeout?: number | undefined;
  /**
   * How many tokens of context it takes: a whole number from 0 to 4294967295.
   *
   * @default undefined: no route is skipped for its window
   * @example new Call(turn, { contextTokens: 150_000 })
   */
  contextTokens?: number | undefined;
}

/** What one chunk of a stream holds; what is left out it does not hold. */
export interface Chunk {
  /**
   * Text of the answer that is not blank.
   *
   * @default false
   * @example stream.take({ text: true })
   */
  text?: boolean | undefined;
  /**
   * A tool call, or a part of one.
   *
   * @default false
   * @example stream.take({ toolCall: true })
   */
  toolCall?: boolean | undefined;
  /**
   * Reasoning.
   *
   * @default false
   * @example stream.take({ reasoning: true })
   */
  reasoning?: boolean | undefined;
  /**
   * The provider's reason for its end.
   *
   * @default undefined
   * @example stream.take({ finish: "stop" })
   */
  finish?: string | undefined;
  /**
   * A part of a refusal.
   *
   * @default undefined
   * @example stream.take({ refusal: "I cannot" })
   */
  refusal?: string | undefined;
  /**
   * Usage.
   *
   * @default false
   * @example stream.take({ usage: true })
   */
  usage?: boolean | undefined;
  /**
   * The mark after which nothing comes.
   *
   * @default false
   * @example stream.take({ terminator: true })
   */
  terminator?: boolean | undefined;
  /**
   * It could not be read.
   *
   * @default false
   * @example stream.take({ malformed: true })
   */
  malformed?: boolean | undefined;
  /**
   * Content of a kind whose end cannot be known: any chunk that is no provider's.
   *
   * @default false
   * @example stream.take({ other: true })
   */
  other?: boolean | undefined;
}

/** How a {@link Stream} is judged. */
export interface StreamOptions {
  /**
   * Whether half an answer is welcome where the provider says that it cut it.
   *
   * @default false
   * @example new Stream({ acceptCut: true })
   */
  acceptCut?: boolean | undefined;
  /**
   * Whether the provider was asked for the usage, so that it is worth waiting for.
   *
   * @default false
   * @example new Stream({ wantsUsage: true })
   */
  wantsUsage?: boolean | undefined;
}

/** What a stream of chunks comes to: the host says what each chunk holds, and judges nothing. */
export class Stream {
  /** For how many milliseconds at most a stream is read on after {@link Stream.take} has said "finished". */
  static readonly TAIL: number;
  /** For how many milliseconds at most a source that has said all is read on: its connection can be used again. */
  static readonly LINGER: number;
  constructor(options?: StreamOptions);
  /** Takes the next chunk. "finished": only the usage is missing. "done": read no further. */
  take(chunk: Chunk): "nothing" | "progress" | "finished" | "done";
  /** Nothing more is read: why it may not be taken for a whole answer; undefined when it may. */
  end(): { kind: FailureKind; what: string } | undefined;
  /** How far it has come, for the classification of an error that is met while it is read. */
  get phase(): "first_progress" | "idle";
  /** Whether a part of the answer has come. */
  get hasProgressed(): boolean;
}

/** The manual overrides of a breaker; "automatic" ends one. */
export type BreakerOrder = "automatic" | "force_open" | "force_closed" | "metrics_only";

/** What was taken out of use, to be given back. */
export interface Hold {
  readonly slot: number;
  readonly life: number;
}

/** The right to make one call. */
export interface Permit extends Hold {
  readonly generation: number;
  readonly since: number;
}

/** One breaker by the numbers of a policy's `breaker` part, and one for each key. Without a key, the one without. */
export class Circuit {
  /** @param maxKeys how many keys are kept, 1 to 100000, the most by default. */
  constructor(policy: Policy, clock?: Clock, maxKeys?: number);
  /**
   * A permit, or the milliseconds until asking may be admitted, undefined where a person has to say so. A permit lapses
   * after `lease`; without it, never.
   */
  admit(
    lease?: number,
    key?: string,
  ): { permit: Permit; retryIn?: undefined } | { permit?: undefined; retryIn: number | undefined };
  /** True counts a success, false a failure, undefined gives the permit back. */
  settle(permit: Permit, passed: boolean | undefined): void;
  metrics(key?: string): BreakerMetrics;
  order(order: BreakerOrder, key?: string): void;
  isolate(key?: string): Hold;
  release(held: Hold): void;
  reset(key?: string): void;
}

/** Counts steps up to a policy's `turn.steps`. */
export class StepCounter {
  constructor(policy: Policy);
  /** The number of the step that is taken; undefined when there is none left. */
  tick(): number | undefined;
  get taken(): number;
}

/** What a host can tell about an error without judging it. */
export interface Facts {
  status?: number | undefined;
  /** Those of {@link headerNames} that the answer has, by their names in lower case. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The text of the answer's body, JSON or not; its first 64 KiB are looked at. */
  body?: string | undefined;
  /** The provider's error code, such as `insufficient_quota`. */
  code?: string | undefined;
  /** The provider's error type, such as `overloaded_error`. */
  errorType?: string | undefined;
  message?: string | undefined;
  /** Names of classes, the error's own first, then those of its causes; codes and names of its own before them. */
  classes?: readonly string[] | undefined;
  phase?: FailurePhase | undefined;
  /** Whose answer it is, in lower case: `openai`, `anthropic`, `google`. */
  provider?: string | undefined;
  /** Milliseconds since the Unix epoch, for dates. */
  wallMs?: number | undefined;
}

export type ReplyKind = "answer" | "tool_calls" | "nothing";

/** The failure that these facts make, by a policy's rules and the built-in ones. */
export function classifyFacts(facts: Facts, policy?: Policy): Failure;
/** The same with the rule, the facts that made it hold, and what follows. */
export function explainFacts(facts: Facts, policy?: Policy): Explanation;
/** What follows a failure that an error brings along. */
export function explainFailure(failure: Failure, policy?: Policy): Explanation;
/** The headers that are handed over, in lower case. */
export function headerNames(): readonly string[];
/** What a tool call is known by, or what is wrong with its arguments, which come as JSON text. */
export function canonicalDigest(
  tool: string,
  argumentsText: string,
): { digest: string; complaint?: undefined } | { digest?: undefined; complaint: string };
/** SHA-256 of a text, as hex digits. */
export function fingerprint(text: string): string;
/** The policy's word on a tool call, given the tools that were approved for longer. */
export function gate(
  policy: Policy,
  tool: string,
  risky: boolean,
  standing: readonly string[],
): "run" | "standing" | "ask" | "deny";
/** An approver's answer as a decision; `failed` if it threw instead of answering. */
export function decision(answer: unknown, failed?: boolean): Decision;
/** Why a decision keeps a tool from running; undefined when it may run. */
export function refusal(
  tool: string,
  decision: Decision,
): { reason: "denied" | "withdrawn" | "no_approver"; sentence: string } | undefined;
/** Whether a decision covers later calls of the tool too. */
export function stands(decision: Decision): boolean;
/** What a model's reply is, from its text and the number of its tool calls. */
export function readReply(answer: string, calls: number): ReplyKind;
/** Whether a client's error of this kind, `waited` milliseconds after anything came, is a limit of the engine's own. */
export function isLimitOfOurs(kind: FailureKind, endsReading: boolean, waited: number, limit: number): boolean;
/** Why a provider's reply may not be taken for a whole one; undefined when it may. */
export function judgeFinish(
  reason: string | undefined,
  refusal: string | undefined,
  acceptCut: boolean,
): { kind: FailureKind; what: string } | undefined;
/** A name that somebody else wrote, as messages show it: on one line, escaped and cut at 64 characters. */
export function foreignName(text: string): string;
/** The same for a text, which is cut at 200 characters. */
export function foreignText(text: string): string;
/** As {@link foreignName}, in quotes. */
export function foreignQuoted(text: string): string;
/** The sentence for a tool that the policy denies. */
export function deniedByRule(tool: string): string;
/** What a model is told about a tool that ran and failed. */
export function toolFailed(name: string, error: string): string;
/** Every word for why a turn ends. */
export function stopReasons(): StopReason[];
/** The engine's lists of words. */
export function names(): Readonly<Record<string, readonly string[]>>;

/** Sentences of errors, the same in every language. */
export const words: {
  givenUpOn(what: string, millis?: number): string;
  breakerOpen(retryIn?: number): string;
  emptyReply(): string;
  stepsTaken(most: number): string;
  noStepsLeft(): string;
  deadlinePassed(): string;
  /** A stream did not bring a whole answer; `what` is what {@link Stream.end} says. */
  streamFailed(route: string | undefined, what: string): string;
  /** A request brought something else than a stream. */
  noStream(found: string): string;
};

/** Milliseconds on the default clock. It never goes back. */
export function monotonic(): number;
/** Replaces the default clock; undefined for the real one. */
export function setDefaultClock(clock: Clock | undefined): void;
/** How many machines are alive, and the bytes of the engine's memory: for tests. */
export function statistics(): Record<
  "policies" | "sessions" | "turns" | "calls" | "circuits" | "counters" | "bytes",
  number
>;
