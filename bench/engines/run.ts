// JavaScript engines of this machine, and a script run in each: Node.js and other programs print
// what it found, browsers send it to a server that is only there for that.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BROWSER_PLACES, browserArguments } from "../../tools/browsers.mjs";
import { root } from "../lab/paths.js";

/** Other programs that are installed for the tests of the package. */
const MODULES = join(root, "tests", "consumers", "node_modules");
const GET_PROGRAMS = "npm ci --prefix tests/consumers";
const PATIENCE_MS = 120_000;

/** An engine that may be here. */
export interface Engine {
  readonly kind: "program" | "chromium" | "firefox";
  readonly title: string;
  /** Where it is looked for; the first that is there. */
  readonly places: readonly string[];
  /** How to get it. */
  readonly how: string;
}

/** @returns a program of the tests' packages */
function program(title: string, path: string): Engine {
  return { kind: "program", title, places: [join(MODULES, path)], how: GET_PROGRAMS };
}

/** Engines, in the order of tables. */
export const engines: readonly Engine[] = [
  { kind: "program", title: "Node.js, this one", places: [process.execPath], how: "" },
  program("Node.js 22", "node22/bin/node"),
  program("Node.js 24", "node24/bin/node"),
  program("Bun", "@oven/bun-linux-x64-baseline/bin/bun"),
  {
    kind: "chromium",
    title: "Chromium",
    places: BROWSER_PLACES.chromium,
    how: "apt-get install chromium",
  },
  {
    kind: "firefox",
    title: "Firefox",
    places: BROWSER_PLACES.firefox,
    how: "apt-get install firefox-esr",
  },
];

/** A version's first two numbers. */
const VERSION = /\d+\.\d+/;

/** @returns where the engine is, and its name with the version; undefined: it is not here */
export function locate({ title, places }: Engine): { path: string; name: string } | undefined {
  const path = places.find((place) => place !== "" && existsSync(place));
  if (path === undefined) return undefined;
  const { stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
  const [version = ""] = VERSION.exec(stdout ?? "") ?? [];
  return { path, name: `${title.replace(/ \d+$/, "")} ${version}`.trim() };
}

/**
 * Runs a script in an engine.
 * @param script text that evaluates to a value which JSON can tell
 * @returns that value
 * @throws Error where it does not tell it
 */
export async function runIn(kind: Engine["kind"], path: string, script: string): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "ptmalloc-engine-"));
  try {
    if (kind !== "program") return await runInBrowser(kind, path, folder, script);
    const file = join(folder, "script.cjs");
    writeFileSync(file, `console.log(JSON.stringify(${script}));\n`);
    const { stdout, stderr, status } = spawnSync(path, [file], {
      encoding: "utf8",
      timeout: PATIENCE_MS,
    });
    if (status !== 0) throw new Error(`${path} failed: ${stderr}`);
    return JSON.parse(stdout) as unknown;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** A page that runs the script when it has loaded, and sends what it tells. */
function pageOf(script: string): string {
  const text = script.replaceAll("</", "<\\/");
  return `<!doctype html><meta charset="utf-8"><title>bench</title><script>
let said;
try {
  said = JSON.stringify(${text});
} catch (error) {
  said = JSON.stringify({ error: String(error) });
}
fetch("/said", { method: "POST", body: said });
</script>`;
}

async function runInBrowser(
  kind: "chromium" | "firefox",
  path: string,
  profile: string,
  script: string,
): Promise<unknown> {
  let hear: (text: string) => void;
  const said = new Promise<string>((resolve) => (hear = resolve));
  const server = createServer((request, response) => {
    if (request.method !== "POST") {
      const isPage = request.url === "/";
      response.writeHead(isPage ? 200 : 404, { "Content-Type": "text/html" });
      response.end(isPage ? pageOf(script) : "");
      return;
    }
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => {
      response.end();
      hear(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const child = spawn(path, browserArguments(kind, profile, url), {
    stdio: "ignore",
    env: { ...process.env, HOME: profile },
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      const tell = (): void => reject(new Error(`${kind} told nothing`));
      timer = setTimeout(tell, PATIENCE_MS);
    });
    const value = JSON.parse(await Promise.race([said, late])) as { error?: string };
    if (value.error !== undefined) throw new Error(`${kind}: ${value.error}`);
    return value;
  } finally {
    clearTimeout(timer);
    // The browser and what it started: they are one group.
    process.kill(-child.pid!, "SIGKILL");
    await ended;
    server.close();
    server.closeAllConnections();
  }
}
