// What the whole-heap checker has found: the first broken invariant, and what its walks over an
// arena counted. Checked builds only.

import { Invariant } from "../system";

let found: i32 = 0; // Invariant.HOLDS; an enum's member here would need a start function
let foundAddress: usize = 0;

// Of the arena that is being checked.
export let freeChunks: word = 0;
export let freeBytes: word = 0;
export let usedBytes: word = 0;
export let binnedChunks: word = 0;
export let binnedBytes: word = 0;
export let fastChunks: word = 0;
export let fastBytes: word = 0;
export let coveredBytes: word = 0;

// Of all arenas so far.
export let allFreeChunks: word = 0;
export let allFreeBytes: word = 0;
export let allFastChunks: word = 0;
export let allFastBytes: word = 0;

/** Forgets everything. */
export function resetFindings(): void {
  found = Invariant.HOLDS;
  foundAddress = 0;
  allFreeChunks = 0;
  allFreeBytes = 0;
  allFastChunks = 0;
  allFastBytes = 0;
}

/** Begins to count for an arena. */
export function beginArena(): void {
  freeChunks = 0;
  freeBytes = 0;
  usedBytes = 0;
  binnedChunks = 0;
  binnedBytes = 0;
  fastChunks = 0;
  fastBytes = 0;
  coveredBytes = 0;
}

/** Adds what was counted for an arena, with its top of `topSize` bytes, to the sums. */
export function endArena(topSize: word): void {
  allFreeChunks += freeChunks + 1;
  allFreeBytes += freeBytes + fastBytes + topSize;
  allFastChunks += fastChunks;
  allFastBytes += fastBytes;
}

/** Notes the first broken invariant. Always false, so that a check can end with it. */
export function broken(invariant: Invariant, address: usize): bool {
  if (found == Invariant.HOLDS) {
    found = invariant;
    foundAddress = address;
  }
  return false;
}

/** The first broken invariant, or HOLDS. */
export function firstFound(): i32 {
  return found;
}

/** Where it is broken. */
export function firstAddress(): usize {
  return foundAddress;
}

/** The walk over the chunks met a free one. */
export function countFree(size: word): void {
  freeChunks++;
  freeBytes += size;
}

/** … one in use. */
export function countUsed(size: word): void {
  usedBytes += size;
}

/** … the end of a segment or heap. */
export function countCovered(bytes: word): void {
  coveredBytes += bytes;
}

/** The walk over the bins met a chunk. */
export function countBinned(size: word): void {
  binnedChunks++;
  binnedBytes += size;
}

/** The walk over the fast bins did. */
export function countFast(size: word): void {
  fastChunks++;
  fastBytes += size;
}
