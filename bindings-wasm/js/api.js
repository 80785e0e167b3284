// Every public name.

export { Agent } from "./agent.js";
export { anthropicMessages } from "./anthropic.js";
export { CircuitBreaker } from "./breaker.js";
export { classify, explain } from "./classify.js";
export { currentTurn } from "./context.js";
export { ProviderError, UnusableReply } from "./course.js";
export * from "./errors.js";
export { Discard } from "./events.js";
export { Isolation } from "./isolation.js";
export { Attempt, Explanation, Failure, Policy } from "./machine.js";
export { openaiChat } from "./openai.js";
export { attempts, retry, retrying } from "./retry.js";
export { Route } from "./route.js";
export { Runtime } from "./runtime.js";
export { Session } from "./session.js";
export * as testing from "./testing.js";
export { approvalGate, callWithDeadline, fallback, StepLimiter } from "./toolkit.js";
export { Tool, tool } from "./tools.js";
export { Turn } from "./turn.js";
