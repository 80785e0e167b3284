// Lines that are compared with each other: measured in turn, in a new order each round.

export const LOOP = "hand-written loop";
/** Nanoseconds that one sample takes, about. */
const SAMPLE = 2e6;
/** And that a case runs before it is measured: so long the engine's module needs until it is compiled well. */
const WARM = 300e6;

/** Some cases: functions that run so many times and say, or promise, how many nanoseconds they took. */
export class Block {
  /** @param once whether each sample is one run, for what cannot be run in a loop. */
  constructor(title, cases, { once = false } = {}) {
    this.title = title;
    this.cases = cases;
    this.once = once;
    this.times = undefined;
  }

  async measure(rounds) {
    const names = Object.keys(this.cases);
    const counts = {};
    for (const name of names) {
      counts[name] = this.once ? 1 : await countOf(this.cases[name]);
    }
    this.times = Object.fromEntries(names.map((name) => [name, []]));
    // No collection is forced between rounds: it throws compiled code away, and then that is what is measured.
    for (let round = 0; round < rounds; round += 1) {
      for (const name of shuffled(names)) {
        await turned(); // timers and finalizers of the case before have their say, and not within this one
        this.times[name].push((await this.cases[name](counts[name])) / counts[name]);
      }
    }
  }

  /** The median of the ratios within a round. */
  ratio(name, to) {
    return median(this.times[name].map((time, round) => time / this.times[to][round]));
  }

  median(name) {
    return median(this.times[name]);
  }

  show() {
    console.log(`\n${this.title}\n  ${"".padEnd(46)}${"median".padStart(10)}  ${"spread".padEnd(19)} x loop`);
    for (const [name, times] of Object.entries(this.times)) {
      const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => span(quantile(times, part)));
      const against = LOOP in this.times ? this.ratio(name, LOOP).toFixed(2).padStart(7) : "";
      console.log(`  ${name.padEnd(46)}${middle.padStart(10)}  ${`${low} - ${high}`.padEnd(19)}${against}`);
    }
  }
}

/** A case: `await` of an expression over names that are given. */
export function awaited(expression, names) {
  // Code of its own for each case: in a loop that all share, each would pay for what the others have taught the engine.
  const source = `return async (count) => {
    const begun = performance.now();
    for (let done = 0; done < count; done += 1) await ${expression};
    return (performance.now() - begun) * 1e6;
  };`;
  return new Function(...Object.keys(names), source)(...Object.values(names));
}

/** How many runs make a sample. It runs for a while before: what has run often is compiled better. */
async function countOf(run) {
  let count = 1;
  let took = 0;
  for (let whole = 0; whole < WARM || took < SAMPLE / 4; whole += took) {
    count *= took < SAMPLE / 4 ? 4 : 1;
    took = await run(count);
    await turned();
  }
  return Math.max(1, Math.floor((count * SAMPLE) / took));
}

/** A turn of the event loop. */
function turned() {
  return new Promise((resolve) => setImmediate(resolve));
}

function shuffled(names) {
  const keys = new Map(names.map((name) => [name, Math.random()]));
  return [...names].sort((one, other) => keys.get(one) - keys.get(other));
}

export function median(values) {
  return quantile(values, 0.5);
}

/** The value below which so large a part of them lies; between two of them, in proportion. */
function quantile(values, part) {
  const sorted = [...values].sort((one, other) => one - other);
  const place = (sorted.length - 1) * part;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

function span(nanoseconds) {
  if (nanoseconds < 1e4) {
    return `${nanoseconds.toFixed(0)} ns`;
  }
  return nanoseconds < 1e6 ? `${(nanoseconds / 1e3).toFixed(1)} us` : `${(nanoseconds / 1e6).toFixed(1)} ms`;
}
