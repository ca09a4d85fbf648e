#!/usr/bin/env node
// Compares random system calls with a naive page-array model, and checks the region table's
// invariants after each. Usage: node tests/kernel/model.mjs [--calls N] [--first SEED] [--abi
// ilp32|lp64]
import { parseArgs } from "node:util";
import { withModule } from "../oracle/load-ts.mjs";
import { ABIS } from "../oracle/native.mjs";

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "1000000" },
    first: { type: "string", default: "1" },
    abi: { type: "string" },
  },
});
/** Calls of one process. */
const LENGTH = 2000;
const abis = ABIS.filter((abi) => !values.abi || abi === values.abi);

await withModule("tests/kernel/model/compare.ts", ({ compareMany }) => {
  for (const abi of abis) {
    const processes = Math.ceil(Number(values.calls) / abis.length / LENGTH);
    const { calls, differences } = compareMany(abi, Number(values.first), processes, LENGTH);
    for (const difference of differences.slice(0, 10)) console.log(JSON.stringify(difference));
    console.log(
      `${abi}: ${calls} calls in ${processes} processes, ${differences.length} differences`,
    );
    if (differences.length > 0) process.exitCode = 1;
  }
});
