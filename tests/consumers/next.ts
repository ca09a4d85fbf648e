// A Next.js application with one page or route for each way to import the package, built once and
// served as its users do: `next build`, `next start`.

import { execFile, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Site } from "./site.js";
import { linkTools, placeOf } from "./tools.js";

const run = promisify(execFile);

function route(entry: string, head: string): string {
  return `import { run } from "../../../${entry}.js";
${head}
export async function GET() {
  return Response.json(await run());
}
`;
}

function page(entry: string): string {
  return `"use client";
import { useEffect } from "react";
import { report } from "../../../report.js";
import { run } from "../../../${entry}.js";
export default function Page() {
  useEffect(() => void report(run), []);
  return <p>A page</p>;
}
`;
}

const EDGE = 'export const runtime = "edge";';
const DYNAMIC = 'export const dynamic = "force-dynamic";';

const FILES: Readonly<Record<string, string>> = {
  // The packages are links to where the tests' tools are installed.
  "next.config.mjs": 'export default { turbopack: { root: "/" } };\n',
  "package.json": "{}\n",
  "app/layout.jsx": "export default ({ children }) => <html><body>{children}</body></html>;\n",
  "app/edge-default/route.js": route("default", EDGE),
  "app/edge-module/route.js": route("module", EDGE),
  "app/node-default/route.js": route("default", DYNAMIC),
  "app/node-wasm/route.js": route("wasm", DYNAMIC),
  "app/page-wasm/page.jsx": page("wasm"),
  "app/node-kernel/route.js": route("kernel", DYNAMIC),
  "app/page-kernel/page.jsx": page("kernel"),
  "app/page-default/page.jsx": page("default"),
};

const environment: NodeJS.ProcessEnv = {
  ...process.env,
  NEXT_TELEMETRY_DISABLED: "1",
  NODE_OPTIONS: "",
  // The test runner's is "test".
  NODE_ENV: "production",
};

async function built(site: Site): Promise<string> {
  const folder = join(site.folder, "next");
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  linkTools(folder, ["next", "react", "react-dom"]);
  await run(process.execPath, [placeOf("next")!, "build"], { cwd: folder, env: environment });
  return folder;
}

const builds = new WeakMap<Site, Promise<string>>();

/**
 * Serves the application while `use` looks at it.
 * @param use is given the server's origin, such as http://127.0.0.1:1234
 */
export async function withNext<T>(site: Site, use: (origin: string) => Promise<T>): Promise<T> {
  if (!builds.has(site)) builds.set(site, built(site));
  const cwd = await builds.get(site)!;
  const args = [placeOf("next")!, "start", "--hostname", "127.0.0.1", "--port", "0"];
  const child = spawn(process.execPath, args, { cwd, env: environment, stdio: "pipe" });
  let output = "";
  try {
    const origin = await new Promise<string>((resolve, reject) => {
      const hear = (chunk: Buffer): void => {
        output += chunk.toString();
        const [, found] = /Local:\s+(http:\S+)/.exec(output) ?? [];
        if (found !== undefined && output.includes("Ready")) resolve(found);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("exit", () => reject(new Error(`next start ended: ${output}`)));
    });
    return await use(origin);
  } catch (cause) {
    throw new Error(`Next.js: ${(cause as Error).message}; it said: ${output}`, { cause });
  } finally {
    child.kill("SIGKILL");
  }
}

/** @returns what a route answers */
export async function routed(site: Site, path: string): Promise<unknown> {
  return withNext(site, async (origin) => {
    const response = await fetch(`${origin}/${path}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as unknown;
  });
}
