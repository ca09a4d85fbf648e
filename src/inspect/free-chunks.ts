// The free chunks of an arena, list by list.

import { HeapAbort } from "../host/failures.js";
import type { Arena } from "../host/arenas.js";
import type { FieldLayout } from "../host/struct.js";
import type { Process } from "../host/process.js";
import { memOf } from "../layout/address.js";
import { Failure } from "../layout/generated.js";

/** The chunks of one list. All 0 when there are none. */
export interface ChunkSizes {
  /** Bytes of the smallest. */
  readonly from: number;
  /** Bytes of the greatest. */
  readonly to: number;
  /** Bytes of all. */
  readonly total: number;
  /** How many there are. */
  readonly count: number;
}

/** What an arena has free. */
export interface FreeChunks {
  /** The fast bins. As glibc says it, sizes run from 15 bytes below the chunks' own. */
  readonly fast: readonly ChunkSizes[];
  /** The unsorted bin; sizes with flag bits, as in the next. */
  readonly unsorted: ChunkSizes;
  /** Small and large bins. */
  readonly binned: readonly ChunkSizes[];
  /** Bytes of top. */
  readonly top: number;
  /** Bytes of all free chunks, without flag bits. */
  readonly free: number;
}

const FLAG_BITS = 8;
const ALIGNMENT = 16;
const PAGE_SHIFT = 12;

/** A size word without its flag bits. */
function plain(word: number): number {
  return word - (word % FLAG_BITS);
}

/**
 * The free chunks of an arena, list by list; tcache's are in use, as for glibc.
 * @param process `heap.process`, or what `startProcess` gave
 * @param arena one of `readArenas`
 * @throws HeapAbort when a fast bin holds what is no chunk, as malloc_info would
 */
export function chunkSizes(process: Process, { address, state }: Arena): FreeChunks {
  const fast = state.fastbinsY.map((first) => fastList(process, first));
  const heads = binHeads(process, address);
  const lists = heads.map((head) => ring(process, head));
  const [unsorted, ...binned] = lists.map(sizesOf);
  const top = plain(process.readWord(state.topWord + chunkField(process, "mchunkSize").offset));
  const inBins = lists.flat().reduce((sum, word) => sum + plain(word), 0);
  const inFast = fast.reduce((sum, { total }) => sum + total, 0);
  return { fast, unsorted: unsorted!, binned, top, free: top + inBins + inFast };
}

function chunkField(process: Process, name: "mchunkSize" | "fdWord"): FieldLayout {
  return process.structs.Chunk.fields[name];
}

/** The heads of bins 1 to 127, each where its fd and bk would be a chunk's. */
function binHeads(process: Process, arena: number): number[] {
  const { bins } = process.structs.MallocState.fields;
  const first = arena + bins.offset - chunkField(process, "fdWord").offset;
  return Array.from({ length: bins.count / 2 }, (_, i) => first + i * 2 * bins.size);
}

/** The size words of the chunks in a bin. */
function ring(process: Process, head: number): number[] {
  const words: number[] = [];
  const fd = chunkField(process, "fdWord").offset;
  const size = chunkField(process, "mchunkSize").offset;
  for (let at = process.readWord(head + fd); at !== head; at = process.readWord(at + fd))
    words.push(process.readWord(at + size));
  return words;
}

function sizesOf(words: readonly number[]): ChunkSizes {
  if (words.length === 0) return { from: 0, to: 0, total: 0, count: 0 };
  return {
    from: words.reduce((least, word) => Math.min(least, word)),
    to: words.reduce((most, word) => Math.max(most, word)),
    total: words.reduce((sum, word) => sum + word),
    count: words.length,
  };
}

/** A fast bin, of which all chunks count as large as the first. @throws HeapAbort as malloc_info would abort */
function fastList(process: Process, first: number): ChunkSizes {
  if (first === 0) return { from: 0, to: 0, total: 0, count: 0 };
  const to = plain(process.readWord(first + chunkField(process, "mchunkSize").offset));
  let count = 0;
  for (let at = first; at !== 0; count++) {
    const mem = memOf(at, process.abi);
    if (mem % ALIGNMENT !== 0) throw new HeapAbort(Failure.MALLOC_INFO_UNALIGNED, at);
    // The link is protected by the page number of its own place.
    at = (process.readWord(mem) ^ (mem >>> PAGE_SHIFT)) >>> 0;
  }
  return { from: to - (ALIGNMENT - 1), to, total: to * count, count };
}
