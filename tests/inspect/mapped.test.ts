// Chunks with mappings of their own are found wherever memalign put them, side by side in one
// region or not, and after realloc has made their mappings larger, smaller, or moved them.

import { describe, expect, it } from "vitest";
import { HeapView } from "../../src/inspect/chunks.js";
import { cacheLists, readThreads } from "../../src/inspect/lists.js";
import { Tunable } from "../../src/layout/generated.js";
import { isDamage, sound } from "../../src/inspect/damage.js";
import { startProcessSync, type Process } from "../../src/process/process.js";
import { HEAPS } from "./play.js";

const MIB = 1 << 20;
const ALIGNMENTS = [16, 32, 64, 512, 2048, 4096, 8192, 65536, MIB];

/** What is mapped, as the inspector sees it. */
function mapped(process: Process): number[] {
  const blocks: number[] = [];
  for (const chunk of new HeapView(process).chunks())
    if (!isDamage(chunk) && chunk.state === "mmapped") blocks.push(chunk.mem);
  return blocks.sort((a, b) => a - b);
}

const ascending = (blocks: readonly number[]) => [...blocks].sort((a, b) => a - b);

describe.each(HEAPS)("mapped chunks, $abi, glibc $glibc", ({ abi, glibc }) => {
  it.each(["linux", "top-down"] as const)("moved up by memalign, resized, %s", (layout) => {
    const process = startProcessSync({ abi, glibc, layout, tunables: { mmap_threshold: 65536 } });
    let blocks = ALIGNMENTS.flatMap((alignment) => [
      process.memalign(alignment, 300_000),
      process.malloc(150_000),
    ]);
    expect(blocks).not.toContain(0);
    expect(mapped(process)).toEqual(ascending(blocks));
    for (const size of [200_000, 900_000, 70_000, 2 * MIB]) {
      blocks = blocks.map((block) => process.realloc(block, size));
      expect(mapped(process), `of ${size} bytes`).toEqual(ascending(blocks));
    }
    for (const block of blocks.splice(3, 5)) process.free(block);
    expect(mapped(process)).toEqual(ascending(blocks));
  });

  it.runIf(glibc === "2.43")("freed into a large bin of tcache, and taken out again", () => {
    const process = startProcessSync({ abi, glibc });
    // The tcache is made by the first free, and finds the limit then.
    const { set_tunable: set } = process.raw as unknown as Record<
      string,
      (...args: unknown[]) => void
    >;
    set!(Tunable.TCACHE_MAX, process.toWord(4_194_280));
    const sizes = [200_000, 300_000, 150_000, 3000, 2 * MIB];
    const blocks = sizes.map((size) => process.malloc(size));
    for (const block of blocks) process.free(block);
    const view = new HeapView(process);
    expect(view.filings.damages).toEqual([]);
    const cached = sound(view.chunks(), []).filter(({ state }) => state === "tcache");
    const bins = new Map(cached.map(({ mem, bin }) => [mem, bin]));
    // Bin 64 begins with 1 KiB.
    expect(blocks.map((block) => bins.get(block))).toEqual(
      sizes.map((size) => 64 + Math.floor(Math.log2(size / 1024))),
    );
    const [list] = [...cacheLists(process, readThreads(process)[0]!.tcache)].filter(
      ({ index }) => index === 71,
    );
    expect(list!.count).toBe(2);
    expect(Array.from(list!.walk, (one) => !isDamage(one) && one.mem)).toEqual([
      blocks[2],
      blocks[0],
    ]);
    expect(mapped(process)).toEqual([]);
    // A block is taken for exactly its size, which is one of whole pages.
    expect(process.malloc(process.usableSize(blocks[1]!))).toBe(blocks[1]);
    expect(mapped(process)).toEqual([blocks[1]]);
  });

  it("whatever a block holds", () => {
    const process = startProcessSync({ abi, glibc });
    const block = process.memalign(64, MIB);
    const other = process.malloc(MIB);
    const bytes = new Uint8Array(process.memory.buffer);
    // A copy of a header says how far it was from the start of its own mapping.
    for (const offset of [4096 - 64, 8192, 65536])
      bytes.copyWithin(block + offset, block - 16, block);
    expect(mapped(process)).toEqual(ascending([block, other]));
  });
});
