// `failsoft/testing`: for tests. No real sleeping, scripted models, and what the engine noticed.

/// <reference lib="esnext.disposable" />

import type { ChatModel, Clock, LogEntry, Message, ModelReply, ToolSpec, WorkContext } from "./index.js";

/**
 * No real sleeping: all of failsoft runs on a virtual clock, for the whole process, until `work` ends.
 *
 * Time passes when many turns of the event loop brought nothing new. Real I/O and timers of your own are not waited for.
 *
 * @example
 * await instant(async (time) => {
 *   await retry(failingTwice, { jitter: "none" });
 *   assert.deepEqual(time.slept, [500, 1000]);
 * });
 */
export function instant<T>(work: (time: VirtualTime) => T, options?: InstantOptions): Promise<Awaited<T>>;
/** The same until `restore`, or to the end of a block with `using time = instant()`. */
export function instant(options?: InstantOptions): VirtualTime;

/** How {@link instant} begins. */
export interface InstantOptions {
  /**
   * What the clock says at first, in milliseconds.
   *
   * @default 1_000_000
   * @example instant({ start: 0 })
   */
  start?: number | undefined;
}

/** A clock that moves only when nothing else can happen. {@link instant} makes one and puts it in place. */
export class VirtualTime {
  /** @param start what the clock says at first, in milliseconds; 0 by default. */
  constructor(start?: number);
  /** What the clock says, in milliseconds. */
  get now(): number;
  /** The waits of the loops, in milliseconds. */
  get slept(): readonly number[];
  /** As the option `clock` wants it. */
  readonly clock: Clock;
  /** As the option `sleep` wants it. */
  readonly sleep: (delay: number, signal?: AbortSignal) => Promise<void>;
  /** Moves the clock by hand, between two calls. */
  advance(millis: number): void;
  /** What a hung call does: waits on this clock, by default for ever, and is no wait of the loops. */
  hang(millis?: number, signal?: AbortSignal): Promise<void>;
  /** Puts this clock under all of failsoft, until `restore`. */
  install(): this;
  /** Puts back the time that was there before. */
  restore(): void;
  [Symbol.dispose](): void;
}

/**
 * A model that follows a script, one step a request; the last step repeats. Lists of steps are laid out.
 *
 * @example
 * const model = script(fails(2), calls("multiply", { a: 17, b: 23 }), says("it is {last_tool_result}"));
 */
export function script(...steps: Steps[]): ScriptedModel;

/** A reply, an error to throw, or a function that brings one. */
export type Step = ModelReply | Error | StepFunction;
/** Steps, in lists that may hold lists. */
export type Steps = Step | readonly Steps[];
export type StepFunction = (
  messages: Message[],
  tools: ToolSpec[],
  context: WorkContext,
) => ModelReply | PromiseLike<ModelReply>;

/** What {@link script} makes: a model, and what it was asked. */
export interface ScriptedModel extends StepFunction {
  readonly steps: Step[];
  /** The messages of each request. */
  readonly requests: Message[][];
}

/** A step that answers; `{last_tool_result}` in it becomes the content of the last tool message. */
export function says(text: string): StepFunction;
/** A step that asks for one tool call. */
export function calls(name: string, args?: object): ModelReply;
/** Steps that fail: once by default, as an overloaded provider does. */
export function fails(times?: number, error?: Error): Step[];
/** A step that hangs on the virtual clock, by default for ever, until the attempt is given up on; then takes another step. */
export function hangs(millis?: number, then?: Step): StepFunction;

/**
 * A stream in the shape of Chat Completions.
 *
 * A text becomes a chunk; a number lets so many milliseconds pass on the virtual clock; an error is thrown; `calls(..)`
 * becomes a tool call in parts; any other object is a chunk as it stands. At the end come the reason for it and the usage,
 * unless the last part is `ends(..)`, an error, or a chunk.
 *
 * @example
 * for await (const chunk of turn.stream(() => chunks("the ", 500, "answer"))) show(chunk);
 */
export function chunks(...parts: Part[]): AsyncGenerator<ScriptedChunk, void, void>;

/** A part of a stream: it ends here, by this reason; `ends("")` is a stream that breaks off without any. */
export function ends(reason: string): StreamEnd;

/**
 * A model that streams by a script: one list of parts a request, the last one repeated. It is the adapter of `openaiChat`
 * with `stream: true` over a client that only pretends.
 *
 * @example
 * const agent = new Agent(streams(["the ans", new TransientError("reset")], ["the answer"]));
 */
export function streams(...requests: (readonly Part[])[]): StreamingModel;

/** A part of a stream that follows a script. */
export type Part = string | number | Error | ModelReply | StreamEnd | object;

/** What {@link ends} makes. */
export interface StreamEnd {
  readonly reason: string;
}

/** A chunk that {@link chunks} makes. */
export interface ScriptedChunk {
  object: "chat.completion.chunk";
  model: string;
  choices: { index: number; delta: { content?: string }; finish_reason: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number };
}

/** What {@link streams} makes. */
export interface StreamingModel extends ChatModel {
  readonly client: {
    /** What was asked, as the SDK's `create` would be. */
    readonly requests: object[];
    /** How many streams were closed, or came to their end. */
    readonly closed: number;
  };
}

/**
 * Records what is logged.
 *
 * @example
 * const log = new NoticeRecorder();
 * await new Agent(model, { log }).run("hi");
 * assert.deepEqual(log.lines, ["step 1: the model answered", "finished: answered"]);
 */
export const NoticeRecorder: new () => NoticeRecorder;
export interface NoticeRecorder {
  (entry: LogEntry): void;
  /** The entries as they came. */
  readonly entries: LogEntry[];
  /** Their messages. */
  readonly lines: string[];
}
