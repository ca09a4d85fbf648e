// The site, built once for the tests, and served as any static host does: below some path, without
// headers of its own.

import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import sirv from "sirv";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Where the built site is. */
export const SITE = `${root}build/site-of-tests/`;
/** The path that it is served under. */
const PREFIX = "/some/where/";

/**
 * Whether the site's packages are there; prints the reason when not.
 * @throws Error instead when PTMALLOC_REQUIRE_NATIVE=1, as in CI
 */
export function canBuild(): boolean {
  if (existsSync(`${root}site/node_modules/vitepress/package.json`)) return true;
  const reason = '"npm ci --prefix site" has not been run';
  if (process.env.PTMALLOC_REQUIRE_NATIVE === "1")
    throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
  process.stderr.write(`skipped: the site: ${reason}\n`);
  return false;
}

/** Builds the site, but for what takes long: the API reference and others have a page instead. */
export async function buildSite(): Promise<void> {
  const args = [`${root}site/make/main.mjs`, "--quick", "--out", SITE];
  await promisify(execFile)(process.execPath, args, { cwd: root });
}

/** @returns all pages, as paths from the site's top */
export function pagesOf(): string[] {
  return readdirSync(SITE, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".html") && path !== "404.html")
    .sort();
}

export function pageText(path: string): string {
  return readFileSync(SITE + path, "utf8");
}

/** A server, and where the site's top is. */
export interface Host {
  readonly url: string;
  close(): void;
}

export async function hostSite(): Promise<Host> {
  const files = sirv(SITE, { dev: true });
  const server: Server = createServer((request, response) => {
    const missing = (): void => void response.writeHead(404).end();
    if (!request.url?.startsWith(PREFIX)) return missing();
    request.url = request.url.slice(PREFIX.length - 1);
    files(request, response, missing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}${PREFIX}`, close: () => server.close() };
}

/** Pages open at a time. */
const LANES = 3;

/**
 * Does something with each of many, a few at a time.
 * @param begin makes what a lane works with
 */
export async function inLanes<T, L>(
  all: readonly T[],
  begin: () => Promise<L>,
  work: (lane: L, one: T) => Promise<void>,
): Promise<void> {
  const left = [...all];
  const lane = async (): Promise<void> => {
    const own = await begin();
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(own, one);
  };
  await Promise.all(Array.from({ length: Math.min(LANES, all.length) }, lane));
}
