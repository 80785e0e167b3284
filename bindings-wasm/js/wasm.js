// The entry for hosts that forbid inlined modules: the engine is given, then everything is as in the other entry.

import load, * as exports from "./engine/failsoft.js";
import { initSync as loadSync } from "./engine/failsoft.js";
import { start } from "./engine/native.js";

export * from "./api.js";

/** Starts the engine from a compiled module, bytes, a URL or a response, or from a promise of one of these. */
export async function init(source) {
  start(exports, await load({ module_or_path: await source }));
}

/** Starts the engine at once, from a compiled module or bytes. */
export function initSync(module) {
  start(exports, loadSync({ module }));
}
