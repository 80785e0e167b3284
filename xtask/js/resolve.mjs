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

function isOurs(specifier, { parentURL }) {
  const isBare = /^[a-z@]/i.test(specifier) && !/^[a-z]+:/i.test(specifier);
  return isBare && parentURL?.startsWith("file:") && !parentURL.includes("/node_modules/");
}

const isMissing = (error) => error.code?.endsWith("MODULE_NOT_FOUND");

/** In a thread of its own on Node 20, which has nothing else. */
export async function resolve(specifier, context, next) {
  if (isOurs(specifier, context)) {
    try {
      return await next(specifier, { ...context, parentURL: environment });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return next(specifier, context);
}

function resolveSync(specifier, context, next) {
  if (isOurs(specifier, context)) {
    try {
      return next(specifier, { ...context, parentURL: environment });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return next(specifier, context);
}

if (module.registerHooks) {
  module.registerHooks({ resolve: resolveSync });
} else {
  // The thread loads this very file; there it must not register itself again.
  const { isMainThread } = await import("node:worker_threads");
  if (isMainThread) module.register(import.meta.url);
}
