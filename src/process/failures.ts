// What ends a process. A failed integrity check: glibc prints a message and aborts; here the call
// throws a HeapAbort that carries the very same text, which is part of what is imitated: do not
// reword it. And a segmentation fault: Linux kills the process.

import { Invariant, type FailureName, type InvariantName } from "../layout/generated.js";
import { show } from "../base/checks.js";

export type { FailureName, InvariantName } from "../layout/generated.js";

// Texts and numbers take a good part of what an embedder downloads, so they are kept as lists, in
// the order of their numbers in assembly/base/failure.ts (a test compares). A line is a name and
// what glibc 2.36 writes to stderr before it aborts.

/** The messages of malloc_printerr, from 1 on. */
const CHECKS = `UNLINK_SIZE corrupted size vs. prev_size
UNLINK_LIST corrupted double-linked list
UNLINK_NEXTSIZE corrupted double-linked list (not small)
BREAK_ADJUSTED break adjusted to free malloc space
MUNMAP_POINTER munmap_chunk(): invalid pointer
MREMAP_POINTER mremap_chunk(): invalid pointer
TCACHE_UNALIGNED malloc(): unaligned tcache chunk detected
TCACHE_SHUTDOWN_UNALIGNED tcache_thread_shutdown(): unaligned tcache chunk detected
REALLOC_POINTER realloc(): invalid pointer
FASTBIN_UNALIGNED malloc(): unaligned fastbin chunk detected
FASTBIN_UNALIGNED_2 malloc(): unaligned fastbin chunk detected 2
FASTBIN_SIZE malloc(): memory corruption (fast)
FASTBIN_UNALIGNED_3 malloc(): unaligned fastbin chunk detected 3
SMALLBIN_LIST malloc(): smallbin double linked list corrupted
UNSORTED_SIZE malloc(): invalid size (unsorted)
UNSORTED_NEXT_SIZE malloc(): invalid next size (unsorted)
UNSORTED_PREV_SIZE malloc(): mismatching next->prev_size (unsorted)
UNSORTED_LIST malloc(): unsorted double linked list corrupted
UNSORTED_PREV_INUSE malloc(): invalid next->prev_inuse (unsorted)
LARGEBIN_NEXTSIZE malloc(): largebin double linked list corrupted (nextsize)
LARGEBIN_BK malloc(): largebin double linked list corrupted (bk)
REMAINDER_LIST malloc(): corrupted unsorted chunks
REMAINDER_LIST_2 malloc(): corrupted unsorted chunks 2
TOP_SIZE malloc(): corrupted top size
FREE_POINTER free(): invalid pointer
FREE_SIZE free(): invalid size
FREE_TCACHE_COUNT free(): too many chunks detected in tcache
FREE_TCACHE_UNALIGNED free(): unaligned chunk detected in tcache 2
FREE_TCACHE_DOUBLE free(): double free detected in tcache 2
FREE_NEXT_SIZE_FAST free(): invalid next size (fast)
DOUBLE_FREE_FASTTOP double free or corruption (fasttop)
FREE_FASTBIN_ENTRY invalid fastbin entry (free)
DOUBLE_FREE_TOP double free or corruption (top)
DOUBLE_FREE_OUT double free or corruption (out)
DOUBLE_FREE_PREV double free or corruption (!prev)
FREE_NEXT_SIZE_NORMAL free(): invalid next size (normal)
CONSOLIDATE_PREV_SIZE corrupted size vs. prev_size while consolidating
FREE_UNSORTED_LIST free(): corrupted unsorted chunks
FASTBINS_UNALIGNED malloc_consolidate(): unaligned fastbin chunk detected
FASTBINS_SIZE malloc_consolidate(): invalid chunk size
FASTBINS_PREV_SIZE corrupted size vs. prev_size in fastbins
REALLOC_OLD_SIZE realloc(): invalid old size
REALLOC_NEXT_SIZE realloc(): invalid next size
MALLINFO_UNALIGNED int_mallinfo(): unaligned fastbin chunk detected
MALLOC_INFO_UNALIGNED __malloc_info(): unaligned fastbin chunk detected
FREE_SMALLBIN_LIST free(): chunks in smallbin corrupted`;

/**
 * Failed assertions, from 101 on: without ASSERT_ in front of the name, and without what all
 * messages begin with.
 */
const ASSERTIONS = `OLD_TOP sysmalloc: (old_top == initial_top (av) && old_size == 0) || ((unsigned long) (old_size) >= MINSIZE && prev_inuse (old_top) && ((unsigned long) old_end & (pagesize - 1)) == 0)
OLD_TOP_SMALL sysmalloc: (unsigned long) (old_size) < (unsigned long) (nb + MINSIZE)
BREAK_ALIGNED sysmalloc: ((unsigned long) chunk2mem (brk) & MALLOC_ALIGN_MASK) == 0
LARGEBIN_BK_ARENA _int_malloc: chunk_main_arena (bck->bk)
LARGEBIN_FWD_ARENA _int_malloc: chunk_main_arena (fwd)
BIN_SIZE _int_malloc: (unsigned long) (size) >= (unsigned long) (nb)
MUNMAP_MMAPPED munmap_chunk: chunk_is_mmapped (p)
MREMAP_MMAPPED mremap_chunk: chunk_is_mmapped (p)
MREMAP_ALIGNED mremap_chunk: aligned_OK (chunk2mem (p))
REALLOC_MMAPPED _int_realloc: !chunk_is_mmapped (oldp)
REALLOC_SIZE _int_realloc: (unsigned long) (newsize) >= (unsigned long) (nb)
MEMALIGN_SIZE _int_memalign: newsize >= nb && (((unsigned long) (chunk2mem (p))) % alignment) == 0
MALLOC_ARENA __libc_malloc: !victim || chunk_is_mmapped (mem2chunk (victim)) || &main_arena == arena_for_chunk (mem2chunk (victim))
REALLOC_ARENA __libc_realloc: !newp || chunk_is_mmapped (mem2chunk (newp)) || ar_ptr == arena_for_chunk (mem2chunk (newp))
MEMALIGN_ARENA _mid_memalign: !p || chunk_is_mmapped (mem2chunk (p)) || &main_arena == arena_for_chunk (mem2chunk (p))
CALLOC_ARENA __libc_calloc: !mem || chunk_is_mmapped (mem2chunk (mem)) || av == arena_for_chunk (mem2chunk (mem))
CALLOC_CLEARS __libc_calloc: nclears >= 3
MALLOC_ARENA_2 __libc_malloc: !victim || chunk_is_mmapped (mem2chunk (victim)) || ar_ptr == arena_for_chunk (mem2chunk (victim))
MEMALIGN_ARENA_2 _mid_memalign: !p || chunk_is_mmapped (mem2chunk (p)) || ar_ptr == arena_for_chunk (mem2chunk (p))
HEAP_ARENA _int_free: heap->ar_ptr == av
HEAP_FENCE heap_trim: chunksize_nomask (p) == (0 | PREV_INUSE)
ARENA_FREE get_free_list: result->attached_threads == 0
ARENA_REPLACED detach_arena: replaced_arena->attached_threads > 0
ARENA_LEFT __malloc_arena_thread_freeres: a->attached_threads > 0
LARGEBIN_FWD_ARENA_2 _int_malloc: chunk_main_arena (fwd)
REALLOC_ARENA_2 __libc_realloc: !newp || chunk_is_mmapped (mem2chunk (newp)) || ar_ptr == arena_for_chunk (mem2chunk (newp))`;

const ASSERTIONS_FROM = 101;

/** What all messages of glibc 2.36's assertions begin with. */
const ASSERTION_START = "Fatal glibc error: malloc assertion failure in ";

/**
 * Segmentation faults, from 151 on: without SEGV_ in front of the name. Of links, the text says in
 * which function and list, and of what the address is that holds the link: it leads outside the
 * memory, or round in a circle.
 */
const FAULTS = `ACCESS access outside the memory
POINTER nothing is mapped at
SMALLBIN malloc: small bin: bk of chunk
LARGEBIN_FIT malloc: large bin: bk_nextsize of chunk
LARGEBIN_SORT malloc: large bin: fd_nextsize of chunk
FASTBINS malloc_consolidate: fast bin: fd of chunk
INFO_BIN mallinfo: bin: bk of chunk
INFO_FASTBIN mallinfo: fast bin: fd of chunk
TRIM_BIN malloc_trim: bin: bk of chunk
ARENAS arenas: next of arena
HEAP_ARENA heaps: ar_ptr of heap
HEAPS heap_trim: prev of heap
TCACHE tcache: next of block
QUEUE queue of frees: next of block
REGIONS region table: links of node
MALLOC_INFO_BIN malloc_info: bin: fd of chunk
MALLOC_INFO_FASTBIN malloc_info: fast bin: fd of chunk
TOP top of arena`;

const FAULTS_FROM = 151;
/** What a shell says of a process that died of one. */
export const SEGV = "Segmentation fault";

/** The list's messages by name. */
function listed(list: string, prefix: string, start: string): [FailureName, string][] {
  return list.split("\n").map((line) => {
    const space = line.indexOf(" ");
    return [(prefix + line.slice(0, space)) as FailureName, start + line.slice(space + 1)];
  });
}

const checks = /* @__PURE__ */ listed(CHECKS, "", "");
const faults = /* @__PURE__ */ listed(FAULTS, "SEGV_", "");
const assertions = /* @__PURE__ */ listed(ASSERTIONS, "ASSERT_", ASSERTION_START);

/** The name of a check of glibc's. */
export type CheckName = Exclude<FailureName, `SEGV_${string}`>;

function byName(): Readonly<Record<CheckName, string>> {
  return Object.fromEntries([...checks, ...assertions]) as Record<CheckName, string>;
}

/**
 * The line that glibc 2.36 writes to stderr before it aborts, by failed check (without the
 * newline).
 */
export const abortMessages = /* @__PURE__ */ byName();

/** The lists, and the code of the first in each. */
const FAILURES = [
  [checks, 1],
  [assertions, ASSERTIONS_FROM],
  [faults, FAULTS_FROM],
] as const;

/** Assertions that stand in arena.c; the others do in malloc.c. */
const IN_ARENA_C = /^ASSERT_(HEAP_FENCE|ARENA_)/;

/**
 * @param places where the binary's glibc has its assertions, in the list's order: a line, and the
 *   function where that is another; by default the glibc that names functions alone
 */
function failureAt(code: number, places?: readonly string[]): [FailureName, string] | undefined {
  const found = FAILURES.map(([list, from]) => list[code - from]).find((one) => one !== undefined);
  if (!found || !places || found[1].indexOf(ASSERTION_START) !== 0) return found;
  const [name, text] = found;
  const [, usual, what] = /^(\w+): (.*)$/.exec(text.slice(ASSERTION_START.length))!;
  const [line = "?", who = usual] = (places[code - ASSERTIONS_FROM] ?? "?").split(" ");
  const file = IN_ARENA_C.test(name) ? "arena.c" : "malloc.c";
  return [name, `Fatal glibc error: ${file}:${line} (${who}): assertion failed: ${what}`];
}

/** @returns the code of a failure: its value in `Failure` */
export function failureCode(failure: FailureName): number {
  for (const [list, from] of FAILURES) {
    const at = list.findIndex(([name]) => name === failure);
    if (at >= 0) return from + at;
  }
  throw new RangeError(failure);
}

/**
 * The name of a failure code.
 * @returns a key of `Failure`, or undefined for a code that this version does not know
 */
export function failureName(code: number): FailureName | undefined {
  return failureAt(code)?.[0];
}

function hex(address: number): string {
  return `0x${(address >>> 0).toString(16)}`;
}

/** The code of an access outside of the memory: a trap. */
export const SEGV_ACCESS = FAULTS_FROM;

/**
 * The process would have died here: glibc found the heap corrupted and aborts, or a function
 * followed an address to where nothing is, a segmentation fault. Thrown by the raw functions as
 * well as by the safe ones. The heap is at its end.
 */
export class HeapAbort extends Error {
  /** "HeapAbort", also where a bundler has renamed the class. */
  override readonly name = "HeapAbort";
  /** The number of the failed check; `failure` is its name. */
  readonly code: number;
  /**
   * The name of the failed check: {@link abortMessages} has its text; or of the list that led to
   * nowhere: SEGV_…
   */
  readonly failure: FailureName;
  /**
   * The chunk or list entry that failed the check, an unsigned address; 0 after an access outside
   * of the memory.
   */
  readonly address: number;
  /**
   * What glibc 2.36 prints before it aborts, letter for letter; after a segmentation fault, what a
   * shell prints.
   */
  readonly abortMessage: string;
  /** The signal that would have killed the process. */
  readonly signal: "SIGABRT" | "SIGSEGV";

  /**
   * @param code the number of a check, as the WebAssembly side reports it
   * @param address the failing chunk's address, signed or unsigned
   * @param trap of an access outside of the memory, what the engine threw
   * @param call the function that was called, when that is known
   * @param places where the binary's glibc has its assertions
   */
  constructor(code: number, address: number, trap?: Error, call = "", places?: readonly string[]) {
    const found = failureAt(code, places);
    if (found === undefined) {
      throw new RangeError(`the WebAssembly side reported a failure unknown here: ${show(code)}`);
    }
    const [failure, text] = found;
    const isFault = code >= FAULTS_FROM;
    const place = trap ? `${call && call + "(): "}${trap.message}` : `${text} ${hex(address)}`;
    super(isFault ? `${SEGV}: ${place}` : text, trap && { cause: trap });
    this.code = code;
    this.failure = failure;
    this.address = address >>> 0;
    this.abortMessage = isFault ? SEGV : text;
    this.signal = isFault ? "SIGSEGV" : "SIGABRT";
  }
}

/**
 * The whole-heap checker of the checked build found the heap broken at the entry of a call. glibc
 * has no such check: either the program wrote where it should not have, or the allocator has a bug.
 */
export class BrokenInvariant extends Error {
  /** "BrokenInvariant", also where a bundler has renamed the class. */
  override readonly name = "BrokenInvariant";
  /** The number of the invariant. */
  readonly code: number;
  /** The name of the invariant. */
  readonly invariant: InvariantName;
  /** Where it does not hold, an unsigned address; 0 when no place is to blame. */
  readonly address: number;

  /**
   * @param invariant the invariant's name
   * @param address signed or unsigned
   */
  constructor(invariant: InvariantName, address: number) {
    super(`heap invariant ${invariant} does not hold at ${hex(address)}`);
    this.code = Invariant[invariant];
    this.invariant = invariant;
    this.address = address >>> 0;
  }
}

/**
 * The error for what the WebAssembly side reports through `host.fail`.
 * @param code a value of `Failure` or, from the checked build, of `Invariant`
 * @param address signed or unsigned
 * @param places where the binary's glibc has its assertions
 * @throws RangeError for a code that this version does not know
 */
export function errorOf(
  code: number,
  address: number,
  places?: readonly string[],
): HeapAbort | BrokenInvariant {
  const names = Object.keys(Invariant) as InvariantName[];
  const invariant = names.find((name) => Invariant[name] === code && code !== Invariant.HOLDS);
  return invariant === undefined
    ? new HeapAbort(code, address, undefined, "", places)
    : new BrokenInvariant(invariant, address);
}
