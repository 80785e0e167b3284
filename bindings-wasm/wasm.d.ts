// `failsoft/wasm`: the same as `failsoft`, for hosts that forbid inlined modules. Start the engine first; until then what
// needs it throws.

export * from "./index.js";

/**
 * Starts the engine from a compiled module, its bytes, a URL or a response, or from a promise of one of these.
 *
 * @example
 * await init(fetch(new URL("failsoft/failsoft.wasm", import.meta.url))); // Node: initSync(readFileSync(path))
 */
export function init(source: WasmSource | PromiseLike<WasmSource>): Promise<void>;

/**
 * Starts the engine at once, from a compiled module or its bytes.
 *
 * @example
 * import module from "failsoft/failsoft.wasm"; // a Worker: the host compiles it
 * initSync(module);
 */
export function initSync(module: object): void;

/**
 * Where the module comes from, `failsoft/failsoft.wasm` of this very version: a `WebAssembly.Module`, an `ArrayBuffer` or a
 * view of one, a `URL`, `Request` or `Response`, or the text of a URL.
 */
export type WasmSource = object | string;
