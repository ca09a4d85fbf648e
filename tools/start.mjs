// `npm start`: replays the recordings of real programs, after building nothing but what that needs.
// Options and files of `ptmalloc-wasm replay` may follow.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildWasm } from "./build-wasm.mjs";
import { bundle } from "./bundle.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ENTRIES = { main: "src/cli/main.ts", "replay-worker": "src/cli/replay/worker.ts" };

/** @returns {string[]} the recordings of programs; those of threads lie among random traces */
function recordings(ofThreads) {
  const folder = join("tests/golden", ofThreads ? "threads/traces" : "traces");
  const names = readdirSync(join(root, folder));
  return names
    .filter((name) => /^(?!seed\d).*\.rep\.gz$/.test(name))
    .map((name) => join(folder, name));
}

/** Runs `ptmalloc-wasm replay`. @returns {number} its exit code */
function replay(args) {
  const { status } = spawnSync(process.execPath, ["build/start/main.js", "replay", ...args], {
    cwd: root,
    stdio: "inherit",
  });
  return status ?? 1;
}

async function main(given) {
  const onWorkers = given.some((one) => /^--(max-)?workers\b/.test(one));
  const layout = given.some((one) => /^(--abi=)?lp64$/.test(one)) ? "lp64" : "ilp32";
  const binary = `${onWorkers ? "threads" : "replay"}.${layout}`;
  await Promise.all([buildWasm([binary]), bundle(ENTRIES, "start")]);
  const hasFiles = given.some((one) => one === "-" || existsSync(join(root, one)));
  const files = hasFiles ? [] : recordings(onWorkers);
  // All of them take a while: one, in detail, comes before.
  const first = files.find((file) => file.endsWith("/lua.rep.gz"));
  let status = 0;
  if (given.length === 0 && first !== undefined) status = replay([first]);
  process.exitCode = status || replay([...given, ...files]);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`start: ${error.message}`);
  process.exitCode = 1;
});
