// Where chunks lie side by side. An arena on the break has one segment as long as nobody else moves
// the break and the break is not refused; after that the heap goes on elsewhere, and nothing in
// glibc's structs says where. An arena of another thread's has a segment in each of its heaps.

import { wordBytes } from "../layout/address.js";
import { IS_MMAPPED } from "../layout/generated.js";
import type { Arena } from "./arenas.js";
import { isVisible, walkRegions } from "./regions.js";
import { isDamage, sound } from "./damage.js";
import { isInside, readHead, type HeapSource } from "./source.js";
import { alignmentOf, chunkFrom, mmOf } from "./words.js";

/** Chunks side by side. */
export interface Segment {
  /** The first chunk. */
  readonly start: number;
  /** The first byte behind the last one, as far as it is known. */
  readonly end: number;
  /** The heap_info that it lies behind; 0 in main_arena. */
  readonly heap: number;
}

/** Most segments that a build with the checker notes (SEGMENTS_MAX). */
const MOST_NOTED = 256;

/** @returns the segments of an arena, the lowest first */
export function segmentsOf(source: HeapSource, arena: Arena): Segment[] {
  const found =
    arena.address === source.places.mainArena
      ? mainSegments(source, arena)
      : heapSegments(source, arena);
  return found.sort((a, b) => a.start - b.start);
}

function heapSegments(source: HeapSource, { address, heaps }: Arena): Segment[] {
  const { HeapInfo, MallocState } = source.structs;
  return heaps.map(({ address: heap, size, prev }) => {
    const behind = heap + HeapInfo.size;
    const isFirst = prev === 0 && address === behind;
    const start = isFirst ? chunkFrom(source, behind + MallocState.size) : behind;
    return { start, end: heap + size, heap };
  });
}

/** Segments of main_arena, which begins at start_brk unless somebody had moved the break. */
function mainSegments(source: HeapSource, arena: Arena): Segment[] {
  const { startBrk, brk } = mmOf(source);
  const { top } = arena.state;
  const starts = notedStarts(source);
  if (starts.length > 0)
    return starts.map((start) => ({ start, end: endOf(source, start), heap: 0 }));
  const segments: Segment[] = [];
  for (let start = chunkFrom(source, startBrk); ;) {
    if (start < brk || segments.length > 0)
      segments.push({ start, end: endOf(source, start), heap: 0 });
    const fence = fenceBehind(source, start);
    if (fence === undefined || (start <= top && top < fence)) return segments;
    const next = searchSegment(source, fence, top, segments);
    if (next === undefined || segments.length > MOST_NOTED) return segments;
    start = next;
  }
}

/** What a build with the checker has noted (assembly/malloc/segments.ts); none in the others. */
function notedStarts(source: HeapSource): number[] {
  const place = source.places.mainArena + source.structs.MallocState.size;
  const view = source.view();
  const count = Math.min(view.getUint32(place, true), MOST_NOTED);
  return Array.from({ length: count }, (_, i) => view.getUint32(place + 4 * (i + 1), true));
}

/** The end of the region that a segment begins in, or of the break's. */
function endOf(source: HeapSource, start: number): number {
  const { startBrk, brk } = mmOf(source);
  if (start >= startBrk && start < brk) return brk;
  for (const region of walkRegions(source)) {
    if (isDamage(region) || !isVisible(region)) continue;
    if (region.start <= start && start < region.end) return region.end;
  }
  return start;
}

/** The end of the chunks from `start` on, where two fenceposts end them; else nothing. */
function fenceBehind(source: HeapSource, start: number): number | undefined {
  const header = 2 * wordBytes(source.abi);
  const { offset } = source.structs.Chunk.fields.mchunkSize;
  for (let chunk = start; isInside(source, chunk, header);) {
    const { size } = readHead(source, chunk + offset);
    if (size < header || size % header !== 0) return undefined;
    if (size === header && isInside(source, chunk + header, header)) {
      if (readHead(source, chunk + header + offset).size === header) return chunk + 2 * header;
    }
    chunk += size;
  }
  return undefined;
}

/** How far a segment is looked for by trying every address at which a chunk can begin. */
const MOST_TRIES = 1 << 20;

/**
 * The start of the segment behind `fence` whose chunks lead to top, or to fenceposts: it is found
 * by trying, in the rest of the region and then at the start of every other one.
 */
function searchSegment(
  source: HeapSource,
  fence: number,
  top: number,
  known: readonly Segment[],
): number | undefined {
  const step = alignmentOf(source);
  const regions = sound(walkRegions(source), []).filter(isVisible);
  const own = regions.find(({ start, end }) => start < fence && fence < end);
  const first = chunkFrom(source, fence);
  const tries = own === undefined ? 0 : Math.min((own.end - first) / step, MOST_TRIES);
  for (let i = 0; i < tries; i++)
    if (isSegment(source, first + i * step, top)) return first + i * step;
  return regions
    .map(({ start }) => chunkFrom(source, start))
    .find(
      (start) => known.every((other) => other.start !== start) && isSegment(source, start, top),
    );
}

/** Whether chunks from `start` on are sound up to top, or to fenceposts. */
function isSegment(source: HeapSource, start: number, top: number): boolean {
  const header = 2 * wordBytes(source.abi);
  const { offset } = source.structs.Chunk.fields.mchunkSize;
  let fences = 0;
  for (let chunk = start; isInside(source, chunk, header);) {
    if (chunk === top) return true;
    const { size, flags } = readHead(source, chunk + offset);
    if (size < header || size % header !== 0 || (flags & IS_MMAPPED) !== 0) return false;
    fences = size === header ? fences + 1 : 0;
    if (fences === 2) return chunk > start + header;
    chunk += size;
  }
  return false;
}
