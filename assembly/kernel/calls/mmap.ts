// mmap: private memory of no file, and in the full build shared memory and files (mmap-kinds.ts).
// place.ts says where a mapping goes, munmap.ts takes away what was there.

import { PAGE_SIZE, pageAlign } from "../../base/align";
import { populate } from "../access";
import { EBADF, EEXIST, EINVAL, ENOMEM, EOVERFLOW, errorResult, isError } from "../errno";
import { describe } from "../files/file";
import { fillPages } from "../files/filemap";
import { NO_FILE, OpenFile } from "../files/inode";
import { reserveKept } from "../files/shmem";
import { isMapped, isReserved, lookupVma } from "../find";
import { noticeForeignGrowth } from "../foreign";
import { mapHugePages } from "./hugetlb";
import { commit, isAccountable, isLocked } from "../limits";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_HUGETLB,
  MAP_NONBLOCK,
  MAP_POPULATE,
} from "../mman";
import { accountPages, mm } from "../mm";
import { checkKind, checkLimits, isFilled, kindFlags, lockNew, mapFile } from "./mmap-kinds";
import { discard, keptResult } from "./munmap";
import { takeVma } from "../nodes";
import { maxMapCount } from "../options";
import { clearDirty, coverPages, noteReleased } from "../pages";
import { checkFixed, checkLock, flagsFor, unmappedArea } from "./place";
import { growthRefused } from "../refusal";
import { cutEdges, enterRegion, removeRegions } from "../region";
import { reserveVmas } from "../slab";
import { IS_FULL, asksFor } from "../tier";
import { VM_ACCOUNT } from "../vma";

/** Nodes that a mapping may need. Shared memory takes two more, for the file that it is. */
const NODES_OF_MAPPING: i32 = IS_FULL ? 6 : 4;

/**
 * Maps `length` bytes of a file from page `pgoff` on, or memory of no file, and returns their
 * address, or -errno (mmap(2)). Without a host's file the bytes are whatever was there before: see
 * `sysMmap` for a program's view.
 * @noinline
 */
export function mapRegion(
  address: word,
  length: word,
  prot: i32,
  flags: i32,
  file: OpenFile = NO_FILE,
  pgoff: word = 0,
): word {
  if (asksFor(flags, MAP_HUGETLB)) return mapHugePages(address, length, prot, flags);
  if (length == 0) return errorResult(EINVAL);
  const bytes = pageAlign(length);
  if (bytes == 0) return errorResult(ENOMEM);
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
  let refused = checkLock(flags, vmFlags, bytes);
  if (refused != 0) return refused;
  const end = place + bytes;
  refused = checkKind(file, prot, flags, pgoff, <usize>place, <usize>end);
  if (refused != 0) return refused;
  vmFlags = kindFlags(vmFlags, file, flags);
  refused = placeRegion(<usize>place, <usize>end, vmFlags, file, pgoff);
  if (refused != 0) return refused;
  if (isFilled(file)) {
    refused = fillPages(lookupVma(<usize>place), <usize>place, <usize>end);
    if (refused != 0) {
      discard(<usize>place, <usize>end);
      return refused;
    }
  }
  const isEager = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
  if (isEager || isLocked(vmFlags)) populate(<usize>place, <usize>end);
  return place;
}

/**
 * Makes [start, end) a region with these flags, in place of what is there (mmap_region). 0 or an
 * error result.
 * @noinline
 */
function placeRegion(start: usize, end: usize, flags: word, file: OpenFile, pgoff: word): word {
  const pages = <word>((end - start) / PAGE_SIZE);
  // In this order: new nodes may have taken the very place.
  if (!reserveKept(start, end)) return errorResult(ENOMEM);
  if (!reserveVmas(NODES_OF_MAPPING) || isReserved(start, end)) return errorResult(ENOMEM);
  const kept = keptResult(start, end);
  if (kept != 0) return kept;
  if (!cutEdges(start, end)) return errorResult(ENOMEM);
  const refused = checkLimits(start, end, flags, file);
  if (refused != 0) return refused;
  if (!coverPages(<word>end)) return errorResult(ENOMEM);
  if (removeRegions(start, end)) noteReleased(<word>start, <word>end);
  const region = takeVma(start, end);
  if (isAccountable(flags)) {
    flags |= VM_ACCOUNT;
    commit(<isize>pages);
  }
  region.vmFlags = flags;
  region.vmPgoff = <word>start / PAGE_SIZE;
  mapFile(region, file, pgoff);
  accountPages(flags, <isize>pages);
  lockNew(enterRegion(region), flags, pages);
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
  const file = isAnonymous ? NO_FILE : describe(fd);
  if (!isAnonymous) {
    if (file == NO_FILE) return errorResult(EBADF);
    if (flags & MAP_HUGETLB) return errorResult(EINVAL);
    if (pgoff + pageAlign(length) / PAGE_SIZE < pgoff) return errorResult(EOVERFLOW);
  }
  const place = mapRegion(address, length, prot, flags, file, isAnonymous ? 0 : pgoff);
  if (!isError(place) && !isFilled(file)) clearDirty(place, place + pageAlign(length));
  return place;
}
