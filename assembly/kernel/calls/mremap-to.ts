// mremap to a new address: MREMAP_FIXED and MREMAP_DONTUNMAP. In the full build only.

import { PAGE_SIZE, isAligned } from "../../base/align";
import { EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, EPERM, errorResult, isError } from "../errno";
import { checkGrowthAlias } from "../files/filemap";
import { FileKind, fileOf } from "../files/inode";
import { lookupVma } from "../find";
import { noticeForeignGrowth } from "../foreign";
import { mayExpand } from "../limits";
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from "../mman";
import { mm } from "../mm";
import { checkGrowing, checkPart, mapFlags, move } from "./move";
import { unmapRegion } from "./munmap";
import { isNewKernel, maxMapCount } from "../options";
import { checkFixed, unmappedArea } from "./place";
import { findVma } from "../tree";
import { NO_VMA, VM_DONTEXPAND, Vma, VmaKind } from "../vma";

/**
 * Checks of a given new address: 0 or an error result. Lengths are whole pages. Linux 6.18 makes
 * them before it looks at the region.
 */
function checkTarget(
  address: word,
  oldBytes: word,
  newBytes: word,
  flags: i32,
  target: word,
): word {
  if (newBytes > mm.taskSize || target > mm.taskSize - newBytes) return errorResult(EINVAL);
  if (!isAligned(target, PAGE_SIZE) || !(flags & MREMAP_MAYMOVE)) return errorResult(EINVAL);
  if (flags & MREMAP_DONTUNMAP && oldBytes != newBytes) return errorResult(EINVAL);
  if (address + oldBytes > target && target + newBytes > address) return errorResult(EINVAL);
  // Both places may be cut in three; Linux wants to be sure of that beforehand.
  return mm.mapCount + 2 >= maxMapCount() - 3 ? errorResult(ENOMEM) : 0;
}

/** Whether a region, or a part of it, may move so (check_prep_vma): 0 or an error result. */
function checkMoving(region: Vma, address: word, oldBytes: word, newBytes: word, flags: i32): word {
  if (region.isSealed) return errorResult(EPERM);
  if (flags & MREMAP_DONTUNMAP) {
    if (region.vmFlags & VM_DONTEXPAND) return errorResult(EINVAL);
    if (region.isShared) return errorResult(EOPNOTSUPP);
  }
  // What 6.18 cuts off before it moves the rest may be of other regions.
  const kept = isNewKernel() ? min(oldBytes, newBytes) : oldBytes;
  const unfit = checkPart(region, address, oldBytes, kept, flags);
  return unfit != 0 ? unfit : checkGrowing(region, address, oldBytes, newBytes);
}

/** Moves one region, or a part of it, to `target`, or without one near it (mremap_to). */
function moveTo(
  region: Vma,
  address: word,
  oldBytes: word,
  newBytes: word,
  flags: i32,
  target: word,
): word {
  if (isNewKernel()) {
    const unfit = checkMoving(region, address, oldBytes, newBytes, flags);
    if (unfit != 0) return unfit;
    // What is at the target goes first.
    const twice = checkGrowthAlias(region, address, oldBytes, newBytes, target);
    if (twice != 0) return twice;
  }
  if (flags & MREMAP_FIXED) {
    const refused = unmapRegion(target, newBytes);
    if (refused != 0) return refused;
  }
  let cutOff: word = 0;
  if (oldBytes > newBytes) {
    const refused = unmapRegion(address + newBytes, oldBytes - newBytes);
    if (refused != 0) return refused;
    cutOff = oldBytes - newBytes;
    oldBytes = newBytes;
  }
  // Cutting may have put another node in the region's place.
  region = lookupVma(<usize>address);
  if (region == NO_VMA) return errorResult(EFAULT);
  if (!isNewKernel()) {
    const unfit = checkMoving(region, address, oldBytes, newBytes, flags);
    if (unfit != 0) return unfit;
    const twice = checkGrowthAlias(region, address, oldBytes, newBytes);
    if (twice != 0) return twice;
  }
  if (flags & MREMAP_DONTUNMAP && !mayExpand(region.vmFlags, newBytes / PAGE_SIZE))
    return errorResult(ENOMEM);
  noticeForeignGrowth();
  let place = target;
  if (flags & MREMAP_FIXED) {
    const refused = checkFixed(target, newBytes);
    if (refused != 0) return refused;
  } else {
    place = unmappedArea(target, newBytes, mapFlags(region));
    if (isError(place)) return place;
  }
  // Linux 6.18 promises as much as it has cut off, and never takes that back (vrm_calc_charge).
  const surplus = isNewKernel() ? cutOff : 0;
  return move(region, address, oldBytes, newBytes, flags, place, surplus);
}

/** Whether a region may be moved with others in one call (vma_multi_allowed). */
function isMovedTogether(region: Vma): bool {
  return region.vmFile == 0 || fileOf(region).kind != FileKind.ZERO;
}

/**
 * Moves everything in [address, address + bytes), however many regions that is, keeping the gaps
 * between them (remap_move, since 6.17).
 */
function moveAll(address: word, bytes: word, flags: i32, target: word): word {
  if (address >= mm.taskSize) return errorResult(EFAULT);
  const limit = min(mm.taskSize, bytes > mm.taskSize - address ? mm.taskSize : address + bytes);
  let result = errorResult(EFAULT);
  let at = address;
  while (at < limit) {
    const region = findVma(<usize>at);
    if (region == NO_VMA || region.vmStart >= limit) break;
    if (region.kind != VmaKind.USER) {
      at = region.vmEnd;
      continue;
    }
    if (at == address && region.vmStart > at) return errorResult(EFAULT);
    if (!isMovedTogether(region) && (at > address || region.vmEnd < limit))
      return errorResult(EFAULT);
    const from = max(region.vmStart, at);
    const length = min(limit, region.vmEnd) - from;
    const place = moveTo(region, from, length, length, flags, target + (from - address));
    if (isError(place)) return place;
    if (from == address) result = place;
    at = from + length;
  }
  return result;
}

/**
 * Moves what is mapped at `address`, of `region` or none, to `target`, or with MREMAP_DONTUNMAP
 * alone near it. Lengths are whole pages. The new address or an error result.
 */
export function remapTo(
  region: Vma,
  address: word,
  oldBytes: word,
  newBytes: word,
  flags: i32,
  target: word,
): word {
  if (!isNewKernel() && region == NO_VMA) return errorResult(EFAULT);
  const misplaced = checkTarget(address, oldBytes, newBytes, flags, target);
  if (misplaced != 0) return misplaced;
  if (flags & MREMAP_FIXED && oldBytes == newBytes && isNewKernel())
    return moveAll(address, oldBytes, flags, target);
  if (region == NO_VMA) return errorResult(EFAULT);
  return moveTo(region, address, oldBytes, newBytes, flags, target);
}
