// The types of `failsoft`, written by hand. Spans are milliseconds, everything that waits is a promise, and what is
// left out (or `undefined`) has its default. A value that is not allowed is an `InvalidOption`; an option that there is
// not, or of the wrong type, is a `TypeError`.

/// <reference lib="esnext.disposable" />

import type { Chunk as ChunkFacts, ToolOutcome } from "./machine.js";

export type { Chunk as ChunkFacts, ToolOutcome } from "./machine.js";
export * as testing from "./testing.js";

// ---- One guard around one call ----

/**
 * Calls `fn`, and again if it fails in a way that may pass. Resolves with its value.
 *
 * Rejects with {@link Exhausted} when the last attempt failed too (its error is the `cause`), with the original error,
 * unchanged, where asking again cannot help, and with `signal.reason` when the signal is aborted. Within a turn
 * ({@link currentTurn}) nothing begins after its deadline, and what is under way then is given up on:
 * {@link DeadlineExceeded}.
 *
 * @example
 * const page = await retry(async ({ signal }) => {
 *   const reply = await fetch(url, { signal });
 *   if (!reply.ok) throw reply; // fetch does not
 *   return reply;
 * }, { maxAttempts: 5 });
 */
export function retry<T>(fn: (attempt: RetryAttempt) => T, options?: RetryOptions): Promise<Awaited<T>>;

/**
 * A function of the same parameters, and the same `this`, that is retried as by {@link retry}.
 *
 * Generators are refused (`TypeError`): what they have already given away cannot be taken back.
 *
 * @example
 * const load = retrying(async (id: number) => db.get(id), { on: ConnectionLost });
 */
export function retrying<This, Args extends unknown[], T>(
  fn: (this: This, ...args: Args) => T,
  options?: RetryOptions,
): (this: This, ...args: Args) => Promise<Awaited<T>>;

/**
 * {@link retry} as a loop around a block. The loop ends with the first block that succeeds; the error of the last one,
 * or a permanent one, comes out of `run` or `failed`.
 *
 * @example
 * for await (const attempt of attempts({ maxAttempts: 3 })) {
 *   await attempt.run(({ signal }) => load(signal));
 * }
 */
export function attempts(options?: RetryOptions): AsyncIterable<AttemptBlock>;

/**
 * Calls `fn` and gives up on it after `timeout` milliseconds (1 ms to 30 days). Resolves with its value, or rejects with
 * its error, unchanged.
 *
 * At the limit the signal is aborted and the rejection is a {@link CallTimeout}, also where `fn` does not listen to the
 * signal: then it is left behind, and what it brings is dropped. Where the current turn ({@link currentTurn}) has less
 * time left than that, it holds, and the rejection is a {@link DeadlineExceeded}.
 *
 * @example
 * const page = await callWithDeadline(({ signal }) => fetch(url, { signal }), 2_000);
 */
export function callWithDeadline<T>(
  fn: (given: Signalled) => T,
  timeout: number,
  options?: DeadlineOptions,
): Promise<Awaited<T>>;

/**
 * Calls the first choice, the next one if it fails, and so on. Resolves with the first value.
 *
 * It moves on at every error. Rejects with {@link Exhausted} when none succeeds (the last error is the `cause`), and with
 * `signal.reason` when the signal is aborted.
 *
 * @example
 * const text = await fallback(askPrimary, askBackup, () => "nobody is there");
 */
export function fallback<Choices extends [Choice, ...Choice[]]>(
  ...choices: Choices
): Promise<Awaited<ReturnType<Choices[number]>>>;
export function fallback<Choices extends [Choice, ...Choice[]]>(
  ...choicesThenOptions: [...choices: Choices, options: FallbackOptions]
): Promise<Awaited<ReturnType<Choices[number]>>>;

/**
 * Lets exactly so many steps through, for a loop of your own.
 *
 * @example
 * const limiter = new StepLimiter(10);
 * while (!isDone) { limiter.tick(); await step(); }
 */
export class StepLimiter {
  /** @param maxSteps a whole number from 1 to 100000. */
  constructor(maxSteps: number);
  readonly maxSteps: number;
  /** Steps taken so far. */
  get steps(): number;
  /** Takes a step and returns its number, from 1; throws {@link StepLimitExceeded} when there is none left. */
  tick(): number;
}

/**
 * Resolves when a tool call may run; rejects with {@link ApprovalDenied}, whose `reason` says why, when it may not.
 *
 * An approver that throws has not said yes: its error comes out.
 *
 * @param args the arguments of the call, plain data: what is shown to the approver.
 * @example
 * await approvalGate("send_email", { to: "a@b.c" }, { risky: ["send_email"], approver: askSomebody });
 */
export function approvalGate<Args extends object>(
  tool: string,
  args: Args,
  options: GateOptions<Args> & Required<Pick<GateOptions<Args>, "risky">>,
): Promise<void>;

/**
 * Stops calling what keeps failing, and tries again with a probe.
 *
 * Every error counts but those in `ignore` and what an abort leaves, such as an `AbortError`: whoever was called off proves
 * nothing.
 *
 * @example
 * const breaker = new CircuitBreaker({ consecutive: 5 });
 * const rate = await breaker.call(fetchRate, "EUR");
 */
export class CircuitBreaker {
  constructor(options?: CircuitBreakerOptions);
  /**
   * The breaker of a key, with the same numbers and methods: for each tool, tenant or whatever you tell apart. Equal keys
   * of one `CircuitBreaker` are one breaker; an unknown one is closed.
   *
   * @example
   * await breaker.keyed(tool.name).call(tool.run, input);
   */
  keyed(key: string): CircuitBreaker;
  /** What it is doing now. */
  get state(): BreakerState;
  /** What it goes by now. */
  get metrics(): BreakerMetrics;
  /** Takes it out of use until it is released. Where several hold it, the last one to release it counts. */
  isolate(): Isolation;
  /** Orders it to refuse, until {@link CircuitBreaker.automatic}. */
  forceOpen(): void;
  /** Orders it to let everything pass and to count nothing, until {@link CircuitBreaker.automatic}. What it had learnt is forgotten. */
  forceClosed(): void;
  /** Orders it to let everything pass and to count it, until {@link CircuitBreaker.automatic}. */
  metricsOnly(): void;
  /** Ends the manual override: it decides by itself again, with what it counted meanwhile. */
  automatic(): void;
  /** Closes it and forgets what it has learnt. A manual override stays. */
  reset(): void;
  /** Calls `fn(...args)` if the breaker lets it, else rejects with {@link BreakerOpen}, whose `retryIn` says when to come back. */
  call<Args extends unknown[], T>(fn: (...args: Args) => T, ...args: Args): Promise<Awaited<T>>;
  /** A function of the same parameters, and the same `this`, that is guarded. Generators are refused. */
  wrap<This, Args extends unknown[], T>(
    fn: (this: This, ...args: Args) => T,
  ): (this: This, ...args: Args) => Promise<Awaited<T>>;
  /** For a block with `using breaker = ..`: it is not to be used after that. */
  [Symbol.dispose](): void;
}

/**
 * What kind of failure an error is, as the engine sees it. Knows failsoft's own errors, those of `fetch`, Node, `openai`,
 * `@anthropic-ai/sdk`, `ai`, `@google/genai`, AWS and axios, and whatever carries an HTTP status, headers or a body. It
 * reads nothing from a connection, and throws for no error, however odd.
 *
 * An error that brings along a {@link Failure} as `failsoftFailure` is that failure.
 *
 * @example
 * if (classify(error).kind === "rate_limited") { .. }
 */
export function classify(error: unknown, options?: ClassifyOptions): Failure;

/**
 * As {@link classify}, with the rule that decided, the facts that made it hold, and what the engine will do.
 *
 * @example
 * console.log(`${explain(error)}`); // a few lines for people
 */
export function explain(error: unknown, options?: ClassifyOptions): Explanation;

/** What was decided about a failure, and why. As a text it is a few lines for people. */
export class Explanation {
  private constructor();
  /** The name of the rule that decided. A policy can switch it off or replace it by that name. */
  readonly rule: string;
  readonly failure: Failure;
  /** The facts that made the rule hold. */
  readonly why: string;
  /** What the engine will do about it. */
  readonly next: string;
  toString(): string;
}

/** What is known of an error beside itself. */
export interface ClassifyOptions extends JudgingOptions {
  /**
   * Whose rules and failure table count; without one the built-in ones.
   *
   * @default undefined
   * @example explain(error, { policy: Policy.fromJSON(file) })
   */
  policy?: Policy | undefined;
}

/** What is known of an error beside itself, where the policy is that of the session. */
export interface JudgingOptions {
  /**
   * How far the attempt had come. Who reads a stream knows: `"first_progress"` before anything of an answer came,
   * `"idle"` afterwards.
   *
   * @default undefined: what the error itself tells
   * @example classify(error, { phase: "idle" })
   */
  phase?: FailurePhase | undefined;
  /**
   * Who was asked, such as `"openai"`, `"google"` or `"openrouter"`: for rules that hold only there.
   *
   * @default undefined: what the error itself tells
   * @example classify(error, { provider: "openrouter" })
   */
  provider?: string | undefined;
}

/** A class of errors, abstract ones included. */
export type ErrorClass = abstract new (...args: never) => object;

/** Milliseconds on a clock that never goes back. Which moment is 0 does not matter. */
export type Clock = () => number;

/** Waits so many milliseconds. It should end early when the signal is aborted; nobody waits for it then. */
export type Sleep = (delay: number, signal: AbortSignal | undefined) => unknown;

/** What a function under a limit is given. */
export interface Signalled {
  /** Aborted at the limit, and when the caller's own signal is. */
  readonly signal: AbortSignal;
}

/** What a function that is retried is given. */
export interface RetryAttempt extends Signalled {
  /** 1 for the first attempt. */
  readonly number: number;
}

/** One round of {@link attempts}. A block that is left without a word has worked. */
export interface AttemptBlock extends RetryAttempt {
  /** Runs `fn`. Resolves with its value, or with undefined when it failed and there will be another attempt. */
  run<T>(fn: (attempt: RetryAttempt) => T): Promise<Awaited<T> | undefined>;
  /** The block failed. Throws when that was the end: the error itself, or {@link Exhausted} with it as `cause`. */
  failed(error: unknown): void;
}

/** Something that {@link fallback} may call. */
export type Choice = (given: Signalled) => unknown;

/** How {@link retry}, {@link retrying} and {@link attempts} go about it. */
export interface RetryOptions {
  /**
   * Attempts in all, the first included: a whole number from 1 to 1000; 1 means no retry.
   *
   * @default 3
   * @example retry(fn, { maxAttempts: 5 })
   */
  maxAttempts?: number | undefined;
  /**
   * The first backoff: 0 ms to 30 days.
   *
   * @default 500
   * @example retry(fn, { base: 100 })
   */
  base?: number | undefined;
  /**
   * Each backoff is this many times the one before: a number from 1 to 100.
   *
   * @default 2
   * @example retry(fn, { factor: 1.5 })
   */
  factor?: number | undefined;
  /**
   * The longest backoff: 0 ms to 30 days, and at least `base`. Only a `Retry-After` can ask for a longer wait.
   *
   * @default 30_000
   * @example retry(fn, { cap: 5_000 })
   */
  cap?: number | undefined;
  /**
   * How a backoff is spread, so that callers that failed together do not come back together.
   *
   * @default "full"
   * @example retry(fn, { jitter: "none" })
   */
  jitter?: Jitter | undefined;
  /**
   * What is worth another attempt: a class of errors, several, or a predicate. By default what the failure table says
   * may be asked again: {@link TransientError}, 429, 503, network failures; never a bug or a permanent failure.
   *
   * @default undefined
   * @example retry(fn, { on: (error) => error instanceof DatabaseError && error.isBusy })
   */
  on?: ErrorClass | readonly ErrorClass[] | ((error: unknown) => boolean) | undefined;
  /**
   * Ends it, during waits too: the function is not called again, and the rejection is `signal.reason`.
   *
   * @default undefined
   * @example retry(fn, { signal: AbortSignal.timeout(10_000) })
   */
  signal?: AbortSignal | undefined;
  /**
   * Waits in place of a timer.
   *
   * @default undefined
   * @example retry(fn, { sleep: async (delay) => delays.push(delay) })
   */
  sleep?: Sleep | undefined;
  /**
   * A clock of your own.
   *
   * @default performance.now
   * @example retry(fn, { clock: () => Number(process.hrtime.bigint() / 1_000_000n) })
   */
  clock?: Clock | undefined;
  /**
   * Makes the jitter repeatable: any whole number. By default random.
   *
   * @default undefined
   * @example retry(fn, { seed: 7 })
   */
  seed?: number | bigint | undefined;
}

/** How {@link callWithDeadline} goes about it. */
export interface DeadlineOptions {
  /**
   * Ends it at once; the rejection is `signal.reason`.
   *
   * @default undefined
   * @example callWithDeadline(fn, 2_000, { signal: request.signal })
   */
  signal?: AbortSignal | undefined;
  /**
   * A clock of your own.
   *
   * @default performance.now
   * @example callWithDeadline(fn, 2_000, { clock: () => performance.now() })
   */
  clock?: Clock | undefined;
}

/** How {@link fallback} goes about it: an object after the last choice. */
export interface FallbackOptions {
  /**
   * Ends it; no other choice is called, and the rejection is `signal.reason`.
   *
   * @default undefined
   * @example fallback(askPrimary, askBackup, { signal: request.signal })
   */
  signal?: AbortSignal | undefined;
}

/** What needs approval, and who is asked. */
export interface GateOptions<Args extends object = object> {
  /**
   * Whether the call needs approval: a boolean, the names of risky tools, or a predicate. Tools that the policy calls
   * risky do in any case. {@link approvalGate} wants it said.
   *
   * @default false
   * @example turn.gate("pay", { amount: 3 }, { risky: (tool, { amount }) => amount > 100, approver })
   */
  risky?:
    | boolean
    | string
    | Iterable<string>
    | ((tool: string, args: Args) => boolean | PromiseLike<boolean>)
    | undefined;
  /**
   * Who is asked. Without one, a risky call may not run.
   *
   * @default undefined
   * @example turn.gate("pay", { amount: 3 }, { risky: true, approver: async ({ tool }) => (await ask(tool)) === "y" })
   */
  approver?: Approver | undefined;
  /**
   * Takes the question back; the rejection is `signal.reason`.
   *
   * @default undefined
   * @example turn.gate("pay", { amount: 3 }, { risky: true, approver, signal: request.signal })
   */
  signal?: AbortSignal | undefined;
}

/** When a {@link CircuitBreaker} opens, for how long, and what closes it. */
export interface CircuitBreakerOptions {
  /**
   * Opens after this many failures in a row: a whole number from 1 to 1000. When set, it replaces the failure rate.
   *
   * @default undefined
   * @example new CircuitBreaker({ consecutive: 5 })
   */
  consecutive?: number | undefined;
  /**
   * Opens when this part of the calls in the window failed, the threshold included: a number from 0.001 to 1.
   *
   * @default 0.5
   * @example new CircuitBreaker({ rate: 0.25 })
   */
  rate?: number | undefined;
  /**
   * The fewest calls in the window on which a rate is judged: a whole number from 1 to 100000. Of a window of calls, never
   * more than it holds.
   *
   * @default 5
   * @example new CircuitBreaker({ minCalls: 20 })
   */
  minCalls?: number | undefined;
  /**
   * The window over which the rates are taken: 1 ms to 30 days.
   *
   * @default 30_000
   * @example new CircuitBreaker({ window: 60_000 })
   */
  window?: number | undefined;
  /**
   * The rates are taken over the last so many calls, in place of `window`: a whole number from 1 to 256.
   *
   * @default undefined
   * @example new CircuitBreaker({ countWindow: 50 })
   */
  countWindow?: number | undefined;
  /**
   * A call that took this long or longer was slow: 1 ms to 30 days. Without it, none is.
   *
   * @default undefined
   * @example new CircuitBreaker({ slow: 20_000 })
   */
  slow?: number | undefined;
  /**
   * Opens, too, when this part of the calls in the window was slow, the threshold included: a number from 0.001 to 1.
   *
   * @default 1
   * @example new CircuitBreaker({ slow: 20_000, slowRate: 0.5 })
   */
  slowRate?: number | undefined;
  /**
   * How long it stays open the first time: 1 ms to 30 days. Each time in a row doubles it.
   *
   * @default 5_000
   * @example new CircuitBreaker({ open: 1_000 })
   */
  open?: number | undefined;
  /**
   * The longest time open: 1 ms to 30 days, and at least `open`.
   *
   * @default 30_000
   * @example new CircuitBreaker({ maxOpen: 120_000 })
   */
  maxOpen?: number | undefined;
  /**
   * Calls that are let through while half open: a whole number from 1 to 100.
   *
   * @default 1
   * @example new CircuitBreaker({ probes: 3 })
   */
  probes?: number | undefined;
  /**
   * How many of the probes must succeed to close it: a whole number from 1 to 100, and at most `probes`. It opens
   * again as soon as so many cannot succeed any more. Without it, all of them.
   *
   * @default undefined
   * @example new CircuitBreaker({ probes: 3, successes: 2 })
   */
  successes?: number | undefined;
  /**
   * The longest half-open time: 1 ms to 30 days. Undecided by then, it opens again, for longer.
   *
   * @default undefined
   * @example new CircuitBreaker({ halfOpen: 60_000 })
   */
  halfOpen?: number | undefined;
  /**
   * How many keys are kept, 1 to 100000; then the least recently used go, closed ones first.
   *
   * @default 100_000
   * @example new CircuitBreaker({ maxKeys: 1_000 })
   */
  maxKeys?: number | undefined;
  /**
   * Classes of errors that charge nobody and prove nothing.
   *
   * @default []
   * @example new CircuitBreaker({ ignore: [NotFound] })
   */
  ignore?: ErrorClass | readonly ErrorClass[] | undefined;
  /**
   * A clock of your own.
   *
   * @default performance.now
   * @example new CircuitBreaker({ clock: () => performance.now() })
   */
  clock?: Clock | undefined;
}

// ---- A session over several routes ----

/**
 * The process or the conversation: one policy, one chain of routes, and what has been learnt about them. There is
 * nothing to close.
 *
 * @example
 * const session = new Session({ routes: ["primary", { name: "backup", timeout: 30_000 }] });
 * const reply = await session.turn().call((attempt) => ask(attempt.route.name, attempt.signal));
 */
export class Session<Client = unknown> {
  constructor(options: SessionOptions<Client>);
  readonly routes: readonly Route<Client>[];
  get policy(): Policy;
  /** Begins a turn: one request of a user. It begins at the primary. */
  turn(options?: TurnOptions): Turn<Client>;
  /** What the breaker of a route is doing now. It is that of the route's deployment. */
  breaker(route: string): BreakerState;
  /** What it goes by now. */
  breakerMetrics(route: string): BreakerMetrics;
  /**
   * Takes a route out of use, with all routes to the same deployment, until it is released: calls pass it over. Where
   * several hold it, the last one to release it counts. It is not part of a snapshot.
   *
   * @example
   * const held = session.isolate("primary");
   * try { await maintenance(); } finally { held.release(); }
   */
  isolate(route: string): Isolation;
  /** Orders the breaker of a route to refuse, until {@link Session.automatic}. It is part of a snapshot, as all orders are. */
  forceOpen(route: string): void;
  /** Orders it to let everything pass and to count nothing, until {@link Session.automatic}. What it held is forgotten. */
  forceClosed(route: string): void;
  /** Orders it to let everything pass and to count it, until {@link Session.automatic}. */
  metricsOnly(route: string): void;
  /** Ends the manual override: it decides by itself again, with what it counted meanwhile. */
  automatic(route: string): void;
  /** Forgets all that was held against a route: breakers close, cooldowns end. A manual override stays. */
  reset(route: string): void;
  /** As {@link classify}, by the rules of this session's policy. */
  classify(error: unknown, options?: JudgingOptions): Failure;
  /** As {@link explain}, by the rules and the failure table of this session's policy. */
  explain(error: unknown, options?: JudgingOptions): Explanation;
  /** Tools that were approved for longer than one call. */
  approvals(): string[];
  /** Takes back such an approval; false if there was none. */
  withdrawApproval(tool: string): boolean;
  /**
   * Closes the clients that `activate` made; one that is in use, when its last request ends. The session can be used on: a
   * route's client is made again before it is next asked. `await using session = ..` does it, too.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  /** As `close`, at the end of a block with `using session = ..`, which does not wait for hooks. */
  [Symbol.dispose](): void;
}

/**
 * The turn that is under way here: the one that runs this by {@link Turn.run}, or that of the agent whose model or tool
 * this is. Undefined outside of all, and where the platform cannot tell (see {@link Turn.run}).
 *
 * Turns that begin here are within it, and {@link retry} and {@link callWithDeadline} obey its deadline.
 */
export function currentTurn(): Turn | undefined;

/** One request of a user, made by {@link Session.turn}: its calls share one deadline and one event log. */
export class Turn<Client = unknown> {
  private constructor();
  /**
   * Makes a request: again, or on another route, as long as the policy allows. Resolves with what it brought.
   *
   * A request that does not listen to `attempt.signal` is left behind at its limit all the same. Rejects with
   * {@link Exhausted} (everything was tried; the last error is the `cause`), {@link BreakerOpen} (nothing could be asked;
   * `retryIn` says when to come back), {@link DeadlineExceeded} (the turn's time is over), the original error, unchanged,
   * where asking again cannot help, or `signal.reason`.
   *
   * @example
   * const reply = await turn.call(({ client, signal }) => client!.ask("hi", { signal })); // what `activate` made
   */
  call<T>(request: (attempt: Attempt<Client>) => T, options?: CallOptions): Promise<Awaited<T>>;
  /**
   * Makes a request that brings a stream, and hands on its chunks, unchanged.
   *
   * `request` brings whatever can be iterated: what an SDK returns for `stream: true`, a `ReadableStream`, a generator of
   * your own. Before the first chunk that is a part of an answer (not the role alone, not usage, not a keep-alive)
   * everything may be asked again, unnoticed. After it, a stream that breaks, hangs, or ends without the reason for its
   * end is an error; it is never continued. Chunks of `openai` and `anthropic` are known; of all others the end is what
   * makes them whole.
   *
   * The limits are `attempt.firstProgress` and `attempt.idle`; while you have a chunk, no clock runs. Hand on
   * `attempt.signal`, or a request that hangs before it brings its stream stays open. Leaving the loop early closes the
   * source. Rejects as {@link Turn.call} does.
   *
   * @example
   * for await (const chunk of turn.stream(({ signal }) => client.chat.completions.create({ ...body, stream: true }, { signal }))) {
   *   show(chunk.choices[0]?.delta.content ?? "");
   * }
   */
  stream<Chunk>(
    request: (attempt: Attempt<Client>) => ChunkSource<Chunk> | PromiseLike<ChunkSource<Chunk>>,
    options?: StreamOptions<Chunk> & { restartable?: false | undefined },
  ): AsyncGenerator<Chunk, undefined, undefined>;
  stream<Chunk>(
    request: (attempt: Attempt<Client>) => ChunkSource<Chunk> | PromiseLike<ChunkSource<Chunk>>,
    options: StreamOptions<Chunk>,
  ): AsyncGenerator<Chunk | Discard, undefined, undefined>;
  /** Counts a step of your own loop. Throws {@link StepLimitExceeded} or {@link DeadlineExceeded} when it may not be taken. */
  step(): void;
  /**
   * Runs `fn(turn)`, sync or async, and returns what it does. This is the current turn of all that it starts
   * ({@link currentTurn}), where the platform can tell: Node (20.16, 22.3 or newer), Deno, Bun and Workers with
   * `AsyncLocalStorage`. Elsewhere, such as in browsers, it is just run: tell turns their `parent`.
   */
  run<T>(fn: (turn: this) => T): T;
  /**
   * Resolves when a tool call of your own loop may run; rejects with {@link ApprovalDenied} when it may not. Standing
   * approvals of the session count.
   */
  gate<Args extends object>(tool: string, args: Args, options?: GateOptions<Args>): Promise<void>;
  /** What became of the turn so far. */
  report(): Report;
  /**
   * Lets the next turn have the session's {@link Runtime}, which serves one at a time: `using turn = session.turn()` does
   * it, too. Without a Runtime it does nothing.
   */
  end(): void;
  [Symbol.dispose](): void;
}

/**
 * One mutable place for what a host swaps together: the client, and everything that says how it is used.
 *
 * The fields are its own properties; what you set is in force at once, but is no part of the primary: that is a deep copy
 * of plain data, taken at construction and by {@link Runtime.choose}. With `new Session({ routes, runtime })` the ladder
 * swaps it: a route's `runtime` fields, and its own `provider`, `model`, `endpoint` (as `baseUrl`) and `contextWindow`, are
 * put in force when the ladder gets there; a new turn that begins at the primary restores it. It belongs to one turn at a
 * time: a second one is refused. For turns that run at once use routes with `activate`, or a Runtime for each.
 *
 * What says where and as whom to ask (`baseUrl`, `apiKey`, `clientArguments`) never goes along to another provider, base
 * URL or API mode: name it for the fallback, too. Nor does what does not belong to the API mode in force: `anthropic..`
 * fields are for `anthropic_messages`, `openai..` for `chat_completions` and `responses`, `bedrock..` and `aws..` for
 * `bedrock`. `compression`, and fields of your own, stay as the primary has them.
 *
 * @example
 * const runtime = new Runtime({ model: "gpt-5", apiKey }, { build: ({ apiKey }) => new OpenAI({ apiKey, maxRetries: 0 }) });
 * const session = new Session({ routes: ["primary", { name: "backup", runtime: { model: "gpt-5-mini" } }], runtime });
 */
export class Runtime<Client = unknown> {
  /** @param fields what is in force at first, and the primary. */
  constructor(fields?: RuntimeFields, options?: RuntimeOptions<Client>);
  /** The client in force; undefined before it is first made, and where there is nothing to make. */
  get client(): Client | undefined;
  /** Whether something else than the primary is in force. */
  get isOnFallback(): boolean;
  /**
   * A deliberate change: these fields, over those of the primary, are a new primary from now on. Rejects with what `build`
   * threw: then nothing has changed.
   */
  choose(fields: RuntimeFields): Promise<void>;
  /** Goes to a fallback. False if its client could not be made: then nothing has changed. */
  use(to: Route | RuntimeFields): Promise<boolean>;
  /**
   * Goes back to the primary, as it was when it was chosen. False where it is in force already, and where its client could
   * not be made: then the fallback stays whole.
   */
  restore(): Promise<boolean>;
  /** Makes the client of what is in force, unless it is there. False if it could not be made. */
  open(): Promise<boolean>;
  /** Closes the client that `build` made, now or when its last request ends. A session does so by itself. */
  close(): Promise<void>;
  /** What is in force, without a value that may hold a secret. So it is logged and written as JSON, too. */
  toString(): string;
  toJSON(): string;
  // biome-ignore lint/suspicious/noExplicitAny: what a field holds is the host's own
  [field: string]: any;
}

/**
 * Values in force together. Any name goes that is none of {@link Runtime}'s own; `apiMode` is such as `chat_completions`,
 * `responses`, `anthropic_messages` or `bedrock`.
 */
export type RuntimeFields = { readonly [field: string]: unknown } & Partial<
  Record<"model" | "provider" | "baseUrl" | "apiMode", string> & Record<"contextWindow", number>
>;

/** Makes the client of values. The signal is aborted at the limit; what comes after it is closed. */
export type Build<Client> = (
  // biome-ignore lint/suspicious/noExplicitAny: what a field holds is the host's own
  values: { [field: string]: any },
  given: { signal: AbortSignal | undefined },
) => Client | PromiseLike<Client>;

/** How a {@link Runtime} makes its clients. */
export interface RuntimeOptions<Client = unknown> {
  /**
   * Makes the client of the values that are to be in force; its signal is aborted at the limit. Without it there is no
   * client to make.
   *
   * @default undefined
   * @example new Runtime({ apiKey }, { build: ({ apiKey }) => new OpenAI({ apiKey, maxRetries: 0 }) })
   */
  build?: Build<Client> | undefined;
  /**
   * Closes a client that is out of service and that nobody uses any more. What it throws is logged.
   *
   * @default undefined
   * @example new Runtime(fields, { build, close: (client, { reason }) => client.end() })
   */
  close?: Close<Client> | undefined;
  /**
   * The client of the primary, if there is one already; else `build` makes it before it is first asked.
   *
   * @default undefined
   * @example new Runtime(fields, { client: new OpenAI() })
   */
  client?: Client | undefined;
  /**
   * Fields of one API mode alone.
   *
   * @default {}
   * @example new Runtime(fields, { modes: { anthropic_messages: { apiKey } } })
   */
  modes?: Readonly<Record<string, RuntimeFields>> | undefined;
}

/** A place that can be asked for the same thing: one entry of the chain, the primary first. */
export class Route<Client = unknown> {
  /** @param name its name in logs and messages; unique in the chain. */
  constructor(name: string, options?: RouteOptions<Client>);
  readonly name: string;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly endpoint: string | undefined;
  readonly credential: string | undefined;
  readonly hasCredential: boolean;
  /** As it was said; undefined where the well-known ones are to be recognised. */
  readonly aggregator: boolean | undefined;
  readonly contextWindow: number | undefined;
  readonly timeout: number | undefined;
  readonly firstProgress: number | undefined;
  readonly idle: number | undefined;
  readonly activate: Activate<Client> | undefined;
  readonly close: Close<Client> | undefined;
  readonly client: Client | undefined;
  readonly runtime: RuntimeFields | undefined;
  /** What is known of it. Not its client, nor what it puts in force: they may hold secrets. So it is logged, too. */
  toJSON(): Record<string, unknown>;
}

/** One attempt of a call: how this request is to be made. */
export class Attempt<Client = unknown> {
  private constructor();
  readonly kind: "attempt";
  readonly id: number;
  /** The route to ask: the session's own object. */
  get route(): Route<Client>;
  /** The route's client: what its `activate` made, or what it was given as `client`; undefined for a route with neither. */
  get client(): Client | undefined;
  /** How often the route's client had been made again before. */
  readonly generation: number;
  /** 1 for the first attempt on this route. */
  readonly number: number;
  /** Milliseconds that it may take; Infinity where there is no limit. For a client that has a time limit of its own. */
  readonly timeout: number;
  /** When it ends, on the session's clock. */
  get until(): number | undefined;
  /** Milliseconds until a stream must have brought something; for attempts declared streaming. */
  get firstProgress(): number | undefined;
  /** Milliseconds between two chunks of a stream; for attempts declared streaming. */
  get idle(): number | undefined;
  /** The same in every attempt of a call: by it the other end can recognise a repetition. */
  get idempotencyKey(): string;
  /** Aborted at the limit, and when the caller's own signal is. */
  get signal(): AbortSignal;
  /** What kind of work it is. */
  readonly work: "model" | "tool" | "function";
  /** The tool call's place in the model's reply. */
  get index(): number | undefined;
  /** Which model request of the turn it is, from 1. */
  get step(): number | undefined;
  /** Whether tools may be offered to the model. */
  readonly withTools: boolean;
  /** For a host loop of your own: the signal follows this one until `done`. */
  follow(signal: AbortSignal | undefined): this;
  /** For a host loop of your own: aborts the signal. */
  abort(reason: unknown): void;
  /** For a host loop of your own: it is over, and nothing listens any more. */
  done(): void;
}

/** Closes a client. */
export type Close<Client> = { close(client: Client, given: { reason: CloseReason }): unknown }["close"];

/**
 * Why a client is closed: before it is made again, later, when its last request ended, because another one took its place
 * or it came too late, or with its session.
 */
export type CloseReason = "rebuild" | "retired" | "superseded" | "closed";

/** Makes a route's client. The signal is aborted at the limit; what comes after it is closed. */
export type Activate<Client> = (
  route: Route,
  given: { signal: AbortSignal | undefined },
) => Client | PromiseLike<Client>;

/** A route as it is written in a chain: a route, a plain object, or a mere name. */
export type RouteLike<Client = unknown> = string | Route<Client> | RouteSpec<Client>;

/** A route as a plain object. */
export interface RouteSpec<Client = unknown> extends RouteOptions<Client> {
  /**
   * Its name in logs and messages; unique in the chain.
   *
   * @default none: it must be given
   * @example new Session({ routes: [{ name: "primary", timeout: 30_000 }] })
   */
  name: string;
}

/**
 * What is known of a route. What two routes share, they share in sickness too: the same `endpoint` has one breaker for
 * connections; the same provider, endpoint and model have one for everything else; the same `credential` has one quota.
 * Endpoints are compared as URLs: the case of the host, a default port or a slash at the end make no other one.
 */
export interface RouteOptions<Client = unknown> {
  /**
   * Who runs it.
   *
   * @default undefined
   * @example new Route("primary", { provider: "openai" })
   */
  provider?: string | undefined;
  /**
   * The model that is asked for.
   *
   * @default undefined
   * @example new Route("primary", { model: "gpt-5" })
   */
  model?: string | undefined;
  /**
   * Where it is reached, such as a base URL.
   *
   * @default undefined
   * @example new Route("local", { endpoint: "http://localhost:8000/v1" })
   */
  endpoint?: string | undefined;
  /**
   * What pays for it: a name or a fingerprint, never the secret itself.
   *
   * @default undefined
   * @example new Route("primary", { credential: "team-a" })
   */
  credential?: string | undefined;
  /**
   * Whether there is a credential to ask it with. A route without one is skipped, the primary too, and the event log says
   * so: a chain may be written down whole.
   *
   * @default true
   * @example new Route("backup", { hasCredential: process.env.BACKUP_KEY !== undefined })
   */
  hasCredential?: boolean | undefined;
  /**
   * Whether it spreads requests over several upstreams: its client is not made again after a failed connection. Left out,
   * the well-known ones (OpenRouter, Nous, Requesty, Portkey, Helicone, AI/ML API, the gateways of Vercel and Cloudflare, the
   * router of Hugging Face) are recognised by `provider` or the host of `endpoint`.
   *
   * @default undefined: recognised
   * @example new Route("router", { aggregator: true })
   */
  aggregator?: boolean | undefined;
  /**
   * The model's context window in tokens, if known: a whole number from 1 to 4294967295. A request that was too long is
   * only asked again where the window is larger, or unknown; one that is said to need more (`contextTokens`) passes it over.
   *
   * @default undefined
   * @example new Route("long", { contextWindow: 1_000_000 })
   */
  contextWindow?: number | undefined;
  /**
   * The limit of one attempt, in place of the policy's `attempt.timeout`: 1 ms to 30 days.
   *
   * @default undefined
   * @example new Route("thinker", { timeout: 1_800_000 })
   */
  timeout?: number | undefined;
  /**
   * Until a stream must make progress, in place of the policy's `attempt.firstProgress`: 1 ms to 30 days.
   *
   * @default undefined
   * @example new Route("thinker", { firstProgress: 300_000 })
   */
  firstProgress?: number | undefined;
  /**
   * Between two chunks of a stream, in place of the policy's `attempt.idle`: 1 ms to 30 days.
   *
   * @default undefined
   * @example new Route("quick", { idle: 10_000 })
   */
  idle?: number | undefined;
  /**
   * Makes the route's client: before the first attempt there, on the primary too, and again to replace a broken one.
   * `attempt.client` is what it brought. If it throws, or does not come in the time that the route may take, the next route
   * is asked.
   *
   * @default undefined
   * @example new Route("db", { activate: () => connect(url), close: (client) => client.end() })
   */
  activate?: Activate<Client> | undefined;
  /**
   * Closes a client that is out of service and that nobody uses any more. What it throws is logged.
   *
   * @default undefined
   * @example new Route("db", { activate: () => connect(url), close: (client, { reason }) => client.end() })
   */
  close?: Close<Client> | undefined;
  /**
   * A client that is there already: nothing is made before the first attempt. It is closed only to be made again.
   *
   * @default undefined
   * @example new Route("primary", { client: new OpenAI({ maxRetries: 0 }) })
   */
  client?: Client | undefined;
  /**
   * What to put in force in the session's {@link Runtime} while this fallback is used.
   *
   * @default undefined
   * @example new Route("backup", { runtime: { model: "gpt-5-mini" } })
   */
  runtime?: RuntimeFields | undefined;
}

/** What a {@link Session} is made of. */
export interface SessionOptions<Client = unknown> {
  /**
   * The chain, the primary first: 1 to 64 routes, plain objects or mere names.
   *
   * @default none: they must be given
   * @example new Session({ routes: ["primary", { name: "backup", timeout: 30_000 }] })
   */
  routes: readonly RouteLike<Client>[];
  /**
   * Every number and choice.
   *
   * @default new Policy()
   * @example new Session({ routes: ["primary"], policy: new Policy({ turn: { deadline: 60_000 } }) })
   */
  policy?: Policy | undefined;
  /**
   * A clock of your own, read before each decision.
   *
   * @default performance.now
   * @example new Session({ routes: ["primary"], clock: () => performance.now() })
   */
  clock?: Clock | undefined;
  /**
   * Waits in place of a timer.
   *
   * @default undefined
   * @example new Session({ routes: ["primary"], sleep: async (delay) => delays.push(delay) })
   */
  sleep?: Sleep | undefined;
  /**
   * Makes every draw (jitter, idempotency keys) repeatable, for tests: any whole number. By default random.
   *
   * @default undefined
   * @example new Session({ routes: ["primary"], seed: 7 })
   */
  seed?: number | bigint | undefined;
  /**
   * Who is told what the engine notices; `null` for nobody. By default warnings go to `console.warn`.
   *
   * @default console.warn
   * @example new Session({ routes: ["primary"], log: ({ level, message }) => logger[level](message) })
   */
  log?: Log | null | undefined;
  /**
   * The one place where the host keeps model and client, swapped as the ladder goes. One turn at a time.
   *
   * @default undefined
   * @example new Session({ routes: ["primary", { name: "backup", runtime: { model: "gpt-5-mini" } }], runtime })
   */
  runtime?: Runtime<Client> | undefined;
}

/** What a turn may be given. */
export interface TurnOptions {
  /**
   * Milliseconds for the whole turn: 1 ms to 30 days. It can only shorten the policy's own `turn.deadline`.
   *
   * @default undefined
   * @example session.turn({ deadline: 10_000 })
   */
  deadline?: number | undefined;
  /**
   * The turn within which it begins: it has the time that is left of that one's deadline at most. By default the current
   * turn ({@link currentTurn}), if the platform can tell; null stands alone.
   *
   * @default undefined
   * @example session.turn({ parent: turn })
   */
  parent?: Turn | null | undefined;
  /**
   * Whether its attempts, tool calls and tokens count against the limits of `parent`, and of those above, as well: all of
   * them together never make more.
   *
   * @default false
   * @example session.turn({ parent: turn, shareBudgets: true })
   */
  shareBudgets?: boolean | undefined;
  /**
   * Names the run, so that it repeats its idempotency keys when it is run again, in whatever process: a text that no other
   * run has, such as the id of the job. A tool call's key is made of it, of the tool's name and arguments, and of how often
   * they came, so that a run that goes another way gives no other call the same one.
   *
   * @default undefined
   * @example session.turn({ runId: "order 7" })
   */
  runId?: string | undefined;
}

/** What a call may be given. */
export interface CallOptions {
  /**
   * Ends it, during waits too: nothing is asked any more, and the rejection is `signal.reason`.
   *
   * @default undefined
   * @example turn.call(request, { signal: request.signal })
   */
  signal?: AbortSignal | undefined;
  /**
   * How many tokens of context the request takes, counted or estimated: a whole number from 0 to 4294967295. Routes whose
   * `contextWindow` is known and smaller are skipped.
   *
   * @default undefined: no route is skipped for its window
   * @example turn.call(request, { contextTokens: 150_000 })
   */
  contextTokens?: number | undefined;
}

/** Where {@link Turn.stream} takes chunks from. */
export type ChunkSource<Chunk> =
  | AsyncIterable<Chunk>
  | Iterable<Chunk | PromiseLike<Chunk>>
  | ReadableStream<Chunk>
  | AsyncIterator<Chunk, unknown>
  | Iterator<Chunk | PromiseLike<Chunk>, unknown>;

/** How {@link Turn.stream} goes about it. */
export interface StreamOptions<Chunk> {
  /**
   * Whether it is asked again after the first part, too: then a {@link Discard} comes before the chunks of the new
   * stream, and says that those before it are void.
   *
   * @default false
   * @example turn.stream(request, { restartable: true })
   */
  restartable?: boolean | undefined;
  /**
   * Whether nothing is handed on until the stream is whole; then what came before a failure was never seen.
   *
   * @default false
   * @example turn.stream(request, { collect: true })
   */
  collect?: boolean | undefined;
  /**
   * Whether an answer that the provider cut at a limit of tokens counts as whole.
   *
   * @default false
   * @example turn.stream(request, { acceptCut: true })
   */
  acceptCut?: boolean | undefined;
  /**
   * How many tokens of context the request takes, counted or estimated: a whole number from 0 to 4294967295. Routes whose
   * `contextWindow` is known and smaller are skipped.
   *
   * @default undefined: no route is skipped for its window
   * @example turn.stream(request, { contextTokens: 150_000 })
   */
  contextTokens?: number | undefined;
  /**
   * Says what a chunk holds. By default chunks of `openai` and `anthropic` are known, and all others are `other`:
   * content that is whole when it ends.
   *
   * @default undefined
   * @example turn.stream(request, { read: (line) => ({ text: line !== "", finish: line === "." ? "stop" : undefined }) })
   */
  read?: ((chunk: Chunk) => ChunkFacts) | undefined;
  /**
   * Ends it, during waits too: the source is closed, and the rejection is `signal.reason`.
   *
   * @default undefined
   * @example turn.stream(request, { signal: controller.signal })
   */
  signal?: AbortSignal | undefined;
}

/**
 * What came of this answer so far is void: the stream broke, and it is asked for again from its beginning. It stands
 * among the chunks of {@link Turn.stream} and the events of {@link Agent.stream}; only there it has a `step`.
 */
export class Discard {
  constructor(reason: FailureKind, step?: number);
  readonly type: "discard";
  /** The kind of the failure. */
  readonly reason: FailureKind;
  readonly step?: number;
}

/** What became of a turn so far. */
export interface Report {
  /** Why it ended; undefined while it goes on. */
  stopReason: StopReason | undefined;
  /** Whether the result is worse than asked for. */
  degraded: boolean;
  steps: number;
  attempts: number;
  toolCalls: number;
  /** Names of tools that were not allowed to run. */
  blocked: string[];
  /** Of the requests whose reply was taken. */
  usage: Usage;
  /** Of those that failed; a part that is not known of one of them is undefined. */
  spent: Usage;
  /** The failure that ended it. */
  failure: Failure | undefined;
  /** Where it came to. */
  route: string | undefined;
  /** The whole event log, for people. */
  lines: string[];
}

/** Tokens, as the models reported them; undefined is unknown, never zero. */
export interface Usage {
  inputTokens: number | undefined;
  outputTokens: number | undefined;
}

/** Something that was noticed. */
export interface LogEntry {
  level: "info" | "warn";
  /** Milliseconds since the turn began; undefined for what belongs to no turn. */
  at?: number;
  message: string;
}

/** Is told what was noticed. What it throws is dropped. */
export type Log = (entry: LogEntry) => void;

// ---- The whole agent ----

/**
 * An agent that fails soft: a model, its fallbacks, tools, and the engine that decides between them.
 *
 * @example
 * const agent = new Agent(openaiChat(new OpenAI(), "gpt-5"), { tools: [multiply] });
 * const { answer, degraded, stopReason } = await agent.run("What is 17 x 23?");
 */
export class Agent {
  /** @param model the primary: a function, or what an adapter made. */
  constructor(model: Model, options?: AgentOptions);
  readonly session: Session;
  /**
   * Runs a task to its end: a text, or a whole conversation.
   *
   * It rejects only when `signal` is aborted (with `signal.reason`), when the call itself is mistaken, and for the stop
   * reasons named in `raiseOn`.
   */
  run(task: string | readonly Message[], options?: RunOptions): Promise<Result>;
  /**
   * Runs a task, and tells what happens as it happens. The last event is a `report` with what `run` resolves with.
   *
   * Text comes in parts where the model streams (adapters with `stream: true`), else step by step. While you have an
   * event, the run stands still. Leaving the loop early abandons it, and closes the response that it reads.
   *
   * @example
   * for await (const event of agent.stream("What is 17 x 23?")) {
   *   if (event.type === "text") show(event.text);
   *   if (event.type === "discard") clear();
   * }
   */
  stream(
    task: string | readonly Message[],
    options?: AgentStreamOptions,
  ): AsyncGenerator<AgentEvent, undefined, undefined>;
}

/** What happens in a run: plain objects, ready to be sent on as JSON (of a `report`, the `error` aside). */
export type AgentEvent =
  | StepEvent
  | TextEvent
  | (Discard & { readonly step: number })
  | ToolCallEvent
  | ToolResultEvent
  | RetryEvent
  | SwitchEvent
  | ReportEvent;

/** The model is asked, for the `step`-th time in this run, from 1. */
export interface StepEvent {
  type: "step";
  step: number;
}

/** A part of the text of a step, or the whole where the model does not stream. */
export interface TextEvent {
  type: "text";
  text: string;
  step: number;
}

/** The model asks for a tool. Whether it runs is told by its {@link ToolResultEvent}. */
export interface ToolCallEvent {
  type: "tool_call";
  id: string;
  name: string;
  arguments: unknown;
}

/** What became of a tool call: `content` is what the model is told. */
export interface ToolResultEvent {
  type: "tool_result";
  id: string;
  name: string;
  content: string;
  outcome: ToolOutcome;
}

/** An attempt failed, and the same route is asked again after `delay` milliseconds. */
export interface RetryEvent {
  type: "retry";
  route: string;
  failure: FailureKind;
  delay: number;
  /** Which attempt on its route it was, from 1. */
  attempt: number;
}

/** The run went on to another route. */
export interface SwitchEvent {
  type: "switch";
  route: string;
  /**
   * The kind of the failure that it left the one before for; a word of its own where that could not be asked, and
   * `returned` where it is back on the primary (`fallback.recheck`).
   */
  reason: FailureKind | "skipped" | "not_ready" | "returned" | "";
}

/** The last event: what `run` would have resolved with. */
export interface ReportEvent {
  type: "report";
  result: Result;
}

/** What an {@link Agent} has beside its model. `policy`, `clock`, `sleep`, `seed` and `log` belong to the session: not beside one. */
export interface AgentOptions {
  /**
   * Models to turn to, in this order. Every run begins at the primary again.
   *
   * @default []
   * @example new Agent(model, { fallbacks: [openaiChat(local, "llama")] })
   */
  fallbacks?: Iterable<Model> | undefined;
  /**
   * What the model may ask for: what `tool` made, or plain functions, which take any arguments.
   *
   * @default []
   * @example new Agent(model, { tools: [tool(multiply, { description: "Multiplies." })] })
   */
  tools?: Iterable<Tool | ToolFunction> | undefined;
  /**
   * Asked before a risky tool runs. Without one, risky tools do not run.
   *
   * @default undefined
   * @example new Agent(model, { approver: ({ tool, arguments: given }) => confirm(`${tool} ${JSON.stringify(given)}?`) })
   */
  approver?: Approver | undefined;
  /**
   * Shared between agents; its routes are the models, in order. Without it the agent owns one for its life.
   *
   * @default undefined
   * @example new Agent(model, { session: new Session({ routes: ["primary"] }) })
   */
  session?: Session | undefined;
  /**
   * Every number and choice.
   *
   * @default new Policy()
   * @example new Agent(model, { policy: new Policy({ turn: { steps: 8 } }) })
   */
  policy?: Policy | undefined;
  /**
   * A clock of your own, read before each decision.
   *
   * @default performance.now
   * @example new Agent(model, { clock: () => performance.now() })
   */
  clock?: Clock | undefined;
  /**
   * Waits in place of a timer.
   *
   * @default undefined
   * @example new Agent(model, { sleep: async (delay) => delays.push(delay) })
   */
  sleep?: Sleep | undefined;
  /**
   * Makes every draw (jitter, idempotency keys) repeatable, for tests: any whole number. By default random.
   *
   * @default undefined
   * @example new Agent(model, { seed: 7 })
   */
  seed?: number | bigint | undefined;
  /**
   * Who is told what the engine notices; `null` for nobody. By default warnings go to `console.warn`.
   *
   * @default console.warn
   * @example new Agent(model, { log: ({ level, message }) => logger[level](message) })
   */
  log?: Log | null | undefined;
}

/** What a run may be given. */
export interface RunOptions {
  /**
   * Ends the run, during waits too: nothing is started any more, and the rejection is `signal.reason`.
   *
   * @default undefined
   * @example agent.run("hi", { signal: AbortSignal.timeout(30_000) })
   */
  signal?: AbortSignal | undefined;
  /**
   * Stop reasons for which `run` rejects with the error, where there is one, instead of resolving with a degraded result.
   *
   * @default []
   * @example agent.run("hi", { raiseOn: ["deadline", "model_unavailable"] })
   */
  raiseOn?: StopReason | Iterable<StopReason> | undefined;
  /**
   * The turn within which it begins: it has the time that is left of that one's deadline at most. By default the current
   * turn ({@link currentTurn}), if the platform can tell; null stands alone.
   *
   * @default undefined
   * @example tool(async ({ q }, { turn }) => (await helper.run(q, { parent: turn })).answer, { name: "ask" })
   */
  parent?: Turn | null | undefined;
  /**
   * Whether its attempts, tool calls and tokens count against the limits of `parent`, and of those above, as well: all of
   * them together never make more.
   *
   * @default false
   * @example helper.run("look it up", { shareBudgets: true })
   */
  shareBudgets?: boolean | undefined;
  /**
   * Names the run, so that it repeats its idempotency keys when it is run again, in whatever process: a text that no other
   * run has, such as the id of the job. A tool call's key is made of it, of the tool's name and arguments, and of how often
   * they came, so that a run that goes another way gives no other call the same one.
   *
   * @default undefined
   * @example agent.run("pay the order", { runId: "order 7" })
   */
  runId?: string | undefined;
}

/** What a run that is watched may be given. */
export interface AgentStreamOptions extends RunOptions {
  /**
   * Whether text is told only once its reply is whole: nothing is ever taken back.
   *
   * @default false
   * @example agent.stream("hi", { collect: true })
   */
  collect?: boolean | undefined;
  /**
   * Whether it is asked again when a stream breaks after its first part: then a `discard` comes first. If not, that ends
   * the run.
   *
   * @default true
   * @example agent.stream("hi", { restartable: false })
   */
  restartable?: boolean | undefined;
}

/** What came of a run. */
export interface Result {
  /** The model's answer, or a degraded answer in its place. */
  answer: string;
  /** Model requests made. */
  steps: number;
  /** Names of tools that were not allowed to run. */
  blocked: string[];
  /** Whether the result is worse than asked for. */
  degraded: boolean;
  stopReason: StopReason;
  /** What was thrown last, if the run did not succeed. */
  error: unknown;
  /** Where it came to. */
  route: string | undefined;
  /** Who really answered last, in the provider's own words. */
  model: string | undefined;
  attempts: number;
  /** Of the replies that were taken. */
  usage: Usage;
  /** Of the attempts that failed; a part that nobody told of one of them is undefined. */
  spent: Usage;
  /** Not known yet: always undefined. */
  cost: number | undefined;
  /** The whole event log, for people. */
  lines: string[];
  /** The conversation, the answer included. */
  messages: Message[];
}

/** What an agent asks: a function, or an object with `ask`. */
export type Model = ModelFunction | ChatModel;

/** A model as a function. It is given copies. */
export type ModelFunction = (
  messages: Message[],
  tools: ToolSpec[],
  context: WorkContext,
) => ModelReply | PromiseLike<ModelReply>;

/** A model as an object, such as the adapters make. */
export interface ChatModel {
  /** What is known of the route that leads to it. */
  readonly route?: Partial<RouteSpec> | undefined;
  /** Whether it reads its reply from a stream: then it is told to whom in `ask`, and has the limits of a stream. */
  readonly streams?: boolean | undefined;
  /**
   * Asks. Also fits `turn.call((attempt) => model.ask(messages, [], attempt))`.
   *
   * @param attempt gives the request its limits and its key.
   * @param watch is to be told of what a stream brings, where `streams` is true.
   */
  ask(
    messages: readonly Message[],
    tools?: readonly ToolSpec[],
    attempt?: AskAttempt,
    watch?: Watch,
  ): PromiseLike<ModelReply> | ModelReply;
}

/** Who is told of what a model's stream brings. */
export interface Watch {
  /**
   * A chunk was taken.
   *
   * @param text the text in it; may be empty.
   * @param isMeaningful whether it was a part of the answer, such as text, reasoning or a part of a tool call; true by
   *   default. Only such chunks count against the limits.
   * @param usage what is known to be used so far: what counts as spent if the stream breaks.
   */
  saw(text: string, isMeaningful?: boolean, usage?: Partial<Usage>): void;
}

/** What a {@link ChatModel} needs of an attempt. */
export interface AskAttempt {
  readonly timeout?: number | undefined;
  readonly firstProgress?: number | undefined;
  readonly idle?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** What models and tools are given beside their arguments. */
export interface WorkContext {
  /** Aborted at the limit of the attempt, and when the run's own signal is. */
  readonly signal: AbortSignal;
  /** The same in every attempt of a call: by it the other end can recognise a repetition. */
  readonly idempotencyKey: string;
  readonly attempt: Attempt;
  /** The agent's turn: the `parent` of turns that begin within it, where the platform does not find it by itself. */
  readonly turn: Turn;
}

/** A model's reply: an answer, or calls of tools with or without text beside them. */
export type ModelReply = (
  | { answer: string; toolCalls?: readonly ToolCallReply[] | undefined }
  | { answer?: string | undefined; toolCalls: readonly ToolCallReply[] }
) & {
  usage?: Partial<Usage> | undefined;
  /** Who really answered, in the provider's own words. */
  model?: string | undefined;
};

/** A tool call as a model brings it. */
export interface ToolCallReply {
  /** Made up if it is missing. */
  id?: string | undefined;
  name: string;
  /** An object, or its JSON text. */
  arguments?: object | string | undefined;
}

/** A tool call in a conversation. */
export interface ToolCall {
  id: string;
  name: string;
  /** An object; whatever else the model sent, where it sent no object. */
  arguments: unknown;
}

/** A message of a conversation, the same for every provider. */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

export interface SystemMessage {
  role: "system" | "developer";
  content: string;
}

export interface UserMessage {
  role: "user";
  /** A text, or parts (such as images) in the form of the one provider that is asked. */
  content: string | readonly object[];
}

export interface AssistantMessage {
  role: "assistant";
  content: string;
  toolCalls?: readonly ToolCall[] | undefined;
}

/** What came of a tool call. */
export interface ToolMessage {
  role: "tool";
  toolCallId: string;
  name: string;
  content: string;
}

/**
 * Makes a tool of a function. A model sends its arguments as one object.
 *
 * @example
 * const multiply = tool(({ a, b }: { a: number; b: number }) => a * b, {
 *   name: "multiply",
 *   description: "Multiplies two whole numbers.",
 *   parameters: {
 *     type: "object",
 *     properties: { a: { type: "integer" }, b: { type: "integer" } },
 *     required: ["a", "b"],
 *   },
 * });
 */
export function tool<Args extends object>(fn: ToolFunction<Args>, options?: ToolOptions<Args>): Tool<Args>;

/** A function that a model may ask for. Whatever it returns or throws, the model is told, as text. */
// biome-ignore lint/suspicious/noExplicitAny: a chain of tools holds functions of different arguments
export type ToolFunction<Args extends object = any> = (args: Args, context: WorkContext) => unknown;

/** A function that a model may ask for, made by {@link tool}. */
// biome-ignore lint/suspicious/noExplicitAny: a chain of tools holds functions of different arguments
export class Tool<Args extends object = any> {
  constructor(fn: ToolFunction<Args>, options?: ToolOptions<Args>);
  readonly fn: ToolFunction<Args>;
  readonly name: string;
  readonly description: string;
  readonly parameters: object;
  readonly risky: boolean | ((args: Args) => boolean);
  readonly replay: Replay;
  readonly timeout: number | undefined;
  /** What a model is told about it. */
  spec(): ToolSpec;
}

/** What a model is told about a tool. */
export interface ToolSpec {
  name: string;
  description: string;
  /** A JSON schema. */
  parameters: object;
}

/** What is said of a tool. */
// biome-ignore lint/suspicious/noExplicitAny: a chain of tools holds functions of different arguments
export interface ToolOptions<Args extends object = any> {
  /**
   * What the model calls it; unique in an agent. A nameless function must be given one.
   *
   * @default fn.name
   * @example tool(({ a, b }) => a * b, { name: "multiply" })
   */
  name?: string | undefined;
  /**
   * What it does, for the model.
   *
   * @default ""
   * @example tool(multiply, { description: "Multiplies two whole numbers." })
   */
  description?: string | undefined;
  /**
   * A JSON schema of the arguments. What is `required`, or unknown under `additionalProperties: false`, is checked by
   * name before the function runs; types are for the function to check. By default any object will do.
   *
   * @default { type: "object", properties: {}, additionalProperties: true }
   * @example tool(find, { parameters: { type: "object", properties: { q: { type: "string" } }, required: ["q"] } })
   */
  parameters?: object | undefined;
  /**
   * Whether a call needs approval: a boolean, or a predicate that answers at once. One that throws makes the call risky.
   *
   * @default false
   * @example tool(pay, { risky: ({ amount }) => amount > 100 })
   */
  risky?: boolean | ((args: Args) => boolean) | undefined;
  /**
   * Whether a call may be made twice: `once` is never run again after it may have done something, `idempotent` does no
   * harm twice, and `keyed` hands `context.idempotencyKey` to the other end, which recognises a repetition.
   *
   * @default "once"
   * @example tool(lookUp, { replay: "idempotent" })
   */
  replay?: Replay | undefined;
  /**
   * The limit of one run, in place of the policy's `attempt.timeout`: 1 ms to 30 days.
   *
   * @default undefined
   * @example tool(lookUp, { timeout: 5_000 })
   */
  timeout?: number | undefined;
}

/** Whether a call may be made twice. */
export type Replay = "once" | "idempotent" | "keyed";

/**
 * Says whether a risky tool may run: `true` is `once`, and whatever is neither `true` nor a {@link Decision} is no.
 *
 * @example
 * const approver = async ({ tool }: ApprovalRequest): Promise<Decision> => ((await ask(tool)) ? "session" : "deny");
 */
export type Approver = (
  request: ApprovalRequest,
  context: ApproverContext,
) => boolean | Decision | PromiseLike<boolean | Decision>;

/** What an approver is asked: may this tool run with exactly these arguments? */
export interface ApprovalRequest {
  readonly tool: string;
  /** A copy: whatever becomes of it, what runs is what was asked about. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** SHA-256 of tool and arguments: what the answer is bound to. */
  readonly digest: string;
}

export interface ApproverContext {
  /** Aborted when nobody waits for the answer any more; in a gate, the caller's own, if there is one. */
  readonly signal: AbortSignal | undefined;
}

/**
 * `once`: this call. `session`: this tool until the session ends. `always`: the same, and you should approve it in
 * sessions to come. `deny`: no. `withdrawn`: the question was taken back. `no_approver`: nobody is there.
 */
export type Decision = "once" | "session" | "always" | "deny" | "withdrawn" | "no_approver";

// ---- Adapters ----

/**
 * A model of the Chat Completions API: OpenAI, Azure OpenAI, and whatever speaks it behind another base URL.
 *
 * The client's own `maxRetries` is not used: the policy says how often to ask. A reply that was cut, refused or is no
 * reply rejects with {@link UnusableReply}, an error under a status of 200 with {@link ProviderError}.
 *
 * @param client a client of the npm package `openai`.
 * @param model the model, or on Azure the deployment.
 * @example
 * openaiChat(new OpenAI(), "gpt-5", { reasoning_effort: "low", timeout: 30_000 })
 */
export function openaiChat<Client extends OpenAIClient>(
  client: Client,
  model: string,
  options?: AdapterOptions & CreateOptions<Client["chat"]["completions"]["create"]>,
): ChatModel;

/**
 * A model of the Messages API: Anthropic, also on Bedrock, Vertex and the like.
 *
 * As {@link openaiChat}. Tokens read from or written to a cache count among the input tokens. Extended thinking cannot be
 * used together with tools: the messages of an agent do not hold the thinking blocks that would have to be handed back.
 *
 * @param client a client of the npm package `@anthropic-ai/sdk`.
 * @example
 * anthropicMessages(new Anthropic(), "claude-sonnet-4-5", { maxTokens: 1024 })
 */
export function anthropicMessages<Client extends AnthropicClient>(
  client: Client,
  model: string,
  options?: AnthropicOptions & CreateOptions<Client["messages"]["create"], "max_tokens">,
): ChatModel;

/** What {@link openaiChat} needs of a client. */
export interface OpenAIClient {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's own types fit, whatever their version
  readonly chat: { readonly completions: { create(body: any, options?: any): PromiseLike<unknown> } };
}

/** What {@link anthropicMessages} needs of a client. */
export interface AnthropicClient {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK's own types fit, whatever their version
  readonly messages: { create(body: any, options?: any): PromiseLike<unknown> };
  readonly chat?: undefined;
}

/** What the SDK's `create` takes, without what an agent brings itself. The types are those of the SDK that is installed. */
export type CreateOptions<Create, Brought extends string = never> = Create extends (
  body: infer Body,
  // biome-ignore lint/suspicious/noExplicitAny: only the first parameter is looked at
  ...rest: any
) => unknown
  ? {
      [Name in keyof Body as Name extends "messages" | "model" | "stream" | Brought ? never : Name]?:
        | Body[Name]
        | undefined;
    }
  : never;

/** What both adapters take, beside the options of the SDK's `create`. */
export interface AdapterOptions {
  /**
   * Whether an answer that was cut at the token limit is taken for a whole one.
   *
   * @default false
   * @example openaiChat(client, "gpt-5", { acceptCut: true })
   */
  acceptCut?: boolean | undefined;
  /**
   * Whether replies are collected from a stream: a hung answer is noticed within `attempt.idle` rather than at the limit
   * of the whole, and {@link Agent.stream} tells its text as it comes. A chunk that cannot be read is skipped where
   * the rest is whole. Chat Completions are asked for their usage, unless you say otherwise.
   *
   * @default false
   * @example openaiChat(client, "gpt-5", { stream: true })
   */
  stream?: boolean | undefined;
  /**
   * What is known of the route that leads to this model, beside what the client tells.
   *
   * @default undefined
   * @example openaiChat(client, "gpt-5", { route: { name: "primary", contextWindow: 400_000 } })
   */
  route?: Partial<RouteSpec> | undefined;
  /**
   * A time limit of the client, in milliseconds, where that is shorter than the policy's.
   *
   * @default client.timeout
   * @example openaiChat(client, "gpt-5", { timeout: 30_000 })
   */
  timeout?: number | undefined;
  /**
   * Headers of every request, in any form that the SDK takes.
   *
   * @default undefined
   * @example openaiChat(client, "gpt-5", { headers: { "X-Team": "a" } })
   */
  headers?: object | undefined;
  /**
   * Query parameters of every request.
   *
   * @default undefined
   * @example openaiChat(client, "gpt-5", { query: { "api-version": "preview" } })
   */
  query?: object | undefined;
  /**
   * What the SDK hands to `fetch`.
   *
   * @default undefined
   * @example openaiChat(client, "gpt-5", { fetchOptions: { keepalive: true } })
   */
  fetchOptions?: object | undefined;
}

/** What {@link anthropicMessages} takes, beside the options of the SDK's `create`. */
export interface AnthropicOptions extends AdapterOptions {
  /**
   * The most tokens of an answer, which the API wants said.
   *
   * @default 4096
   * @example anthropicMessages(client, "claude-sonnet-4-5", { maxTokens: 1024 })
   */
  maxTokens?: number | undefined;
}

/** The provider replied, but with nothing that may be taken for a whole answer. */
export class UnusableReply extends Error {
  constructor(message: string, kind: FailureKind, reply?: unknown, options?: { cause?: unknown });
  /** What the engine makes of it. */
  readonly failsoftFailure: Failure;
  /** The SDK's own object, with all that there was. */
  readonly reply: unknown;
}

/**
 * The provider sent an error in place of a reply, or amid a stream, under a status that promised one. {@link classify}
 * reads it.
 */
export class ProviderError extends Error {
  constructor(message: string, body?: unknown, options?: { cause?: unknown });
  /** All that it said. */
  readonly body: unknown;
}

// ---- Failures, and the words of the engine ----

/**
 * One failure, as the engine sees it: a kind and a few numbers. The error itself stays with you. Bring one along as
 * `error.failsoftFailure` to say what an error of yours is.
 *
 * @example
 * throw Object.assign(new Error("busy"), { failsoftFailure: new Failure("rate_limited", { retryAfter: 2_000 }) });
 */
export class Failure {
  constructor(kind: FailureKind, options?: FailureOptions);
  readonly kind: FailureKind;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;
  readonly resetAfter: number | undefined;
  readonly phase: FailurePhase | undefined;
  readonly shouldRetry: boolean | undefined;
  readonly effect: FailureEffect;
  /** The same failure as your own word makes it, whatever its kind: worth another attempt, or not. */
  judged(wanted: boolean): Failure;
}

/** What is known of a {@link Failure} beside its kind. */
export interface FailureOptions {
  /**
   * The HTTP status.
   *
   * @default undefined
   * @example new Failure("rate_limited", { status: 429 })
   */
  status?: number | undefined;
  /**
   * How many milliseconds the provider said to wait before asking again.
   *
   * @default undefined
   * @example new Failure("rate_limited", { retryAfter: 2_000 })
   */
  retryAfter?: number | undefined;
  /**
   * In how many milliseconds a limit is lifted, as the provider stated it.
   *
   * @default undefined
   * @example new Failure("quota_exhausted", { resetAfter: 3_600_000 })
   */
  resetAfter?: number | undefined;
  /**
   * How far the attempt had come.
   *
   * @default undefined
   * @example new Failure("connect", { phase: "pool" })
   */
  phase?: FailurePhase | undefined;
  /**
   * The provider's own word on whether asking again may help (`x-should-retry`).
   *
   * @default undefined
   * @example new Failure("server_error", { shouldRetry: false })
   */
  shouldRetry?: boolean | undefined;
  /**
   * Whether the attempt may have done something at the other end.
   *
   * @default "none" of a `connect`, else "possible"
   * @example new Failure("server_error", { effect: "none" })
   */
  effect?: FailureEffect | undefined;
}

/** The rows of the failure table. What each leads to is told at {@link FailuresOptions}. */
export type FailureKind =
  | "connect"
  | "read_timeout"
  | "timed_out"
  | "rate_limited"
  | "quota_exhausted"
  | "overloaded"
  | "server_error"
  | "malformed"
  | "stream_broken"
  | "auth"
  | "not_found"
  | "context_overflow"
  | "content_refused"
  | "invalid_request"
  | "certificate"
  | "bug"
  | "cancelled"
  | "unknown";

/** How far an attempt had come: waiting for a connection, connecting, sending, waiting for a first sign, reading on; or the whole of it. */
export type FailurePhase = "pool" | "connect" | "send" | "first_progress" | "idle" | "total";

/** Whether a failed attempt may have done something at the other end. */
export type FailureEffect = "none" | "possible";

/** Why a turn ended. */
export type StopReason =
  | "answered"
  | "step_limit"
  | "tool_limit"
  | "token_limit"
  | "attempt_limit"
  | "deadline"
  | "repeated_tool_failure"
  | "model_unavailable"
  | "no_route"
  | "refused"
  | "awaiting_approval"
  | "cancelled"
  | "error";

/**
 * What a breaker does with calls. By itself: lets them pass (`closed`), refuses them (`open`), or lets a probe pass and
 * refuses all others (`half_open`). By hand: refuses them (`isolated`, `forced_open`), or lets them pass and counts nothing
 * (`forced_closed`) or everything (`metrics_only`).
 */
export type BreakerState =
  | "closed"
  | "open"
  | "half_open"
  | "isolated"
  | "forced_open"
  | "forced_closed"
  | "metrics_only";

/** What a breaker goes by. Nothing is counted while it is open or half open: the numbers are then those that opened it. */
export interface BreakerMetrics {
  readonly state: BreakerState;
  /** Calls in the window. */
  readonly calls: number;
  /** How many of them failed. */
  readonly failed: number;
  /** How many of them were slow. */
  readonly slow: number;
  /** The part that failed, in thousandths rounded down; undefined below `minCalls`. */
  readonly failureRate: number | undefined;
  /** The part that was slow; undefined below `minCalls`, or where `slow` is not set. */
  readonly slowRate: number | undefined;
  /** Milliseconds until it may be asked, if it refuses now and knows. */
  readonly retryIn: number | undefined;
}

/**
 * Holds a breaker out of use until `release()`, or to the end of a block with `using`. Every holder counts: calls are
 * refused until the last one has let go. To lose it is not to release it.
 */
export class Isolation {
  private constructor();
  /** Lets go. To do so again does nothing. */
  release(): void;
  [Symbol.dispose](): void;
}

/** How a backoff is spread: uniform from 0, half of it fixed, uniform from the base to three times the wait before, or not at all. */
export type Jitter = "full" | "equal" | "decorrelated" | "none";

// ---- The policy ----

/**
 * Every number and choice of the engine; immutable, checked when it is made.
 *
 * @example
 * const policy = new Policy({ retry: { maxAttempts: 5 }, turn: { deadline: 120_000, steps: 8 } });
 */
export class Policy {
  constructor(options?: PolicyOptions);
  /** A policy from a policy file, which serves every language: its text, or what `JSON.parse` made of it. */
  static fromJSON(file: string | object): Policy;
  /** The policy that {@link retry} follows. */
  static forRetry(options?: Pick<RetryPolicyOptions, "maxAttempts" | "base" | "factor" | "cap" | "jitter">): Policy;
  /** The policy that {@link fallback} follows. */
  static forFallback(): Policy;
  /** What a policy file says, defaults included: `snake_case`, spans in fields that end with `_ms`. */
  toJSON(): Record<string, Record<string, unknown>>;
}

/** The parts of a {@link Policy}. What is not named keeps its default. */
export interface PolicyOptions {
  /**
   * The same route again: how often, after what wait.
   *
   * @default {}: the default of each field
   * @example new Policy({ retry: { maxAttempts: 5 } })
   */
  retry?: RetryPolicyOptions | undefined;
  /**
   * The limits of one attempt. A route may override each: models that reason think long.
   *
   * @default {}: the default of each field
   * @example new Policy({ attempt: { timeout: 60_000 } })
   */
  attempt?: AttemptPolicyOptions | undefined;
  /**
   * When a breaker opens, for how long, and what closes it.
   *
   * @default {}: the default of each field
   * @example new Policy({ breaker: { enabled: false } })
   */
  breaker?: BreakerPolicyOptions | undefined;
  /**
   * The retry budget of a deployment: in any window, at most `floor` + `ratio` x first attempts are retries.
   *
   * @default {}: the default of each field
   * @example new Policy({ budget: { floor: 100 } })
   */
  budget?: BudgetPolicyOptions | undefined;
  /**
   * How fallback between routes behaves.
   *
   * @default {}: the default of each field
   * @example new Policy({ fallback: { scope: "session" } })
   */
  fallback?: FallbackPolicyOptions | undefined;
  /**
   * The making anew of a client after a failure of its connection, once a turn. Only for routes with `activate`.
   *
   * @default {}: the default of each field
   * @example new Policy({ recovery: { enabled: false } })
   */
  recovery?: RecoveryPolicyOptions | undefined;
  /**
   * Second attempts beside slow ones, on the next route: the first whole answer wins, the other is aborted and counted against
   * nobody. Off unless `delay` or `quantile` is set. A route with `activate` is asked so only once it has a client. Only for what may be made twice: `turn.call` and the models of an agent,
   * neither tools nor streams. A hedge is one of the turn's attempts, and pays the retry budget of its deployment.
   *
   * @default {}: the default of each field
   * @example new Policy({ hedge: { quantile: 0.95, delay: 10_000 } })
   */
  hedge?: HedgePolicyOptions | undefined;
  /**
   * The limits of one turn. Each ends it with a `stopReason` of its own; `null` switches one off.
   *
   * @default {}: the default of each field
   * @example new Policy({ turn: { deadline: 120_000 } })
   */
  turn?: TurnPolicyOptions | undefined;
  /**
   * Which tools ask, and how long an answer is waited for.
   *
   * @default {}: the default of each field
   * @example new Policy({ approval: { risky: ["send_email"] } })
   */
  approval?: ApprovalPolicyOptions | undefined;
  /**
   * What each kind of failure leads to: any field of any row.
   *
   * @default {}: the default of each row
   * @example new Policy({ failures: { rateLimited: { again: "no" } } })
   */
  failures?: FailuresOptions | undefined;
  /**
   * What failures are taken for, beside the built-in rules: rules of your own, and rules switched off. {@link explain}
   * names the rule that decides.
   *
   * @default {}: the built-in rules alone
   * @example new Policy({ classify: { off: ["content_zhipu"] } })
   */
  classify?: ClassifyPolicyOptions | undefined;
}

/** What failures are taken for, beside the built-in rules. */
export interface ClassifyPolicyOptions {
  /**
   * How far headers are believed: also what providers send beside the RFCs (decimals, `20s`, durations, rate-limit
   * resets), or only whole seconds, whole milliseconds and HTTP dates.
   *
   * @default "lenient"
   * @example new Policy({ classify: { headers: "strict" } })
   */
  headers?: "lenient" | "strict" | undefined;
  /**
   * Built-in rules that are not asked: a list of names.
   *
   * @default []
   * @example new Policy({ classify: { off: ["content_zhipu"] } })
   */
  off?: readonly string[] | undefined;
  /**
   * Rules of your own, asked before the built-in ones unless they say otherwise: a list of up to 64 rules.
   *
   * @default []
   * @example new Policy({ classify: { rules: [{ name: "closed", when: { code: ["shop_closed"] }, then: { kind: "overloaded" } }] } })
   */
  rules?: readonly ClassifyRule[] | undefined;
}

/** A rule: what must hold of a failure, and what it is then. With the name of a built-in rule it stands in its place. */
export interface ClassifyRule {
  /**
   * Its name: 1 to 200 bytes. {@link explain} tells it.
   *
   * @default none: it must be given
   * @example new Policy({ classify: { rules: [{ name: "closed", when: { code: ["closed"] }, then: { kind: "overloaded" } }] } })
   */
  name: string;
  /**
   * What must hold, all of it.
   *
   * @default none: it must be given
   * @example new Policy({ classify: { rules: [{ name: "closed", when: { status: [418] }, then: { kind: "overloaded" } }] } })
   */
  when: ClassifyConditions;
  /**
   * What must not hold: any of it stops the rule.
   *
   * @default {}
   * @example new Policy({ classify: { rules: [{ name: "closed", when: { status: ["4xx"] }, unless: { phrase: ["try later"] }, then: { kind: "auth" } }] } })
   */
  unless?: ClassifyConditions | undefined;
  /**
   * What the failure is then.
   *
   * @default none: it must be given
   * @example new Policy({ classify: { rules: [{ name: "closed", when: { status: [418] }, then: { kind: "overloaded", retryAfter: 60_000 } }] } })
   */
  then: ClassifyOutcome;
  /**
   * The built-in rule before which it is asked; before all of them without one.
   *
   * @default undefined
   * @example new Policy({ classify: { rules: [{ name: "closed", before: "server_5xx", when: { status: [503] }, then: { kind: "auth" } }] } })
   */
  before?: string | undefined;
  /**
   * Of classes, only those of the error itself count, and not those of its causes: true or false.
   *
   * @default false
   * @example new Policy({ classify: { rules: [{ name: "closed", own: true, when: { class: ["ShopError"] }, then: { kind: "auth" } }] } })
   */
  own?: boolean | undefined;
}

/** Conditions of a rule. Of the alternatives within one, any is enough; each list has up to 32. */
export interface ClassifyConditions {
  /** The HTTP status: 100 to 599, or a hundred of them such as `"5xx"`. */
  status?: readonly (number | string)[] | undefined;
  /** A word of the provider's, whole, in any case; `*` at either end stands for anything. */
  code?: readonly string[] | undefined;
  /** Within the message or a text of the body, from the beginning of a word, in any case. */
  phrase?: readonly string[] | undefined;
  /** The class that tells most, or a system's code such as `ECONNRESET`. */
  class?: readonly string[] | undefined;
  /** How far the attempt had come, as far as the caller knows. */
  phase?: readonly FailurePhase[] | undefined;
  /** A header with its value, such as `"x-amzn-errortype: ThrottlingException"`. */
  header?: readonly string[] | undefined;
  /** A field that the body has, whatever it holds. */
  field?: readonly string[] | undefined;
  /** Who was asked, in lower case. */
  provider?: readonly string[] | undefined;
}

/** What a failure is by a rule. */
export interface ClassifyOutcome {
  kind: FailureKind;
  /** How far it had come, where the caller does not know. */
  phase?: FailurePhase | undefined;
  /** `"none"` where it is certain that nothing was sent. */
  effect?: FailureEffect | undefined;
  /** Milliseconds to wait before asking again, where the provider stated no time. */
  retryAfter?: number | undefined;
  /** Milliseconds until the limit is lifted, where the provider stated no time. */
  resetAfter?: number | undefined;
}

/** The same route again: how often, after what wait. */
export interface RetryPolicyOptions {
  /**
   * Attempts a route in one call, the first included: a whole number from 1 to 1000; 1 means no retry.
   *
   * @default 3
   * @example new Policy({ retry: { maxAttempts: 5 } })
   */
  maxAttempts?: number | undefined;
  /**
   * The first backoff: 0 ms to 30 days.
   *
   * @default 500
   * @example new Policy({ retry: { base: 1_000 } })
   */
  base?: number | undefined;
  /**
   * Each backoff is this many times the one before: a number from 1 to 100.
   *
   * @default 2
   * @example new Policy({ retry: { factor: 1.5 } })
   */
  factor?: number | undefined;
  /**
   * The longest backoff: 0 ms to 30 days, and at least `base`. No wait of ours exceeds it, only one that the
   * provider asked for.
   *
   * @default 30_000
   * @example new Policy({ retry: { cap: 10_000 } })
   */
  cap?: number | undefined;
  /**
   * How a backoff is spread, so that callers that failed together do not come back together.
   *
   * @default "full"
   * @example new Policy({ retry: { jitter: "equal" } })
   */
  jitter?: Jitter | undefined;
  /**
   * The longest wait on a route while another one could be asked: 0 ms to 30 days.
   *
   * @default 5_000
   * @example new Policy({ retry: { patience: 1_000 } })
   */
  patience?: number | undefined;
  /**
   * The longest wait on the last route: 0 ms to 30 days.
   *
   * @default 60_000
   * @example new Policy({ retry: { patienceLast: 120_000 } })
   */
  patienceLast?: number | undefined;
  /**
   * What happens when the wait would be longer: go on down the ladder, wait as long as the provider asked, wait as
   * long as the patience reaches, wait the backoff and ignore what the provider asked, or give up at once.
   *
   * @default "move_on"
   * @example new Policy({ retry: { pastPatience: "obey" } })
   */
  pastPatience?: "move_on" | "obey" | "clamp" | "backoff" | "fail" | undefined;
}

/** The limits of one attempt. A route may override each: models that reason think long. */
export interface AttemptPolicyOptions {
  /**
   * The whole attempt; a stream that progresses has no such limit: 1 ms to 30 days. As the OpenAI and Anthropic
   * SDKs.
   *
   * @default 600_000
   * @example new Policy({ attempt: { timeout: 60_000 } })
   */
  timeout?: number | undefined;
  /**
   * Until the first meaningful progress of an attempt declared streaming: 1 ms to 30 days.
   *
   * @default 60_000
   * @example new Policy({ attempt: { firstProgress: 120_000 } })
   */
  firstProgress?: number | undefined;
  /**
   * Between two meaningful chunks of an attempt declared streaming: 1 ms to 30 days.
   *
   * @default 60_000
   * @example new Policy({ attempt: { idle: 20_000 } })
   */
  idle?: number | undefined;
}

/** When a breaker opens, for how long, and what closes it. */
export interface BreakerPolicyOptions {
  /**
   * Whether breakers are on: true or false. A manual override holds either way.
   *
   * @default true
   * @example new Policy({ breaker: { enabled: false } })
   */
  enabled?: boolean | undefined;
  /**
   * Opens after this many counted failures in a row: a whole number from 1 to 1000. When set, it replaces the
   * failure rate; `null` for not set.
   *
   * @default null
   * @example new Policy({ breaker: { consecutive: 5 } })
   */
  consecutive?: number | null | undefined;
  /**
   * Opens when this part of the calls in the window failed, the threshold included: a number from 0.001 to 1.
   *
   * @default 0.5
   * @example new Policy({ breaker: { rate: 0.25 } })
   */
  rate?: number | undefined;
  /**
   * The fewest calls in the window on which a rate is judged: a whole number from 1 to 100000. Of a window of calls, never
   * more than it holds.
   *
   * @default 5
   * @example new Policy({ breaker: { minCalls: 20 } })
   */
  minCalls?: number | undefined;
  /**
   * The window over which the rates are taken: 1 ms to 30 days.
   *
   * @default 30_000
   * @example new Policy({ breaker: { window: 60_000 } })
   */
  window?: number | undefined;
  /**
   * Slices that the window is cut into; they fall out of it one by one: a whole number from 1 to 12.
   *
   * @default 10
   * @example new Policy({ breaker: { buckets: 6 } })
   */
  buckets?: number | undefined;
  /**
   * The rates are taken over the last so many calls, in place of `window`: a whole number from 1 to 256; `null` for not set.
   *
   * @default null
   * @example new Policy({ breaker: { countWindow: 50 } })
   */
  countWindow?: number | null | undefined;
  /**
   * A call that took this long or longer was slow; of a stream, until its first progress: 1 ms to 30 days; `null` for not set.
   *
   * @default null
   * @example new Policy({ breaker: { slow: 20_000 } })
   */
  slow?: number | null | undefined;
  /**
   * Opens, too, when this part of the calls in the window was slow, the threshold included: a number from 0.001 to 1.
   *
   * @default 1
   * @example new Policy({ breaker: { slow: 20_000, slowRate: 0.5 } })
   */
  slowRate?: number | undefined;
  /**
   * How long it stays open the first time: 1 ms to 30 days. Each opening in a row doubles it.
   *
   * @default 5_000
   * @example new Policy({ breaker: { open: 1_000 } })
   */
  open?: number | undefined;
  /**
   * The longest time open: 1 ms to 30 days, and at least `open`.
   *
   * @default 30_000
   * @example new Policy({ breaker: { maxOpen: 120_000 } })
   */
  maxOpen?: number | undefined;
  /**
   * Calls that are let through while half open: a whole number from 1 to 100.
   *
   * @default 1
   * @example new Policy({ breaker: { probes: 3 } })
   */
  probes?: number | undefined;
  /**
   * How many of the probes must succeed to close it: a whole number from 1 to 100, and at most `probes`; `null` for not set. It opens
   * again as soon as so many cannot succeed any more. Without it, all of them.
   *
   * @default null
   * @example new Policy({ breaker: { probes: 3, successes: 2 } })
   */
  successes?: number | null | undefined;
  /**
   * The longest half-open time: 1 ms to 30 days; `null` for not set. Undecided by then, it opens again, for longer.
   *
   * @default null
   * @example new Policy({ breaker: { halfOpen: 60_000 } })
   */
  halfOpen?: number | null | undefined;
  /**
   * Counts and never refuses: true or false.
   *
   * @default false
   * @example new Policy({ breaker: { metricsOnly: true } })
   */
  metricsOnly?: boolean | undefined;
}

/** The retry budget of a deployment: in any window, at most `floor` + `ratio` x first attempts are retries. */
export interface BudgetPolicyOptions {
  /**
   * Retries that are always granted in a window: a whole number from 0 to 1000000.
   *
   * @default 10
   * @example new Policy({ budget: { floor: 100 } })
   */
  floor?: number | undefined;
  /**
   * Retries granted for each first attempt: a number from 0 to 10.
   *
   * @default 0.2
   * @example new Policy({ budget: { ratio: 0.5 } })
   */
  ratio?: number | undefined;
  /**
   * The window: 10 ms to 30 days.
   *
   * @default 60_000
   * @example new Policy({ budget: { window: 10_000 } })
   */
  window?: number | undefined;
}

/** How fallback between routes behaves. */
export interface FallbackPolicyOptions {
  /**
   * How long a fallback lasts: for one call, to the end of the turn, or to the end of the session.
   *
   * @default "turn"
   * @example new Policy({ fallback: { scope: "session" } })
   */
  scope?: "call" | "turn" | "session" | undefined;
  /**
   * What to do when every route's breaker refuses: fail at once, or wait for the first to let a call pass.
   *
   * @default "fail"
   * @example new Policy({ fallback: { whenRefused: "wait" } })
   */
  whenRefused?: "fail" | "wait" | undefined;
  /**
   * How long a turn (with that scope, the session) stays off the primary before a call begins there again, if it may be asked
   * then: 1 ms to 30 days, counted from when it left or last looked, or `null` for not set: it goes on where it is to its end.
   *
   * @default null
   * @example new Policy({ fallback: { recheck: 300_000 } })
   */
  recheck?: number | null | undefined;
}

/** The making anew of a client after a failure of its connection, once a turn. Only for routes with `activate`. */
export interface RecoveryPolicyOptions {
  /**
   * Whether clients are made again at all: true or false.
   *
   * @default true
   * @example new Policy({ recovery: { enabled: false } })
   */
  enabled?: boolean | undefined;
  /**
   * The wait afterwards is this, and one second for each attempt made on the route: 0 ms to 30 days.
   *
   * @default 3_000
   * @example new Policy({ recovery: { wait: 1_000 } })
   */
  wait?: number | undefined;
  /**
   * The longest wait afterwards: 0 ms to 30 days, and at least `wait`.
   *
   * @default 8_000
   * @example new Policy({ recovery: { maxWait: 4_000 } })
   */
  maxWait?: number | undefined;
  /**
   * Whether the route gets all its attempts again with the new client, in place of one more: true or false.
   *
   * @default false
   * @example new Policy({ recovery: { newRound: true } })
   */
  newRound?: boolean | undefined;
}

/** Second attempts beside slow ones, on the next route. Off unless one of the two is set. */
export interface HedgePolicyOptions {
  /**
   * How long an attempt runs alone: 1 ms to 30 days, or `null` for not set.
   *
   * @default null
   * @example new Policy({ hedge: { delay: 2_000 } })
   */
  delay?: number | null | undefined;
  /**
   * As long as this part of the answers of its deployment took in this session, in place of `delay` as soon as 20 answers are
   * known: a number from 0.5 to 0.999, or `null` for not set. 0.95 hedges the slowest twentieth.
   *
   * @default null
   * @example new Policy({ hedge: { quantile: 0.95 } })
   */
  quantile?: number | null | undefined;
}

/** The limits of one turn. Each ends it with a `stopReason` of its own; `null` switches one off. */
export interface TurnPolicyOptions {
  /**
   * The whole turn: waits, clients made again and tools included, people excluded: 1 ms to 30 days.
   *
   * @default null
   * @example new Policy({ turn: { deadline: 120_000 } })
   */
  deadline?: number | null | undefined;
  /**
   * Model requests of the agent loop, exactly: a whole number from 1 to 100000.
   *
   * @default 10
   * @example new Policy({ turn: { steps: 20 } })
   */
  steps?: number | undefined;
  /**
   * Tool calls in all: a whole number from 1 to 1000000.
   *
   * @default null
   * @example new Policy({ turn: { toolCalls: 50 } })
   */
  toolCalls?: number | null | undefined;
  /**
   * Attempts in all, over every call of the turn: a whole number from 1 to 1000000.
   *
   * @default null
   * @example new Policy({ turn: { attempts: 30 } })
   */
  attempts?: number | null | undefined;
  /**
   * Tokens in all, as the models report them: a whole number from 1 to 4294967295.
   *
   * @default null
   * @example new Policy({ turn: { tokens: 200_000 } })
   */
  tokens?: number | null | undefined;
  /**
   * Whether a token limit stops the turn when a model does not report its usage; else it passes with a notice: true
   * or false.
   *
   * @default false
   * @example new Policy({ turn: { strict: true } })
   */
  strict?: boolean | undefined;
  /**
   * The same tool call failing this often stops the turn: a whole number from 1 to 1000.
   *
   * @default 3
   * @example new Policy({ turn: { sameFailure: 2 } })
   */
  sameFailure?: number | undefined;
  /**
   * Whether the last step is asked without tools, for an answer from what is there: true or false.
   *
   * @default false
   * @example new Policy({ turn: { finalAnswer: true } })
   */
  finalAnswer?: boolean | undefined;
}

/** Which tools ask, and how long an answer is waited for. */
export interface ApprovalPolicyOptions {
  /**
   * Tools that need approval, beside those declared risky where they are defined: a list of names.
   *
   * @default []
   * @example new Policy({ approval: { risky: ["send_email"] } })
   */
  risky?: readonly string[] | undefined;
  /**
   * Tools that never run, whatever an approver says: a list of names.
   *
   * @default []
   * @example new Policy({ approval: { deny: ["drop_table"] } })
   */
  deny?: readonly string[] | undefined;
  /**
   * How long a live approver is awaited; silence is not consent: 1 ms to 30 days.
   *
   * @default 300_000
   * @example new Policy({ approval: { expires: 60_000 } })
   */
  expires?: number | undefined;
}

/** The failure table: what each kind leads to. The defaults name what is not `"no"`, 0 or `false`. */
export interface FailuresOptions {
  /**
   * DNS, connection refused, TLS alert, reset before headers, connect or pool timeout, protocol error.
   *
   * @default { again: "yes", rebuild: "on_primary", next: "yes", charge: "endpoint" }
   * @example new Policy({ failures: { connect: { rebuild: "no" } } })
   */
  connect?: FailureRule | undefined;
  /**
   * The client's own read limit passed before any byte came.
   *
   * @default { again: "on_last_route", rebuild: "on_primary", next: "yes", charge: "deployment" }
   * @example new Policy({ failures: { readTimeout: { again: "yes" } } })
   */
  readTimeout?: FailureRule | undefined;
  /**
   * Our own limit passed: first progress, idle, or total.
   *
   * @default { again: "on_last_route", next: "yes", charge: "deployment_if_full_time" }
   * @example new Policy({ failures: { timedOut: { again: "once" } } })
   */
  timedOut?: FailureRule | undefined;
  /**
   * Too many requests for now (429).
   *
   * @default { again: "yes", next: "yes", cool: "limit", coolBase: 60_000, coolCap: 300_000 }
   * @example new Policy({ failures: { rateLimited: { again: "no" } } })
   */
  rateLimited?: FailureRule | undefined;
  /**
   * The quota or the credit is used up: asking again soon cannot help.
   *
   * @default { next: "yes", cool: "credential", coolBase: 300_000, coolCap: 3_600_000 }
   * @example new Policy({ failures: { quotaExhausted: { coolBase: 600_000 } } })
   */
  quotaExhausted?: FailureRule | undefined;
  /**
   * The provider says that it is overloaded (503, 529).
   *
   * @default { again: "yes", next: "yes", charge: "deployment", cool: "stated_only" }
   * @example new Policy({ failures: { overloaded: { charge: "no" } } })
   */
  overloaded?: FailureRule | undefined;
  /**
   * Any other 5xx, and your own {@link TransientError}.
   *
   * @default { again: "yes", next: "yes", charge: "deployment", cool: "stated_only" }
   * @example new Policy({ failures: { serverError: { again: "once" } } })
   */
  serverError?: FailureRule | undefined;
  /**
   * An answer came and could not be read, or was no whole one.
   *
   * @default { again: "once", next: "yes", charge: "deployment" }
   * @example new Policy({ failures: { malformed: { again: "yes" } } })
   */
  malformed?: FailureRule | undefined;
  /**
   * A stream ended early, after it had made progress.
   *
   * @default { again: "if_restartable", next: "if_restartable", charge: "deployment" }
   * @example new Policy({ failures: { streamBroken: { again: "no" } } })
   */
  streamBroken?: FailureRule | undefined;
  /**
   * The credential was refused (401, 403).
   *
   * @default { rebuild: "anywhere", next: "yes", cool: "credential", coolBase: 300_000, coolCap: 3_600_000 }
   * @example new Policy({ failures: { auth: { rebuild: "no" } } })
   */
  auth?: FailureRule | undefined;
  /**
   * The model or deployment does not exist there (404).
   *
   * @default { next: "yes", cool: "deployment", coolBase: 300_000, coolCap: 3_600_000 }
   * @example new Policy({ failures: { notFound: { next: "no" } } })
   */
  notFound?: FailureRule | undefined;
  /**
   * The request is larger than the model's context window.
   *
   * @default { next: "larger_context", provesAlive: true }
   * @example new Policy({ failures: { contextOverflow: { next: "no" } } })
   */
  contextOverflow?: FailureRule | undefined;
  /**
   * The provider's content policy refused.
   *
   * @default { provesAlive: true }
   * @example new Policy({ failures: { contentRefused: { next: "yes" } } })
   */
  contentRefused?: FailureRule | undefined;
  /**
   * The request itself is wrong (400, 422), and your own {@link PermanentError}.
   *
   * @default { provesAlive: true }
   * @example new Policy({ failures: { invalidRequest: { next: "yes" } } })
   */
  invalidRequest?: FailureRule | undefined;
  /**
   * The server's certificate was not accepted.
   *
   * @default {}
   * @example new Policy({ failures: { certificate: { next: "yes" } } })
   */
  certificate?: FailureRule | undefined;
  /**
   * A bug in your own code (`TypeError` and kin).
   *
   * @default {}
   * @example new Policy({ failures: { bug: { next: "yes" } } })
   */
  bug?: FailureRule | undefined;
  /**
   * The caller stopped it.
   *
   * @default {}
   * @example new Policy({ failures: { cancelled: { next: "yes" } } })
   */
  cancelled?: FailureRule | undefined;
  /**
   * Nothing is known about it.
   *
   * @default { next: "yes", charge: "deployment" }
   * @example new Policy({ failures: { unknown: { again: "once" } } })
   */
  unknown?: FailureRule | undefined;
}

/** A row of the failure table. The defaults are those of the row. */
export interface FailureRule {
  /**
   * Whether the same route may be asked again: as long as attempts, patience, retry budget and breaker allow; once a
   * route; only when no other route is left; only if the call may start over after it made progress; never.
   *
   * @default that of the kind
   * @example new Policy({ failures: { rateLimited: { again: "once" } } })
   */
  again?: "yes" | "once" | "on_last_route" | "if_restartable" | "no" | undefined;
  /**
   * Whether the route's client is made again before the ladder goes on: once a turn, on the primary; once a turn, on
   * any route, with a counter of its own; never.
   *
   * @default that of the kind
   * @example new Policy({ failures: { connect: { rebuild: "anywhere" } } })
   */
  rebuild?: "on_primary" | "anywhere" | "no" | undefined;
  /**
   * Whether the next route may be asked: yes; only one whose context window is larger, or unknown; only if the call
   * may start over after it made progress; no.
   *
   * @default that of the kind
   * @example new Policy({ failures: { contentRefused: { next: "yes" } } })
   */
  next?: "yes" | "larger_context" | "if_restartable" | "no" | undefined;
  /**
   * Whose breaker counts it: the deployment's; the endpoint's; the deployment's, if the attempt had its time
   * limit in full; nobody's.
   *
   * @default that of the kind
   * @example new Policy({ failures: { rateLimited: { charge: "deployment" } } })
   */
  charge?: "deployment" | "endpoint" | "deployment_if_full_time" | "no" | undefined;
  /**
   * What goes into cooldown when the ladder leaves a route because of it: the credential at this deployment; the credential,
   * wherever it is used; the deployment; the deployment, but only for a time that the provider stated; nothing.
   *
   * @default that of the kind
   * @example new Policy({ failures: { overloaded: { cool: "deployment" } } })
   */
  cool?: "limit" | "credential" | "deployment" | "stated_only" | "no" | undefined;
  /**
   * The first rest, where the provider stated no time: 0 ms to 30 days. Each rest in a row doubles it.
   *
   * @default that of the kind
   * @example new Policy({ failures: { rateLimited: { coolBase: 30_000 } } })
   */
  coolBase?: number | undefined;
  /**
   * The longest rest, where the provider stated no time: 0 ms to 30 days.
   *
   * @default that of the kind
   * @example new Policy({ failures: { rateLimited: { coolCap: 600_000 } } })
   */
  coolCap?: number | undefined;
  /**
   * Whether it proves the provider alive, and so counts as a success for its breaker: true or false.
   *
   * @default that of the kind
   * @example new Policy({ failures: { rateLimited: { provesAlive: true } } })
   */
  provesAlive?: boolean | undefined;
}

// ---- Errors ----

/** What all errors of failsoft take. */
export interface FailsoftErrorOptions {
  /**
   * What led to it.
   *
   * @default undefined
   * @example throw new TransientError("busy", { cause: error })
   */
  cause?: unknown;
}

/** What {@link FailsoftError} and its children take. */
export interface RetryInOptions extends FailsoftErrorOptions {
  /**
   * Milliseconds until asking again may help.
   *
   * @default undefined
   * @example throw new BreakerOpen("the breaker is open", { retryIn: 5_000 })
   */
  retryIn?: number | undefined;
}

/** What {@link ApprovalDenied} takes. */
export interface ApprovalDeniedOptions extends FailsoftErrorOptions {
  /**
   * Why the tool may not run.
   *
   * @default "denied"
   * @example throw new ApprovalDenied("nobody answered", { reason: "expired" })
   */
  reason?: ApprovalDenied["reason"] | undefined;
}

/**
 * The parent of what failsoft itself has to say about a call. `instanceof`, like the functions below, knows the errors of
 * other copies of the package too: of another bundle, or another realm. `code` is stable.
 */
export class FailsoftError extends Error {
  constructor(message?: string, options?: RetryInOptions);
  readonly code: "failsoft_error" | "exhausted" | "breaker_open";
  /** Milliseconds until asking again may help; undefined if that is not known. */
  readonly retryIn?: number;
}

/** Everything that the policy allows was tried. The last error is the `cause`; the message tells the rest. */
export class Exhausted extends FailsoftError {
  readonly code: "exhausted";
}

/** Nothing was asked, because every breaker refuses or the provider's stated time has not come. See `retryIn`. */
export class BreakerOpen extends FailsoftError {
  readonly code: "breaker_open";
}

/** Throw it from your own code to say: asking again may help. Counted as a `server_error`. */
export class TransientError extends Error {
  constructor(message?: string, options?: FailsoftErrorOptions);
  readonly code: "transient_error" | "call_timeout";
}

/** Throw it from your own code to say: asking again cannot help. Counted as an `invalid_request`. */
export class PermanentError extends Error {
  constructor(message?: string, options?: FailsoftErrorOptions);
  readonly code: "permanent_error";
}

/** The time that the turn was given is over. Not transient: there is no time left to ask again in. */
export class DeadlineExceeded extends Error {
  constructor(message?: string, options?: FailsoftErrorOptions);
  readonly code: "deadline_exceeded" | "call_timeout";
}

/** One attempt was given up on at its limit. Also a {@link DeadlineExceeded}. Transient: a fresh attempt may be quicker. */
export class CallTimeout extends TransientError {
  readonly code: "call_timeout";
}

/** The turn has taken all the steps that it may take. */
export class StepLimitExceeded extends Error {
  constructor(message?: string, options?: FailsoftErrorOptions);
  readonly code: "step_limit_exceeded";
}

/** A risky tool may not run. */
export class ApprovalDenied extends Error {
  constructor(message?: string, options?: ApprovalDeniedOptions);
  readonly code: "approval_denied";
  readonly reason: "denied" | "expired" | "withdrawn" | "no_approver";
}

/** An option with a value that is not allowed; the message says which, and what to use. */
export class InvalidOption extends RangeError {
  constructor(message?: string, options?: FailsoftErrorOptions);
  readonly code: "invalid_option";
}

// As functions, for those who do not trust `instanceof`.
export function isFailsoftError(value: unknown): value is FailsoftError;
export function isTransientError(value: unknown): value is TransientError;
export function isPermanentError(value: unknown): value is PermanentError;
export function isDeadlineExceededError(value: unknown): value is DeadlineExceeded;
export function isCallTimeoutError(value: unknown): value is CallTimeout;
export function isExhaustedError(value: unknown): value is Exhausted;
export function isBreakerOpenError(value: unknown): value is BreakerOpen;
export function isStepLimitExceededError(value: unknown): value is StepLimitExceeded;
export function isApprovalDeniedError(value: unknown): value is ApprovalDenied;
export function isInvalidOptionError(value: unknown): value is InvalidOption;
