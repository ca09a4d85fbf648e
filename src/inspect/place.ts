// What malloc itself has at an address: for addresses that are no tracked block's. The heap is
// walked chunk by chunk, as it lies there.

import type { HeapSource } from "./source.js";
import { memOf, wordBytes } from "../layout/address.js";
import { PREV_INUSE } from "../layout/generated.js";
import { chunkFrom, chunkSizeOf, mmOf } from "./words.js";

/** What an address is to malloc and the kernel. */
export type PlaceKind =
  /** NULL. */
  | "null"
  /** Beyond the memory's end. */
  | "outside"
  /** Among malloc's and the kernel's own data. */
  | "libc"
  /** In a chunk's header, malloc's own. */
  | "chunk-header"
  /** In a chunk that malloc gave out without tracking, or keeps in a cache. */
  | "in-use-chunk"
  /** In a free chunk. */
  | "free-chunk"
  /** In the top chunk, which nobody has allocated. */
  | "top"
  /** In [heap], where chunks cannot be followed. */
  | "unknown-chunk"
  /** Outside [heap]: in a mapping, or not this heap's memory. */
  | "not-heap";

/** What an address is, and where that ends. */
export interface Place {
  readonly kind: PlaceKind;
  readonly end: number;
}

/**
 * Finds out what an address is, by walking main_arena's chunks.
 * @returns "not-heap" for memory that is not between the base and the break: mappings, the
 *   program's own data; "unknown-chunk" where the chunks cannot be followed, because the heap is
 *   damaged or has holes
 */
export function placeOf(process: HeapSource, address: number): Place {
  const { length } = process.u8();
  if (address < 1) return { kind: "null", end: 1 };
  if (address >= length) return { kind: "outside", end: Infinity };
  const { startBrk, brk } = mmOf(process);
  if (address >= brk) return { kind: "not-heap", end: length };
  if (address < process.base) return { kind: "not-heap", end: process.base };
  if (address < startBrk) return { kind: "libc", end: startBrk };
  return chunkAt(process, address);
}

function chunkAt(process: HeapSource, address: number): Place {
  const { abi } = process;
  const header = 2 * wordBytes(abi);
  const { MallocState, Chunk } = process.structs;
  const main = process.places.mainArena;
  const top = process.readWord(main + MallocState.fields.top.offset);
  const sizeAt = Chunk.fields.mchunkSize.offset;
  const { startBrk, brk } = mmOf(process);
  const first = chunkFrom(process, startBrk);
  if (address < first) return { kind: "chunk-header", end: first };
  for (let chunk = first; chunk < brk;) {
    const word = process.readWord(chunk + sizeAt);
    const size = chunkSizeOf(word);
    const end = chunk + size;
    if (size < header || end > brk) break;
    // The block of a chunk in use reaches into the first word of the next one.
    const isBefore = word % 2 === PREV_INUSE && chunk > first && address < chunk + sizeAt;
    if (isBefore) return { kind: "in-use-chunk", end: chunk + sizeAt };
    if (address < memOf(chunk, abi)) return { kind: "chunk-header", end: memOf(chunk, abi) };
    if (address < end) {
      if (chunk === top) return { kind: "top", end };
      const isInUse = process.readWord(end + sizeAt) % 2 === PREV_INUSE;
      return isInUse ? { kind: "in-use-chunk", end: end + sizeAt } : { kind: "free-chunk", end };
    }
    chunk = end;
  }
  return { kind: "unknown-chunk", end: brk };
}

const TEXTS: Readonly<Record<PlaceKind, string>> = {
  null: "NULL",
  outside: "beyond the memory's end",
  libc: "among malloc's and the kernel's own data",
  "chunk-header": "in a chunk's header, malloc's own",
  "in-use-chunk":
    "in a chunk that malloc gave out without this heap's tracking (heap.raw), or keeps in a cache",
  "free-chunk": "in a free chunk",
  top: "in the top chunk, which nobody has allocated",
  "unknown-chunk": "in [heap], where chunks cannot be followed",
  "not-heap": "outside [heap]: in a mapping, or not this heap's memory",
};

/** A place in words. */
export function placeText(kind: PlaceKind): string {
  return TEXTS[kind];
}
