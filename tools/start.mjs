// `npm start`: replays the recordings of real programs, after building nothing but what that needs.
// Options and files of `ptmalloc-wasm replay` may follow.

import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildWasm } from "./build-wasm.mjs";
import { bundle } from "./bundle.mjs";
import { loadSource } from "./load-source.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ENTRIES = { main: "src/cli/main.ts", "replay-worker": "src/cli/replay/worker.ts" };

/** Runs `ptmalloc-wasm replay`. @returns {number} its exit code */
function replay(args) {
  const { status } = spawnSync(process.execPath, ["build/start/main.js", "replay", ...args], {
    cwd: root,
    stdio: "inherit",
  });
  return status ?? 1;
}

/** The glibc that is asked for; a name that is none is replay's to refuse. */
async function glibcOf(given) {
  const at = given.findIndex((one) => /^--glibc\b/.test(one));
  if (at < 0) return undefined;
  const { GLIBC_NAMES, glibcVersion } = await loadSource("binary/glibc.ts");
  const [, name = given[at + 1]] = given[at].split("=");
  return GLIBC_NAMES.includes(name) ? glibcVersion(name) : undefined;
}

async function main(given) {
  const onWorkers = given.some((one) => /^--(max-)?workers\b/.test(one));
  const layout = given.some((one) => /^(--abi=)?lp64$/.test(one)) ? "lp64" : "ilp32";
  const { binaryName } = await loadSource("binary/profile.ts");
  const build = onWorkers ? "threads" : "replay";
  const binary = binaryName(build, "glibc", layout, await glibcOf(given));
  await Promise.all([buildWasm([binary]), bundle(ENTRIES, "start")]);
  // All recordings take a while: one, in detail, comes before.
  const status = given.length === 0 ? replay(["traces/lua.rep.gz"]) : 0;
  process.exitCode = status || replay(given);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`start: ${error.message}`);
  process.exitCode = 1;
});
