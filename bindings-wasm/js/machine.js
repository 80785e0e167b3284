// The machine: sessions, turns and calls, for hosts that write a loop of their own. Every decision is the core's.

export { Circuit, StepCounter } from "./engine/circuit.js";
export { monotonic, setDefaultClock } from "./engine/clock.js";
export { AskApproval, Attempt, Cancel, Finish, Rebuild, Switch, Wait } from "./engine/commands.js";
export { Failure } from "./engine/failure.js";
export * from "./engine/judge.js";
export { statistics } from "./engine/native.js";
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
} from "./engine/policy.js";
export { MachineSession } from "./engine/session.js";
export { Stream } from "./engine/stream.js";
export { Call, MachineTurn } from "./engine/turn.js";
export {
  deniedByRule,
  foreignName,
  foreignQuoted,
  foreignText,
  names,
  stopReasons,
  toolFailed,
  words,
} from "./engine/words.js";
