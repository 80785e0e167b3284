// The entries of the package, as a page meets them.

import { retry } from "failsoft";

/** What the plain entry needs: nothing. */
export async function plain() {
  let asked = 0;
  const answer = await retry(
    async ({ number }) => {
      asked += 1;
      if (number < 3) throw Object.assign(new Error("busy"), { status: 503 });
      return "done";
    },
    { base: 1, cap: 1 },
  );
  return { answer, asked };
}

/** Beside the plain entry: the engine that is there stays. */
export async function both() {
  const plain = await import("failsoft");
  const session = new plain.Session({ routes: ["primary"] });
  const other = await import("failsoft/wasm");
  return { same: other.Session === plain.Session, answer: await session.turn().call(() => "done") };
}

/** A module worker: an engine of its own, and errors that are posted. */
export async function inWorker() {
  const worker = new Worker("/page/worker.js", { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data.error instanceof Error ? describe(data) : data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage("go");
    });
  } finally {
    worker.terminate();
  }
}

async function describe({ answer, error, code }) {
  const { classify, isExhaustedError } = await import("failsoft");
  const { name, message, cause } = error;
  return {
    answer,
    code,
    name,
    message,
    cause: cause?.message,
    isOurs: isExhaustedError(error),
    kind: classify(error).kind,
  };
}

/** How long it takes until the package can be used, in milliseconds: the first time, all files on loopback. */
export function sinceStart() {
  const files = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/package/"));
  return { files: files.length, took: Math.max(...files.map((file) => file.responseEnd)) };
}
