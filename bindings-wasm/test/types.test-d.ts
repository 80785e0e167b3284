// Checked by `tsc --strict` and never run: what the types of the public names promise.

import Anthropic from "@anthropic-ai/sdk";
import {
  Agent,
  type AgentEvent,
  ApprovalDenied,
  type ApprovalRequest,
  type Attempt,
  anthropicMessages,
  approvalGate,
  attempts,
  type BreakerMetrics,
  BreakerOpen,
  type BreakerState,
  CallTimeout,
  type ChatModel,
  CircuitBreaker,
  type ClassifyRule,
  type CloseReason,
  callWithDeadline,
  classify,
  currentTurn,
  DeadlineExceeded,
  type Decision,
  Discard,
  Exhausted,
  type Explanation,
  explain,
  Failure,
  type FailureKind,
  fallback,
  type Isolation,
  isApprovalDeniedError,
  isDeadlineExceededError,
  isExhaustedError,
  isFailsoftError,
  type Message,
  type ModelReply,
  openaiChat,
  Policy,
  ProviderError,
  type Report,
  type Result,
  Route,
  Runtime,
  retry,
  retrying,
  Session,
  StepLimiter,
  type StopReason,
  type Tool,
  type ToolCall,
  TransientError,
  testing,
  tool,
  UnusableReply,
} from "failsoft";
import { Call, type Command, MachineSession, MachineTurn, names, words } from "failsoft/machine";
import {
  chunks,
  ends,
  fails,
  hangs,
  instant,
  NoticeRecorder,
  says,
  script,
  streams,
  type VirtualTime,
} from "failsoft/testing";
import { init, initSync, retry as retryOfWasm } from "failsoft/wasm";
import OpenAI, { AzureOpenAI } from "openai";

/** Compiles only where the types are the same. */
declare function same<Expected>(): <Given>(
  value: Given,
  ...proof: (<T>() => T extends Given ? 1 : 2) extends <T>() => T extends Expected ? 1 : 2 ? [] : [never]
) => void;

declare const number: () => number;
declare const later: () => Promise<number>;
declare const signal: AbortSignal;
declare const maybe: number | undefined;
class NotFound extends Error {}

// ---- retry: the value, whether it comes at once or later. ----

same<Promise<number>>()(retry(number));
same<Promise<number>>()(retry(later));
same<Promise<number>>()(retry(async ({ number, signal }) => (signal.aborted ? 0 : number)));
same<Promise<number>>()(retryOfWasm(number));
retry(number, { maxAttempts: 5, base: 100, factor: 1.5, cap: 1_000, jitter: "none", signal, seed: 1n, clock: () => 1 });
retry(number, { maxAttempts: maybe, signal: undefined, sleep: async (delay, signal) => void [delay, signal?.aborted] });
retry(number, { on: NotFound });
retry(number, { on: [NotFound, DOMException, TransientError] });
retry(number, { on: (error) => error instanceof NotFound });
// @ts-expect-error: camelCase
retry(number, { max_attempts: 5 });
// @ts-expect-error: milliseconds
retry(number, { base: "1s" });
// @ts-expect-error: one of four words
retry(number, { jitter: "half" });
// @ts-expect-error: a class, not its name
retry(number, { on: "NotFound" });
// @ts-expect-error: an error may be anything
retry(number, { on: (error) => error.status === 429 });
// @ts-expect-error: a function, not a promise
retry(later());
// @ts-expect-error: its parameters would come from nowhere
retry((url: string) => url);

// ---- Wrappers keep parameters and `this`. ----

const find = retrying(async (id: number, { loud = false }: { loud?: boolean } = {}) => (loud ? "A" : String(id)));
same<Promise<string>>()(find(1, { loud: true }));
// @ts-expect-error: a number
find("1");
// @ts-expect-error: it is wanted
find();
class Shop {
  price = 3;
  ask = retrying(function (this: Shop, times: number) {
    return this.price * times;
  });
}
same<Promise<number>>()(new Shop().ask(2));
// @ts-expect-error: not on a shop
new Shop().ask.call({ price: "3" }, 2);
// @ts-expect-error: the function comes first
retrying({ maxAttempts: 3 });

const breaker = new CircuitBreaker({ consecutive: 3, ignore: NotFound, window: 60_000 });
same<Promise<string>>()(breaker.wrap(async (a: number, b?: string) => b ?? String(a))(1, "x"));
same<Promise<number>>()(breaker.call((a: number, b: string) => a + b.length, 1, "x"));
same<BreakerState>()(breaker.state);
same<BreakerMetrics>()(breaker.metrics);
same<number | undefined>()(breaker.keyed("search").metrics.slowRate);
same<Isolation>()(breaker.isolate());
// @ts-expect-error: text
breaker.keyed(3);
// @ts-expect-error: a class
new CircuitBreaker({ ignore: (error: Error) => error.message === "x" });
// @ts-expect-error: its parameters are wanted
breaker.call((a: number) => a);
// @ts-expect-error: milliseconds
new CircuitBreaker({ open: "5s" });
// @ts-expect-error: nobody sets it
breaker.state = "open";

// ---- The other plain functions. ----

for await (const attempt of attempts({ maxAttempts: 3 })) {
  same<number>()(attempt.number);
  same<string | undefined>()(await attempt.run(async ({ signal }) => String(signal.aborted)));
  attempt.failed(new NotFound());
}
// @ts-expect-error: it waits between two rounds
for (const _ of attempts()) break;

same<Promise<number>>()(callWithDeadline(later, 1_000));
same<Promise<boolean>>()(callWithDeadline(({ signal }) => signal.aborted, 1_000, { signal }));
// @ts-expect-error: how long?
callWithDeadline(later);

same<Promise<string | number>>()(fallback(async () => "x", number));
same<Promise<string | boolean>>()(
  fallback(
    ({ signal }) => signal.aborted,
    async () => "x",
    { signal },
  ),
);
// @ts-expect-error: there must be one
fallback();
// @ts-expect-error: there is no such option
fallback(number, { timeout: 3 });

same<number>()(new StepLimiter(3).tick());
// @ts-expect-error: how many?
new StepLimiter();

same<Promise<void>>()(approvalGate("pay", { to: "x" }, { risky: true, approver: ({ tool }) => tool === "x" }));
approvalGate("pay", {}, { risky: new Set(["pay"]), approver: async () => "session" as const });
approvalGate("pay", { amount: 3 }, { risky: (name, { amount }) => name === "pay" && amount > 2, signal });
// @ts-expect-error: is it?
approvalGate("pay", {}, { approver: () => true });
// @ts-expect-error: that is no decision
approvalGate("pay", {}, { risky: true, approver: () => "yes" });
// @ts-expect-error: that is no decision either
approvalGate("pay", {}, { risky: true, approver: () => 1 });

const failure = classify(new Error("x"));
same<Failure>()(failure);
same<FailureKind>()(failure.kind);
same<Failure>()(classify(undefined, { phase: "idle", policy: new Policy(), provider: "openai" }));
const explanation = explain(new Error("x"), { policy: new Policy() });
same<Explanation>()(explanation);
same<string>()(explanation.rule + explanation.why + explanation.next + explanation);
same<Failure>()(explanation.failure);
// @ts-expect-error: one of six words
classify(undefined, { phase: "later" });
// @ts-expect-error: a session has a policy
new Session({ routes: ["a"] }).explain(undefined, { policy: new Policy() });
same<Failure>()(new Session({ routes: ["a"] }).classify(undefined, { phase: "idle" }));
new Policy({ classify: { headers: "strict", off: ["quota"], rules: [] } });
const conditions: ClassifyRule["when"] = { status: [418, "5xx"], class: ["E"], phase: ["idle"] };
// biome-ignore lint/suspicious/noThenProperty: a rule says what the failure is then
const rule: ClassifyRule = { name: "a", when: conditions, then: { kind: "auth", retryAfter: 1 }, before: "quota" };
new Policy({ classify: { rules: [rule] } });
// @ts-expect-error: a rule says what the failure is then
new Policy({ classify: { rules: [{ name: "a", when: conditions }] } });
same<number | undefined>()(failure.retryAfter);
new Failure("rate_limited", { retryAfter: 1_000, effect: "none" });
// @ts-expect-error: the words are those of the table
new Failure("rateLimited");
// @ts-expect-error: frozen
failure.kind = "auth";

// ---- Errors. ----

try {
  await retry(number);
} catch (error) {
  if (error instanceof CallTimeout) {
    same<"call_timeout">()(error.code);
    const both: [TransientError, DeadlineExceeded] = [error, error];
    void both;
  }
  if (isExhaustedError(error)) same<Exhausted>()(error);
  if (isFailsoftError(error)) same<number | undefined>()(error.retryIn);
  if (isDeadlineExceededError(error)) same<"deadline_exceeded" | "call_timeout">()(error.code);
  if (isApprovalDeniedError(error)) same<"denied" | "expired" | "withdrawn" | "no_approver">()(error.reason);
  // @ts-expect-error: nobody knows
  error.code;
}
new BreakerOpen("later", { retryIn: 5, cause: 1 });
new ApprovalDenied("no", { reason: "expired" });
same<Failure>()(new UnusableReply("x", "malformed", {}).failsoftFailure);
same<unknown>()(new ProviderError("x", { error: "x" }).body);
same<"discard">()(new Discard("timed_out").type);
// @ts-expect-error: a call's limit is not the turn's
const _limit: CallTimeout = new DeadlineExceeded("x");
// @ts-expect-error: opposites
const _transient: TransientError = new Exhausted("x");

// ---- The policy. ----

const policy = new Policy({
  retry: { maxAttempts: 3, pastPatience: "obey" },
  breaker: { consecutive: null },
  turn: { deadline: 60_000, tokens: null },
  approval: { risky: ["pay"] as const },
  failures: { rateLimited: { again: "once", coolBase: 1_000 }, bug: undefined },
});
same<Policy>()(Policy.fromJSON(JSON.stringify(policy)));
same<Policy>()(Policy.fromJSON(policy.toJSON()));
// @ts-expect-error: camelCase, though a policy file has it so
new Policy({ retry: { max_attempts: 3 } });
// @ts-expect-error: there is no such part
new Policy({ retries: {} });
// @ts-expect-error: the words are those of the file
new Policy({ retry: { pastPatience: "moveOn" } });
// @ts-expect-error: it has no off
new Policy({ turn: { steps: null } });
// @ts-expect-error: the kinds are camelCase where they are fields
new Policy({ failures: { rate_limited: {} } });
// @ts-expect-error: a policy, not its fields
new Session({ routes: ["a"], policy: { retry: {} } });

// ---- A session: the kind of client is that of `activate`. ----

interface Db {
  end(): Promise<void>;
}
declare const connect: () => Promise<Db>;

const session = new Session({
  routes: ["a", { name: "b", timeout: 3_000 }, new Route("c", { activate: connect, close: (client) => client.end() })],
  policy,
  seed: 1,
  log: null,
});
same<Session<Db>>()(session);
same<Promise<Db | undefined>>()(session.turn().call(({ client }) => client));
same<Promise<unknown>>()(new Session({ routes: ["a"] }).turn().call(({ client }) => client));
same<BreakerState>()(session.breaker("a"));
same<BreakerMetrics>()(session.breakerMetrics("a"));
same<void>()(session.isolate("a").release());
same<void>()(session.forceOpen("a"));
same<string[]>()(session.approvals());
same<Promise<void>>()(session.close());
new Route("c", { activate: (_, { signal }) => (signal?.aborted ? connect() : connect()) });
new Route("c", { client: 1, close: (_client: number, { reason }) => same<CloseReason>()(reason) });
// @ts-expect-error: another kind of client
new Route("c", { client: 1, close: (client: string) => client });

const runtime = new Runtime(
  { model: "large", apiMode: "chat_completions", mine: [1] },
  { build: ({ apiKey }) => connect().then(() => ({ key: apiKey, end: connect })), close: (client) => client.end() },
);
same<string | undefined>()(
  new Session({ routes: ["a", { name: "b", runtime: { model: "small" } }], runtime }).routes[0]?.name,
);
same<Promise<boolean>>()(runtime.restore());
same<Promise<boolean>>()(runtime.use(new Route("b", { runtime: { model: "small" } })));
same<Promise<void>>()(runtime.choose({ model: "larger" }));
same<boolean>()(runtime.isOnFallback);
// @ts-expect-error: what is known has its type
runtime.choose({ model: 1 });

const turn = session.turn({ deadline: 60_000 });
same<Promise<number>>()(turn.call(async (attempt) => attempt.number + attempt.timeout, { signal }));
turn.call(({ route, idempotencyKey, signal }: Attempt) => [route.name, idempotencyKey, signal.aborted]);
same<void>()(turn.step());
same<Promise<void>>()(turn.gate("pay", { amount: 1 }, { risky: (_, { amount }) => amount > 3 }));
same<Report>()(turn.report());
same<void>()(turn.end());
same<number | undefined>()(turn.report().usage.inputTokens);

// ---- Streams. ----

declare const texts: () => AsyncGenerator<string>;
same<AsyncGenerator<string, undefined, undefined>>()(turn.stream(texts));
same<AsyncGenerator<string, undefined, undefined>>()(turn.stream(texts, { collect: true, restartable: false }));
same<AsyncGenerator<string | Discard, undefined, undefined>>()(turn.stream(texts, { restartable: true }));
same<AsyncGenerator<number, undefined, undefined>>()(turn.stream(async () => [1, later()], { signal }));
same<AsyncGenerator<Uint8Array, undefined, undefined>>()(
  turn.stream(async ({ signal }) => (await fetch("/", { signal })).body as ReadableStream<Uint8Array>),
);
const sdks = () => new OpenAI().chat.completions.create({ model: "gpt-5", messages: [], stream: true });
for await (const chunk of turn.stream(sdks)) same<string | null | undefined>()(chunk.choices[0]?.delta.content);
turn.stream(texts, { acceptCut: true, read: (text) => ({ text: text !== "", finish: undefined }) });
// @ts-expect-error: it may hold discards
same<AsyncGenerator<string, undefined, undefined>>()(turn.stream(texts, { restartable: true }));
// @ts-expect-error: no stream
turn.stream(() => 42);
// @ts-expect-error: what a chunk holds, and not the chunk
turn.stream(texts, { read: (text) => text });
// @ts-expect-error: an option of `agent.stream`
turn.stream(texts, { raiseOn: "deadline" });

// @ts-expect-error: a list of routes, not one
new Session({ routes: "a" });
// @ts-expect-error: a chain is wanted
new Session({ policy });
// @ts-expect-error: a route has a name
new Session({ routes: [{ timeout: 3 }] });
// @ts-expect-error: a session makes them
new (Object.getPrototypeOf(turn).constructor as typeof import("failsoft").Turn)();
// @ts-expect-error: an object of options
session.turn(60_000);
// @ts-expect-error: a client of this kind has no `query`
turn.call(({ client }) => client?.query);

// ---- An agent. ----

const multiply = tool(({ a, b }: { a: number; b: number }) => a * b, { name: "multiply", description: "Multiplies." });
same<Tool<{ a: number; b: number }>>()(multiply);
const pay = tool(
  async ({ amount }: { amount: number }, { signal, idempotencyKey }) => ({
    amount,
    idempotencyKey,
    at: signal.aborted,
  }),
  { name: "pay", risky: ({ amount }) => amount > 100, replay: "keyed", timeout: 3_000, parameters: { type: "object" } },
);
// @ts-expect-error: one object, not several parameters
tool((a: number, b: number) => a * b);
// @ts-expect-error: it must answer at once
tool(pay.fn, { risky: async () => true });
// @ts-expect-error: one of three words
tool(pay.fn, { replay: "twice" });
// @ts-expect-error: its arguments have no such field
tool(({ to }: { to: string }) => to, { risky: ({ amount }) => amount > 100 });

const model = async (messages: Message[]): Promise<ModelReply> => ({ answer: String(messages.length) });
const approver = async (request: ApprovalRequest): Promise<Decision> => (request.tool === "pay" ? "once" : "deny");
const agent = new Agent(model, {
  fallbacks: [() => ({ toolCalls: [{ name: "multiply", arguments: '{"a": 1}' }] }), openaiChat(new OpenAI(), "gpt-5")],
  tools: [multiply, pay, ({ city }: { city: string }) => city],
  approver,
  policy,
  log: ({ level, at, message }) => console[level](at, message),
});
const result = await agent.run("x", { signal, raiseOn: ["deadline", "no_route"] });
same<Result>()(result);
same<string>()(result.answer);
same<StopReason>()(result.stopReason);
same<string[]>()(result.blocked);
same<unknown>()(result.error);
for (const message of result.messages) {
  if (message.role === "assistant") same<readonly ToolCall[] | undefined>()(message.toolCalls);
  if (message.role === "tool") same<string>()(message.toolCallId);
  // @ts-expect-error: only a tool's message has one
  message.toolCallId;
}
same<string | undefined>()(result.model);
same<number | undefined>()(result.spent.outputTokens);
agent.run([...result.messages, { role: "user", content: "and now?" }]);
for await (const event of agent.stream("x", { signal, collect: true, restartable: false, raiseOn: "deadline" })) {
  same<AgentEvent>()(event);
  if (event.type === "text") same<string>()(event.text);
  if (event.type === "discard") same<number>()(event.step);
  if (event.type === "retry") same<FailureKind>()(event.failure);
  if (event.type === "report") same<Result>()(event.result);
  // @ts-expect-error: there is no such event
  if (event.type === "done") break;
}
new Agent({
  streams: true,
  ask: async (_messages, _tools, _attempt, watch) => {
    watch?.saw("x", true, { inputTokens: 1 });
    return { answer: "x" };
  },
});
// @ts-expect-error: one of two words
agent.stream("x", { collect: "text" });
new Agent(model, { session: new Session({ routes: [new Route("a", { activate: connect })] }) });
// @ts-expect-error: neither an answer nor tool calls
new Agent(async () => ({ text: "x" }));
// @ts-expect-error: messages have a role
agent.run([{ content: "x" }]);
// @ts-expect-error: there is no such reason
agent.run("x", { raiseOn: "timeout" });
// @ts-expect-error: the adapter, not the client
new Agent(new OpenAI());
// @ts-expect-error: there is no cost yet
result.cost.toFixed();
switch (result.stopReason) {
  case "answered":
  case "model_unavailable":
    break;
  // @ts-expect-error: there is no such reason
  case "timeout":
    break;
}

// ---- Adapters: the options are those of the SDK that is installed. ----

same<ChatModel>()(openaiChat(new OpenAI(), "gpt-5", { reasoning_effort: "low", max_tokens: 100, acceptCut: true }));
openaiChat(new AzureOpenAI(), "deployment", { route: { name: "azure", contextWindow: 400_000 }, timeout: 3_000 });
openaiChat(new OpenAI(), "gpt-5", { tools: [{ type: "custom", custom: { name: "x" } }], headers: { "X-Team": "a" } });
openaiChat({ chat: { completions: { create: async (body: { temperature?: number }) => body } } }, "local", {
  temperature: 1,
});
anthropicMessages(new Anthropic(), "claude-sonnet-4-5", { maxTokens: 1_024, system: "Be brief." });
turn.call((attempt) => openaiChat(new OpenAI(), "gpt-5").ask([{ role: "user", content: "hi" }], [], attempt));
// @ts-expect-error: the SDK knows no such effort
openaiChat(new OpenAI(), "gpt-5", { reasoning_effort: "utmost" });
openaiChat(new OpenAI(), "gpt-5", { stream: true, stream_options: { include_usage: false } });
// @ts-expect-error: true or false
openaiChat(new OpenAI(), "gpt-5", { stream: "yes" });
// @ts-expect-error: the policy says how often to ask
openaiChat(new OpenAI(), "gpt-5", { maxRetries: 3 });
// @ts-expect-error: the other adapter
openaiChat(new Anthropic(), "claude-sonnet-4-5");
// @ts-expect-error: the other adapter
anthropicMessages(new OpenAI(), "gpt-5");
// @ts-expect-error: maxTokens
anthropicMessages(new Anthropic(), "claude-sonnet-4-5", { max_tokens: 1_024 });
// @ts-expect-error: the SDK has no such option
anthropicMessages(new Anthropic(), "claude-sonnet-4-5", { reasoning_effort: "low" });

// ---- Tests. ----

same<Promise<readonly number[]>>()(instant(async (time) => time.slept));
same<VirtualTime>()(instant({ start: 0 }));
same<typeof instant>()(testing.instant);
const log = new NoticeRecorder();
same<string[]>()(log.lines);
new Agent(script(fails(2), hangs(3_000, says("x")), { answer: "x" }), { log });
retry(number, { clock: instant().clock, sleep: instant().sleep });
new Agent(streams(["the ", 500, new Error("x")], [{ toolCalls: [] }, ends("")]), { log });
same<number>()(streams(["x"]).client.closed);
for await (const chunk of turn.stream(() => chunks("x"))) same<string | undefined>()(chunk.choices[0]?.delta.content);
// @ts-expect-error: a reply, an error or a function
script("hello");
// @ts-expect-error: a list of parts a request
streams("hello");

// ---- The machine, and the engine given by hand. ----

const machine = new MachineTurn(new MachineSession(policy, [[{}, { name: "a" }]]), [
  { name: "pay", risky: true, replay: "once" },
]);
const entered = machine.enter();
if (entered.kind === "attempt") machine.settle(entered);
else same<Call>()(entered);

/** The switch of a host loop knows every command. */
function kindOf(command: Command): string {
  switch (command.kind) {
    case "attempt":
      return command.work;
    case "wait":
    case "switch":
    case "cancel":
      return command.why;
    case "rebuild":
      return String(command.generation);
    case "ask_approval":
      return command.digest;
    case "finish":
      return command.raised(true);
  }
}
same<string>()(kindOf(new Call(machine, { replay: "keyed" }).next()));
same<Readonly<Record<string, readonly string[]>>>()(names());
same<string>()(words.givenUpOn("the call", 3));
same<Promise<void>>()(init(fetch("failsoft.wasm")));
same<void>()(initSync(new Uint8Array()));

// ---- Turns within turns. ----

{
  const above: Session<{ ask(): Promise<string> }> = new Session({ routes: ["primary"] });
  const session = new Session({ routes: ["primary"] });
  const turn = session.turn({ parent: above.turn(), shareBudgets: true, deadline: 10_000 });
  session.turn({ parent: null });
  session.turn({ parent: currentTurn() });
  const told: Promise<number> = turn.run(async (given) => given.report().attempts);
  const plain: number = turn.run(() => 1);
  // @ts-expect-error a parent is a turn
  session.turn({ parent: session });
  const helper = new Agent(async () => ({ answer: "found" }));
  tool(async ({ q }: { q: string }, { turn }) => (await helper.run(q, { parent: turn, shareBudgets: true })).answer, {
    name: "ask",
  });
  helper.stream("look it up", { parent: null });
  void [told, plain];
}
