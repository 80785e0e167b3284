// The vectors and the scripts of the host loops, in a page: what each of them says, or undefined where it holds.

import * as failsoft from "failsoft";
import * as machine from "failsoft/machine";
import { tests as scripts } from "/runners/driver.mjs";
import { tests as vectors } from "/runners/vectors.mjs";

async function results(tests) {
  const found = [];
  for (const [name, holds] of tests) {
    let wrong;
    try {
      await holds();
    } catch (error) {
      wrong = `${error.stack ?? error}`;
    }
    found.push([name, wrong]);
  }
  return found;
}

async function files() {
  return (await fetch("/vectors.json")).json();
}

export async function runVectors() {
  return results(vectors({ ...machine, Session: failsoft.Session }, await files()));
}

export async function runScripts() {
  return results(scripts(failsoft, await files()));
}
