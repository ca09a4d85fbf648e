// The page that `ptmalloc-wasm bench` writes, made here of a bundled recording: what such a report
// looks like. What was measured with care is in docs/benchmarks.md.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { ROOT } from "./map.mjs";

/** @param {string} out the built site */
export function makeReport(out) {
  mkdirSync(`${out}bench`, { recursive: true });
  const race = ["bench", "git-log", "--against", "tlsf,engine-uint8array", "--quick"];
  const command = [`${ROOT}dist/cli/main.js`, ...race, "--html", `${out}bench/index.html`];
  execFileSync(process.execPath, command, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
}
