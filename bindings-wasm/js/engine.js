// The one instance of the engine. An entry of the package starts it: `index.js` with the module that it carries, `wasm.js`
// with one that it is given.

/** The exports of the binding; they throw until the engine has been started. */
export let native = new Proxy({}, { get: refuse });

let memory;
let numbers;
let address = 0;
let length = 0;

/** @param exports what wasm-bindgen made. @param instance the raw exports, for their memory. */
export function start(exports, instance) {
  // A plain object: quicker to ask than a module's namespace.
  native = { ...exports };
  memory = instance.memory;
  address = exports.outAddress();
  length = exports.outLength();
}

/** The numbers that the last verb said. The view is made anew when the memory has grown. */
export function out() {
  if (numbers === undefined || numbers.length === 0) {
    numbers = new Float64Array(memory.buffer, address, length);
  }
  return numbers;
}

/** Bytes of linear memory. */
export function memoryBytes() {
  return memory.buffer.byteLength;
}

function refuse() {
  throw new Error(
    'failsoft: the engine is not there yet: import "failsoft", or with "failsoft/wasm" first `await init(module)`',
  );
}
