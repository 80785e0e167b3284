// A server of files on loopback, for pages.

import { once } from "node:events";
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm" };
const SCRIPTS = [".js", ".mjs"];

/**
 * Nothing but scripts of the server's own and WebAssembly: no `eval`. Pages ask whom they like, since a provider stands at
 * another origin.
 */
const POLICY = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; img-src data:; connect-src *";

/**
 * Serves folders and texts by the paths that they are given: `{ "/package/": folder, "/": { type, text } }`. Whatever it does
 * not know is a 404, which a page's console tells.
 */
export async function serve(places) {
  const server = createServer((request, response) => answer(places, request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

function answer(places, request, response) {
  const path = decodeURIComponent(new URL(request.url, "http://127.0.0.1").pathname);
  const place = Object.keys(places).find(
    (one) => one === path || (one.endsWith("/") && one !== "/" && path.startsWith(one)),
  );
  const given = places[place];
  if (typeof given === "object") {
    response.writeHead(200, { "content-type": given.type, "content-security-policy": POLICY });
    response.end(given.text);
    return;
  }
  const file = given === undefined ? undefined : join(given, normalize(`/${path.slice(place.length)}`));
  if (file === undefined || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  const kind = extname(file);
  const type = SCRIPTS.includes(kind) ? "text/javascript" : (TYPES[kind] ?? "application/octet-stream");
  response.writeHead(200, { "content-type": type, "content-security-policy": POLICY });
  createReadStream(file).pipe(response);
}
