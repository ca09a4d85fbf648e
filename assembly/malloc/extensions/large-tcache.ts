// An extension, off unless the host asks for it: tcache keeps blocks beyond its largest bin, too,
// up to 64 KiB, which glibc 2.36 frees under the arena's lock, and merges, and splits again for the
// next one. A request is rounded up to one of eight sizes for each doubling, so that a block serves
// whatever falls into its class (at most an eighth is lost), and addresses are not glibc's. In the
// threaded build only.
//
// The lists lie behind the thread's TcachePerthreadStruct, in the same block, and are such a struct
// themselves. What they hold is limited in bytes. A block that would exceed the limit has
// everything given back first: what the program needed before is not kept for ever.

import { IS_THROUGHPUT } from "../../abi/profile";
import { COUNTS_SLOTS } from "../../abi/version";
import { SIZE_SZ } from "../../abi/word";
import { IS_THREADED } from "../../sync/tier";
import { Chunk, isMisaligned } from "../chunk";
import { requestToSize } from "../sizes";
import { sharedState } from "../state";
import {
  TcachePerthreadStruct,
  countOf,
  findTwice,
  keyOf,
  pushEntry,
  takeEntry,
} from "../tcache-lists";
import { STEPS_LOG2 } from "../classes/classes";

/**
 * The classes: eight for each doubling of the chunk's size from 1 KiB, of which the first has up to
 * 1,152 bytes.
 */
export const LARGE_BINS: u32 = 48;
const FLOOR_LOG2: u32 = 10;

/** Chunks beyond the smallest size have a class, up to the largest, bytes. */
const FLOOR: word = 1 << FLOOR_LOG2;
const CEILING: word = FLOOR << (LARGE_BINS >> STEPS_LOG2);

/** Where the lists are, bytes behind the tcache's begin. */
const LISTS: usize = offsetof<TcachePerthreadStruct>();

/** How many blocks a class can count. */
const MOST_BLOCKS: u32 = 0xffff;

// The thread's own variables; all 0 where the extension is off, or the thread has no tcache.
let lists: usize = 0;
let span: word = 0; // how many sizes of requests there are that it serves
let limit: word = 0; // what the lists may hold, bytes
let held: word = 0; // what they do hold
let mark: word = 0; // tcache_key

/**
 * Whether tcaches have these lists: the same for all threads. Where there is a cache in tcache's
 * place it keeps such blocks itself, and from 2.42 on glibc's own tcache does (tcache-sorted.ts).
 */
export function hasLarge(): bool {
  return IS_THREADED && !IS_THROUGHPUT && !COUNTS_SLOTS && sharedState().largeTcache != 0;
}

/** How many bytes a thread's tcache needs (sizeof (tcache_perthread_struct)). */
export function tcacheBytes(): usize {
  return hasLarge() ? 2 * LISTS : LISTS;
}

/** Where the lists of `tcache` are, whoever's that is: as those of a TcachePerthreadStruct. */
export function largeLists(tcache: usize): usize {
  return tcache + LISTS;
}

/** Makes what lies behind `tcache`, marked by `key`, this thread's lists. */
export function bindLarge(tcache: usize, key: word): void {
  if (!hasLarge()) return;
  lists = largeLists(tcache);
  span = requestOf(CEILING) - requestOf(FLOOR);
  limit = sharedState().largeTcache;
  mark = key;
}

/**
 * This thread has no such lists any more. What they hold is counted on: they may be bound again.
 */
export function forgetLarge(): void {
  lists = 0;
  span = 0;
}

/** The lists are empty. */
export function resetLarge(): void {
  held = 0;
}

/** Whether this thread has such lists. */
export function keepsLarge(): bool {
  return lists != 0;
}

/**
 * Whether a request of `bytes`, too large for tcache's own bins, is one for these lists, and the
 * thread has them.
 */
export function isLarge(bytes: word): bool {
  return bytes - (requestOf(FLOOR) + 1) < span;
}

/**
 * The request that a class is for, given one of its requests: all blocks of the class get that
 * much.
 */
export function roundToClass(bytes: word): word {
  return requestOf(sizeOfClass(classOfRequest(bytes)));
}

/** Takes a block for a request that `isLarge`, or 0. */
export function takeLarge(bytes: word): usize {
  const mem = takeEntry(lists, classOfRequest(bytes));
  if (mem != 0) held -= Chunk.ofMem(mem).size;
  return mem;
}

/** What becomes of a block that is freed. */
export enum Keeping {
  NOT, // it is to be freed
  KEPT,
  FULL, // the lists hold as much as they may: they are to be emptied first
}

/**
 * Keeps a chunk of `size` bytes, if that has a class, in this thread's lists. Ends the process if
 * it is kept already.
 */
export function keepLarge(p: Chunk, size: word): Keeping {
  const index = classOfChunk(size);
  if (index >= LARGE_BINS) return Keeping.NOT;
  const mem = p.mem;
  const count = countOf(lists, index);
  if (keyOf(mem) == mark) findTwice(lists, mem, index, count);
  if (size > limit) return Keeping.NOT;
  if (held + size > limit || count == MOST_BLOCKS) return Keeping.FULL;
  pushEntry(lists, index, mem, count, mark);
  held += size;
  return Keeping.KEPT;
}

/**
 * Whether an aligned block in memory looks like one of class `index`: used when a thread died with
 * it.
 */
export function isLargeBlock(mem: usize, index: u32): bool {
  const p = Chunk.ofMem(mem);
  return !isMisaligned(mem) && classOfChunk(p.size) == index && p.inuse;
}

/**
 * The class of the largest size that a chunk of `size` bytes can serve; for chunks of no class a
 * number beyond all.
 */
export function classOfChunk(size: word): u32 {
  // Its first size is one step above the floor.
  return size >= CEILING + (CEILING >> STEPS_LOG2) ? <u32>-1 : step(<u32>size) - 1;
}

/** The class that serves a request that `isLarge`. */
function classOfRequest(bytes: word): u32 {
  return step(<u32>(requestToSize(bytes) - 1));
}

/** How many steps a number lies above the floor; huge below it. */
function step(x: u32): u32 {
  const exponent = 31 - clz(x);
  const fraction = (x >> (exponent - STEPS_LOG2)) & ((1 << STEPS_LOG2) - 1);
  return ((exponent - FLOOR_LOG2) << STEPS_LOG2) + fraction;
}

/** The chunks of a class are at least so large, bytes. */
function sizeOfClass(index: u32): word {
  const eighths = (1 << STEPS_LOG2) + (index & ((1 << STEPS_LOG2) - 1)) + 1;
  return <word>(eighths << (FLOOR_LOG2 - STEPS_LOG2 + (index >> STEPS_LOG2)));
}

/** The largest request that a chunk of `size` bytes serves. */
function requestOf(size: word): word {
  return size - SIZE_SZ;
}

if (LARGE_BINS > 64) ERROR("a TcachePerthreadStruct has no more lists");
