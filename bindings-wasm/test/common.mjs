// What the tests of one guard share.

import { test } from "node:test";
import { instant } from "failsoft/testing";

/** A test on virtual time: nothing sleeps for real. */
export function timed(name, body) {
  test(name, () => instant(body));
}

/** Fails so many times, then brings a value; `calls` counts. */
export function failing(times, error, value = "done") {
  const fn = async () => {
    fn.calls += 1;
    if (fn.calls <= times) {
      throw error;
    }
    return value;
  };
  return Object.assign(fn, { calls: 0 });
}

/** The error that a promise is rejected with. */
export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not rejected");
}

/** What a function throws. */
export function thrown(fn) {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error("it did not throw");
}

/** A promise with its two ends. */
export function deferred() {
  const ends = {};
  ends.promise = new Promise((resolve, reject) => Object.assign(ends, { resolve, reject }));
  return ends;
}

/** Many turns of the event loop. */
export async function turns(count = 5) {
  for (let i = 0; i < count; i += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A signal that counts its listeners. */
export function watchedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const known = new Set();
  signal.addEventListener = function (type, listener, ...rest) {
    known.add(listener);
    listeners += 1;
    return addEventListener.call(this, type, listener, ...rest);
  };
  signal.removeEventListener = function (type, listener, ...rest) {
    listeners -= known.delete(listener) ? 1 : 0;
    return removeEventListener.call(this, type, listener, ...rest);
  };
  return { controller, signal, listeners: () => listeners };
}

/** Where the files of the package are before they are joined: another copy of it. */
export const parts = new URL("../../failsoft-parts/", import.meta.resolve("failsoft"));
