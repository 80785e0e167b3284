// What `classify` makes of the errors of this browser's `fetch`.

import { classify } from "failsoft";
import { REQUESTS, request } from "/data/fetch_errors.mjs";

function told(error) {
  const { kind, effect, status, retryAfter } = classify(error);
  return { kind, effect, status, retryAfter, name: error.name, message: error.message };
}

async function failing(work) {
  try {
    await work();
  } catch (error) {
    return told(error);
  }
  throw new Error("it did not fail");
}

/** One of the requests that Node makes too. */
export async function ask({ name, url, nobody }) {
  return failing(() => request(REQUESTS[name], { url, nobody }));
}

/** One that only a page can make. */
export async function get({ url, within, abort }) {
  const limit = within === undefined ? undefined : AbortSignal.timeout(within);
  const signal = abort ? AbortSignal.abort() : limit;
  return failing(async () => {
    await (await fetch(url, { signal })).text();
  });
}

/** An answer that is an error, with its headers as far as a page may read them. */
export async function refused({ url, model }) {
  return failing(async () => {
    const body = JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
    throw Object.assign(new Error("refused"), { status: response.status, headers: response.headers });
  });
}
