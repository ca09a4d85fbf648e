// madvise: advice about whole pages. Most of it is a flag, which splits and merges regions; some of
// it throws contents away. What only concerns speed (WILLNEED, COLD, PAGEOUT, POPULATE apart) is
// checked as Linux does and changes nothing.

import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { prepareAnon, touch } from "../access";
import { fillPages, punchHole } from "../files/filemap";
import { EACCES, EAGAIN, EBADF, EFAULT, EINVAL, ENOMEM, EPERM, errorResult } from "../errno";
import { findUserVma, lookupVma } from "../find";
import { FileKind, fileOf, isAnonymous, isHostFile } from "../files/inode";
import { LABEL_FAILED, withName } from "../labels";
import { mm } from "../mm";
import { isNewKernel } from "../options";
import { scrub } from "../pages";
import { modifyRegion } from "../region";
import {
  PAGE_ANON,
  PAGE_CACHED,
  PAGE_GUARD,
  PAGE_LAZY,
  nextMarked,
  pageMarks,
  setPageMarks,
} from "../resident";
import { reserveVmas } from "../slab";
import {
  NO_VMA,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_DROPPABLE,
  VM_HUGEPAGE,
  VM_LOCKED,
  VM_MAYBE_GUARD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_MERGEABLE,
  VM_NOHUGEPAGE,
  VM_RAND_READ,
  VM_READ,
  VM_SEALED,
  VM_SEQ_READ,
  VM_SHARED,
  VM_WIPEONFORK,
  VM_WRITE,
  Vma,
} from "../vma";

/** Advice, by Linux's numbers. */
export enum Advice {
  NORMAL = 0,
  RANDOM = 1,
  SEQUENTIAL = 2,
  WILLNEED = 3,
  DONTNEED = 4,
  FREE = 8,
  REMOVE = 9,
  DONTFORK = 10,
  DOFORK = 11,
  MERGEABLE = 12,
  UNMERGEABLE = 13,
  HUGEPAGE = 14,
  NOHUGEPAGE = 15,
  DONTDUMP = 16,
  DODUMP = 17,
  WIPEONFORK = 18,
  KEEPONFORK = 19,
  COLD = 20,
  PAGEOUT = 21,
  POPULATE_READ = 22,
  POPULATE_WRITE = 23,
  DONTNEED_LOCKED = 24,
  COLLAPSE = 25,
  HWPOISON = 100,
  SOFT_OFFLINE = 101,
  GUARD_INSTALL = 102,
  GUARD_REMOVE = 103,
}

/** What `adviseRange` does for PR_SET_VMA_ANON_NAME, in place of an Advice. */
const NAME_IT: i32 = -1;

function isKnown(advice: i32): bool {
  if (advice < 0) return false;
  if (advice <= Advice.DONTNEED) return true;
  if (advice >= Advice.FREE && advice <= Advice.COLLAPSE) return true;
  if (advice == Advice.HWPOISON || advice == Advice.SOFT_OFFLINE) return true;
  return (advice == Advice.GUARD_INSTALL || advice == Advice.GUARD_REMOVE) && isNewKernel();
}

/** The flags that advice of the flag kind leaves a region with. */
function advisedFlags(flags: word, advice: i32): word {
  switch (advice) {
    case Advice.NORMAL:
      return flags & ~(VM_RAND_READ | VM_SEQ_READ);
    case Advice.RANDOM:
      return (flags & ~VM_SEQ_READ) | VM_RAND_READ;
    case Advice.SEQUENTIAL:
      return (flags & ~VM_RAND_READ) | VM_SEQ_READ;
    case Advice.DONTFORK:
      return flags | VM_DONTCOPY;
    case Advice.DOFORK:
      return flags & ~VM_DONTCOPY;
    case Advice.MERGEABLE:
      return flags & (VM_SHARED | VM_MAYSHARE | VM_DROPPABLE) ? flags : flags | VM_MERGEABLE;
    case Advice.UNMERGEABLE:
      return flags & ~VM_MERGEABLE;
    case Advice.HUGEPAGE:
      return (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
    case Advice.NOHUGEPAGE:
      return (flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
    case Advice.DONTDUMP:
      return flags | VM_DONTDUMP;
    case Advice.DODUMP:
      return flags & ~VM_DONTDUMP;
    case Advice.WIPEONFORK:
      return flags | VM_WIPEONFORK;
    case Advice.KEEPONFORK:
      return flags & ~VM_WIPEONFORK;
    default:
      return flags;
  }
}

/** Makes private pages what they were before anybody wrote to them. 0 or an error result. */
function restorePages(region: Vma, start: usize, end: usize): word {
  if (isHostFile(region)) return fillPages(region, start, end);
  scrub(start, end);
  return 0;
}

/**
 * Throws the contents of private pages away; what is shared keeps its pages. 0 or an error result.
 */
function dropPages(region: Vma, start: usize, end: usize): word {
  const isShared = region.isShared;
  const error = isShared ? 0 : restorePages(region, start, end);
  if (error != 0) return error;
  for (let at = nextMarked(start, end); at < end; at = nextMarked(at + PAGE_SIZE, end))
    setPageMarks(at, pageMarks(at) & (isShared ? PAGE_CACHED | PAGE_GUARD : PAGE_GUARD));
  return 0;
}

/** Marks private pages as free to take until they are written again. */
function freeLazily(start: usize, end: usize): void {
  for (let at = nextMarked(start, end); at < end; at = nextMarked(at + PAGE_SIZE, end)) {
    const marks = pageMarks(at);
    if (marks & PAGE_ANON) setPageMarks(at, marks | PAGE_LAZY);
  }
}

/** Makes pages guards, whatever they held, or takes that back. 0 or an error result. */
function guardPages(region: Vma, start: usize, end: usize, isInstall: bool): word {
  if (isInstall) {
    if (!region.isShared) prepareAnon(region);
    region.vmFlags |= VM_MAYBE_GUARD;
    for (let page = start; page < end; page += PAGE_SIZE) {
      const marks = pageMarks(page);
      if (marks & PAGE_GUARD) continue;
      const error = region.isShared ? 0 : restorePages(region, page, page + PAGE_SIZE);
      if (error != 0) return error;
      setPageMarks(page, (marks & PAGE_CACHED) | PAGE_GUARD);
    }
    return 0;
  }
  for (let at = nextMarked(start, end); at < end; at = nextMarked(at + PAGE_SIZE, end))
    setPageMarks(at, pageMarks(at) & ~PAGE_GUARD);
  return 0;
}

/** Advice that is about contents, for [start, end) within `region`. 0 or an error result. */
function adviseContents(region: Vma, start: usize, end: usize, advice: i32): word {
  const flags = region.vmFlags;
  switch (advice) {
    case Advice.REMOVE:
      if (flags & VM_LOCKED || region.vmFile == 0) return errorResult(EINVAL);
      if ((flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
        return errorResult(EACCES);
      return punchHole(region, start, end);
    case Advice.DONTNEED:
      if (flags & VM_LOCKED) return errorResult(EINVAL);
      return dropPages(region, start, end);
    case Advice.DONTNEED_LOCKED:
      return dropPages(region, start, end);
    case Advice.FREE:
      if (flags & VM_LOCKED || !isAnonymous(region)) return errorResult(EINVAL);
      freeLazily(start, end);
      return 0;
    case Advice.COLD:
    case Advice.PAGEOUT:
      return flags & VM_LOCKED ? errorResult(EINVAL) : 0;
    case Advice.COLLAPSE:
      // There are no huge pages here.
      return errorResult(EINVAL);
    case Advice.GUARD_INSTALL:
      if (flags & VM_LOCKED) return errorResult(EINVAL);
      return guardPages(region, start, end, true);
    case Advice.GUARD_REMOVE:
      return guardPages(region, start, end, false);
    default:
      return 0;
  }
}

function isAboutContents(advice: i32): bool {
  switch (advice) {
    case Advice.WILLNEED:
    case Advice.DONTNEED:
    case Advice.FREE:
    case Advice.REMOVE:
    case Advice.COLD:
    case Advice.PAGEOUT:
    case Advice.DONTNEED_LOCKED:
    case Advice.COLLAPSE:
    case Advice.GUARD_INSTALL:
    case Advice.GUARD_REMOVE:
      return true;
    default:
      return false;
  }
}

/**
 * Whether advice takes pages away from this process or its children (is_discard): no advice for
 * what is sealed.
 */
function isDiscard(advice: i32): bool {
  switch (advice) {
    case Advice.FREE:
    case Advice.DONTNEED:
    case Advice.DONTNEED_LOCKED:
    case Advice.REMOVE:
    case Advice.DONTFORK:
    case Advice.WIPEONFORK:
    case Advice.GUARD_INSTALL:
      return true;
    default:
      return false;
  }
}

/**
 * Whether a region is sealed against this advice (can_madvise_modify): private memory that the
 * program cannot overwrite itself.
 */
function isSealedAgainst(region: Vma, advice: i32): bool {
  if (!(region.vmFlags & VM_SEALED) || !isDiscard(advice)) return false;
  return isAnonymous(region) && !(region.vmFlags & VM_WRITE);
}

/** Whether a region's kind allows a change of flags. */
function isFlagAllowed(region: Vma, advice: i32): bool {
  if (advice == Advice.WIPEONFORK) return region.vmFile == 0 && !(region.vmFlags & VM_SHARED);
  // Nobody else gets to see what may be dropped at any time.
  if (advice == Advice.DODUMP || advice == Advice.KEEPONFORK)
    return !(region.vmFlags & VM_DROPPABLE);
  return true;
}

/**
 * Gives [start, end) within `region` other flags and another name (madvise_update_vma). 0 or an
 * error result.
 */
function updateRegion(region: Vma, start: usize, end: usize, flags: word, nameId: u32): word {
  if (flags == region.vmFlags && nameId == region.nameId) return 0;
  // A full table is a lack of kernel resources, which may pass: not ENOMEM, which means a hole.
  if (modifyRegion(region, start, end, flags, nameId) == NO_VMA) return errorResult(EAGAIN);
  return 0;
}

/** Names [start, end) within `region` (madvise_vma_anon_name). 0 or an error result. */
function nameWithin(region: Vma, start: usize, end: usize, text: usize): word {
  // Shared anonymous memory can have a name since 6.2.
  if (region.vmFile != 0 && !(fileOf(region).kind == FileKind.SHMEM && isNewKernel()))
    return errorResult(EBADF);
  const nameId = withName(region.nameId, text);
  if (nameId == LABEL_FAILED || !reserveVmas(2)) return errorResult(EAGAIN);
  return updateRegion(region, start, end, region.vmFlags, nameId);
}

/** Takes advice for [start, end) within `region` (madvise_vma_behavior). 0 or an error result. */
function adviseWithin(region: Vma, start: usize, end: usize, advice: i32, text: usize): word {
  if (advice == NAME_IT) return nameWithin(region, start, end, text);
  if (isSealedAgainst(region, advice)) return errorResult(EPERM);
  if (isAboutContents(advice)) return adviseContents(region, start, end, advice);
  if (!isFlagAllowed(region, advice)) return errorResult(EINVAL);
  return updateRegion(region, start, end, advisedFlags(region.vmFlags, advice), region.nameId);
}

/** MADV_POPULATE_READ and _WRITE. 0 or an error result. */
function populateStrictly(start: usize, end: usize, isWrite: bool): word {
  while (start < end) {
    const region = lookupVma(start);
    if (region == NO_VMA) return errorResult(ENOMEM);
    if (!(region.vmFlags & (isWrite ? VM_WRITE : VM_READ))) return errorResult(EINVAL);
    const stop = min(end, region.end);
    if (touch(start, stop - start, isWrite) != 0) return errorResult(EFAULT);
    start = stop;
  }
  return 0;
}

/**
 * The madvise system call. 0 or -errno; what lies around a hole is advised all the same
 * (madvise(2)).
 */
export function sysMadvise(address: word, length: word, advice: i32): word {
  if (!isKnown(advice) || !isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
  const bytes = pageAlign(length);
  const last = address + bytes;
  if ((length != 0 && bytes == 0) || last < address) return errorResult(EINVAL);
  if (bytes == 0) return 0;
  if (advice == Advice.HWPOISON || advice == Advice.SOFT_OFFLINE) return errorResult(EPERM);
  if (address >= mm.taskSize || !reserveVmas(2)) return errorResult(ENOMEM);
  const end = <usize>min(last, mm.taskSize);
  const start = <usize>address;
  if (advice == Advice.POPULATE_READ || advice == Advice.POPULATE_WRITE)
    return populateStrictly(start, end, advice == Advice.POPULATE_WRITE);
  return adviseRange(start, end, advice, 0, <word>end < last);
}

/**
 * Names the pages of [address, last), or takes their names away (`text` 0), as `sysMadvise`
 * advises. 0 or an error result.
 */
export function nameRange(address: word, last: word, text: usize): word {
  if (address >= mm.taskSize) return errorResult(ENOMEM);
  const end = <usize>min(last, mm.taskSize);
  return adviseRange(<usize>address, end, NAME_IT, text, <word>end < last);
}

/**
 * Takes advice for all regions in [start, end) (madvise_walk_vmas). 0 or an error result: that of a
 * hole, also of one beyond, last.
 */
function adviseRange(start: usize, end: usize, advice: i32, text: usize, hasHole: bool): word {
  while (start < end) {
    const region = findUserVma(start);
    if (region == NO_VMA || region.start >= end) return errorResult(ENOMEM);
    if (region.start > start) {
      hasHole = true;
      start = region.start;
    }
    const stop = min(end, region.end);
    const result = adviseWithin(region, start, stop, advice, text);
    if (result != 0) return result;
    start = stop;
  }
  return hasHole ? errorResult(ENOMEM) : 0;
}
