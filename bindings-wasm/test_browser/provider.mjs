// The provider of `tests/provider`, as pages need it: another origin, which lets them in or does not.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { after } from "node:test";

/** Starts it for the tests of this file. It ends when its standard input is closed, so also if we die. */
export async function provide(...flags) {
  const binary = process.env.FAILSOFT_PROVIDER_BIN;
  if (binary === undefined) {
    throw new Error("set FAILSOFT_PROVIDER_BIN: cargo build --release -p failsoft-provider");
  }
  const child = spawn(binary, ["--until-stdin-closes", ...flags], { stdio: ["pipe", "pipe", "inherit"] });
  after(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return line.split(" ").at(-1);
}

/** What it saw of a model, oldest first. */
export async function seen(url, model) {
  const entries = await (await fetch(`${url}/log`)).json();
  return entries.filter((entry) => entry.model === model);
}

/** An address where nobody listens any more. */
export async function nobody() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}
