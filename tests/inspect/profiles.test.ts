// The window on heaps of the other profiles: their chunks and lists are found as glibc's are.

import { describe, expect, it } from "vitest";
import { HeapView } from "../../src/inspect/chunks.js";
import { isDamage } from "../../src/inspect/damage.js";
import { mallinfoOf } from "../../src/inspect/mallinfo.js";
import { startProcessSync } from "../../src/process/process.js";
import { Prng } from "../support/prng.js";
import { ABIS, RandomProgram, type FullProcess } from "./play.js";

describe.each(ABIS)("%s", (abi) => {
  it.each(["small", "throughput"] as const)(
    "the profile %s: blocks, sums, no damage",
    (profile) => {
      for (let seed = 1; seed <= 20; seed++) {
        const process = startProcessSync({ abi, profile, build: "core" });
        const program = new RandomProgram(process as unknown as FullProcess, new Prng(seed));
        program.run(500);
        const view = new HeapView(process);
        const all = [...view.chunks()];
        expect([...all.filter(isDamage), ...view.filings.damages], `seed ${seed}`).toEqual([]);
        expect(mallinfoOf(view)).toEqual(process.mallinfo2());
        const used = all
          .filter((one) => !isDamage(one))
          .filter(({ state }) => state === "used" || state === "mmapped")
          .map(({ mem }) => mem);
        expect(used.sort()).toEqual([...program.blocks].sort());
      }
    },
  );
});
