// Serves the package to a browser on this machine, as it is: compiled modules one by one, and the binaries. Names of packages in import
// statements are replaced by where package.json says they lead in a browser: import maps could do the same, but not in workers.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Folders that are served. */
const SERVED = /^\/(dist|build|tests\/browser\/page)\//;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** A running server. */
export interface Server {
  /** The page's address. */
  readonly url: string;
  close(): Promise<void>;
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** Where the package's name leads in our pages, from the server's root. */
async function specifiers(): Promise<ReadonlyMap<string, string>> {
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Manifest;
  const found = new Map<string, string>();
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target !== "string")
      found.set(`ptmalloc-wasm${name.slice(1)}`, target.default.slice(1));
  }
  return found;
}

function resolved(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(
    /(\bfrom\s*|\bimport\s*)"([^"]+)"/g,
    (_, keyword: string, name: string) => `${keyword}"${names.get(name) ?? name}"`,
  );
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
  const type = TYPES[extname(path)];
  try {
    if (type === undefined || !SERVED.test(path)) throw new Error(`${path} is not served`);
    const content = await readFile(join(root, path));
    response.setHeader("Content-Type", type);
    response.end(type === TYPES[".js"] ? resolved(content.toString(), names) : content);
  } catch {
    response.writeHead(404).end();
  }
}

/** What makes a page cross-origin isolated, so that it may share memory with its workers. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Starts a server on a free port. @param isIsolated whether it sends the headers that shared memory needs */
export async function serve(isIsolated: boolean): Promise<Server> {
  const names = await specifiers();
  const server = createServer((request, response) => {
    if (isIsolated) response.setHeaders(new Map(Object.entries(ISOLATION)));
    void answer(request, response, names);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/tests/browser/page/index.html`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
