// Made by `cargo xtask pack`: the engine's module as text, and its start. The import of this file is the only side effect.

import * as exports from "./failsoft.js";
import { start } from "./native.js";

const MODULE = "@MODULE@";

start(exports, exports.initSync({ module: bytesOf(MODULE) }));

function bytesOf(base64) {
  if (typeof Uint8Array.fromBase64 === "function") {
    return Uint8Array.fromBase64(base64);
  }
  if (typeof globalThis.Buffer?.from === "function") {
    return globalThis.Buffer.from(base64, "base64"); // in Node 20 and 24, where the loop is a sixth of the import
  }
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place += 1) {
    bytes[place] = text.charCodeAt(place);
  }
  return bytes;
}
