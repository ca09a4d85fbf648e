// The region table: its invariants under random operations, small and full; gap search against a
// linear scan; the limit; where its nodes come from.

import { describe, expect, it } from "vitest";
import { Invariant, VmaKind } from "../../../src/layout/generated.js";
import { Prng } from "../../support/prng.js";
import { ANYWHERE, FIXED, PAGE, Table, type Region } from "./driver.js";

const ENOMEM = -12;
const MIB = 2 ** 20;
const MAX_MAP_COUNT = 65530;
const ABIS = ["ilp32", "lp64"] as const;

/** The lowest free range at or above `floor`, by looking at every region. */
function lowestGap(regions: readonly Region[], floor: number, length: number): number {
  let start = floor;
  for (const region of regions) {
    if (region.start >= start + length) break;
    start = Math.max(start, region.end);
  }
  return start;
}

/** The start of the highest free range that ends at or below `ceiling`. */
function highestGap(regions: readonly Region[], ceiling: number, length: number): number {
  let end = ceiling;
  for (const region of [...regions].reverse()) {
    if (region.end + length <= end) break;
    end = Math.min(end, region.start);
  }
  return end - length;
}

/** One random change of the table, within `pages` pages from `base`. */
function change(table: Table, random: Prng, base: number, pages: number): void {
  const address = base + random.int(0, pages - 1) * PAGE;
  const length = random.int(1, 6) * PAGE;
  const prot = random.int(0, 3);
  const what = random.int(0, 9);
  if (what < 4) table.call("MMAP", address, length, prot, FIXED, -1, 0);
  else if (what < 7) table.call("MUNMAP", address, length);
  else if (what < 9) table.call("MPROTECT", address, length, prot);
  else table.call("MREMAP", address, PAGE, 3 * PAGE, 1, 0);
}

/** Fills `count` pages from `base` with regions of one page each, which cannot merge. */
function fill(table: Table, base: number, count: number, step = PAGE): void {
  for (let i = 0; i < count; i++)
    table.call("MMAP", base + i * step, PAGE, 1 + (i & 1), FIXED, -1, 0);
}

describe.each(ABIS)("the region table, %s", (abi) => {
  it.each([1, 2, 3])(
    "holds its invariants after every one of 3,000 random calls, seed %i",
    (seed) => {
      const table = new Table(abi, seed === 2 ? "top-down" : "linux", { taskSize: 64 * MIB });
      const random = new Prng(seed);
      for (let i = 0; i < 3000; i++) {
        change(table, random, 24 * MIB, 400);
        expect(table.broken(), `after call ${i}`).toBe(Invariant.HOLDS);
      }
      expect(table.countUser()).toBe(table.process.mm().mapCount);
    },
  );

  it("stays sound and exact with 65,530 regions", () => {
    const table = new Table(abi, "linux", { taskSize: 512 * MIB });
    const base = table.process.mm().mmapBase;
    fill(table, base, MAX_MAP_COUNT);
    expect(table.process.mm().mapCount).toBe(MAX_MAP_COUNT);
    expect(table.broken()).toBe(Invariant.HOLDS);
    const random = new Prng(65530);
    for (let i = 0; i < 20_000; i++) {
      change(table, random, base, MAX_MAP_COUNT);
      if (i % 1000 === 0) expect(table.broken(), `after call ${i}`).toBe(Invariant.HOLDS);
    }
    expect(table.countUser()).toBe(table.process.mm().mapCount);
    expect(table.broken()).toBe(Invariant.HOLDS);
  });

  it("refuses what max_map_count forbids: one region more than the limit is possible, as in Linux", () => {
    const table = new Table(abi, "linux", { taskSize: 512 * MIB });
    const base = table.process.mm().mmapBase;
    fill(table, base, MAX_MAP_COUNT - 1);
    const wide = base + 70_000 * PAGE;
    expect(table.call("MMAP", wide, 3 * PAGE, 3, FIXED, -1, 0)).toBe(wide);
    // A hole in the middle would make one more.
    expect(table.call("MUNMAP", wide + PAGE, PAGE)).toBe(ENOMEM);
    expect(table.call("MPROTECT", wide + PAGE, PAGE, 1)).toBe(ENOMEM);
    expect(table.call("MUNMAP", wide, PAGE)).toBe(0);
    expect(table.call("MMAP", wide - 2 * PAGE, PAGE, 1, FIXED, -1, 0)).toBe(wide - 2 * PAGE);
    expect(table.process.mm().mapCount).toBe(MAX_MAP_COUNT + 1);
    expect(table.call("MMAP", 0, PAGE, 1, ANYWHERE, -1, 0)).toBe(ENOMEM);
    expect(table.broken()).toBe(Invariant.HOLDS);
  });

  it("gives every node back", () => {
    const table = new Table(abi, "linux", { taskSize: 512 * MIB });
    const base = table.process.mm().mmapBase;
    // The slabs that 20,000 regions need are there after the first time.
    const counts = [1, 2, 3].map(() => {
      fill(table, base, 20_000);
      table.call("MUNMAP", base, 20_000 * PAGE);
      expect(table.process.mm().mapCount).toBe(0);
      return table.process.mm().freeVmas;
    });
    expect(new Set(counts).size).toBe(1);
  });
});

describe("gap search", () => {
  it.each([
    ["linux", 1],
    ["linux", 2],
    ["top-down", 3],
    ["top-down", 4],
  ] as const)("finds what a linear scan finds, layout %s, seed %i", (layout, seed) => {
    const table = new Table("ilp32", layout, { taskSize: 1024 * MIB });
    const random = new Prng(seed);
    const { mmapBase } = table.process.mm();
    const base = layout === "linux" ? mmapBase : mmapBase - 9000 * 4 * PAGE;
    // Regions with gaps of up to seven pages in between; many regions the first time.
    for (let i = 0; i < 9000; i++) {
      const at = base + (4 * i + random.int(0, 3)) * PAGE;
      table.call("MMAP", at, random.int(1, 4) * PAGE, random.int(0, 3), FIXED, -1, 0);
    }
    for (let i = 0; i < 150; i++) {
      const length = random.int(1, 9) * PAGE;
      const regions = table.regions();
      const expected =
        layout === "linux"
          ? lowestGap(regions, mmapBase, length)
          : highestGap(regions, mmapBase, length);
      const prot = random.int(0, 3);
      expect(table.call("MMAP", 0, length, prot, ANYWHERE, -1, 0)).toBe(expected);
      change(table, random, base, 36_000);
    }
    expect(table.broken()).toBe(Invariant.HOLDS);
  });
});

describe("nodes of the table", () => {
  it("come from above TASK_SIZE when the memory ends there and may grow", () => {
    const pages = (64 * MIB) / 65536;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages + 16 });
    const table = new Table("ilp32", "linux", { memory, taskSize: 64 * MIB });
    fill(table, table.process.mm().mmapBase, 4000);
    expect(memory.buffer.byteLength).toBeGreaterThan(64 * MIB);
    expect(table.broken()).toBe(Invariant.HOLDS);
  });

  it.each(["linux", "top-down", "compact"] as const)(
    "lie in a place that maps does not show and programs cannot map, layout %s",
    (layout) => {
      const table = new Table("ilp32", layout, { taskSize: 256 * MIB });
      const base = 128 * MIB;
      fill(table, base, 5000);
      expect(table.regions().every(({ kind }) => kind === VmaKind.USER)).toBe(true);
      expect(table.countUser()).toBe(5000);
      const { nodeNext } = table.process.mm();
      const page = nodeNext - (nodeNext % PAGE);
      expect(table.call("MMAP", page, PAGE, 3, FIXED, -1, 0)).toBe(ENOMEM);
      expect(table.call("MMAP", page, PAGE, 3, ANYWHERE, -1, 0)).not.toBe(page);
      expect(table.call("MPROTECT", page, PAGE, 0)).toBe(ENOMEM);
      // munmap of nothing succeeds, and harms nothing.
      expect(table.call("MUNMAP", page, PAGE)).toBe(0);
      expect(table.broken()).toBe(Invariant.HOLDS);
    },
  );

  it("never lie where somebody else has grown the memory", () => {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 4096 });
    const table = new Table("ilp32", "compact", { memory, taskSize: 256 * MIB });
    const first = memory.grow(3) * 65536;
    new Uint8Array(memory.buffer, first, 3 * 65536).fill(0x5a);
    fill(table, 128 * MIB, 5000);
    const foreign = table.regions().filter(({ kind }) => kind === VmaKind.FOREIGN);
    expect(foreign.map(({ start, end }) => [start, end])).toEqual([[first, first + 3 * 65536]]);
    expect(new Uint8Array(memory.buffer, first, 3 * 65536).every((byte) => byte === 0x5a)).toBe(
      true,
    );
  });
});
