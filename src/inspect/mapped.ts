// Chunks that are mappings of their own. Nothing in glibc's structs says where they are: a mapping
// begins with one, and what memalign has moved up says by how much. The header from before it was
// moved stays where it was, and looks as good as any. From glibc 2.43 on a mapping ends with room
// for a header behind the chunk, and a bit of prev_size says that its pages are huge ones.

import { wordBytes } from "../layout/address.js";
import { IS_MMAPPED, PAGE_SIZE } from "../layout/generated.js";
import { isInside, readHead, type HeapSource } from "./source.js";
import { alignmentOf, chunkFrom } from "./words.js";

/** A chunk of a mapping, and where its mapping ends. */
export interface MappedChunk {
  readonly chunk: number;
  readonly end: number;
}

/** @returns bytes of a mapping behind its chunk; what came with them into glibc was thp_mode */
export function trailerOf({ structs, abi }: HeapSource): number {
  return "thpMode" in structs.MallocPar.fields ? 2 * wordBytes(abi) : 0;
}

/**
 * @returns how many bytes of its mapping lie before a mapped chunk, as it says itself: where there
 *   is a trailer, the lowest bit says that the pages are explicit huge ones
 */
export function mappedOffset(source: HeapSource, chunk: number): number {
  const word = source.readWord(chunk + source.structs.Chunk.fields.mchunkPrevSize.offset);
  return trailerOf(source) === 0 ? word : word - (word % 2);
}

/** What a header says, if it is that of a chunk whose mapping begins at `start`. */
function readMapped(source: HeapSource, chunk: number, start: number): MappedChunk | undefined {
  const { mchunkSize } = source.structs.Chunk.fields;
  const header = 2 * wordBytes(source.abi);
  if (!isInside(source, chunk, header)) return undefined;
  const { size, flags } = readHead(source, chunk + mchunkSize.offset);
  const before = mappedOffset(source, chunk);
  const isMapped = (flags & IS_MMAPPED) !== 0 && before === chunk - start && size >= header;
  return isMapped ? { chunk, end: chunk + size + trailerOf(source) } : undefined;
}

/** Where the block of a chunk that was moved up can be: bytes from the mapping's start. */
function* movedOffsets(alignment: number, bytes: number): Generator<number, void, undefined> {
  let offset = 2 * alignment;
  for (; offset < PAGE_SIZE && offset < bytes; offset *= 2) yield offset;
  for (; offset < bytes; offset += PAGE_SIZE) yield offset;
}

/**
 * @param start a page
 * @param limit where the region ends that it is in
 * @returns the chunk whose mapping begins there; undefined where none does
 */
export function mappedChunkAt(
  source: HeapSource,
  start: number,
  limit: number,
): MappedChunk | undefined {
  const header = 2 * wordBytes(source.abi);
  const alignment = alignmentOf(source);
  const isWhole = (found: MappedChunk | undefined): found is MappedChunk =>
    found !== undefined && found.end % PAGE_SIZE === 0 && found.end <= limit;

  const original = readMapped(source, chunkFrom(source, start), start);
  if (original === undefined) return undefined;
  // A mapping that realloc has made smaller ends before what the old header says.
  const bytes = Math.min(original.end, limit) - start;
  for (const offset of movedOffsets(alignment, bytes)) {
    const moved = readMapped(source, start + offset - header, start);
    if (isWhole(moved)) return moved;
  }
  return isWhole(original) ? original : undefined;
}
