// The seam: everything that malloc asks of the kernel, and nothing else does. Addresses are bytes,
// lengths whole pages unless said otherwise; 0 (MORECORE_FAILURE, MAP_FAILED) means refused. What
// comes from here is not cleared: `knownZeroFrom` tells which bytes are zero all the same, so that
// calloc clears only the others.

import { CAN_NAME_MAPPINGS, RESERVES_NORESERVE, ROUNDS_UNKNOWN_BREAK } from "../abi/version";
import { PAGE_SIZE, alignDown, pageAlign } from "../base/align";
import { touch } from "../kernel/access";
import { ENOMEM, errorResult, isError } from "../kernel/errno";
import { moveBreak } from "../kernel/calls/brk";
import { isReadable as isReadableRegion } from "../kernel/find";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MREMAP_MAYMOVE,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from "../kernel/mman";
import { enterKernel, leaveKernel } from "../kernel/mmap-lock";
import { mapRegion } from "../kernel/calls/mmap";
import { Layout, TRACES_STEPS, mm } from "../kernel/mm";
import { remapRegion } from "../kernel/calls/mremap";
import { OVERCOMMIT_NEVER } from "../kernel/limits";
import { Advice, nameRange, sysMadvise } from "../kernel/calls/madvise";
import { unmapRegion } from "../kernel/calls/munmap";
import { PR_SET_VMA, PR_SET_VMA_ANON_NAME } from "../kernel/calls/prctl";
import {
  NR_BRK,
  NR_MADVISE,
  NR_MMAP,
  NR_MPROTECT,
  NR_MREMAP,
  NR_MUNMAP,
  NR_PRCTL,
} from "../kernel/numbers";
import { KernelOption, option } from "../kernel/options";
import { dirtyEnd, isNewlyDirty, noteHeapDirty } from "../kernel/pages";
import { protectRegion, sysMprotect } from "../kernel/calls/mprotect";
import { traced } from "../kernel/calls/syscall";
import { IS_FULL } from "../kernel/tier";
import { findVma, next } from "../kernel/tree";
import { VM_READ, VmaKind } from "../kernel/vma";
import { LibcData, libc, mp, setErrno } from "./state";

export { ENOMEM, EINVAL } from "../kernel/errno";
export { IS_FULL } from "../kernel/tier";
export { Invariant, checkKernel } from "../kernel/invariants";
export {
  enterKernel,
  enterKernelSoon,
  kernelOwner,
  leaveKernel,
  recoverKernel,
} from "../kernel/mmap-lock";
export { MAP_HUGETLB, MAP_HUGE_SHIFT } from "../kernel/mman";
export { isOutside, isWild } from "../kernel/mm";
export { distrustMemory } from "../kernel/pages";

export { PAGE_SIZE, isAligned, pageAlign, alignUp, alignDown } from "../base/align";

/** What `moreCore` returns when it cannot (MORECORE_FAILURE). */
export const MORECORE_FAILURE: usize = 0;

/** What `mapPages` and `remapPages` return when they cannot. */
export const MAP_FAILED: usize = 0;

/** The brk system call, which clears nothing for malloc. @noinline */
function callBrk(address: word): word {
  enterKernel();
  const result = traced(NR_BRK, address, 0, 0, 0, 0, 0, moveBreak(address));
  leaveKernel();
  return result;
}

/** Whether a load from `address` would go well in Linux. @noinline */
export function isReadable(address: usize): bool {
  // Another thread may be changing the table.
  enterKernel();
  const result = isReadableRegion(address);
  leaveKernel();
  return result;
}

/**
 * malloc writes a chunk's header into new memory at once: that page is resident, as far as the
 * model knows.
 */
function noteHeader(address: word): void {
  if (IS_FULL) touch(<usize>address, sizeof<word>(), true);
}

/** Whether somebody listens to malloc's decisions (steps.ts); in the full build only. */
export function isTelling(): bool {
  return IS_FULL && (mm.isTracing & TRACES_STEPS) != 0;
}

/** Whether somebody is to listen to them. */
export function tellOf(isTold: bool): void {
  mm.isTracing = (mm.isTracing & ~TRACES_STEPS) | (isTold ? TRACES_STEPS : 0);
}

/** libc asks for the break once, when it first needs it, and that call shows in a trace. */
export function learnBreak(): void {
  if ((!IS_FULL && !ROUNDS_UNKNOWN_BREAK) || libc.knowsBreak) return;
  libc.knowsBreak = 1;
  if (IS_FULL) callBrk(0);
}

/** The break as far as libc knows it (__curbrk): 0 before it has asked. */
export function knownBreak(): word {
  return libc.knowsBreak ? mm.brk : 0;
}

/**
 * Where the program's first readable region beyond [heap] begins that ends above `address`; 0:
 * there is none. For the checker.
 */
export function regionFrom(address: usize): usize {
  for (let at = findVma(address); changetype<usize>(at) != 0; at = next(at)) {
    const isHeap = at.vmStart >= mm.startBrk && at.vmStart < mm.brk;
    if (at.kind == VmaKind.USER && (at.vmFlags & VM_READ) != 0 && !isHeap) return at.start;
  }
  return 0;
}

/** Where the region at `start` ends. */
export function regionEnd(start: usize): usize {
  return findVma(start).end;
}

/** Whether mappings lie right behind the memory, which is no layout of Linux's. */
export function isCompact(): bool {
  return mm.layout == Layout.COMPACT;
}

/** The current break (MORECORE (0)). */
export function currentBreak(): usize {
  if (IS_FULL) learnBreak();
  return <usize>mm.brk;
}

/**
 * Moves the break by `increment` bytes and returns where it was, or MORECORE_FAILURE with errno
 * ENOMEM (sbrk(2), __glibc_morecore).
 */
export function moreCore(increment: word): usize {
  if (libc.alwaysFailMorecore) return MORECORE_FAILURE;
  learnBreak();
  const oldBreak = mm.brk;
  if (increment == 0) return <usize>oldBreak;
  const wanted = oldBreak + increment;
  if (wanted < oldBreak || callBrk(wanted) < wanted) {
    setErrno(ENOMEM);
    return MORECORE_FAILURE;
  }
  if (oldBreak == mm.startBrk) noteHeader(oldBreak);
  return <usize>oldBreak;
}

/**
 * Gives back the `decrement` bytes below the break, if the kernel agrees (sbrk(2) with a negative
 * argument).
 */
export function lessCore(decrement: word): void {
  callBrk(mm.brk - decrement);
}

/**
 * mmap of memory for malloc. Explicit huge pages are refused where the model has none. The address,
 * or MAP_FAILED with errno.
 * @noinline
 */
function callMmap(address: usize, length: word, prot: i32, flags: i32, pageSize: word): usize {
  const isHuge = pageSize != PAGE_SIZE;
  enterKernel();
  const result =
    isHuge && !libc.hugePagesFree
      ? errorResult(ENOMEM)
      : mapRegion(<word>address, length, prot, flags);
  const shown = isHuge ? (flags & ~MAP_NORESERVE) | mp.hpFlags : flags;
  traced(NR_MMAP, <word>address, length, prot, shown, <word>-1, 0, result);
  leaveKernel();
  if (!isError(result)) return <usize>result;
  setErrno(ENOMEM);
  return MAP_FAILED;
}

/** Maps `length` bytes, in pages of `pageSize`, wherever there is room. */
export function mapPages(length: word, pageSize: word): usize {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const start = callMmap(0, length, PROT_READ | PROT_WRITE, flags, pageSize);
  if (start != MAP_FAILED) noteHeader(start);
  return start;
}

/**
 * Reserves `length` bytes of addresses, at `address` if there is room, without access to them: for
 * a heap.
 */
export function reservePages(address: usize, length: word, pageSize: word): usize {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | (RESERVES_NORESERVE ? MAP_NORESERVE : 0);
  return callMmap(address, length, PROT_NONE, flags, pageSize);
}

/** Whether mappings are to have names from now on; in the full build only. */
export function nameMappings(areNamed: bool): void {
  if (IS_FULL && CAN_NAME_MAPPINGS) libc.namesMappings = areNamed ? 1 : 0;
}

/** Texts of names, eight bytes each, the first byte lowest. */
const OF_GLIBC: u64 = 0x203a_6362_696c_6720; // " glibc: "
const OF_MALLOC: u64 = 0x0000_636f_6c6c_616d; // "malloc"
const OF_MALLOC_ARENA: u64 = 0x6120_636f_6c6c_616d; // "malloc a"
const END_OF_ARENA: u64 = 0x616e_6572; // "rena"

/** Names new memory, if it is to have a name (__set_vma_name). */
export function namePages(start: usize, length: word, isArena: bool): void {
  if (IS_FULL && CAN_NAME_MAPPINGS && libc.namesMappings) giveName(start, length, isArena);
}

/** @noinline */
function giveName(start: usize, length: word, isArena: bool): void {
  if (IS_FULL && CAN_NAME_MAPPINGS) {
    const text = changetype<usize>(libc) + offsetof<LibcData>("mappingName");
    store<u64>(text, OF_GLIBC);
    store<u64>(text, isArena ? OF_MALLOC_ARENA : OF_MALLOC, 8);
    store<u64>(text, isArena ? END_OF_ARENA : 0, 16);
    enterKernel();
    const result = nameRange(<word>start, <word>start + pageAlign(length), text);
    const name = <word>text;
    traced(NR_PRCTL, PR_SET_VMA, PR_SET_VMA_ANON_NAME, <word>start, length, name, 0, result);
    leaveKernel();
  }
}

/** Makes reserved pages readable and writable, if the kernel agrees. */
export function unlockPages(start: usize, length: word): bool {
  const prot = PROT_READ | PROT_WRITE;
  enterKernel();
  const result = IS_FULL
    ? sysMprotect(<word>start, length, prot)
    : protectRegion(start, start + <usize>length, prot);
  traced(NR_MPROTECT, <word>start, length, prot, 0, 0, 0, result);
  leaveKernel();
  if (!isError(result)) return true;
  setErrno(ENOMEM);
  return false;
}

/**
 * Says that the contents of whole pages are of no use any more. WebAssembly cannot give them back;
 * only the full build keeps book.
 */
export function discardPages(start: usize, length: word): void {
  if (!IS_FULL) return;
  const result = sysMadvise(<word>start, length, Advice.DONTNEED);
  traced(NR_MADVISE, <word>start, length, Advice.DONTNEED, 0, 0, 0, result);
}

/**
 * Wants transparent huge pages for new memory, if the tunables do and it is large enough
 * (madvise_thp); it begins with a page but for the first of the break.
 */
export function adviseHuge(start: usize, length: word): void {
  const huge = mp.thpPagesize;
  if (!IS_FULL || huge == 0 || length < huge) return;
  const page = alignDown(<word>start, PAGE_SIZE);
  const bytes = length + (<word>start - page);
  enterKernel();
  const result = sysMadvise(page, bytes, Advice.HUGEPAGE);
  traced(NR_MADVISE, page, bytes, Advice.HUGEPAGE, 0, 0, 0, result);
  leaveKernel();
}

/**
 * What became of pages at the end of a heap: nothing; their contents are gone; they are not
 * accessible any more, either.
 */
export const SHED_NOTHING: i32 = 0;
export const SHED_CONTENTS: i32 = 1;
export const SHED_ACCESS: i32 = 2;

/**
 * Gives back pages at the end of a heap: where memory must not be overcommitted, by mapping them
 * anew without access (shrink_heap).
 */
export function shedPages(start: usize, length: word): i32 {
  if (!mayShrinkHeaps()) {
    discardPages(start, length);
    return SHED_CONTENTS;
  }
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  return callMmap(start, length, PROT_NONE, flags, PAGE_SIZE) != MAP_FAILED
    ? SHED_ACCESS
    : SHED_NOTHING;
}

/** Whether vm.overcommit_memory was 2 when libc first looked (check_may_shrink_heap). */
function mayShrinkHeaps(): bool {
  if (!IS_FULL) return false;
  if (libc.heapShrinking == 0)
    libc.heapShrinking = option(KernelOption.OVERCOMMIT_MEMORY) == OVERCOMMIT_NEVER ? 2 : 1;
  return libc.heapShrinking == 2;
}

/** Unmaps a block. Whether that worked is nobody's business: glibc ignores it, too. */
export function unmapPages(start: usize, length: word): void {
  enterKernel();
  traced(NR_MUNMAP, <word>start, length, 0, 0, 0, 0, unmapRegion(<word>start, length));
  leaveKernel();
}

/** Makes the mapping at `start` `newLength` bytes long; it may move. */
export function remapPages(start: usize, oldLength: word, newLength: word): usize {
  enterKernel();
  const result = remapRegion(<word>start, oldLength, newLength, MREMAP_MAYMOVE, 0);
  traced(NR_MREMAP, <word>start, oldLength, newLength, MREMAP_MAYMOVE, 0, 0, result);
  leaveKernel();
  if (!isError(result)) return <usize>result;
  setErrno(ENOMEM);
  return MAP_FAILED;
}

/**
 * The address from which on [start, end), memory fresh from this seam, reads as zero; `end` when
 * nothing is known.
 * @noinline
 */
export function knownZeroFrom(start: usize, end: usize): usize {
  return <usize>dirtyEnd(<word>start, <word>end);
}

/**
 * Says that the heap's bytes below `end` have been used: called before malloc forgets that they
 * were (top moves down).
 */
export function noteUsed(end: usize): void {
  if (!isNewlyDirty(<word>end)) return;
  enterKernel();
  noteHeapDirty(<word>end);
  leaveKernel();
}
