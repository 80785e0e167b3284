// The one clock that all machines read unless they are given their own.

/** A snapshot may be restored on a young clock: an hour of room lets it keep what lay before. */
const ROOM = 3_600_000;
let standIn;

/** Counts how often the default clock was replaced: what the one before said must not hold back time on this one. */
export let era = 0;

/** Replaces the default clock by a function that returns milliseconds; `undefined` for the real one. */
export function setDefaultClock(clock) {
  standIn = clock;
  era += 1;
}

/** Milliseconds on the default clock. It never goes back. */
export function monotonic() {
  return standIn === undefined ? performance.now() + ROOM : standIn();
}

/** A clock of the caller's that stands still where it would go back: what is told in spans is counted from there, too. */
export function steady(clock) {
  if (clock === undefined || clock === null) {
    return undefined;
  }
  let latest = -Infinity;
  return () => {
    const now = clock();
    latest = now < latest ? latest : now;
    return latest;
  };
}
