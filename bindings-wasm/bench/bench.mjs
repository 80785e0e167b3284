// What failsoft costs in JavaScript, beside other libraries, the bare call and a loop written by hand.
//
// `cargo xtask bench --only javascript`, or `node bindings-wasm/bench/bench.mjs [--rounds N] [--quick] [--only BLOCK]`
// where failsoft is found; cockatiel, p-retry, async-retry and opossum are measured if they are there.
//
// How to read it. Every line is one call of the same trivial async function, guarded in one way. All lines of a block
// are measured in turn, in a new order each round, so that whatever else the machine does hits all of them; `median` is
// over the rounds, `spread` the middle half of them. `x loop` is the median of the ratios to the hand-written loop *of
// the same round*: it is steadier than the times, and the one to compare. It is noisy all the same: nanoseconds move by
// a third between machines and between runs, and a difference of less than a tenth says nothing. Nothing here fails:
// the last block says which targets are met.
//
// What is fair. Every library makes up to three attempts, with its own default backoff and no listeners; where calls
// fail, waits cost nothing to anybody. "everything on" is a `Session` of two routes under a policy with retry, time
// limits, deadline, breaker, budget and fallback: its line does a good deal more than those it stands beside, and the
// nearest that another library has to offer is "cockatiel fallback, retry, breaker, timeout".

import { statSync } from "node:fs";
import { parseArgs } from "node:util";
import { BreakerOpen, CircuitBreaker, Policy, retry, retrying, Session, TransientError } from "failsoft";
import { awaited, Block, LOOP } from "./block.mjs";
import { bytesOf, imports, sizes } from "./fresh.mjs";

const EVERYTHING = "failsoft turn.call, everything on";
const EACH = "failsoft session.turn().call, a turn each";
const COCKATIEL = "cockatiel retry";
const DAY = 86_400_000;

const optional = async (name) => {
  try {
    return await import(name);
  } catch {
    return undefined;
  }
};
const [cockatiel, pRetry, asyncRetry, opossum] = await Promise.all(
  ["cockatiel", "p-retry", "async-retry", "opossum"].map(optional),
);

// ---- What is called ----

const answer = async () => "391";

function thirdTime() {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls % 3 !== 0) {
      throw new TransientError("busy");
    }
    return "391";
  };
}

async function broken() {
  throw new TransientError("down");
}

// ---- How it is guarded by hand ----

async function byHand(fn) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await fn();
    } catch (error) {
      if (attempt === 2 || !(error instanceof TransientError)) {
        throw error;
      }
      const delay = Math.random() * Math.min(30_000, 500 * 2 ** attempt);
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

// ---- failsoft with everything on ----

const noSleep = async () => {};

/** Retry, deadline, breaker and fallback over two routes. */
function everything(changes = {}) {
  // A benchmark that fails two times in three would open any sensible breaker and spend any budget.
  const breaker = { rate: 1, ...changes };
  const policy = new Policy({ turn: { deadline: DAY }, breaker, budget: { floor: 1_000_000 } });
  return new Session({ policy, routes: ["primary", "backup"], seed: 7, sleep: noSleep });
}

async function withOpenBreaker() {
  const session = everything({ consecutive: 3, open: DAY, maxOpen: DAY });
  for (let call = 0; call < 3; call += 1) {
    await session.turn().call(({ route }) => (route.name === "primary" ? broken() : answer()));
  }
  if (session.breaker("primary") !== "open") {
    throw new Error("the breaker did not open");
  }
  return session;
}

// ---- How others guard it ----

function stack(fn) {
  const { ConsecutiveBreaker, ExponentialBackoff, TimeoutStrategy, circuitBreaker, fallback, handleAll, timeout } =
    cockatiel;
  const retries = cockatiel.retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() });
  const breaker = circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(1000) });
  const limit = timeout(600_000, TimeoutStrategy.Aggressive);
  return {
    "cockatiel retry, breaker, timeout": cockatiel.wrap(retries, breaker, limit),
    "cockatiel fallback, retry, breaker, timeout": cockatiel.wrap(fallback(handleAll, fn), retries, breaker, limit),
  };
}

/** The same function under every library that retries, three attempts each. */
function others(make) {
  const cases = {};
  if (cockatiel) {
    const { ExponentialBackoff, handleAll } = cockatiel;
    const alone = cockatiel.retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() });
    cases[COCKATIEL] = awaited("policy.execute(fn)", { policy: alone, fn: make() });
    for (const [name, policy] of Object.entries(stack(answer))) {
      cases[name] = awaited("policy.execute(fn)", { policy, fn: make() });
    }
  }
  if (pRetry) {
    cases["p-retry"] = awaited("retry(fn, { retries: 2 })", { retry: pRetry.default, fn: make() });
  }
  if (asyncRetry) {
    cases["async-retry"] = awaited("retry(fn, { retries: 2 })", { retry: asyncRetry.default, fn: make() });
  }
  return cases;
}

/** @param make the function that is called, one for each line: it may count. */
function retries(title, make) {
  const [one, session] = [everything(), everything()];
  const turn = one.turn();
  const sleep = noSleep;
  return new Block(title, {
    "bare await": awaited("fn()", { fn: answer }),
    [LOOP]: awaited("byHand(fn)", { byHand, fn: make() }),
    "failsoft retry(fn, { sleep })": awaited("retry(fn, { sleep })", { retry, sleep, fn: make() }),
    "failsoft retry(fn, { maxAttempts, base, sleep })": awaited("retry(fn, { maxAttempts: 3, base: 500, sleep })", {
      retry,
      sleep,
      fn: make(),
    }),
    "failsoft retrying(fn, { sleep })": awaited("fn()", { fn: retrying(make(), { sleep }) }),
    [EVERYTHING]: awaited("turn.call(fn)", { turn, fn: make() }),
    [EACH]: awaited("session.turn().call(fn)", { session, fn: make() }),
    ...others(make),
  });
}

function success() {
  const block = retries("success path", () => answer);
  block.cases["failsoft retry(fn)"] = awaited("retry(fn)", { retry, fn: answer });
  const { signal } = new AbortController();
  const turn = everything().turn();
  block.cases["failsoft turn.call(fn, { signal }), everything on"] = awaited("turn.call(fn, { signal })", {
    turn,
    signal,
    fn: answer,
  });
  return block;
}

/** Timers ring at once, except for limits, which are never reached. */
function failures() {
  const real = globalThis.setTimeout;
  const block = retries("two failures, then success; no waiting", thirdTime);
  const { measure } = block;
  block.measure = async (rounds) => {
    await new Promise(setImmediate); // what real timers have been set is cleared before
    globalThis.setTimeout = (work, delay) => (delay < 60_000 ? queueMicrotask(work) : undefined);
    try {
      await measure.call(block, rounds);
    } finally {
      globalThis.setTimeout = real;
    }
  };
  return block;
}

function breakerClosed() {
  const cases = {
    "bare await": awaited("fn()", { fn: answer }),
    [LOOP]: awaited("byHand(fn)", { byHand, fn: answer }),
    "failsoft CircuitBreaker.call": awaited("breaker.call(fn)", { breaker: new CircuitBreaker(), fn: answer }),
    [EVERYTHING]: awaited("turn.call(fn)", { turn: everything().turn(), fn: answer }),
  };
  if (cockatiel) {
    const { ConsecutiveBreaker, circuitBreaker, handleAll } = cockatiel;
    const breaker = circuitBreaker(handleAll, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) });
    cases["cockatiel circuitBreaker"] = awaited("breaker.execute(fn)", { breaker, fn: answer });
  }
  if (opossum) {
    const Breaker = opossum.default;
    cases["opossum .fire"] = awaited("breaker.fire()", { breaker: ended(new Breaker(answer)) });
    const untimed = ended(new Breaker(answer, { timeout: false }));
    cases["opossum .fire, without its time limit"] = awaited("breaker.fire()", { breaker: untimed });
  }
  return new Block("breaker closed, success", cases);
}

async function breakerOpen() {
  const refused = async (work, refusal) => {
    try {
      await work();
    } catch (error) {
      if (refusal(error)) {
        return;
      }
    }
    throw new Error("it was not refused");
  };
  const mine = new CircuitBreaker({ consecutive: 1, open: DAY, maxOpen: DAY });
  await refused(
    () => mine.call(broken),
    (error) => error instanceof TransientError,
  );
  const session = await withOpenBreaker();
  const isOpen = (error) => error instanceof BreakerOpen;
  const cases = {
    "bare call that rejects, caught": awaited("refused(fn, refusal)", { refused, fn: broken, refusal: () => true }),
    "failsoft CircuitBreaker.call": awaited("refused(() => breaker.call(fn), refusal)", {
      refused,
      breaker: mine,
      fn: answer,
      refusal: isOpen,
    }),
    "failsoft turn.call, the backup answers": awaited("session.turn().call(fn)", { session, fn: answer }),
  };
  if (cockatiel) {
    const { ConsecutiveBreaker, circuitBreaker, handleAll, isBrokenCircuitError } = cockatiel;
    const breaker = circuitBreaker(handleAll, { halfOpenAfter: DAY, breaker: new ConsecutiveBreaker(1) });
    await refused(
      () => breaker.execute(broken),
      () => true,
    );
    cases["cockatiel circuitBreaker"] = awaited("refused(() => breaker.execute(fn), refusal)", {
      refused,
      breaker,
      fn: answer,
      refusal: isBrokenCircuitError,
    });
  }
  if (opossum) {
    const breaker = ended(new opossum.default(broken, { resetTimeout: DAY }));
    await refused(
      () => breaker.fire(),
      () => true,
    );
    const refusal = (error) => error.code === "EOPENBREAKER";
    cases["opossum .fire"] = awaited("refused(() => breaker.fire(), refusal)", { refused, breaker, refusal });
  }
  return new Block("breaker open: refused without a request", cases);
}

const endings = [];

/** Its timers would keep this process alive. */
function ended(breaker) {
  endings.push(() => breaker.shutdown());
  return breaker;
}

// ---- The targets ----

const kilobytes = (bytes) => bytes / 1000;

function verdict(what, isNow, most, unit) {
  const word = isNow <= most ? "met" : `missed by ${((isNow / most - 1) * 100).toFixed(0)} %`;
  console.log(`  ${what.padEnd(62)}${isNow.toFixed(2).padStart(8)} ${unit} of ${most} ${unit}  ${word}`);
}

function sized(tarball) {
  console.log("\nsizes and memory");
  const { raw, gzipped } = sizes();
  console.log(`  the module: ${raw} bytes, gzipped ${gzipped}`);
  if (tarball) {
    console.log(`  the packed package: ${statSync(tarball).size} bytes`);
  }
  console.log(
    `  a session of two routes: ${bytesOf('new Session({ routes: ["primary", "backup"], seed: 7 })', 2000)} bytes`,
  );
  console.log(`  a turn: ${bytesOf("session.turn()", 20_000)} bytes`);
  return { raw, gzipped };
}

function targets({ success, import: fresh }, size) {
  console.log("\ntargets");
  if (success && cockatiel) {
    for (const [name, most] of [
      [EVERYTHING, 3],
      [EACH, 5],
      ["failsoft retry(fn)", 0.5],
    ]) {
      verdict(`${name}, to cockatiel's retry: at most`, success.ratio(name, COCKATIEL), most, "x");
    }
  }
  if (fresh) {
    for (const name of ['import "failsoft"', 'import "failsoft/wasm" and initSync(bytes)']) {
      verdict(`${name}: at most`, fresh.median(name) / 1e6, 15, "ms");
    }
  }
  if (size) {
    verdict("the module, raw: at most", kilobytes(size.raw), 268, "kB");
    verdict("the module, gzipped: at most", kilobytes(size.gzipped), 124, "kB");
  }
}

const BLOCKS = { success, failures, closed: breakerClosed, open: breakerOpen, import: imports };

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "150" }, // of each block, a fifth for the imports
    quick: { type: "boolean", default: false }, // twenty rounds: to see that it runs
    only: { type: "string", multiple: true }, // measures one block alone, or sizes
    tarball: { type: "string" }, // whose size is printed, too
  },
});
const rounds = options.quick ? 20 : Number(options.rounds);
const wanted = options.only ?? [...Object.keys(BLOCKS), "sizes"];
const strange = wanted.find((name) => !(name in BLOCKS) && name !== "sizes");
if (strange !== undefined) {
  throw new Error(`--only ${strange}: there is no such block; use one of ${Object.keys(BLOCKS).join(", ")}, sizes`);
}
console.log(`node ${process.versions.node}, failsoft from ${import.meta.resolve("failsoft")}, ${rounds} rounds`);
const missing = Object.entries({ cockatiel, "p-retry": pRetry, "async-retry": asyncRetry, opossum }).filter(
  ([, there]) => !there,
);
if (missing.length > 0) {
  console.log(`not installed, not measured: ${missing.map(([name]) => name).join(", ")}`);
}
const blocks = {};
for (const name of wanted.filter((name) => name in BLOCKS)) {
  blocks[name] = await BLOCKS[name]();
  await blocks[name].measure(name === "import" ? Math.max(11, Math.floor(rounds / 5)) : rounds);
  blocks[name].show();
}
targets(blocks, wanted.includes("sizes") ? sized(options.tarball) : undefined);
for (const end of endings) {
  end();
}
