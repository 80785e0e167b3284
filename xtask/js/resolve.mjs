// `node --import ./xtask/js/resolve.mjs file.mjs`: bare imports come from the environment named in FAILSOFT_NODE_ENV.
//
// Stories and tests stand outside every environment, so that one file runs in several. The environment comes first: what
// somebody installed beside a file must not take the place of what was built. What a package imports is its own affair.

import * as module from "node:module";
import { resolve as absolute } from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.env.FAILSOFT_NODE_ENV;
if (!folder) {
  throw new Error("FAILSOFT_NODE_ENV is not set: name a folder with node_modules, such as target/npm/node20");
}
const environment = pathToFileURL(absolute(folder, "from.mjs")).href;

function isOurs(specifier, parent) {
  const isBare = /^[a-z@]/i.test(specifier) && !/^[a-z]+:/i.test(specifier);
  return isBare && parent?.startsWith("file:") && !parent.includes("/node_modules/");
}

const isMissing = (error) => error.code?.endsWith("MODULE_NOT_FOUND");

/** For Node 20, which asks in a thread of its own and waits for nobody. */
export async function resolve(specifier, context, next) {
  const own = { ...context }; // what is asked of `next` stays in `context`
  if (isOurs(specifier, own.parentURL)) {
    try {
      return await next(specifier, { ...own, parentURL: environment });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return next(specifier, own);
}

function resolveSync(specifier, context, next) {
  const own = { ...context };
  if (isOurs(specifier, own.parentURL)) {
    try {
      return next(specifier, { ...own, parentURL: environment });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return next(specifier, own);
}

if (module.registerHooks) {
  module.registerHooks({ resolve: resolveSync });
} else {
  // The thread loads this very file; there it must not register itself again.
  const { isMainThread } = await import("node:worker_threads");
  if (isMainThread) module.register(import.meta.url);
}
