// What changed between two snapshots: blocks that came and went, chunks whose state changed, and
// numbers that are others now.

import type { ChunkRecord, Snapshot } from "./snapshot.js";
import { numberFields } from "./words.js";

/** A chunk that is another one now. */
export interface ChangedChunk {
  /** What it was. */
  readonly before: ChunkRecord;
  /** What it is. */
  readonly after: ChunkRecord;
}

/** A number that changed. */
export interface ChangedNumber {
  /** Where it is: `mm.brk`, `mallinfo2.fordblks`, `arenas[0].systemMem`. */
  readonly name: string;
  /** What it was. */
  readonly before: number;
  /** What it is. */
  readonly after: number;
}

/** What changed. */
export interface SnapshotDiff {
  /** Chunks that begin where none began, the lowest first. */
  readonly born: readonly ChunkRecord[];
  /** Chunks that begin there no more: merged, split off or unmapped. */
  readonly gone: readonly ChunkRecord[];
  /** Those that have another size, state or list. */
  readonly changed: readonly ChangedChunk[];
  /** Numbers that are others now. */
  readonly numbers: readonly ChangedNumber[];
}

/** @returns what is different in `after` */
export function diffSnapshots(before: Snapshot, after: Snapshot): SnapshotDiff {
  const old = new Map(before.chunks.map((chunk) => [chunk.chunk, chunk]));
  const now = new Map(after.chunks.map((chunk) => [chunk.chunk, chunk]));
  const both = after.chunks.flatMap((chunk): ChangedChunk[] => {
    const was = old.get(chunk.chunk);
    return was !== undefined && !isSame(was, chunk) ? [{ before: was, after: chunk }] : [];
  });
  return {
    born: after.chunks.filter(({ chunk }) => !old.has(chunk)),
    gone: before.chunks.filter(({ chunk }) => !now.has(chunk)),
    changed: both,
    numbers: changedNumbers(numbersOf(before), numbersOf(after)),
  };
}

function isSame(a: ChunkRecord, b: ChunkRecord): boolean {
  return (
    a.size === b.size &&
    a.flags === b.flags &&
    a.state === b.state &&
    a.bin === b.bin &&
    a.thread === b.thread
  );
}

function numbersOf({ mm, mallocPar, mallinfo2, arenas, regions }: Snapshot): Map<string, number> {
  const numbers = new Map<string, number>([["regions", regions.length]]);
  const add = (prefix: string, values: object): void => {
    for (const [name, value] of numberFields(values)) numbers.set(`${prefix}.${name}`, value);
  };
  add("mm", ofKernel(mm));
  add("mp_", mallocPar);
  add("mallinfo2", mallinfo2);
  arenas.forEach(({ state }, i) => add(`arenas[${i}]`, state));
  return numbers;
}

/** The kernel's own fields of mm_struct; behind them are the model's, which nobody else knows. */
function ofKernel(mm: object): object {
  const fields = Object.entries(mm);
  return Object.fromEntries(
    fields.slice(
      0,
      fields.findIndex(([name]) => name === "layout"),
    ),
  );
}

function changedNumbers(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ChangedNumber[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [was = 0, is = 0] = [before.get(name), after.get(name)];
    return was === is ? [] : [{ name, before: was, after: is }];
  });
}
