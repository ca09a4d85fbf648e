// remap_file_pages: other pages of the same shared object in place of those that are mapped. Since
// Linux 4.0 it is one more mmap in the region's place, and so it is here. A page that is mapped
// elsewhere cannot be here as well (EOPNOTSUPP). In the full build only.

import { PAGE_SIZE, alignDown } from "../../base/align";
import { populate } from "../access";
import { EAGAIN, EINVAL, ENOMEM, EOPNOTSUPP, EPERM, errorResult } from "../errno";
import { fillPages, writeBack } from "../files/filemap";
import { findUserVma, lookupVma } from "../find";
import { fileOf, isHostFile, isWithinFile } from "../files/inode";
import { mayExpand, mayLock, mayLockMore } from "../limits";
import { NO_LABEL } from "../labels";
import { MAP_NONBLOCK } from "../mman";
import { mm } from "../mm";
import { maxMapCount } from "../options";
import { scrub } from "../pages";
import { cutEdges, modifyRegion } from "../region";
import { PAGE_CACHED, nextMarked, pageMarks, setPageMarks } from "../resident";
import { sealedResult } from "./mseal";
import { keepPages, reserveKept, restorePages } from "../files/shmem";
import { reserveVmas } from "../slab";
import { findVma, next } from "../tree";
import {
  NO_VMA,
  VM_ACCESS_FLAGS,
  VM_LOCKED,
  VM_MAYSHARE,
  VM_MAY_FLAGS,
  VM_SHARED,
  Vma,
  pgoffAt,
} from "../vma";

/**
 * Whether [start, end) is mapped with one object and equal flags throughout, from the region that
 * holds `start` on.
 */
function isUniform(region: Vma, end: word): bool {
  for (let at = region; at.vmEnd < end;) {
    const after = next(at);
    if (after == NO_VMA || after.vmStart != at.vmEnd) return false;
    if (after.fileId != region.fileId || after.vmFlags != region.vmFlags) return false;
    at = after;
  }
  return true;
}

/**
 * Whether one of `pages` pages of the region's object, from `pgoff` on, is mapped at another place
 * than `pgoff` at `start` gives it.
 */
function isElsewhere(region: Vma, start: word, pgoff: word, pages: word): bool {
  const inode = fileOf(region).inode;
  for (let at = findUserVma(0); at != NO_VMA; at = findUserVma(at.end)) {
    if (!at.isShared) continue;
    if (at.vmFile == 0 || fileOf(at).inode != inode) continue;
    if (at.vmPgoff - at.vmStart / PAGE_SIZE == pgoff - start / PAGE_SIZE) continue;
    const common = max(at.vmPgoff, pgoff);
    const isCommon = common < min(at.vmPgoff + at.pages, pgoff + pages);
    // Behind the object's end there are no pages that could be in two places.
    if (isCommon && isWithinFile(region, common)) return true;
  }
  return false;
}

/**
 * Unmaps the pages of [start, end). They stay with the object unless other ones come in their
 * place.
 * @noinline
 */
function detach(start: usize, end: usize, isOther: bool): void {
  const kept: u8 = isOther ? 0 : PAGE_CACHED;
  for (let at = nextMarked(start, end); at < end; at = nextMarked(at + PAGE_SIZE, end))
    setPageMarks(at, pageMarks(at) & kept);
  if (isOther) scrub(start, end);
}

/** The flags that the new mapping has: access rights and locks of the old one, no advice. */
function flagsLike(flags: word): word {
  const kept = flags & (VM_ACCESS_FLAGS | VM_LOCKED);
  return kept | VM_MAY_FLAGS | VM_SHARED | VM_MAYSHARE | mm.defFlags;
}

/** What mmap would say to `bytes` more with these flags: 0 or an error result. */
function checkLimits(flags: word, isLocked: bool, bytes: word): word {
  if (mm.mapCount > maxMapCount()) return errorResult(ENOMEM);
  if (isLocked && !mayLock()) return errorResult(EPERM);
  if (!mayLockMore(flags, bytes)) return errorResult(EAGAIN);
  return mayExpand(flags, 0) ? 0 : errorResult(ENOMEM);
}

/**
 * The remap_file_pages system call: `prot` must be 0, `pgoff` counts pages. 0 or -errno
 * (remap_file_pages(2)).
 */
export function sysRemapFilePages(
  address: word,
  size: word,
  prot: word,
  pgoff: word,
  flags: i32,
): word {
  const start = alignDown(address, PAGE_SIZE);
  const bytes = alignDown(size, PAGE_SIZE);
  const pages = bytes / PAGE_SIZE;
  if (prot != 0 || start + bytes <= start || pgoff + pages < pgoff) return errorResult(EINVAL);
  const region = start < mm.taskSize ? lookupVma(<usize>start) : NO_VMA;
  if (region == NO_VMA || !(region.vmFlags & VM_SHARED)) return errorResult(EINVAL);
  if (!isUniform(region, start + bytes)) return errorResult(EINVAL);
  const flagsThen = flagsLike(region.vmFlags);
  const wasLocked = (region.vmFlags & VM_LOCKED) != 0;
  const refused = checkLimits(flagsThen, wasLocked, bytes);
  if (refused != 0) return refused;
  if (isElsewhere(region, start, pgoff, pages)) return errorResult(EOPNOTSUPP);
  const end = <usize>(start + bytes);
  if (!reserveKept(<usize>start, end, true) || !reserveVmas(3)) return errorResult(ENOMEM);
  const sealed = sealedResult(<usize>start, end);
  if (sealed != 0) return sealed;
  const unwritten = writeBack(<usize>start, end);
  if (unwritten != 0) return unwritten;
  if (!cutEdges(<usize>start, end)) return errorResult(ENOMEM);
  for (let from = <usize>start; from < end;) {
    const part = findVma(from);
    const stop = part.end;
    const place = pgoff + (<word>from - start) / PAGE_SIZE;
    const isOther = pgoffAt(part, from) != place;
    if (isOther) keepPages(part, from, stop);
    detach(from, stop, isOther);
    if (isOther) part.vmPgoff = place;
    if (isOther) restorePages(part, from, stop);
    if (isOther && isHostFile(part)) fillPages(part, from, stop);
    // Where the place stays, the part before may have become one with this one.
    if (part.start == from) part.vmFlags = flagsThen;
    modifyRegion(part, part.start, stop, part.vmFlags, NO_LABEL);
    from = stop;
  }
  if (flagsThen & VM_LOCKED && !wasLocked) mm.lockedVm += pages;
  if (!(flags & MAP_NONBLOCK) || flagsThen & VM_LOCKED) populate(<usize>start, end);
  return 0;
}
