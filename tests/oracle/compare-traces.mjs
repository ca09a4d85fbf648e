#!/usr/bin/env node
// Replays traces natively and here, and shows the first line of the address logs that differs: for
// recordings that there are no goldens of. Usage: node tests/oracle/compare-traces.mjs [--glibc
// VERSION] [--abi ilp32|lp64] [--tunables TEXT] FILE.rep[.gz]...
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { withModule } from "./load-ts.mjs";
import { ABIS, OWN, buildNative, runNative } from "./native.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    glibc: { type: "string", default: OWN },
    abi: { type: "string" },
    tunables: { type: "string", default: "" },
  },
});
const { glibc, tunables } = values;
let different = 0;

/** @param {string} file */
function textOf(file) {
  const bytes = readFileSync(file);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
}

await withModule("tests/fuzz/traces.ts", ({ replayText }) => {
  for (const abi of ABIS.filter((one) => !values.abi || values.abi === one)) {
    const program = buildNative("replay", abi, undefined, glibc);
    for (const file of positionals) {
      const text = textOf(file);
      const native = runNative(program, ["--sizes", "-"], text, tunables, glibc).split("\n");
      const ours = replayText(text, { abi, tunables, glibc }, file).split("\n");
      const at = native.findIndex((line, i) => line !== ours[i]);
      const name = `${abi} ${glibc} ${basename(file)}`;
      if (at >= 0) different++;
      console.log(
        at < 0
          ? `same ${name}: ${native.length} lines`
          : `DIFFERENT ${name}, line ${at + 1}:\n  native: ${native[at]}\n  here:   ${ours[at]}`,
      );
    }
  }
});
if (different) process.exitCode = 1;
