// What a chunk can be, as a small number for tables, and how each is called.

import type { ChunkState } from "ptmalloc-wasm/inspect";

/** The states in the order of their numbers. */
export const STATES = [
  "used",
  "tcache-struct",
  "tcache",
  "fastbin",
  "unsorted",
  "smallbin",
  "largebin",
  "free",
  "top",
  "fencepost",
  "mmapped",
] as const satisfies readonly ChunkState[];

/** What each is called, in a legend. */
export const STATE_NAMES: Readonly<Record<ChunkState, string>> = {
  used: "in use",
  "tcache-struct": "tcache's own struct",
  tcache: "free, in tcache",
  fastbin: "free, in a fast bin",
  unsorted: "free, in the unsorted bin",
  smallbin: "free, in a small bin",
  largebin: "free, in a large bin",
  free: "free, in no list",
  top: "top",
  fencepost: "fencepost",
  mmapped: "in use, a mapping of its own",
};

/** Whether somebody has the chunk's block. */
export function isInUse(state: number): boolean {
  return state === 0 || state === 10;
}

/** The word of the glossary that explains a state. */
export const STATE_TERMS: Readonly<Record<ChunkState, string>> = {
  used: "block",
  "tcache-struct": "tcache",
  tcache: "tcache",
  fastbin: "fast bin",
  unsorted: "bin",
  smallbin: "bin",
  largebin: "bin",
  free: "chunk",
  top: "top",
  fencepost: "segment",
  mmapped: "mapped chunk",
};

/** @returns what a chunk is, in words: `free, in tcache 3 of thread 0` */
export function stateText(state: number, bin: number, thread: number): string {
  const name = STATES[state]!;
  if (name === "tcache") return `free, in tcache bin ${bin} of thread ${thread}`;
  if (name === "tcache-struct") return `tcache's own struct, thread ${thread}`;
  if (name === "fastbin" || name === "smallbin" || name === "largebin")
    return `${STATE_NAMES[name]} (${bin})`;
  return STATE_NAMES[name];
}
