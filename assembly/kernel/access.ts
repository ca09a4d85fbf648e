// Access to memory, modelled: what a load or a store would do. WebAssembly's own accesses pass by
// no MMU, so this is called by whoever wants to know (the host's checked views, `touch`), and by
// the system calls that touch pages themselves. In the full build only.

import { PAGE_SIZE, alignDown } from "../base/align";
import { findUserVma } from "./find";
import { isAnonymous, isHostFile, isWithinFile } from "./files/inode";
import { haveEqualPolicy } from "./labels";
import { commit, countLocked, isEnoughMemory, mayExpand, mayLockMore } from "./limits";
import { accountPages, mm } from "./mm";
import { RLIMIT_STACK, mmapMinAddr, rlimit, stackGuardGap } from "./options";
import { clearDirty, coverPages } from "./pages";
import { IS_FULL } from "./tier";
import {
  PAGE_ANON,
  PAGE_CACHED,
  PAGE_DIRTY,
  PAGE_FILE,
  PAGE_GUARD,
  PAGE_LAZY,
  PAGE_PRESENT,
  PAGE_SHMEM,
  pageMarks,
  setPageMarks,
} from "./resident";
import { findVma, next, previous, settle } from "./tree";
import {
  NO_VMA,
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_LOCKONFAULT,
  VM_MAYBE_GUARD,
  VM_SHARED,
  VM_WRITE,
  Vma,
  VmaKind,
  pgoffAt,
} from "./vma";

/** What a process dies of that reaches where it must not. @host */
export const SIGBUS: i32 = 7;
export const SIGSEGV: i32 = 11;

/**
 * Flags in which neighbours may differ and yet share their anon_vma: access rights, and what
 * merging does not look at either.
 */
const VM_UNLIKE_FLAGS: word = VM_ACCESS_FLAGS | VM_MAYBE_GUARD;

/**
 * Whether two neighbours could be one but for their access rights, so that they share their
 * anon_vma (anon_vma_compatible).
 */
function areKin(low: Vma, high: Vma): bool {
  return (
    low.vmEnd == high.vmStart &&
    low.kind == high.kind &&
    low.fileId == high.fileId &&
    ((low.vmFlags ^ high.vmFlags) & ~VM_UNLIKE_FLAGS) == 0 &&
    haveEqualPolicy(low.nameId, high.nameId) &&
    pgoffAt(low, low.end) == high.vmPgoff
  );
}

/**
 * Gives a region that gets its first page an anon id: a neighbour's where that may be shared
 * (find_mergeable_anon_vma).
 */
export function prepareAnon(region: Vma): void {
  if (region.anonId != 0) return;
  const above = next(region);
  if (above != NO_VMA && above.anonId != 0 && areKin(region, above)) {
    region.anonId = above.anonId;
    return;
  }
  const below = previous(region);
  const isKin = below != NO_VMA && below.anonId != 0 && areKin(below, region);
  region.anonId = isKin ? below.anonId : ++mm.lastAnonId;
}

/**
 * Pages that reading one page of a file brings into the page tables with it, at most
 * (fault_around_bytes).
 */
const FAULT_AROUND: usize = 16 * PAGE_SIZE;

/** Bytes that one page of the lowest page tables covers. */
const PAGE_TABLE_SPAN: usize = 512 * PAGE_SIZE;

/**
 * Reading `page` of a file's mapping, or of shared memory: its neighbours that are in memory come
 * along (do_fault_around).
 */
function faultAround(region: Vma, page: usize): void {
  const isFile = isHostFile(region);
  const tableStart = page & ~(PAGE_TABLE_SPAN - 1);
  const start = max(page & ~(FAULT_AROUND - 1), max(tableStart, region.start));
  const behind = min(start + FAULT_AROUND, region.end);
  const end = min(behind, tableStart + PAGE_TABLE_SPAN);
  for (let at = start; at < end; at += PAGE_SIZE) {
    const marks = pageMarks(at);
    if (marks & (PAGE_PRESENT | PAGE_GUARD)) continue;
    if (isFile && isWithinFile(region, pgoffAt(region, at)))
      setPageMarks(at, PAGE_PRESENT | PAGE_FILE);
    else if (marks & PAGE_CACHED) setPageMarks(at, marks | PAGE_PRESENT | PAGE_SHMEM);
  }
}

/** A page fault at `page`, in a region that allows the access: 0 or a signal. */
function fault(region: Vma, page: usize, isWrite: bool): i32 {
  const marks = pageMarks(page);
  if (marks & PAGE_GUARD) return SIGSEGV;
  const isFile = isHostFile(region);
  // Linux looks around before it looks at the page itself.
  if (!isWrite && !isAnonymous(region) && !(marks & PAGE_PRESENT)) faultAround(region, page);
  if (!isWithinFile(region, pgoffAt(region, page))) return SIGBUS;
  let wanted = marks | PAGE_PRESENT;
  if (region.isShared) {
    wanted |= isFile ? PAGE_FILE : PAGE_SHMEM | PAGE_CACHED;
    if (isFile && isWrite) wanted |= PAGE_DIRTY;
  } else if (isWrite) {
    prepareAnon(region);
    wanted = (wanted | PAGE_ANON) & ~(PAGE_LAZY | PAGE_FILE);
  } else if (isFile && !(marks & PAGE_ANON)) {
    wanted |= PAGE_FILE;
  }
  if (wanted != marks) setPageMarks(page, wanted);
  return 0;
}

/** Whether a stack region may grow down to `page`, and if so lets it (expand_downwards). */
function expandStack(region: Vma, page: usize): bool {
  if (!(region.vmFlags & VM_GROWSDOWN) || page < <usize>mmapMinAddr()) return false;
  const below = previous(region);
  if (below != NO_VMA) {
    const isGuard = below.kind == VmaKind.USER && (below.vmFlags & VM_ACCESS_FLAGS) == 0;
    const grows = (below.vmFlags & VM_GROWSDOWN) != 0;
    if (!isGuard && !grows && page - below.end < stackGuardGap()) return false;
  }
  const growth = region.vmStart - <word>page;
  const pages = growth / PAGE_SIZE;
  if (pages > region.vmPgoff || !mayExpand(region.vmFlags, pages)) return false;
  if (<u64>(region.vmEnd - <word>page) > rlimit(RLIMIT_STACK)) return false;
  if (!mayLockMore(region.vmFlags, growth) || !isEnoughMemory(pages)) return false;
  if (!coverPages(region.vmStart)) return false;
  clearDirty(<word>page, region.vmStart);
  prepareAnon(region);
  if (region.vmFlags & VM_ACCOUNT) commit(<isize>pages);
  countLocked(region.vmFlags, pages);
  accountPages(region.vmFlags, <isize>pages);
  region.vmStart = <word>page;
  region.vmPgoff -= pages;
  settle(region);
  return true;
}

/**
 * The region that an access to `page` concerns, once a stack has grown to it; none when there is
 * none.
 */
function regionFor(page: usize): Vma {
  const region = findVma(page);
  if (region == NO_VMA || region.start <= page) return region;
  if (region.kind != VmaKind.USER || !expandStack(region, page)) return NO_VMA;
  return region;
}

/** What an access that needs one of the rights `needed` would do: see `touch`. */
function access(address: usize, length: usize, isWrite: bool, needed: word): i32 {
  if (length == 0) return 0;
  const last = address + length - 1;
  if (last < address || last >= <usize>mm.taskSize) return SIGSEGV;
  const end = <usize>alignDown(<word>last, PAGE_SIZE);
  for (let page = <usize>alignDown(<word>address, PAGE_SIZE); page <= end; page += PAGE_SIZE) {
    const region = regionFor(page);
    if (region == NO_VMA || region.kind == VmaKind.HIDDEN) return SIGSEGV;
    if (region.kind == VmaKind.FOREIGN) continue;
    if (!(region.vmFlags & needed)) return SIGSEGV;
    const signal = fault(region, page, isWrite);
    if (signal != 0) return signal;
  }
  return 0;
}

/**
 * What a load or a store of [address, address + length) would do: 0, or the signal that it would
 * raise. The pages before the failing one count as touched. Memory of somebody else's is accessible
 * and has no residency here.
 */
export function touch(address: usize, length: usize, isWrite: bool): i32 {
  return access(address, length, isWrite, isWrite ? VM_WRITE : VM_ACCESS_FLAGS);
}

/** What fetching instructions from [address, address + length) would do, as `touch`. */
export function fetch(address: usize, length: usize): i32 {
  return access(address, length, false, VM_EXEC);
}

/**
 * Whether the kernel can read or write [address, address + length) for a system call
 * (copy_from_user, copy_to_user): a program's memory, or memory below the heap that is not the
 * kernel's to judge, such as another module's static data.
 */
export function isUserMemory(address: word, length: word, isWrite: bool): bool {
  if (length == 0) return true;
  if (address < PAGE_SIZE || address >= mm.taskSize || length > mm.taskSize - address) return false;
  const region = findUserVma(<usize>address);
  const isFree = region == NO_VMA || region.vmStart >= address + length;
  if (isFree && address + length <= mm.startBrk) return true;
  return touch(<usize>address, <usize>length, isWrite) == 0;
}

/**
 * Whether the page at `address`, in a region, is in memory: mapped, or kept by what the region maps
 * (mincore). Files of the host's are read whole.
 */
export function isInCore(region: Vma, page: usize): bool {
  if (pageMarks(page) & (PAGE_PRESENT | PAGE_CACHED)) return true;
  return isHostFile(region) && isWithinFile(region, pgoffAt(region, page));
}

/** Whether the page at `address` is in memory as far as the model knows. */
export function isResident(address: usize): bool {
  return (pageMarks(address) & PAGE_PRESENT) != 0;
}

/**
 * Faults in all pages of [start, end), writing where that makes a private page (__mm_populate).
 * False when a part is not accessible; what comes after it is populated all the same when
 * `isTolerant`, as MAP_POPULATE does.
 */
export function populate(start: usize, end: usize, isTolerant: bool = true): bool {
  if (!IS_FULL) return true;
  let isComplete = true;
  for (let at = findUserVma(start); at != NO_VMA && at.start < end; at = findUserVma(at.end)) {
    if (at.vmFlags & VM_LOCKONFAULT) continue;
    const isWrite = (at.vmFlags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
    const from = max(start, at.start);
    const length = min(end, at.end) - from;
    if (touch(from, length, isWrite) != 0) {
      isComplete = false;
      if (!isTolerant) return false;
    }
  }
  return isComplete;
}
