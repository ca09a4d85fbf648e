// Serves the package to a browser on this machine, as it is: compiled modules one by one, and the
// binaries. Names of packages in import statements are replaced by where package.json says they
// lead in a browser: import maps could do the same, but not in workers.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sirv from "sirv";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Folders that are served. */
const SERVED = /^\/(dist|build|tests\/browser\/page)\//;

const files = sirv(root, { dev: true });

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
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const missing = (): void => void response.writeHead(404).end();
  if (!SERVED.test(pathname)) missing();
  else if (!pathname.endsWith(".js")) files(request, response, missing);
  else {
    try {
      const content = await readFile(join(root, pathname), "utf8");
      response.setHeader("Content-Type", "text/javascript");
      response.end(resolved(content, names));
    } catch {
      missing();
    }
  }
}

/** What makes a page cross-origin isolated, so that it may share memory with its workers. */
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/**
 * Starts a server on a free port.
 * @param isIsolated whether it sends the headers that shared memory needs
 */
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
