// Reads the vectors from disk, for Node.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../vectors", import.meta.url));

/** Every file of `tests/vectors` by its path below that folder, parsed. */
export function files(folder = FOLDER) {
  const paths = readdirSync(folder, { recursive: true }).map((path) => path.replaceAll("\\", "/"));
  const read = (path) => JSON.parse(readFileSync(`${folder}/${path}`, "utf8"));
  return Object.fromEntries(
    paths
      .filter((path) => path.endsWith(".json"))
      .sort()
      .map((path) => [path, read(path)]),
  );
}
