// What is left of a heap after everybody has freed everything: walks every arena's heaps or
// segments on its own, without malloc's checker.

import { layouts } from "../../src/layout/generated.js";
import type { Crew } from "./thread-crew.js";

const PAGE = 4096;

/** What the walk found. */
export interface Remains {
  /** Chunks that are in use, or in a fast bin: address and bytes. */
  used: { address: number; bytes: number }[];
  /** Bytes that arenas need for themselves: headers of heaps, the arenas in them, fenceposts. */
  fixed: number;
  arenas: number;
  heaps: number;
  /** Pieces of main_arena. */
  segments: number;
}

/** Walks everything. Nobody else may run. */
export function remainsOf(crew: Crew): Remains {
  const remains: Remains = { used: [], fixed: 0, arenas: 0, heaps: 0, segments: 0 };
  const main = crew.raw.main_arena() >>> 0;
  let arena = main;
  do {
    remains.arenas++;
    const top = crew.field("MallocState", "top", arena);
    if (arena !== main) walkHeaps(crew, top, remains);
    else walkSegments(crew, top, remains);
    arena = crew.field("MallocState", "next", arena);
  } while (arena !== main);
  return remains;
}

/** Size of the chunk at `address` with its flags. */
function sizeOf(crew: Crew, address: number): number {
  return crew.field("Chunk", "mchunkSize", address);
}

function headerOf(crew: Crew): number {
  return layouts[crew.options.abi].Chunk.fields.fd.offset;
}

/**
 * main_arena's segments, whose starts the checker notes right behind main_arena. Each ends in two
 * fenceposts, or in top.
 */
function walkSegments(crew: Crew, top: number, remains: Remains): void {
  const at = (crew.raw.main_arena() >>> 0) + layouts[crew.options.abi].MallocState.size;
  const words = new Uint32Array(crew.memory.buffer);
  const header = headerOf(crew);
  for (let index = 1; index <= words[at >>> 2]!; index++) {
    const start = words[(at >>> 2) + index]!;
    remains.segments++;
    const end = walk(crew, start, remains, (p) => p === top || (sizeOf(crew, p) & ~7) === header);
    // A segment begins with a page, its first chunk where the block will be aligned; it ends with
    // one, and what aligning left.
    remains.fixed += start % PAGE;
    if (end !== top) remains.fixed += Math.ceil((end + 2 * header) / PAGE) * PAGE - end;
  }
}

/** The heaps of another arena, from the last one back. */
function walkHeaps(crew: Crew, top: number, remains: Remains): void {
  const most = crew.options.abi === "ilp32" ? 2 ** 20 : 2 ** 26;
  const header = headerOf(crew);
  let heap = top - (top % most);
  let isLast = true;
  while (heap !== 0) {
    remains.heaps++;
    const previous = crew.field("HeapInfo", "prev", heap);
    let start = heap + layouts[crew.options.abi].HeapInfo.size;
    if (previous === 0) {
      start += layouts[crew.options.abi].MallocState.size + header;
      start = Math.ceil(start / 16) * 16 - header;
    }
    const end = heap + crew.field("HeapInfo", "size", heap);
    // A heap that is full ends in two small chunks that nobody has, at most 48 bytes before a word
    // of size 0 in front of its end.
    const isFence = (p: number): boolean => p >= end - 4 * header - 32 && isFenceAt(crew, p, end);
    const stop = walk(crew, start, remains, (p) => (isLast ? p === top : isFence(p)));
    remains.fixed += start - heap + (isLast ? 0 : end - stop);
    heap = previous;
    isLast = false;
  }
}

/** Whether from `p` on there are but fenceposts up to `end`. */
function isFenceAt(crew: Crew, p: number, end: number): boolean {
  const size = sizeOf(crew, p) & ~7;
  const last = end - headerOf(crew) - (crew.options.abi === "ilp32" ? 8 : 0);
  return p === last || p + size === last;
}

/** Counts chunks from `start` to where `isEnd` says so. @returns where that is */
function walk(crew: Crew, start: number, remains: Remains, isEnd: (p: number) => boolean): number {
  let p = start;
  while (!isEnd(p)) {
    const bytes = sizeOf(crew, p) & ~7;
    if (bytes === 0) throw new Error(`a chunk of no size at 0x${p.toString(16)}`);
    if ((sizeOf(crew, p + bytes) & 1) === 1) remains.used.push({ address: p, bytes });
    p += bytes;
  }
  return p;
}
