// The whole-heap checker after every operation: in the checked build each public call begins with
// it.

import { describe, expect, it } from "vitest";
import { startProcess } from "../../src/process/process.js";
import { Player } from "../../src/trace/player.js";
import { Threads } from "../../src/trace/threads.js";
import { goldensOf, traceOf } from "../conformance/goldens.js";

describe.each(["ilp32", "lp64"] as const)("the checker holds throughout, %s", (abi) => {
  const goldens = goldensOf(abi).filter((golden) => golden.name.startsWith("syn"));

  it.each(goldens.map((golden) => [golden.name, golden] as const))("%s", async (_name, golden) => {
    const trace = traceOf(golden);
    const process = await startProcess({ abi, build: "checked", tunables: golden.tunables });
    const player = new Player(trace, new Threads(process, trace));
    player.to();
    expect(process.raw.check_heap()).toBe(0);
    player.release();
    expect(process.raw.check_heap()).toBe(0);
  });
});
