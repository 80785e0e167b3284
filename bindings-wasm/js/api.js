// Every public name.

export { anthropicMessages } from "./adapters/anthropic.js";
export { openaiChat } from "./adapters/openai.js";
export { Agent } from "./agent/agent.js";
export { Discard } from "./agent/events.js";
export { Tool, tool } from "./agent/tools.js";
export { Attempt } from "./engine/commands.js";
export { Failure } from "./engine/failure.js";
export { Explanation } from "./engine/judge.js";
export { Policy } from "./engine/policy.js";
export * from "./errors.js";
export { classify, explain } from "./facts/classify.js";
export { ProviderError, UnusableReply } from "./facts/course.js";
export { currentTurn } from "./loops/context.js";
export { Route } from "./session/route.js";
export { Runtime } from "./session/runtime.js";
export { Session } from "./session/session.js";
export { Turn } from "./session/turn.js";
export * as testing from "./testing.js";
export { attempts } from "./toolkit/attempts.js";
export { CircuitBreaker } from "./toolkit/breaker.js";
export { approvalGate, callWithDeadline, fallback, StepLimiter } from "./toolkit/guards.js";
export { Isolation } from "./toolkit/isolation.js";
export { retry, retrying } from "./toolkit/retry.js";
