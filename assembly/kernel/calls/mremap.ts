// mremap: making a mapping longer, shorter, and moving it. WebAssembly cannot remap, so moving
// means copying, and memory cannot be in two places: what would alias (old_len 0 and
// MREMAP_DONTUNMAP of shared memory) is refused with EOPNOTSUPP.

import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { populate } from "../access";
import { EFAULT, EINVAL, ENOMEM, EPERM, errorResult, isError } from "../errno";
import { checkGrowthAlias, fillGrowth } from "../files/filemap";
import { isHostFile } from "../files/inode";
import { restorePages } from "../files/shmem";
import { isMapped, lookupVma } from "../find";
import { noticeForeignGrowth } from "../foreign";
import { isLocked } from "../limits";
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from "../mman";
import { mm } from "../mm";
import { account, charge, checkGrowing, checkPart, likeOf, mapFlags } from "./move";
import { move, reserve, uncharge } from "./move";
import { remapTo } from "./mremap-to";
import { unmapRegion } from "./munmap";
import { isNewKernel } from "../options";
import { clearDirty, coverPages } from "../pages";
import { unmappedArea } from "./place";
import { growthRefused } from "../refusal";
import { enterRegion } from "../region";
import { IS_FULL, asksFor } from "../tier";
import { NO_VMA, Vma } from "../vma";

const NEW_ADDRESS: i32 = MREMAP_FIXED | MREMAP_DONTUNMAP;

/** Checks of the arguments alone that come first: 0 or an error result. */
function checkArguments(address: word, oldLength: word, newLength: word, flags: i32): word {
  if (!isAligned(address, PAGE_SIZE) || pageAlign(newLength) == 0) return errorResult(EINVAL);
  if (!IS_FULL) return flags & ~MREMAP_MAYMOVE ? errorResult(EINVAL) : 0;
  if (flags & ~(MREMAP_MAYMOVE | NEW_ADDRESS)) return errorResult(EINVAL);
  if (isNewKernel()) return pageAlign(newLength) > mm.taskSize ? errorResult(EINVAL) : 0;
  if (flags & NEW_ADDRESS && !(flags & MREMAP_MAYMOVE)) return errorResult(EINVAL);
  return flags & MREMAP_DONTUNMAP && oldLength != newLength ? errorResult(EINVAL) : 0;
}

/**
 * Makes the mapping at `address` `newLength` bytes long, in place or, with MREMAP_MAYMOVE,
 * elsewhere with its bytes. Returns its address or -errno (mremap(2)). New bytes are whatever was
 * there before: see `sysMremap`.
 * @noinline
 */
export function remapRegion(
  address: word,
  oldLength: word,
  newLength: word,
  flags: i32,
  target: word,
): word {
  const refused = checkArguments(address, oldLength, newLength, flags);
  if (refused != 0) return refused;
  const oldBytes = pageAlign(oldLength);
  const newBytes = pageAlign(newLength);
  const region = address < mm.taskSize ? lookupVma(<usize>address) : NO_VMA;
  if (asksFor(flags, NEW_ADDRESS))
    return remapTo(region, address, oldBytes, newBytes, flags, target);
  if (region == NO_VMA) return errorResult(EFAULT);
  if (region.isSealed) return errorResult(EPERM);
  if (oldBytes >= newBytes) {
    if (oldBytes == newBytes) return address;
    const result = unmapRegion(address + newBytes, oldBytes - newBytes);
    return isError(result) ? result : address;
  }
  const unfit = checkPart(region, address, oldBytes, oldBytes, flags);
  if (unfit != 0) return unfit;
  const refusal = checkGrowing(region, address, oldBytes, newBytes);
  if (refusal != 0) return refusal;
  return grow(region, address, oldBytes, newBytes, flags);
}

/** Makes a region longer, in place or elsewhere (expand_vma). */
function grow(region: Vma, address: word, oldBytes: word, newBytes: word, flags: i32): word {
  if (growthRefused()) return errorResult(ENOMEM);
  noticeForeignGrowth();
  const oldEnd = address + oldBytes;
  const newEnd = address + newBytes;
  if (!reserve(region, oldEnd, newEnd, 1)) return errorResult(ENOMEM);
  const twice = checkGrowthAlias(region, address, oldBytes, newBytes);
  if (
    region.vmEnd == oldEnd &&
    newBytes <= mm.taskSize &&
    address <= mm.taskSize - newBytes &&
    !isMapped(<usize>oldEnd, <usize>newEnd) &&
    coverPages(newEnd)
  ) {
    if (twice != 0) return twice;
    const pages = (newEnd - oldEnd) / PAGE_SIZE;
    const vmFlags = region.vmFlags;
    if (!charge(vmFlags, pages)) return errorResult(ENOMEM);
    const unread = fillGrowth(region, address, oldBytes, newBytes, address);
    if (unread != 0) {
      uncharge(vmFlags, pages);
      return unread;
    }
    const tail = likeOf(region, <usize>oldEnd, <usize>oldEnd, <usize>newEnd);
    account(vmFlags, pages);
    enterRegion(tail);
    if (isLocked(vmFlags)) populate(<usize>oldEnd, <usize>newEnd);
    return address;
  }
  if (!(flags & MREMAP_MAYMOVE)) return errorResult(ENOMEM);
  const place = unmappedArea(0, newBytes, mapFlags(region));
  if (isError(place)) return place;
  if (twice != 0) return twice;
  return move(region, address, oldBytes, newBytes, flags, place);
}

/** Makes what a mapping gained read as zero, or as what it maps. */
function showGained(start: word, end: word): void {
  const region = IS_FULL ? lookupVma(<usize>start) : NO_VMA;
  if (region != NO_VMA && isHostFile(region)) return;
  clearDirty(start, end);
  if (region != NO_VMA) restorePages(region, <usize>start, <usize>end);
}

/**
 * The mremap system call as a program sees it: what it gains reads as zero, or as the file. Address
 * or -errno.
 */
export function sysMremap(
  address: word,
  oldLength: word,
  newLength: word,
  flags: i32,
  target: word,
): word {
  const place = remapRegion(address, oldLength, newLength, flags, target);
  const oldBytes = pageAlign(oldLength);
  const newBytes = pageAlign(newLength);
  if (!isError(place) && newBytes > oldBytes) showGained(place + oldBytes, place + newBytes);
  return place;
}
