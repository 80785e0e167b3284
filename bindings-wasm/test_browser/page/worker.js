// Import maps do not reach into workers: the package is named by its address.

import { retry } from "/package/js/index.js";

const busy = () => {
  throw Object.assign(new Error("busy"), { status: 503 });
};

addEventListener("message", async () => {
  const answer = await retry(async () => "done");
  const error = await retry(busy, { maxAttempts: 2, base: 1, cap: 1 }).catch((caught) => caught);
  postMessage({ answer, error, code: error.code });
});
