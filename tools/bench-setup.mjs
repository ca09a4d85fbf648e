// `npm run bench:setup`: bundles bench/setup.ts anew and runs it.

import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildWasm } from "./build-wasm.mjs";
import { bundle } from "./bundle.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

// Contestants that are this package's own code.
await buildWasm(["core.ilp32", "replay.ilp32"]);
await bundle({ setup: "bench/setup.ts" }, "bench");
const { status } = spawnSync(process.execPath, ["build/bench/setup.js", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
