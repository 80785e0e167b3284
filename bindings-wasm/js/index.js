// The entry that carries the engine: ready when it is imported.

import "./engine/inline.js";

export * from "./api.js";
