// What mmap maps besides private memory of no file: files, shared memory, memory that may be
// dropped, and what all of that counts as. In builds other than full each function is its answer
// for private memory.

import { PAGE_SIZE } from "../../base/align";
import { EACCES, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EOVERFLOW, errorResult } from "../errno";
import { FILE_SIZE_MAX, makeShared, setFile } from "../files/file";
import { checkAlias, learnSize } from "../files/filemap";
import { FileKind, NO_FILE, OpenFile, isFile } from "../files/inode";
import { OVERCOMMIT_NEVER, countLocked, isAccountable, isEnoughMemory, mayExpand } from "../limits";
import {
  MAP_DROPPABLE,
  MAP_GROWSDOWN,
  MAP_LOCKED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  PROT_WRITE,
} from "../mman";
import { KernelOption, isNewKernel, option } from "../options";
import { noteReleased } from "../pages";
import { hasUnknownFlag } from "./place";
import { removeRegions } from "../region";
import { IS_FULL, asksFor } from "../tier";
import { findVma, next } from "../tree";
import {
  NO_VMA,
  VM_ACCOUNT,
  VM_DONTDUMP,
  VM_DROPPABLE,
  VM_LOCKED_MASK,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_SHARED,
  VM_WIPEONFORK,
  Vma,
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

/** As `checkType`, where there is private memory only: 0 or an error result. */
function checkPrivate(flags: i32): word {
  const type = flags & MAP_TYPE;
  if (type == MAP_PRIVATE) return 0;
  return errorResult(type == MAP_SHARED ? ENODEV : EINVAL);
}

/** Whether a mapping of no file can be of the kind that the flags ask for: 0 or an error result. */
function checkType(flags: i32): word {
  const type = flags & MAP_TYPE;
  if (type == MAP_PRIVATE) return 0;
  if (type == MAP_DROPPABLE && isNewKernel())
    return flags & (MAP_LOCKED | MAP_GROWSDOWN) ? errorResult(EINVAL) : 0;
  return type != MAP_SHARED || flags & MAP_GROWSDOWN ? errorResult(EINVAL) : 0;
}

/**
 * Whether [place, end) may become a mapping of this kind: 0 or an error result. `pgoff`: where in
 * the file it begins, pages.
 */
export function checkKind(
  file: OpenFile,
  prot: i32,
  flags: i32,
  pgoff: word,
  place: usize,
  end: usize,
): word {
  if (!IS_FULL) return checkPrivate(flags);
  if (file == NO_FILE) return checkType(flags);
  return checkFile(file, prot, flags, pgoff, place, end);
}

/**
 * The flags of a new mapping with what its kind adds; a shared one of a file that cannot be written
 * never will be writable.
 */
export function kindFlags(vmFlags: word, file: OpenFile, flags: i32): word {
  if (asksFor(flags, MAP_NORESERVE) && option(KernelOption.OVERCOMMIT_MEMORY) != OVERCOMMIT_NEVER)
    vmFlags |= VM_NORESERVE;
  if (asksFor(flags, MAP_DROPPABLE)) return vmFlags | VM_DROPPABLE_FLAGS;
  if (!asksFor(flags, MAP_SHARED)) return vmFlags;
  vmFlags |= VM_SHARED | VM_MAYSHARE;
  return file != NO_FILE && !file.isWritable ? vmFlags & ~(VM_SHARED | VM_MAYWRITE) : vmFlags;
}

/** How many pages of [start, end), at whose ends regions are cut, are mapped with these flags. */
function mappedPages(start: usize, end: usize, flags: word): word {
  let pages: word = 0;
  for (let at = findVma(start); at != NO_VMA && at.start < end; at = next(at)) {
    if ((at.vmFlags & flags) == flags) pages += at.pages;
  }
  return pages;
}

/** Whether such a mapping is of shared memory that no file of the host's has. */
function isShmem(flags: word, file: OpenFile): bool {
  return (flags & VM_SHARED) != 0 && (file == NO_FILE || file.kind == FileKind.ZERO);
}

/**
 * Whether the process may have [start, end), at whose ends regions are cut, mapped so, in place of
 * what is there: 0 or an error result.
 */
export function checkLimits(start: usize, end: usize, flags: word, file: OpenFile): word {
  if (!IS_FULL) return 0;
  const pages = <word>((end - start) / PAGE_SIZE);
  if (!mayExpand(flags, pages - mappedPages(start, end, 0))) return errorResult(ENOMEM);
  const promised = isShmem(flags, file) && !(flags & VM_NORESERVE) ? pages : 0;
  const charged = isAccountable(flags) ? pages - mappedPages(start, end, VM_ACCOUNT) : promised;
  if (charged == 0 || isEnoughMemory(charged)) return 0;
  // The object of shared memory is made, and refused, when what was there is gone; in 6.1 that came
  // first in any case.
  const isLate = (flags & VM_SHARED) != 0 || !isNewKernel();
  if (isLate && removeRegions(start, end)) noteReleased(<word>start, <word>end);
  return errorResult(ENOMEM);
}

/** Whether a mapping is filled from a file of the host's. */
export function isFilled(file: OpenFile): bool {
  return isFile(file) && file.kind == FileKind.REGULAR;
}

/** Gives a new region what it maps: the file, or shared memory of its own. */
export function mapFile(region: Vma, file: OpenFile, pgoff: word): void {
  if (isFile(file) || region.isShared) region.vmPgoff = pgoff;
  if (region.isShared && (!isFile(file) || file.kind == FileKind.ZERO)) makeShared(region);
  else if (isFile(file)) setFile(region, file);
}

/**
 * Counts a new region as locked, or lets it be unlocked: mlockall only populates what may be
 * dropped. Linux notices when it has looked for neighbours of the same kind.
 */
export function lockNew(region: Vma, flags: word, pages: word): void {
  if (region.isDroppable) region.vmFlags &= ~VM_LOCKED_MASK;
  else countLocked(flags, pages);
}
