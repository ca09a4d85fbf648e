// A server for one person on this machine: the explorer's files, and the file to begin with.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ExplorerFiles } from "./files.js";

/** What the page is to open first. */
export interface FirstFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is served. */
export interface Served {
  readonly files: ExplorerFiles;
  readonly first?: FirstFile | undefined;
}

/** Nothing but this server's own files is ever loaded; scripts of the page are files. */
const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/** Where the file to begin with is found. */
const FIRST = "first/";

/** Names that a browser on this machine may call it by: others would be somebody else's page. */
const HOSTS = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

function answer(
  { files, first }: Served,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (!HOSTS.test(request.headers.host ?? "")) {
    response.writeHead(403).end();
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405).end();
    return;
  }
  const path = pathOf(request.url ?? "/");
  const isFirst = path === `${FIRST}${first?.name}`;
  const found = isFirst
    ? { type: "application/octet-stream", bytes: first!.bytes }
    : path === undefined
      ? undefined
      : files.find(path);
  if (found === undefined) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("not found\n");
    return;
  }
  const length = { "Content-Type": found.type, "Content-Length": found.bytes.length };
  response.writeHead(200, { ...HEADERS, ...length });
  response.end(request.method === "HEAD" ? undefined : found.bytes);
}

function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url, "http://localhost").pathname).slice(1);
  } catch {
    return undefined;
  }
}

/**
 * Begins to serve, to this machine alone.
 * @param port 0 for any that is free
 * @throws the system's error: the port is taken
 */
export async function serveExplorer(served: Served, port: number): Promise<Server> {
  const server = createServer((request, response) => answer(served, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

/** @returns the page's address, which opens the file to begin with */
export function pageAddress(server: Server, hash: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/${hash}`;
}
