// libc's data: malloc_state, malloc_par and the few static variables, all in linear memory behind
// the kernel's pages. Every struct has glibc 2.36's fields, order and size; the assertions at the
// end pin them.
//
// Glossary: an arena (malloc_state) is a heap with its bins; main_arena is the one on the break. A
// bin is a list of free chunks; top is the chunk at the end of the heap, which no bin holds. mp_
// (malloc_par) holds the process's parameters. Other arenas lie in heaps of their own (heap.ts).
// What C keeps per thread is in Wasm globals, since an instance is a thread, and in its ThreadData,
// where others can see it.
//
// In this order: LibcData, MallocPar, MallocState (main_arena), in the checked builds the list of
// segments; on the next page the threads' ThreadData.

import { IS_SMALL } from "../abi/profile";
import {
  HAS_MAX_FAST,
  HAS_THP_MODE,
  INITIAL_THP_MODE,
  UNSORTED_FEEDS_TCACHE,
} from "../abi/version";
import { ILP32, SIZE_SZ } from "../abi/word";
import { KIB, MIB, PAGE_SIZE } from "../base/align";
import { LockCounters, SharedState, bindThreadLocks } from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { Chunk } from "./chunk";

/** Bins of an arena, counting the unused number 0; 1 is the unsorted bin (NBINS). */
export const NBINS: u32 = 128;

/** Words of the binmap, 32 bins each (BINMAPSIZE). */
export const BINMAPSIZE: u32 = 4;

/** The largest request that fast bins can be made to serve (MAX_FAST_SIZE). */
export const MAX_FAST_SIZE: word = (80 * SIZE_SZ) / 4;

/** Fast bins of an arena (NFASTBINS). */
export const NFASTBINS: u32 = ILP32 ? 11 : 10;

/**
 * An arena (struct malloc_state). The mutex guards all of it but the links to other arenas, which
 * the list lock guards.
 */
@unmanaged
export class MallocState {
  mutex: i32; // mutex: 0, or the thread that holds it, in the threaded build
  flags: i32; // flags: bit 1: not contiguous, bit 2: given up after a death
  @until(43) haveFastchunks: i32; // have_fastchunks: whether a fast bin may hold a chunk
  @until(43) @count(11, 10) fastbinsY: word; // fastbinsY: heads of fast bins: chunks, or 0
  topWord: word; // top: the address of the chunk at the end
  lastRemainderWord: word; // last_remainder: what was left of the latest split
  @count(254) bins: word; // bins: fd and bk of the list heads, packed
  @count(4) binmap: u32; // binmap: which bins may hold a chunk
  next: word; // next: the address of the next arena in their ring
  nextFree: word; // next_free: the next arena that no thread uses, or 0
  attachedThreads: word; // attached_threads: how many threads allocate from it
  systemMem: word; // system_mem: bytes got from the kernel for this arena
  maxSystemMem: word; // max_system_mem: the most that it ever was

  get top(): Chunk {
    return changetype<Chunk>(<usize>this.topWord);
  }

  set top(chunk: Chunk) {
    this.topWord = <word>changetype<usize>(chunk);
  }

  get lastRemainder(): Chunk {
    return changetype<Chunk>(<usize>this.lastRemainderWord);
  }

  set lastRemainder(chunk: Chunk) {
    this.lastRemainderWord = <word>changetype<usize>(chunk);
  }

  /** Whether the arena lies on one contiguous piece of the break (contiguous). */
  get contiguous(): bool {
    return (this.flags & NONCONTIGUOUS_BIT) == 0;
  }

  /**
   * Whether nobody is to use the arena any more: its owner died in it, and its chunks make no
   * sense.
   */
  get isRetired(): bool {
    return (this.flags & RETIRED_BIT) != 0;
  }

  retire(): void {
    this.flags |= RETIRED_BIT;
  }

  setNoncontiguous(): void {
    this.flags |= NONCONTIGUOUS_BIT;
  }
}

const NONCONTIGUOUS_BIT: i32 = 2;

/**
 * Not glibc's: nothing is allocated from, or given back to, an arena that a dead thread left in a
 * state that cannot be mended.
 */
const RETIRED_BIT: i32 = 4;

/** The process's malloc parameters and mmap statistics (struct malloc_par, mp_). */
@unmanaged
export class MallocPar {
  trimThreshold: word; // trim_threshold: top is trimmed when it reaches this, bytes
  topPad: word; // top_pad: asked for beyond need, bytes
  mmapThreshold: word; // mmap_threshold: chunks from this size on are mapped, bytes
  arenaTest: word; // arena_test: from how many arenas on their limit is computed
  arenaMax: word; // arena_max: the limit of arenas, 0: computed
  @since(43) thpMode: i32; // thp_mode: how transparent huge pages are had
  thpPagesize: word; // thp_pagesize: transparent huge page, bytes, or 0
  hpPagesize: word; // hp_pagesize: explicit huge page, bytes, or 0
  hpFlags: i32; // hp_flags: MAP_HUGETLB and the size
  nMmaps: i32; // n_mmaps: mmapped chunks now
  nMmapsMax: i32; // n_mmaps_max: the most there may be
  maxNMmaps: i32; // max_n_mmaps: the most there were
  noDynThreshold: i32; // no_dyn_threshold: set once a threshold was set by hand
  mmappedMem: word; // mmapped_mem: bytes of mmapped chunks now
  maxMmappedMem: word; // max_mmapped_mem: the most that it was
  sbrkBase: word; // sbrk_base: where the heap began
  @until(42) tcacheBins: word; // tcache_bins: how many bins of tcache are used
  @since(42) tcacheSmallBins: word; // tcache_small_bins: how many bins of one size are used
  tcacheMaxBytes: word; // tcache_max_bytes: the largest request that tcache serves, bytes
  tcacheCount: word; // tcache_count: blocks per bin
  @until(44) tcacheUnsortedLimit: word; // tcache_unsorted_limit: most to sort to fill tcache, or 0
}

/**
 * glibc's static variables that malloc uses, and room for the host's out-parameters. Not a struct
 * of glibc's.
 */
@unmanaged
export class LibcData {
  perturbByte: i32; // perturb_byte: 0, or what blocks are filled with
  alwaysFailMorecore: i32; // __always_fail_morecore
  knowsBreak: i32; // whether sbrk has asked for the break before (__curbrk is set)
  thpModelPagesize: word; // size of transparent huge pages, bytes; 0: not offered
  hugeModelPagesize: word; // what the kernel would say of its default huge pages, bytes; 0: none
  hugePagesFree: i32; // whether the kernel would map explicit huge pages
  cores: i32; // processors that glibc would count (__get_nprocs)
  @since(39) namesMappings: i32; // whether mappings get names (glibc.mem.decorate_maps)
  @since(39) @count(6) mappingName: u32; // the name, while it is given
  heapShrinking: i32; // may_shrink_heap: 0 until it is looked up, 1 no, 2 yes
  hasThreads: i32; // whether there ever was a second thread (SINGLE_THREAD_P is its opposite)
  narenas: word; // narenas: arenas, main_arena included
  narenasLimit: word; // narenas_limit: the most there may be; 0 until it is decided
  freeList: u32; // free_list: the arena that was given up last; linked by next_free
  nextToUse: u32; // next_to_use: the arena that is shared next, 0 for main_arena
  alignedHeapArea: u32; // aligned_heap_area: where an aligned heap may fit, 0 when nothing is known
  @until(43) globalMaxFast: word; // global_max_fast: the largest fast chunk, bytes
  tcacheKey: word; // tcache_key: marks a block as being in tcache
  @count(6) shared: i32; // SharedState, in the threaded build
  @count(64) scratch: u32; // 256 bytes for the host
}

/** A thread, as the others see it. Not a struct of glibc's. */
@unmanaged
export class ThreadData {
  errno: i32; // errno
  isAlive: i32; // whether a thread has this place
  arena: u32; // thread_arena: the arena that it allocates from, or 0
  tcache: u32; // tcache: its TcachePerthreadStruct, or 0
  @count(2) locks: u32; // LockCounters, in the threaded build
  inHand: u32; // what was top, while it is on its way into a bin; in the threaded build
  backlog: u32; // the first block that it takes back from its arena's queue
}

/** The header of a heap that is not main_arena's (struct heap_info). */
@unmanaged
export class HeapInfo {
  arPtr: word; // ar_ptr: the address of the arena that the heap belongs to
  prev: word; // prev: the address of the arena's heap before this one, or 0
  size: word; // size: bytes in use
  mprotectSize: word; // mprotect_size: bytes made accessible so far
  pagesize: word; // pagesize: what it grows by, bytes
  @count(1, 2) pad: u32; // pad: keeps chunks aligned
}

/**
 * Defaults of the parameters, bytes (DEFAULT_TRIM_THRESHOLD, DEFAULT_TOP_PAD,
 * DEFAULT_MMAP_THRESHOLD …).
 */
export const DEFAULT_TRIM_THRESHOLD: word = IS_SMALL ? 16 * KIB : 128 * KIB;
export const DEFAULT_TOP_PAD: word = IS_SMALL ? 0 : 128 * KIB;
export const DEFAULT_MMAP_THRESHOLD: word = 128 * KIB;
export const DEFAULT_MMAP_THRESHOLD_MAX: word = ILP32 ? 512 * KIB : 32 * MIB;
export const DEFAULT_MMAP_MAX: i32 = 65536;
export const FASTBIN_CONSOLIDATION_THRESHOLD: word = 64 * KIB;
export const MMAP_AS_MORECORE_SIZE: word = MIB;

/** Default of M_MXFAST: the largest request that fast bins serve, bytes. */
export const DEFAULT_MXFAST: word = (64 * SIZE_SZ) / 4;

/**
 * How many processors there are when the host does not say: what glibc assumes where it cannot
 * tell.
 */
const DEFAULT_CORES: i32 = 2;

/** The tcache key when the host gives none: any value that is unlikely in a program's data. */
const DEFAULT_TCACHE_KEY: word = <word>0x9e37_79b9_7f4a_7c15;

const MALLOC_PAR: usize = (offsetof<LibcData>() + 15) & ~15;
const MAIN_ARENA: usize = (MALLOC_PAR + offsetof<MallocPar>() + 15) & ~15;

/**
 * Where the checked builds keep the list of segments, bytes from LibcData, and how many it holds
 * (segments.ts).
 */
export const SEGMENTS: usize = MAIN_ARENA + offsetof<MallocState>();
export const SEGMENTS_MAX: u32 = 256;

/** Where the threads' data is, bytes from LibcData, and how many threads there can be at a time. */
const THREADS: usize = PAGE_SIZE;
export const THREADS_MAX: u32 = 128;

/**
 * Where each thread's scratch memory is in the threaded build, bytes from LibcData, and how much
 * each has.
 */
const SCRATCHES: usize = 2 * PAGE_SIZE;
const SCRATCH_BYTES: usize = 256;

/** Bytes of libc's data. */
export const LIBC_BYTES: usize = SCRATCHES + (IS_THREADED ? THREADS_MAX * SCRATCH_BYTES : 0);

// One instance is one thread of one process: these never change after `bindState`.
export let libc: LibcData = changetype<LibcData>(0);
export let mp: MallocPar = changetype<MallocPar>(0);
export let mainArena: MallocState = changetype<MallocState>(0);
export let thread: ThreadData = changetype<ThreadData>(0);

/** Makes the `LIBC_BYTES` bytes at `data`, 16-aligned, the process's libc data. */
export function bindState(data: usize): void {
  libc = changetype<LibcData>(data);
  mp = changetype<MallocPar>(data + MALLOC_PAR);
  mainArena = changetype<MallocState>(data + MAIN_ARENA);
}

/** The data of thread `number`. */
export function threadAt(number: u32): ThreadData {
  return changetype<ThreadData>(
    changetype<usize>(libc) + THREADS + <usize>number * offsetof<ThreadData>(),
  );
}

/** 256 bytes for out-parameters: where threads run at the same time, this thread's own. */
export function scratchPlace(): usize {
  if (!IS_THREADED) return changetype<usize>(libc) + offsetof<LibcData>("scratch");
  const index =
    (changetype<usize>(thread) - changetype<usize>(threadAt(0))) / offsetof<ThreadData>();
  return changetype<usize>(libc) + SCRATCHES + index * SCRATCH_BYTES;
}

/** Makes this instance the thread whose data is `data`. */
export function bindThread(data: ThreadData): void {
  thread = data;
}

/** Makes this instance's locks those of thread `number`. */
function bindLocks(number: u32): void {
  thread.inHand = 0;
  thread.backlog = 0;
  const counters = changetype<LockCounters>(
    changetype<usize>(thread) + offsetof<ThreadData>("locks"),
  );
  counters.contended = 0;
  counters.waited = 0;
  bindThreadLocks(number, counters, sharedState());
}

/** Takes place `number` if it is free. */
function takePlace(number: u32): bool {
  const place = changetype<usize>(threadAt(number)) + offsetof<ThreadData>("isAlive");
  if (IS_THREADED) return atomic.cmpxchg<i32>(place, 0, 1) == 0;
  if (load<i32>(place)) return false;
  store<i32>(place, 1);
  return true;
}

/**
 * Takes an unused place for the thread that this instance is. Its number, or THREADS_MAX when there
 * is none.
 * @noinline
 */
export function takeThread(): u32 {
  let number: u32 = 0;
  while (number < THREADS_MAX && !takePlace(number)) number++;
  if (number == THREADS_MAX) return number;
  thread = threadAt(number);
  thread.errno = 0;
  if (IS_THREADED) bindLocks(number);
  return number;
}

/** What the threads share besides the heap. */
export function sharedState(): SharedState {
  return changetype<SharedState>(changetype<usize>(libc) + offsetof<LibcData>("shared"));
}

/** Sets errno. @noinline */
export function setErrno(code: i32): void {
  thread.errno = code;
}

/** Makes chunks of requests up to `bytes` fast; 0 turns fast bins off (set_max_fast). */
export function setMaxFast(bytes: word): void {
  libc.globalMaxFast = bytes == 0 ? MINSIZE / 2 : (bytes + SIZE_SZ) & ~(<word>15);
}

/** Gives a zeroed arena empty bins and no top yet (malloc_init_state). @noinline */
export function initArena(arena: MallocState): void {
  arena.attachedThreads = 1;
  resetBins(arena);
  // The first top is the unsorted bin's head: a chunk of size 0, since last_remainder is 0.
  const heads = changetype<usize>(arena) + offsetof<MallocState>("bins");
  arena.top = changetype<Chunk>(heads - <usize>CHUNK_HDR_SZ);
}

/** Empties all bins but the fast ones. */
export function resetBins(arena: MallocState): void {
  arena.lastRemainderWord = 0;
  memory.fill(changetype<usize>(arena) + offsetof<MallocState>("binmap"), 0, BINMAPSIZE * 4);
  const heads = changetype<usize>(arena) + offsetof<MallocState>("bins");
  for (let index: u32 = 1; index < NBINS; index++) {
    const bin = changetype<Chunk>(
      heads + ((<usize>(index - 1)) << 1) * SIZE_SZ - <usize>CHUNK_HDR_SZ,
    );
    bin.fd = bin;
    bin.bk = bin;
  }
}

/**
 * Gives the zeroed libc data of a new process its initial values (the initialisers of main_arena
 * and mp_).
 */
export function initState(): void {
  const arena = mainArena;
  initArena(arena);
  arena.next = <word>changetype<usize>(arena);
  mp.trimThreshold = DEFAULT_TRIM_THRESHOLD;
  mp.topPad = DEFAULT_TOP_PAD;
  mp.mmapThreshold = DEFAULT_MMAP_THRESHOLD;
  // Where a block is mapped does not depend on what was freed before.
  if (IS_SMALL) mp.noDynThreshold = 1;
  mp.nMmapsMax = DEFAULT_MMAP_MAX;
  mp.arenaTest = ILP32 ? 2 : 8;
  if (HAS_MAX_FAST) setMaxFast(DEFAULT_MXFAST);
  if (HAS_THP_MODE) mp.thpMode = INITIAL_THP_MODE;
  libc.tcacheKey = DEFAULT_TCACHE_KEY;
  libc.cores = DEFAULT_CORES;
  libc.narenas = 1;
}

if (offsetof<MallocState>() != (HAS_MAX_FAST ? (ILP32 ? 1116 : 2200) : ILP32 ? 1068 : 2112))
  ERROR("struct malloc_state differs from glibc's");
if (
  offsetof<MallocPar>() !=
  (HAS_THP_MODE && UNSORTED_FEEDS_TCACHE ? (ILP32 ? 80 : 144) : ILP32 ? 76 : 136)
)
  ERROR("struct malloc_par differs from glibc's");
if (offsetof<HeapInfo>() != (ILP32 ? 24 : 48)) ERROR("struct heap_info differs from glibc's");
if (((MAX_FAST_SIZE + SIZE_SZ + 15) & ~(<word>15)) / (ILP32 ? 8 : 16) - 1 != NFASTBINS) {
  ERROR("NFASTBINS differs from glibc's");
}
if (offsetof<MallocState>("bins") - offsetof<MallocState>("topWord") != <usize>CHUNK_HDR_SZ) {
  ERROR("the unsorted bin's head must overlay top and last_remainder");
}
if (
  offsetof<MallocState>("binmap") - offsetof<MallocState>("bins") !=
  <usize>(NBINS * 2 - 2) * SIZE_SZ
)
  ERROR("bins");
if (SEGMENTS + (SEGMENTS_MAX + 1) * 4 > THREADS) ERROR("libc's data outgrew its page");
if (THREADS + THREADS_MAX * offsetof<ThreadData>() > SCRATCHES)
  ERROR("the threads' data outgrew its page");
