// The whole-heap checker after every operation: in the checked build each public call begins with
// it.

import { describe, expect, it } from "vitest";
import { startProcess } from "../../src/process/process.js";
import { goldensOf, traceOf } from "../conformance/goldens.js";
import { releaseAll, step, type LiveBlocks } from "../support/drive.js";

describe.each(["ilp32", "lp64"] as const)("the checker holds throughout, %s", (abi) => {
  const goldens = goldensOf(abi).filter((golden) => golden.name.startsWith("syn"));

  it.each(goldens.map((golden) => [golden.name, golden] as const))("%s", async (_name, golden) => {
    const trace = traceOf(golden);
    const process = await startProcess({ abi, build: "checked", tunables: golden.tunables });
    const live: LiveBlocks = new Map();
    for (let index = 0; index < trace.count; index++) step(process, trace, index, live);
    expect(process.raw.check_heap()).toBe(0);
    releaseAll(process, live);
    expect(process.raw.check_heap()).toBe(0);
  });
});
