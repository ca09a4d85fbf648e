// Every moment at which an msync can end, without a process that really dies: the file as it is
// before each write, and the file as a power failure can leave it. tests/image/image-kill.test.ts
// kills real processes.

import { describe, expect, it } from "vitest";
import { HeapImageError, MemoryFile, openHeapImageSync } from "../../src/image.js";
import type { HeapImageOptions, HostFile } from "../../src/image.js";
import type { Abi } from "../../src/layout/address.js";
import { countingFile } from "../support/counting-file.mjs";
import { blocksOf, damagedBlocks } from "../support/image-workload.mjs";
import { Prng } from "../support/prng.js";
import { Reference, SEED, abis, open, tableOf } from "./support.js";

const SECTOR = 512;

/**
 * One thing that is done to the file, as the disk may see it: a sector is written, or the end is
 * moved.
 */
type Step = { position: number; bytes: Uint8Array } | { size: number };

/** A file on a disk that keeps what was synced, and of what was not, whatever it likes. */
class PowerFile extends MemoryFile {
  /** What is sure to be there. */
  #kept = new Uint8Array();
  #pending: Step[] = [];

  override write(position: number, from: Uint8Array): void {
    super.write(position, from);
    for (let at = 0; at < from.length; at += SECTOR) {
      this.#pending.push({ position: position + at, bytes: from.slice(at, at + SECTOR) });
    }
  }

  override truncate(size: number): void {
    super.truncate(size);
    this.#pending.push({ size });
  }

  override sync(): void {
    this.#kept = this.bytes();
    this.#pending = [];
  }

  /** What a power failure now may leave. */
  afterFailure(random: Prng): MemoryFile {
    const left = new MemoryFile(this.#kept);
    const probability = random.pick([0, 0.1, 0.5, 0.9, 1]);
    for (const step of this.#pending) {
      if (!random.chance(probability)) continue;
      if ("size" in step) left.truncate(step.size);
      else left.write(step.position, step.bytes);
    }
    return left;
  }
}

/** After how many operations there is an msync, process by process. */
const PROCESSES: readonly (readonly number[])[] = [
  [3],
  [60, 63, 64, 68, 70],
  [130, 133],
  [700, 702, 705],
  [905],
];

/**
 * Runs the program in one process after the other; every other closes its file, the rest are just
 * gone. Says before each step of the file what was completed by then and what is under way.
 */
function runWatched(
  file: HostFile,
  options: HeapImageOptions & { abi: Abi },
  told: (completed: number, underWay: number) => void,
): void {
  let completed = 0;
  let underWay = 0;
  const counting = countingFile(file, () => told(completed, underWay));
  for (const [index, msyncs] of PROCESSES.entries()) {
    const { heap, work } = open(counting, options);
    for (const ops of msyncs) {
      work.runTo(ops);
      underWay = ops;
      heap.msync();
      completed = ops;
      told(completed, underWay);
    }
    if (index % 2 === 1) heap.close();
  }
}

/** The program's tables at every msync. */
function referenceFor(abi: Abi): Reference {
  const reference = new Reference({ abi });
  for (const ops of PROCESSES.flat()) reference.tableAt(ops);
  return reference;
}

/** Of the many moments while a large heap is written, a few stand for all. */
function isChosen(file: MemoryFile, random: Prng): boolean {
  return random.chance(Math.min(1, 100_000 / file.size()));
}

/** Files that were opened with the help of their journal. */
let recoveries = 0;

/**
 * The number of operations of the state in a file, after it was found to be all right; 0: nothing
 * is in it.
 */
function stateOf(file: MemoryFile, abi: Abi, reference: Reference): number {
  const heap = openHeapImageSync(file, { abi });
  recoveries += heap.recoveredPages > 0 ? 1 : 0;
  if (heap.generation === 0 || heap.root === 0) return 0;
  const table = tableOf(heap);
  const ops = table[1]!;
  expect(table).toEqual(reference.tableAt(ops));
  expect(damagedBlocks(heap.heap, table)).toEqual([]);
  return ops;
}

describe.each(abis)("%s", (abi) => {
  it("killed before any write, the file has the last completed msync or the one under way", () => {
    const reference = referenceFor(abi);
    const file = new MemoryFile([], { path: "/heap.img" });
    const seen = { moments: 0, old: 0, new: 0 };
    recoveries = 0;
    let last = -1;
    const random = new Prng(SEED);
    runWatched(file, { abi, sync: "none" }, (completed, underWay) => {
      if (!isChosen(file, random)) return;
      const ops = stateOf(new MemoryFile(file.bytes()), abi, reference);
      expect([completed, underWay]).toContain(ops);
      // Never back to what was before.
      expect(ops).toBeGreaterThanOrEqual(last);
      last = ops;
      seen.moments++;
      if (ops === completed) seen.old++;
      else seen.new++;
    });
    expect(seen.moments).toBeGreaterThan(100);
    expect(seen.old).toBeGreaterThan(10);
    expect(seen.new).toBeGreaterThan(10);
    // The new state is there before its pages are; once they all are, the journal is not needed.
    expect(recoveries).toBeGreaterThan(10);
    expect(recoveries).toBeLessThanOrEqual(seen.new);
  });

  it("after a power failure at any moment, likewise", () => {
    const reference = referenceFor(abi);
    const file = new PowerFile([], { path: "/heap.img" });
    const random = new Prng(SEED);
    let moments = 0;
    runWatched(file, { abi }, (completed, underWay) => {
      if (!isChosen(file, random)) return;
      const ops = stateOf(file.afterFailure(random), abi, reference);
      expect([completed, underWay]).toContain(ops);
      moments++;
    });
    expect(moments).toBeGreaterThan(100);
  });

  it("without waiting for the disk a power failure can lose or tear: this test can fail", () => {
    const reference = referenceFor(abi);
    const file = new PowerFile([], { path: "/heap.img" });
    const random = new Prng(SEED);
    let bad = 0;
    runWatched(file, { abi, sync: "none" }, (completed, underWay) => {
      if (!isChosen(file, random)) return;
      try {
        const ops = stateOf(file.afterFailure(random), abi, reference);
        if (ops !== completed && ops !== underWay) bad++;
      } catch {
        bad++;
      }
    });
    expect(bad).toBeGreaterThan(0);
  });

  it("without a journal: what was not touched is there, and torn heaps are named", () => {
    const reference = referenceFor(abi);
    const file = new MemoryFile([], { path: "/heap.img" });
    const seen = { sound: 0, torn: 0 };
    const random = new Prng(SEED);
    const options = { abi, sync: "none", journal: false } as const;
    runWatched(file, options, (completed, underWay) => {
      if (completed === 0 || !isChosen(file, random)) return;
      const copy = (): MemoryFile => new MemoryFile(file.bytes());
      try {
        openHeapImageSync(copy(), { abi });
        seen.sound++;
      } catch (error) {
        expect(error).toBeInstanceOf(HeapImageError);
        expect(error).toMatchObject({ reason: "torn-heap", address: expect.any(Number) as number });
        seen.torn++;
      }
      const { heap } = openHeapImageSync(copy(), { abi, check: false });
      const [before, after] = [reference.tableAt(completed), reference.tableAt(underWay)];
      const now = new Map(blocksOf(after).map((block) => [block.address, block]));
      const isUntouched = (block: { address: number; bytes: number; stamp: number }): boolean => {
        const other = now.get(block.address);
        return other?.stamp === block.stamp && other.bytes === block.bytes;
      };
      expect(blocksOf(before).filter(isUntouched).length).toBeGreaterThan(0);
      expect(damagedBlocks(heap, before, isUntouched)).toEqual([]);
    });
    expect(seen.sound).toBeGreaterThan(0);
    expect(seen.torn).toBeGreaterThan(0);
  });
});
