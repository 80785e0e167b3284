// Places on loopback that fail before there is an answer, for the tests of one file.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

/** A name that nobody has. */
export const nameless = "http://nobody.invalid";

/** A server on loopback for the length of a file: its address. */
export async function serving(server, scheme = "http") {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  return `${scheme}://127.0.0.1:${server.address().port}`;
}

/**
 * An address where nobody listens. Its port is none that a system gives away by itself: another test, which asks for any
 * port, would get it and answer.
 */
export async function nobody() {
  for (let port = 20_000 + (process.pid % 10_000); ; port += 1) {
    const server = net.createServer().listen(port, "127.0.0.1");
    const isFree = await new Promise((resolve) => {
      server.once("listening", () => server.close(() => resolve(true)));
      server.once("error", () => resolve(false));
    });
    if (isFree) {
      return `http://127.0.0.1:${port}`;
    }
  }
}

/** A server that talks to whoever has said something. */
export function connection(talk) {
  return net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => talk(socket));
  });
}

/** A key and a certificate that nobody but itself has signed. */
export function selfSigned() {
  const folder = mkdtempSync(join(tmpdir(), "failsoft-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    const how = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=nobody.invalid";
    execFileSync("openssl", [...how.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An HTTPS server with such a certificate. */
export function securing(own = selfSigned()) {
  return serving(
    https.createServer(own, (_, response) => response.end("{}")),
    "https",
  );
}
