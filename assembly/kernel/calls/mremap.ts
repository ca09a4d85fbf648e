// mremap: making a mapping longer, shorter, and moving it. WebAssembly cannot remap, so moving
// means copying, and memory cannot be in two places: what would alias (old_len 0 and
// MREMAP_DONTUNMAP of shared memory) is refused with EOPNOTSUPP.

import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { populate } from "../access";
import { EAGAIN, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, EPERM, errorResult, isError } from "../errno";
import { isMapped, isReserved, lookupVma } from "../find";
import { noticeForeignGrowth } from "../foreign";
import { FileKind, fileOf, isAnonymous, isHostFile, isWrittenBack } from "../files/inode";
import { commit, isEnoughMemory, mayExpand, mayLockMore } from "../limits";
import { MAP_PRIVATE, MAP_SHARED } from "../mman";
import { accountPages, mm } from "../mm";
import { unmapRegion } from "./munmap";
import { takeVma } from "../nodes";
import { isNewKernel, maxMapCount } from "../options";
import { clearDirty, coverPages, copyPages, noteReleased, scrub } from "../pages";
import { moveDigests, reserveDigests } from "../files/digest";
import { holdFile } from "../files/file";
import { checkGrowth, checkGrowthAlias, fillGrowth, fillPages } from "../files/filemap";
import { checkFixed, unmappedArea } from "./place";
import { growthRefused } from "../refusal";
import { cutEdges, enterRegion, removeRegions } from "../region";
import { movePageMarks } from "../resident";
import { restorePages } from "../files/shmem";
import { reserveVmas } from "../slab";
import { IS_FULL } from "../tier";
import { findVma } from "../tree";
import {
  NO_VMA,
  VM_ACCOUNT,
  VM_DONTEXPAND,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_MAYSHARE,
  VM_SEALED,
  VM_SHARED,
  Vma,
  VmaKind,
  pgoffAt,
} from "../vma";

/** mremap's flags. @host */
export const MREMAP_MAYMOVE: i32 = 1;
export const MREMAP_FIXED: i32 = 2;
export const MREMAP_DONTUNMAP: i32 = 4;

const NEW_ADDRESS: i32 = MREMAP_FIXED | MREMAP_DONTUNMAP;
const KNOWN_FLAGS: i32 = IS_FULL ? MREMAP_MAYMOVE | NEW_ADDRESS : MREMAP_MAYMOVE;

/** Checks of the arguments alone that come first: 0 or an error result. */
function checkArguments(address: word, oldLength: word, newLength: word, flags: i32): word {
  if (flags & ~KNOWN_FLAGS || !isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
  if (pageAlign(newLength) == 0) return errorResult(EINVAL);
  if (!IS_FULL) return 0;
  if (isNewKernel()) return pageAlign(newLength) > mm.taskSize ? errorResult(EINVAL) : 0;
  if (flags & NEW_ADDRESS && !(flags & MREMAP_MAYMOVE)) return errorResult(EINVAL);
  return flags & MREMAP_DONTUNMAP && oldLength != newLength ? errorResult(EINVAL) : 0;
}

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

/** Whether a region may grow or move so (check_prep_vma): 0 or an error result. */
function checkRegion(region: Vma, address: word, oldBytes: word, newBytes: word, flags: i32): word {
  if (IS_FULL && region.vmFlags & VM_SEALED) return errorResult(EPERM);
  const isShared = IS_FULL && (region.vmFlags & (VM_SHARED | VM_MAYSHARE)) != 0;
  if (oldBytes == 0) {
    // A copy, which could not be in the same place in any case.
    if (isShared) return errorResult(flags & MREMAP_MAYMOVE ? EOPNOTSUPP : ENOMEM);
    return errorResult(EINVAL);
  }
  if (IS_FULL && flags & MREMAP_DONTUNMAP) {
    if (region.vmFlags & VM_DONTEXPAND) return errorResult(EINVAL);
    if (isShared) return errorResult(EOPNOTSUPP);
  }
  // What 6.18 cuts off before it moves the rest may be of other regions.
  const kept = IS_FULL && isNewKernel() ? min(oldBytes, newBytes) : oldBytes;
  if (kept > region.vmEnd - address) return errorResult(EFAULT);
  if (!IS_FULL || newBytes <= oldBytes) return 0;
  if (region.vmFlags & VM_DONTEXPAND) return errorResult(EFAULT);
  const delta = newBytes - oldBytes;
  const refused = checkGrowth(region, address + oldBytes, delta);
  if (refused != 0) return refused;
  if (!mayLockMore(region.vmFlags, delta)) return errorResult(EAGAIN);
  return mayExpand(region.vmFlags, delta / PAGE_SIZE) ? 0 : errorResult(ENOMEM);
}

/**
 * Makes the mapping at `address` `newLength` bytes long, in place or, with MREMAP_MAYMOVE,
 * elsewhere with its bytes. Returns its address or -errno (mremap(2)). New bytes are whatever was
 * there before: see `sysMremap`.
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
  if (IS_FULL && flags & NEW_ADDRESS) {
    if (!isNewKernel() && region == NO_VMA) return errorResult(EFAULT);
    const misplaced = checkTarget(address, oldBytes, newBytes, flags, target);
    if (misplaced != 0) return misplaced;
    if (flags & MREMAP_FIXED && oldBytes == newBytes && isNewKernel())
      return moveAll(address, oldBytes, flags, target);
    if (region == NO_VMA) return errorResult(EFAULT);
    return moveTo(region, address, oldBytes, newBytes, flags, target);
  }
  if (region == NO_VMA) return errorResult(EFAULT);
  if (IS_FULL && region.vmFlags & VM_SEALED) return errorResult(EPERM);
  if (oldBytes >= newBytes) {
    if (oldBytes == newBytes) return address;
    const result = unmapRegion(address + newBytes, oldBytes - newBytes);
    return isError(result) ? result : address;
  }
  const unfit = checkRegion(region, address, oldBytes, newBytes, flags);
  if (unfit != 0) return unfit;
  return grow(region, address, oldBytes, newBytes, flags);
}

/**
 * Makes sure that there are `nodes` nodes, and room for digests when [start, end) will be written
 * back. What that needs may take any free place.
 */
function reserve(region: Vma, start: word, end: word, nodes: i32): bool {
  if (IS_FULL && isWrittenBack(region) && !reserveDigests(<usize>start, <usize>end)) return false;
  return reserveVmas(nodes);
}

/** Makes a region longer, in place or elsewhere (expand_vma). */
function grow(region: Vma, address: word, oldBytes: word, newBytes: word, flags: i32): word {
  if (growthRefused()) return errorResult(ENOMEM);
  noticeForeignGrowth();
  const oldEnd = address + oldBytes;
  const newEnd = address + newBytes;
  if (!reserve(region, oldEnd, newEnd, 1)) return errorResult(ENOMEM);
  const twice: word = IS_FULL ? checkGrowthAlias(region, address, oldBytes, newBytes) : 0;
  if (
    region.vmEnd == oldEnd &&
    newBytes <= mm.taskSize &&
    address <= mm.taskSize - newBytes &&
    !isMapped(<usize>oldEnd, <usize>newEnd) &&
    coverPages(newEnd)
  ) {
    if (twice != 0) return twice;
    const pages = (newEnd - oldEnd) / PAGE_SIZE;
    if (!charge(region, pages)) return errorResult(ENOMEM);
    const vmFlags = region.vmFlags;
    const unread: word = IS_FULL ? fillGrowth(region, address, oldBytes, newBytes, address) : 0;
    if (unread != 0) {
      uncharge(vmFlags, pages);
      return unread;
    }
    const tail = likeOf(region, <usize>oldEnd, <usize>newEnd);
    tail.vmPgoff = pgoffAt(region, <usize>oldEnd);
    account(vmFlags, pages);
    enterRegion(tail);
    if (IS_FULL && vmFlags & VM_LOCKED) populate(<usize>oldEnd, <usize>newEnd);
    return address;
  }
  if (!(flags & MREMAP_MAYMOVE)) return errorResult(ENOMEM);
  const place = unmappedArea(0, newBytes, mapFlags(region));
  if (isError(place)) return place;
  if (twice != 0) return twice;
  return move(region, address, oldBytes, newBytes, flags, place);
}

/** The mmap flags that decide where a region may go. */
function mapFlags(region: Vma): i32 {
  return IS_FULL && region.vmFlags & VM_MAYSHARE ? MAP_SHARED : MAP_PRIVATE;
}

/** Promises `pages` more for a region that counts as committed (vrm_calc_charge). */
function charge(region: Vma, pages: word): bool {
  if (!IS_FULL || !(region.vmFlags & VM_ACCOUNT)) return true;
  if (!isEnoughMemory(pages)) return false;
  commit(<isize>pages);
  return true;
}

/** Takes back what `charge` promised for a region with these flags. */
function uncharge(flags: word, pages: word): void {
  if (IS_FULL && flags & VM_ACCOUNT) commit(-(<isize>pages));
}

function account(flags: word, pages: word): void {
  accountPages(flags, <isize>pages);
  if (IS_FULL && flags & VM_LOCKED) mm.lockedVm += pages;
}

/** A node for [start, end) that is otherwise like `region`. */
function likeOf(region: Vma, start: usize, end: usize): Vma {
  const copy = takeVma(start, end);
  copy.vmFlags = region.vmFlags;
  if (IS_FULL) {
    copy.anonId = region.anonId;
    copy.fileId = region.fileId;
    copy.nameId = region.nameId;
    copy.vmFile = region.vmFile;
    holdFile(copy);
  }
  return copy;
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
    const unfit = checkRegion(region, address, oldBytes, newBytes, flags);
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
    const unfit = checkRegion(region, address, oldBytes, newBytes, flags);
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

/** Moves a region, or a part of it, to the free `place`: that, or an error (move_vma). */
function move(
  region: Vma,
  address: word,
  oldBytes: word,
  newBytes: word,
  flags: i32,
  place: word,
  surplus: word = 0,
): word {
  const keeps = IS_FULL && (flags & MREMAP_DONTUNMAP) != 0;
  const placeEnd = place + newBytes;
  if (mm.mapCount >= maxMapCount() - 3 || !reserve(region, place, placeEnd, 5))
    return errorResult(ENOMEM);
  if (isReserved(<usize>place, <usize>placeEnd) || !coverPages(placeEnd))
    return errorResult(ENOMEM);
  const isWritten = IS_FULL && isWrittenBack(region);
  const pages = newBytes / PAGE_SIZE;
  const promised = keeps ? pages : (newBytes - oldBytes + surplus) / PAGE_SIZE;
  if (!charge(region, promised)) return errorResult(ENOMEM);
  const flagsThen = region.vmFlags;
  const unread: word = IS_FULL ? fillGrowth(region, address, oldBytes, newBytes, place) : 0;
  if (unread != 0) {
    uncharge(flagsThen, promised);
    return unread;
  }
  const to = <usize>place;
  const from = <usize>address;
  const copy = likeOf(region, to, to + <usize>newBytes);
  // Without pages of its own it is as if born there: it may merge with its new neighbours.
  copy.vmPgoff =
    IS_FULL && !(isAnonymous(region) && region.anonId == 0)
      ? pgoffAt(region, from)
      : place / PAGE_SIZE;
  // What is mapped twice for a moment does not count as a peak.
  const peak = mm.hiwaterVm;
  account(flagsThen, pages);
  enterRegion(copy);
  copyPages(to, from, <usize>oldBytes);
  if (IS_FULL) {
    movePageMarks(from, to, <usize>oldBytes);
    if (isWritten) moveDigests(from, to, <usize>oldBytes);
  }
  if (keeps) {
    leaveEmpty(from, <usize>oldBytes, to);
  } else {
    cutEdges(from, from + <usize>oldBytes);
    // What is promised moves along.
    if (flagsThen & VM_ACCOUNT) commit(<isize>(oldBytes / PAGE_SIZE));
    removeRegions(from, from + <usize>oldBytes, IS_FULL);
    noteReleased(address, address + oldBytes);
  }
  mm.hiwaterVm = max(peak, mm.totalVm);
  if (IS_FULL && flagsThen & VM_LOCKED && newBytes > oldBytes)
    populate(to + <usize>oldBytes, to + <usize>newBytes);
  return place;
}

/** After MREMAP_DONTUNMAP the old place is mapped and empty (dontunmap_complete). */
function leaveEmpty(from: usize, bytes: usize, to: usize): void {
  const old = lookupVma(from);
  if (isHostFile(old)) fillPages(old, from, from + bytes);
  else scrub(from, from + bytes);
  old.vmFlags &= ~VM_LOCKED_MASK;
  if (old != lookupVma(to) && old.start == from && old.end == from + bytes) old.anonId = 0;
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
  if (isError(place) || newBytes <= oldBytes) return place;
  const region = IS_FULL ? lookupVma(<usize>place) : NO_VMA;
  if (region != NO_VMA && isHostFile(region)) return place;
  clearDirty(place + oldBytes, place + newBytes);
  if (IS_FULL) restorePages(region, <usize>(place + oldBytes), <usize>(place + newBytes));
  return place;
}
