// The JavaScript side of the differential test, for Node: `node differential.mjs FOLDER` prints the fingerprint of every file's
// transcript, `node differential.mjs FOLDER NAME` the transcript of one file.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import "failsoft";
import * as machine from "failsoft/machine";
import { transcript } from "../../tests/js/differential.mjs";

const [folder, only] = process.argv.slice(2);
const play = (name) => transcript(machine, readFileSync(`${folder}/${name}`, "utf8"));

if (only === undefined) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  for (const name of names.sort()) {
    process.stdout.write(`${name} ${createHash("sha256").update(play(name)).digest("hex")}\n`);
    // Machines are released between two turns of the event loop only.
    await setImmediate();
  }
} else {
  process.stdout.write(play(only));
}
