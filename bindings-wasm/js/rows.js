// Tools, as rows that the engine takes.

import { native } from "./engine.js";
import { checked, parsed } from "./handles.js";

/** What makes a turn from its snapshot. */
export function restoring(session, text, tools, wall) {
  const stored = parsed("snapshot", text, "the text of a turn's snapshot");
  return () => native.turnRestore(session.handle, stored, tools.map(rowOf), session.now(), wall);
}

/** Refuses a tool whose fields are wrong, before there is a turn. */
export function checkTool(tool) {
  checked(() => native.toolCheck(rowOf(tool)));
}

/** A tool as the engine takes it. */
export function rowOf({ name, risky, replay, timeout }) {
  return { name, risky, replay, timeout };
}
