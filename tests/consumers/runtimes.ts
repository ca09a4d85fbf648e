// Programs in runtimes without a page: what they print, or answer, is what they found.

import { execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Site } from "./site.js";
import { placeOf, type Tool } from "./tools.js";

const run = promisify(execFile);

/** How each runs a file of the project. */
const COMMANDS: Readonly<Partial<Record<Tool, readonly string[]>>> = {
  node20: [],
  node22: [],
  node24: [],
  deno: ["run", "--allow-read", "--no-remote", "--node-modules-dir=manual"],
  bun: ["run"],
};

/** @returns what site/program-ENTRY.js printed */
export async function printed(tool: Tool, site: Site, entry: string): Promise<unknown> {
  const args = [...COMMANDS[tool]!, `program-${entry}.js`];
  const env = {
    ...process.env,
    DENO_DIR: join(site.folder, ".deno"),
    DENO_NO_UPDATE_CHECK: "1",
    // The test runner's own.
    NODE_OPTIONS: "",
  };
  const { stdout } = await run(placeOf(tool)!, args, { cwd: site.folder, env, timeout: 60_000 });
  return JSON.parse(stdout) as unknown;
}

/** A worker as workerd's configuration describes it (https://github.com/cloudflare/workerd). */
function configOf(script: string, binaries: readonly string[]): string {
  const modules = [
    `(name = "${script}", esModule = embed "${script}")`,
    ...binaries.map((name) => `(name = "${name}", wasm = embed "${name}")`),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [${modules.join(", ")}],
    compatibilityDate = "2026-01-01",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
}

/** @returns what a worker in `folder` answers */
export async function answered(
  folder: string,
  { script, binaries }: { script: string; binaries: readonly string[] },
): Promise<unknown> {
  writeFileSync(join(folder, "config.capnp"), configOf(script, binaries));
  // workerd says on descriptor 3 which port it listens to.
  const child = spawn(placeOf("workerd")!, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.stdio[3]!.on("data", (chunk: Buffer) => {
        const found = /"event":"listen"[^}]*"port":(\d+)/.exec(chunk.toString());
        if (found !== null) resolve(Number(found[1]));
      });
      child.once("exit", () => reject(new Error(`workerd ended: ${errors}`)));
    });
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const text = await response.text();
    if (!response.ok) throw new Error(`workerd answered ${response.status}: ${text}${errors}`);
    return JSON.parse(text) as unknown;
  } finally {
    child.kill("SIGKILL");
  }
}
