// The entry without a module of its own. Nothing here imports the other one: it would have started the engine.

const SOURCES = {
  url: async (url) => url,
  URL: async (url) => new URL(url, location.href),
  response: (url) => fetch(url),
  bytes: async (url) => (await fetch(url)).arrayBuffer(),
  module: async (url) => WebAssembly.compileStreaming(fetch(url)),
};

/** The entry without a module of its own, started from each kind of source. */
export async function given(how) {
  const failsoft = await import("failsoft/wasm");
  let before = "nothing was refused";
  try {
    failsoft.classify(new Error("too early"));
  } catch (error) {
    before = error.message;
  }
  const source = await SOURCES[how](import.meta.resolve("failsoft/failsoft.wasm"));
  await failsoft.init(source);
  return { before, kind: failsoft.classify({ status: 503 }).kind };
}

/** From a module that is compiled: at once. */
export async function givenAtOnce() {
  const failsoft = await import("failsoft/wasm");
  failsoft.initSync(await SOURCES.module(import.meta.resolve("failsoft/failsoft.wasm")));
  return failsoft.classify({ status: 429 }).kind;
}
