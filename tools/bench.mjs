// `npm run bench`: the benchmarks, bundled anew, which takes a moment. What a question needs in
// WebAssembly it gets from the build's cache.

import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

await bundle(
  { main: "bench/main.ts", "thread-worker": "bench/contestants/threads/worker.ts" },
  "bench",
);
// WASI is experimental in Node.js, which says so in every run.
const flags = ["--disable-warning=ExperimentalWarning"];
const { status } = spawnSync(
  process.execPath,
  [...flags, "build/bench/main.js", ...process.argv.slice(2)],
  { cwd: root, stdio: "inherit" },
);
process.exitCode = status ?? 1;
