// mmap: private memory of no file, and in the full build shared memory and files. place.ts says
// where a mapping goes, munmap.ts takes away what was there.

import { PAGE_SIZE, pageAlign } from "../../base/align";
import { populate } from "../access";
import {
  EACCES,
  EBADF,
  EEXIST,
  EINVAL,
  ENODEV,
  ENOMEM,
  EOPNOTSUPP,
  EOVERFLOW,
  errorResult,
  isError,
} from "../errno";
import { FILE_SIZE_MAX, describe, makeShared, setFile } from "../files/file";
import { checkAlias, fillPages, learnSize } from "../files/filemap";
import { isMapped, isReserved, lookupVma } from "../find";
import { noticeForeignGrowth } from "../foreign";
import { mapHugePages } from "./hugetlb";
import { FileKind, NO_FILE, OpenFile } from "../files/inode";
import { OVERCOMMIT_NEVER, commit, isAccountable, isEnoughMemory, mayExpand } from "../limits";
import {
  MAP_ANONYMOUS,
  MAP_DROPPABLE,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NONBLOCK,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  PROT_WRITE,
} from "../mman";
import { accountPages, mm } from "../mm";
import { discard, keptResult } from "./munmap";
import { takeVma } from "../nodes";
import { KernelOption, isNewKernel, maxMapCount, option } from "../options";
import { clearDirty, coverPages, noteReleased } from "../pages";
import { checkFixed, checkLock, flagsFor, hasUnknownFlag, unmappedArea } from "./place";
import { growthRefused } from "../refusal";
import { cutEdges, enterRegion, removeRegions } from "../region";
import { reserveKept } from "../files/shmem";
import { reserveVmas } from "../slab";
import { IS_FULL } from "../tier";
import { findVma, next } from "../tree";
import {
  NO_VMA,
  VM_ACCOUNT,
  VM_DONTDUMP,
  VM_DROPPABLE,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_SHARED,
  Vma,
  VM_WIPEONFORK,
} from "../vma";

/**
 * What goes with memory that the kernel may drop when it is short of it: no promise of pages, no
 * copy to children or dumps.
 */
const VM_DROPPABLE_FLAGS: word = VM_DROPPABLE | VM_NORESERVE | VM_WIPEONFORK | VM_DONTDUMP;

/**
 * Whether [place, end) may become such a mapping of a file, from page `pgoff` on: 0 or an error
 * result (do_mmap).
 */
function checkFile(
  file: OpenFile,
  prot: i32,
  flags: i32,
  pgoff: word,
  place: usize,
  end: usize,
): word {
  const type = flags & MAP_TYPE;
  const pages = <u64>((end - place) / PAGE_SIZE);
  if (file.kind == FileKind.REGULAR && <u64>pgoff + pages > FILE_SIZE_MAX / PAGE_SIZE)
    return errorResult(EOVERFLOW);
  if (type == MAP_SHARED_VALIDATE && hasUnknownFlag(flags)) return errorResult(EOPNOTSUPP);
  if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
    return errorResult(EINVAL);
  if (type != MAP_PRIVATE && prot & PROT_WRITE && !file.isWritable) return errorResult(EACCES);
  if (!file.isReadable) return errorResult(EACCES);
  if (file.kind != FileKind.REGULAR && file.kind != FileKind.ZERO) return errorResult(ENODEV);
  if (flags & MAP_GROWSDOWN) return errorResult(EINVAL);
  const error = learnSize(file);
  if (error != 0 || type == MAP_PRIVATE || file.kind == FileKind.ZERO) return error;
  return checkAlias(file, <u64>pgoff, pages, place, end);
}

/** Whether the flags' kind of mapping exists, and can be so: 0 or an error result. */
function checkType(flags: i32): word {
  const type = flags & MAP_TYPE;
  if (type == MAP_PRIVATE) return 0;
  if (IS_FULL && type == MAP_DROPPABLE && isNewKernel())
    return flags & (MAP_LOCKED | MAP_GROWSDOWN) ? errorResult(EINVAL) : 0;
  if (type != MAP_SHARED) return errorResult(EINVAL);
  if (!IS_FULL) return errorResult(ENODEV);
  return flags & MAP_GROWSDOWN ? errorResult(EINVAL) : 0;
}

/**
 * The flags of a new mapping with what its kind adds; a shared one of a file that cannot be written
 * never will be writable.
 */
function kindFlags(vmFlags: word, file: OpenFile, flags: i32): word {
  if (flags & MAP_NORESERVE && option(KernelOption.OVERCOMMIT_MEMORY) != OVERCOMMIT_NEVER)
    vmFlags |= VM_NORESERVE;
  if ((flags & MAP_TYPE) == MAP_DROPPABLE) return vmFlags | VM_DROPPABLE_FLAGS;
  if (!(flags & MAP_SHARED)) return vmFlags;
  vmFlags |= VM_SHARED | VM_MAYSHARE;
  return file != NO_FILE && !file.isWritable ? vmFlags & ~(VM_SHARED | VM_MAYWRITE) : vmFlags;
}

/**
 * Maps `length` bytes of a file from page `pgoff` on, or memory of no file, and returns their
 * address, or -errno (mmap(2)). Without a host's file the bytes are whatever was there before: see
 * `sysMmap` for a program's view.
 */
export function mapRegion(
  address: word,
  length: word,
  prot: i32,
  flags: i32,
  file: OpenFile = NO_FILE,
  pgoff: word = 0,
): word {
  if (IS_FULL && flags & MAP_HUGETLB) return mapHugePages(address, length, prot, flags);
  if (length == 0) return errorResult(EINVAL);
  const bytes = pageAlign(length);
  if (bytes == 0) return errorResult(ENOMEM);
  if (IS_FULL && file != NO_FILE && pgoff + bytes / PAGE_SIZE < pgoff)
    return errorResult(EOVERFLOW);
  if (mm.mapCount > maxMapCount()) return errorResult(ENOMEM);
  if (growthRefused()) return errorResult(ENOMEM);
  noticeForeignGrowth();
  let vmFlags = flagsFor(prot, flags);
  let place = address;
  if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
    const refused = checkFixed(address, bytes);
    if (refused != 0) return refused;
    if (flags & MAP_FIXED_NOREPLACE && isMapped(<usize>address, <usize>(address + bytes)))
      return errorResult(EEXIST);
  } else {
    place = unmappedArea(address, bytes, flags, file);
    if (isError(place)) return place;
  }
  let refused: word = IS_FULL ? checkLock(flags, vmFlags, bytes) : 0;
  if (refused != 0) return refused;
  const end = place + bytes;
  if (IS_FULL && file != NO_FILE)
    refused = checkFile(file, prot, flags, pgoff, <usize>place, <usize>end);
  else refused = checkType(flags);
  if (refused != 0) return refused;
  if (IS_FULL) vmFlags = kindFlags(vmFlags, file, flags);
  refused = placeRegion(<usize>place, <usize>end, vmFlags, file, pgoff);
  if (refused != 0) return refused;
  if (IS_FULL && file != NO_FILE && file.kind == FileKind.REGULAR) {
    refused = fillPages(lookupVma(<usize>place), <usize>place, <usize>end);
    if (refused != 0) {
      discard(<usize>place, <usize>end);
      return refused;
    }
  }
  const isEager = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
  if (IS_FULL && (isEager || vmFlags & VM_LOCKED)) populate(<usize>place, <usize>end);
  return place;
}

/** How many pages of [start, end), at whose ends regions are cut, are mapped with these flags. */
function mappedPages(start: usize, end: usize, flags: word): word {
  let pages: word = 0;
  for (let at = findVma(start); at != NO_VMA && at.start < end; at = next(at)) {
    if ((at.vmFlags & flags) == flags) pages += at.pages;
  }
  return pages;
}

/** Gives a new region what it maps: the file, or shared memory of its own. */
function mapFile(region: Vma, file: OpenFile, pgoff: word): void {
  if (file != NO_FILE || region.isShared) region.vmPgoff = pgoff;
  if (region.isShared && (file == NO_FILE || file.kind == FileKind.ZERO)) makeShared(region);
  else if (file != NO_FILE) setFile(region, file);
}

/**
 * Makes [start, end) a region with these flags, in place of what is there (mmap_region). 0 or an
 * error result.
 */
function placeRegion(start: usize, end: usize, flags: word, file: OpenFile, pgoff: word): word {
  const pages = <word>((end - start) / PAGE_SIZE);
  // In this order: new nodes may have taken the very place.
  if (IS_FULL && !reserveKept(start, end)) return errorResult(ENOMEM);
  if (!reserveVmas(IS_FULL ? 6 : 4) || isReserved(start, end)) return errorResult(ENOMEM);
  const kept = keptResult(start, end);
  if (kept != 0) return kept;
  if (!cutEdges(start, end)) return errorResult(ENOMEM);
  if (IS_FULL) {
    if (!mayExpand(flags, pages - mappedPages(start, end, 0))) return errorResult(ENOMEM);
    const isShmem = flags & VM_SHARED && (file == NO_FILE || file.kind == FileKind.ZERO);
    const promised = isShmem && !(flags & VM_NORESERVE) ? pages : 0;
    const charged = isAccountable(flags) ? pages - mappedPages(start, end, VM_ACCOUNT) : promised;
    if (charged != 0 && !isEnoughMemory(charged)) {
      // The object of shared memory is made, and refused, when what was there is gone; in 6.1 that
      // came first in any case.
      const isLate = (flags & VM_SHARED) != 0 || !isNewKernel();
      if (isLate && removeRegions(start, end)) noteReleased(<word>start, <word>end);
      return errorResult(ENOMEM);
    }
  }
  if (!coverPages(<word>end)) return errorResult(ENOMEM);
  if (removeRegions(start, end)) noteReleased(<word>start, <word>end);
  const region = takeVma(start, end);
  if (isAccountable(flags)) {
    flags |= VM_ACCOUNT;
    commit(<isize>pages);
  }
  region.vmFlags = flags;
  region.vmPgoff = <word>start / PAGE_SIZE;
  if (IS_FULL) {
    mapFile(region, file, pgoff);
    if (flags & VM_LOCKED && !(flags & VM_DROPPABLE)) mm.lockedVm += pages;
  }
  accountPages(flags, <isize>pages);
  const entered = enterRegion(region);
  // mlockall only populates what may be dropped. Linux notices when it has looked for neighbours of
  // the same kind.
  if (IS_FULL && flags & VM_DROPPABLE) entered.vmFlags &= ~VM_LOCKED_MASK;
  return 0;
}

/**
 * The mmap system call as a program sees it: memory of no file reads as zero. `pgoff`: where in the
 * file it begins, pages. The address or -errno; beyond Linux's, EOPNOTSUPP for a page of a file
 * that has a shared mapping already, and the host's error when the file cannot be read.
 */
export function sysMmap(
  address: word,
  length: word,
  prot: i32,
  flags: i32,
  fd: i32,
  pgoff: word,
): word {
  const isAnonymous = (flags & MAP_ANONYMOUS) != 0;
  if (!IS_FULL && !isAnonymous) return errorResult(EBADF);
  const file = IS_FULL && !isAnonymous ? describe(fd) : NO_FILE;
  if (IS_FULL && !isAnonymous) {
    if (file == NO_FILE) return errorResult(EBADF);
    if (flags & MAP_HUGETLB) return errorResult(EINVAL);
  }
  const place = mapRegion(address, length, prot, flags, file, isAnonymous ? 0 : pgoff);
  const isFilled = IS_FULL && file != NO_FILE && file.kind == FileKind.REGULAR;
  if (!isError(place) && !isFilled) clearDirty(place, place + pageAlign(length));
  return place;
}
