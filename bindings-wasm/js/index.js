// The entry that carries the engine: ready when it is imported.

import "./inline.js";

export * from "./api.js";
