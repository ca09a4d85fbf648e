// try_free and try_malloc say what free and malloc then do, on sound heaps and on damaged ones. And
// the dry run leaves the process as it was.

import { describe, expect, it } from "vitest";
import { tryCall, tryFree, tryMalloc, type Verdict } from "../../src/inspect/dry-run.js";
import { takeCheckpoint } from "../../src/inspect/checkpoint.js";
import { HeapAbort } from "../../src/process/failures.js";
import { wordBytes } from "../../src/layout/address.js";
import { campaign } from "../support/campaign.js";
import { Prng } from "../support/prng.js";
import { HEAPS, RandomProgram, startFull, type FullProcess } from "./play.js";

/** What a call really did. */
function outcomeOf(run: () => number | undefined): Pick<Verdict, "result" | "failure"> | string {
  try {
    const result = run();
    return result === undefined ? {} : { result };
  } catch (error) {
    if (!(error instanceof HeapAbort)) throw error;
    return `${error.failure} ${error.address}`;
  }
}

function told({ result, failure }: Verdict): unknown {
  if (failure !== undefined) return `${failure.name} ${failure.at}`;
  return result === undefined ? {} : { result };
}

/** Damages a word near a block, or of the arena, as a bug would. */
function damageOne(process: FullProcess, blocks: readonly number[], random: Prng): void {
  const bytes = wordBytes(process.abi);
  const near = random.pick(blocks) - 2 * bytes + bytes * random.int(0, 5);
  const arena = process.places.mainArena + 4 * random.int(0, 60);
  const at = random.chance(0.85) ? near : arena;
  const view = process.view();
  const old = view.getUint32(at, true);
  const value = random.pick([old ^ (1 << random.int(0, 31)), 0x41414141, 0, old + 16, old - 16]);
  view.setUint32(at, value >>> 0, true);
}

const CASES = campaign({ short: 300, ci: 1000, full: 10_000 });
/** Of the versions that are not the default. */
const OTHER_CASES = CASES / 5;

describe.each(HEAPS)("dry runs, $abi, glibc $glibc", (which) => {
  const cases = which.glibc === "2.36" ? CASES : OTHER_CASES;
  it(`${cases} random calls on sound and damaged heaps`, { timeout: 60_000 + cases * 200 }, () => {
    const messages = new Set<string>();
    for (let seed = 1; seed <= cases; seed++) {
      const random = new Prng(seed);
      const process = startFull(which);
      const program = new RandomProgram(process, random);
      program.run(random.int(10, 150));
      if (program.blocks.length === 0) continue;
      const freed = random.pick(program.blocks);
      if (random.chance(0.6)) damageOne(process, program.blocks, random);
      const mem = random.pick([freed, freed + 16, freed - 16, random.pick(program.blocks)]);
      const size = random.power(0, 17);
      const isFree = random.chance(0.6);
      const verdict = isFree ? tryFree(process, mem) : tryMalloc(process, size);
      const real = outcomeOf(() => {
        if (!isFree) return process.malloc(size);
        process.free(mem);
        return undefined;
      });
      expect(told(verdict), `seed ${seed}: ${verdict.call}`).toEqual(real);
      if (verdict.failure !== undefined) messages.add(verdict.failure.name);
    }
    // Enough goes wrong for the comparison to mean something.
    expect(messages.size).toBeGreaterThan(Math.min(5, cases / 100));
  });

  it("double frees, wild pointers and bad sizes: glibc's message and the values", () => {
    const process = startFull(which);
    const [p] = [process.malloc(24), process.malloc(24)];
    process.free(p);
    const double = tryFree(process, p);
    expect(double.failure).toMatchObject({
      message: "free(): double free detected in tcache 2",
      signal: "SIGABRT",
    });
    expect(double.failure!.values.map(({ name }) => name)).toContain("e->key");
    expect(tryFree(process, p + 8).failure!.message).toBe("free(): invalid pointer");
    const q = process.malloc(2000);
    process.malloc(40);
    // The next chunk's size field: right behind what can be used.
    process.view().setUint32(q + process.usableSize(q), 0, true);
    const verdict = tryFree(process, q);
    expect(verdict.failure).toBeDefined();
    expect(verdict.failure!.values.length).toBeGreaterThan(0);
  });

  it("leaves the process as it was, byte for byte", () => {
    const process = startFull(which);
    const program = new RandomProgram(process, new Prng(3));
    program.run(300);
    const before = takeCheckpoint([process]);
    tryFree(process, program.blocks[0]!);
    tryMalloc(process, 100_000);
    tryCall(process, "trim", (copy) => (copy.trim(), undefined));
    expect(takeCheckpoint([process])).toEqual(before);
  });

  it("says why: tcache full, then the next bin; the unsorted bin; top", () => {
    const process = startFull(which);
    const isFast = which.glibc !== "2.43";
    const most = isFast ? 7 : 16;
    const blocks = Array.from({ length: most + 2 }, () => process.malloc(24));
    for (const mem of blocks.slice(0, most)) process.free(mem);
    const names = (verdict: Verdict) => verdict.steps.map(({ name }) => name);
    const full = tryFree(process, blocks[most]!);
    expect(names(full)).toEqual(["TCACHE_FULL", isFast ? "FASTBIN_PUT" : "SMALLBIN_PUT"]);
    expect(full.steps[0]!.text).toContain(`had ${most} of ${most}`);
    expect(full.steps[1]!.decidedBy).toBe(isFast ? "_int_free" : "_int_free_create_chunk");
    expect(names(tryMalloc(process, 24))).toEqual(["TCACHE_TAKE"]);
    const large = process.malloc(3000);
    process.malloc(40);
    const none = isFast ? ["TCACHE_NONE", "FASTBIN_NONE"] : ["TCACHE_NONE"];
    expect(names(tryFree(process, large))).toEqual([...none, "UNSORTED_PUT"]);
    expect(names(tryMalloc(process, 300_000))).toContain("MMAP");
    expect(names(tryMalloc(process, 5000)).at(-1)).toBe("TOP_TAKE");
  });
});
