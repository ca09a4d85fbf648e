#!/usr/bin/env node
// Records the goldens of a version of glibc, or compares with those that are there; fetches the
// version before, if need be. Usage: npm run oracle -- --glibc VERSION [--fetch | --check]
// [--abi ABI] [traces] [scripts] [corrupt] [threads] [real]
//   --glibc VERSION  one of glibc.mjs's table
//   --fetch          fetches it, and does no more
//   --check          compares, writes nothing
//   --abi ABI        ilp32 or lp64 alone, of scripts and threads
//   traces, …        these parts alone; corrupt are the scripts that damage their heap, real are
//                    programs of this machine, which are recorded as they run and replayed here
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fetchGlibc } from "./fetch-glibc.mjs";
import { goldenFolder, OWN } from "./glibc.mjs";

/** Programs beside this file, with their arguments. */
const PARTS = {
  traces: ["record-traces.mjs"],
  scripts: ["record.mjs"],
  corrupt: ["record.mjs", ..."assertions consolidate free lists malloc mmapped top".split(" ")],
  threads: ["record-threads.mjs"],
  real: ["real-runs.mjs"],
};
/** Whose block addresses 2.36 has kept; what else they say is not recorded. */
const SAME_TRACES = ["2.31"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    glibc: { type: "string", default: OWN },
    fetch: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    abi: { type: "string" },
  },
});
const { glibc } = values;
const same = SAME_TRACES.includes(glibc);
const usual = same ? ["traces"] : ["traces", "scripts", "threads"];

/** @param {string} part */
function record(part) {
  const [program = "", ...names] = PARTS[/** @type {keyof typeof PARTS} */ (part)] ?? [];
  if (!program) throw new Error(`${part} is not one of ${Object.keys(PARTS).join(", ")}`);
  if (same && part !== "traces") throw new Error(`of glibc ${glibc} only traces are recorded`);
  const args = ["--glibc", glibc];
  if (part === "real") args.push(...(values.check ? [] : ["--keep"]));
  else if (values.check || same) args.push("--check");
  if (same) args.push("--out", goldenFolder(OWN));
  if (values.abi && ["scripts", "corrupt", "threads"].includes(part))
    args.push("--abi", values.abi);
  const path = fileURLToPath(new URL(program, import.meta.url));
  console.log(`${part} under glibc ${glibc}`);
  const done = spawnSync(process.execPath, [path, ...args, ...names], { stdio: "inherit" });
  if (done.status !== 0) process.exitCode = 1;
}

try {
  fetchGlibc(glibc, console.log);
  if (!values.fetch) for (const part of positionals.length ? positionals : usual) record(part);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
