// Nothing but a retry: what an agent needs has no place in this bundle.

import { retry } from "failsoft";

const answer = await retry(
  ({ number }) => {
    if (number < 3) throw Object.assign(new Error("busy"), { status: 503 });
    return `done at attempt ${number}`;
  },
  { base: 1, cap: 1 },
);

if (globalThis.document === undefined) {
  console.log(answer);
} else {
  document.querySelector("#answer").textContent = answer;
}
