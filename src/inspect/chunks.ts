// Every chunk of a heap, in the order of addresses, and what each is: in use, or free and in which
// list.

import { memOf, wordBytes } from "../layout/address.js";
import { IS_MMAPPED, NON_MAIN_ARENA, PREV_INUSE, VmaKind } from "../layout/generated.js";
import { HeapAbort } from "../process/failures.js";
import { collectArenas, type Arena } from "./arenas.js";
import { damage, isDamage, sound, type Damage } from "./damage.js";
import {
  binCount,
  binKind,
  cacheLists,
  fastbinsOf,
  readThreads,
  sizeText,
  walkBin,
  walkFastbin,
  type Entry,
} from "./lists.js";
import { mappedChunkAt } from "./mapped.js";
import { isVisible, walkRegions } from "./regions.js";
import { segmentsOf, type Segment } from "./segments.js";
import { hex, isInside, onlooker, readHead, type Head, type HeapSource } from "./source.js";
import { alignmentOf } from "./words.js";

/** What a chunk is. */
export type ChunkState =
  /** Somebody has it. */
  | "used"
  /** A thread's tcache_perthread_struct, which is a block like others. */
  | "tcache-struct"
  /**
   * Free, in a thread's cache; for its neighbours it is in use. From glibc 2.42 on it may be a
   * mapping, as its M bit says.
   */
  | "tcache"
  /** Free, in a fast bin; for its neighbours it is in use. */
  | "fastbin"
  /** Free, in the unsorted bin. */
  | "unsorted"
  /** Free, in a small bin. */
  | "smallbin"
  /** Free, in a large bin. */
  | "largebin"
  /** Free for its neighbours, and in no list: a thread has it in hand, or the heap is damaged. */
  | "free"
  /** The free chunk at the end of an arena. */
  | "top"
  /** What ends a segment that is not the last. */
  | "fencepost"
  /** A mapping of its own, which somebody has. */
  | "mmapped";

/** One chunk. */
export interface ChunkView {
  /** Absent: see {@link isDamage}. */
  readonly corrupt?: never;
  /** Its address. */
  readonly chunk: number;
  /** Its block's: what malloc returned. */
  readonly mem: number;
  /** Its bytes, without flags. */
  readonly size: number;
  /** The A, M and P bits of its size field. */
  readonly flags: number;
  /** What it is. */
  readonly state: ChunkState;
  /** Which list it is in: the bin's number, or tcache's. */
  readonly bin?: number;
  /** The thread whose cache it is in, or whose tcache it is. */
  readonly thread?: number;
}

/** Where a free chunk is filed. */
export interface Filing {
  /** Which kind of list, or what it is besides. */
  readonly state: ChunkState;
  /** The list's number: the bin's, or tcache's. */
  readonly bin?: number;
  /** The thread whose cache it is in. */
  readonly thread?: number;
}

/** What the lists of a heap say of its chunks, and what is wrong with them. */
export interface Filings {
  /** By the chunk's address. */
  readonly of: ReadonlyMap<number, Filing>;
  /** What is wrong with the lists. */
  readonly damages: readonly Damage[];
}

/** Reads all lists of a heap. */
export function readFilings(source: HeapSource, arenas: readonly Arena[]): Filings {
  const of = new Map<number, Filing>();
  const damages: Damage[] = [];
  const file = (walk: Iterable<Entry | Damage>, filing: Filing): void => {
    for (const one of walk) {
      if (isDamage(one)) {
        damages.push(one);
        continue;
      }
      const other = of.get(one.chunk);
      if (other !== undefined)
        damages.push(
          damage(one.chunk, `${hex(one.chunk)} is in two lists: ${text(other, filing)}`),
        );
      of.set(one.chunk, filing);
    }
  };
  for (const arena of arenas) {
    fastbinsOf(arena).forEach((_, bin) => {
      file(walkFastbin(source, arena, bin), { state: "fastbin", bin });
    });
    for (let bin = 1; bin < binCount(source); bin++)
      file(walkBin(source, arena.address, bin), { state: binKind(bin), bin });
    const { top } = arena.state;
    of.set(top, { state: "top" });
  }
  for (const { number, tcache } of readThreads(source)) {
    if (tcache === 0) continue;
    of.set(tcache - 2 * wordBytes(source.abi), { state: "tcache-struct", thread: number });
    for (const { index, walk } of cacheLists(source, tcache))
      file(walk, { state: "tcache", bin: index, thread: number });
  }
  return { of, damages };
}

function text(...filings: readonly Filing[]): string {
  return filings
    .map(({ state, bin }) => `${state}${bin === undefined ? "" : ` ${bin}`}`)
    .join(", ");
}

/** A chunk with its size field taken apart. */
function chunkAt(source: HeapSource, chunk: number, head: Head, filing: Filing): ChunkView {
  const { size, flags } = head;
  return { chunk, mem: memOf(chunk, source.abi), size, flags, ...filing };
}

/**
 * Walks the chunks of a segment, lowest address first. Where a size field makes no sense the walk
 * ends with a damage: what lies behind is not to be known.
 */
export function* walkSegment(
  source: HeapSource,
  segment: Segment,
  { of }: Filings,
): Generator<ChunkView | Damage, void, undefined> {
  const header = 2 * wordBytes(source.abi);
  const alignment = alignmentOf(source);
  let last: ChunkView | undefined;
  let fences = 0;
  for (let at = segment.start; at < segment.end;) {
    const filing = of.get(at);
    const bad = badSize(source, at, segment, filing?.state, header, alignment);
    if (bad !== undefined) {
      if (last !== undefined) yield last;
      return yield bad;
    }
    const head = readHead(source, at + source.structs.Chunk.fields.mchunkSize.offset);
    const { size } = head;
    if (last !== undefined) yield settled(last, head.flags);
    last = chunkAt(source, at, head, filing ?? { state: size <= header ? "fencepost" : "used" });
    if (last.state === "top" || size === 0) break;
    fences = last.state === "fencepost" ? fences + 1 : 0;
    // In a heap the second one has no size.
    if (fences === 2 && segment.heap === 0) break;
    at += size;
  }
  if (last !== undefined) yield last;
}

/** A chunk that is in no list is free all the same where the next one says so. */
function settled(chunk: ChunkView, nextFlags: number): ChunkView {
  const isFree = (nextFlags & PREV_INUSE) === 0;
  return isFree && chunk.state === "used" ? { ...chunk, state: "free" } : chunk;
}

/** What is wrong with the size of a chunk, if anything. */
function badSize(
  source: HeapSource,
  at: number,
  segment: Segment,
  state: ChunkState | undefined,
  header: number,
  alignment: number,
): Damage | undefined {
  if (!isInside(source, at, header)) return damage(at, `chunk ${hex(at)} is outside the memory`);
  const { offset } = source.structs.Chunk.fields.mchunkSize;
  const { size } = readHead(source, at + offset);
  const said = (): string => `size of chunk ${hex(at)} is ${sizeText(source, at)}`;
  if (at + size > segment.end)
    return damage(at + offset, `${said()}: it would end beyond ${hex(segment.end)}`);
  if (size % alignment !== 0 && state !== "top" && size > header)
    return damage(at + offset, `${said()}: no multiple of ${alignment}`);
  if (size < header && !(size === 0 && segment.heap !== 0))
    return damage(at + offset, `${said()}: less than a header`);
  return undefined;
}

/** Walks the chunks of an arena: all of its segments. */
export function* walkArena(
  source: HeapSource,
  arena: Arena,
  filings: Filings,
): Generator<ChunkView | Damage, void, undefined> {
  for (const segment of segmentsOf(source, arena)) yield* walkSegment(source, segment, filings);
}

/**
 * Walks the mapped chunks, those of a region side by side.
 * @param filings tell which are in tcache (from glibc 2.42 on), or are one
 */
export function* walkMapped(
  source: HeapSource,
  filings?: Filings,
): Generator<ChunkView, void, undefined> {
  for (const region of walkRegions(source)) {
    if (isDamage(region) || !isVisible(region) || region.kind !== VmaKind.USER) continue;
    for (let start = region.start; start < region.end;) {
      const found = mappedChunkAt(source, start, region.end);
      if (found === undefined) break;
      const filing = filings?.of.get(found.chunk) ?? { state: "mmapped" };
      const at = found.chunk + source.structs.Chunk.fields.mchunkSize.offset;
      yield chunkAt(source, found.chunk, readHead(source, at), filing);
      start = found.end;
    }
  }
}

/** A heap as it is now, read once: for whoever asks several things of it. */
export class HeapView {
  /** What is looked at. */
  readonly source: HeapSource;
  /** Its arenas, main_arena first, as far as their ring can be followed. */
  readonly arenas: readonly Arena[];
  /** What its lists hold. */
  readonly filings: Filings;
  #sound: readonly ChunkView[] | undefined;

  /** @param source is only looked at, whatever is damaged */
  constructor(source: HeapSource) {
    this.source = onlooker(source);
    const arenas: Arena[] = [];
    const damages: Damage[] = [];
    try {
      collectArenas(this.source, arenas);
    } catch (error) {
      if (!(error instanceof HeapAbort)) throw error;
      damages.push(damage(error.address, error.message));
    }
    this.arenas = arenas;
    const { of, damages: others } = readFilings(this.source, arenas);
    this.filings = { of, damages: [...damages, ...others] };
  }

  /** All chunks: arena by arena, then those that are mappings. */
  *chunks(): Generator<ChunkView | Damage, void, undefined> {
    for (const arena of this.arenas) yield* walkArena(this.source, arena, this.filings);
    yield* walkMapped(this.source, this.filings);
  }

  /** @returns the chunk that an address lies in, header included; undefined where there is none */
  chunkOf(address: number): ChunkView | undefined {
    // Whoever asks once asks again.
    this.#sound ??= sound(this.chunks(), []);
    return this.#sound.find(({ chunk, size }) => chunk <= address && address < chunk + size);
  }
}

/** @returns a chunk's flags, as pwndbg has them: `PREV_INUSE | IS_MMAPPED` */
export function flagNames(flags: number): string {
  const names = [
    ...((flags & PREV_INUSE) !== 0 ? ["PREV_INUSE"] : []),
    ...((flags & IS_MMAPPED) !== 0 ? ["IS_MMAPPED"] : []),
    ...((flags & NON_MAIN_ARENA) !== 0 ? ["NON_MAIN_ARENA"] : []),
  ];
  return names.join(" | ") || "none";
}
