// Two processes in one memory must not lie in each other's way. Who is there is read from the
// memory itself, page by page, because another entry or copy of this package, or another worker,
// may have begun the other process: each has its mm_struct at its base, which is easily told from
// other data.

import { PAGE_BYTES, WASM_PAGE_BYTES, type ProcessPlan } from "./options.js";

/** The words of mm_struct that are 0 in every process but one that gave its place away. */
const ZEROS = [0, 1, 2, 3, 6, 7, 8, 9, 10];
/** Where mm_struct has these fields, in words (a test compares). */
const START_BRK = 4;
export const BRK = 5;
const MMAP_BASE = 11;
const TASK_SIZE = 12;
/** Bytes from its begin to knownPages, by bytes of a word. */
const KNOWN_PAGES = { 4: 116, 8: 220 } as const;

/** @returns where the process ends that begins at an address, by what lies there; 0 for none */
function endOf(view: DataView, base: number, bytes: 4 | 8): number {
  const word = (index: number): number => {
    const at = base + index * bytes;
    const high = bytes === 8 ? view.getUint32(at + 4, true) : 0;
    return view.getUint32(at, true) + high * 2 ** 32;
  };
  const [start, end, limit] = [word(START_BRK), word(BRK), word(TASK_SIZE)] as const;
  const known = view.getUint32(base + KNOWN_PAGES[bytes], true) * WASM_PAGE_BYTES;
  const isProcess =
    start > base &&
    end >= start &&
    limit >= end &&
    limit >= word(MMAP_BASE) &&
    (start % PAGE_BYTES) + (limit % PAGE_BYTES) === 0 &&
    ZEROS.every((index) => word(index) === 0);
  // What the memory has beyond the pages that it knows of is not its own.
  return isProcess ? Math.min(limit, known) : 0;
}

/**
 * Makes sure that a process which is about to begin in the caller's memory has its place to itself.
 * @throws RangeError naming both places
 */
export function assertFree({ base, taskSize, startBrk, memory }: ProcessPlan): void {
  const view = new DataView(memory.buffer);
  const size = view.byteLength;
  const end = Math.min(taskSize, Math.max(size, startBrk));
  for (let at = 0; at < Math.min(size, end); at += PAGE_BYTES) {
    const other = endOf(view, at, 4) || endOf(view, at, 8);
    if (other <= base) continue;
    throw new RangeError(
      `there is a heap in the memory from ${at} to ${other}, and this one would have it from ` +
        `option "base" ${base} to ${end}: keep them apart by "base" and "taskSize", or dispose of the other`,
    );
  }
}

/** A process is not to be used any more: another one may have its place. */
export function giveUpPlace(view: DataView, base: number): void {
  view.setUint8(base, 1);
}
