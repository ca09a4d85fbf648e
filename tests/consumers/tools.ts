// What the consumer tests run: tools from this folder's own node_modules (installed by .ci/run, or
// by "npm ci --prefix tests/consumers"), and browsers of the system.

import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BROWSER_PLACES } from "../../tools/browsers.mjs";

const modules = fileURLToPath(new URL("node_modules/", import.meta.url));

/** The programs that consumers run in, and where they are looked for. */
const PLACES = {
  node20: [`${modules}node20/bin/node`],
  node22: [`${modules}node22/bin/node`],
  node24: [`${modules}node24/bin/node`],
  deno: [`${modules}@deno/linux-x64-glibc/deno`],
  bun: [`${modules}@oven/bun-linux-x64-baseline/bin/bun`],
  workerd: [`${modules}@cloudflare/workerd-linux-64/bin/workerd`],
  next: [`${modules}next/dist/bin/next`],
  bundlers: [`${modules}vite/package.json`],
  jest: [`${modules}jest/package.json`],
  ...BROWSER_PLACES,
} as const;

/** What a consumer needs. */
export type Tool = keyof typeof PLACES;

/** @returns where the tool is; undefined when it is not there */
export function placeOf(tool: Tool): string | undefined {
  return PLACES[tool].find((path) => path !== "" && existsSync(path));
}

/**
 * Whether all tools are there; prints the reason when not.
 * @param what is being tested
 * @throws Error instead when PTMALLOC_REQUIRE_NATIVE=1, as in CI
 */
export function haveAll(what: string, tools: readonly Tool[]): boolean {
  const missing = tools.filter((tool) => placeOf(tool) === undefined);
  if (missing.length === 0) return true;
  const reason =
    `missing: ${missing.join(", ")} ("npm ci --prefix tests/consumers" installs what is no browser; ` +
    "on Debian apt-get install chromium firefox-esr)";
  if (process.env.PTMALLOC_REQUIRE_NATIVE === "1")
    throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
  process.stderr.write(`skipped: ${what}: ${reason}\n`);
  return false;
}

/** Puts packages of the tests' tools into a project, as links. */
export function linkTools(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const place = join(folder, "node_modules", name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(modules, name), place);
  }
}
