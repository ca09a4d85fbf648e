// Moving a region, as mremap does where it cannot grow in place, and what both ways ask before.
// WebAssembly cannot remap, so moving means copying.

import { PAGE_SIZE } from "../../base/align";
import { populate } from "../access";
import { EAGAIN, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP, errorResult } from "../errno";
import { moveDigests, reserveDigests } from "../files/digest";
import { checkGrowth, fillGrowth, fillPages } from "../files/filemap";
import { isAnonymous, isHostFile, isWrittenBack } from "../files/inode";
import { isReserved, lookupVma } from "../find";
import { commit, countLocked, isEnoughMemory, isLocked, mayExpand, mayLockMore } from "../limits";
import { MAP_PRIVATE, MAP_SHARED, MREMAP_DONTUNMAP, MREMAP_MAYMOVE } from "../mman";
import { accountPages, mm } from "../mm";
import { takeVma } from "../nodes";
import { maxMapCount } from "../options";
import { copyPages, coverPages, noteReleased, scrub } from "../pages";
import { cutEdges, enterRegion, inherit, removeRegions } from "../region";
import { movePageMarks } from "../resident";
import { reserveVmas } from "../slab";
import { IS_FULL, asksFor } from "../tier";
import { VM_ACCOUNT, VM_DONTEXPAND, VM_LOCKED_MASK, Vma } from "../vma";

/**
 * Whether there is something to move or to make longer, `kept` bytes of which stay, and all of
 * these in one region: 0 or an error result.
 */
export function checkPart(
  region: Vma,
  address: word,
  oldBytes: word,
  kept: word,
  flags: i32,
): word {
  if (oldBytes == 0) {
    // A copy, which could not be in the same place in any case.
    if (region.isShared) return errorResult(flags & MREMAP_MAYMOVE ? EOPNOTSUPP : ENOMEM);
    return errorResult(EINVAL);
  }
  return kept > region.vmEnd - address ? errorResult(EFAULT) : 0;
}

/**
 * Whether a region may become longer by the bytes behind its part [address, address + oldBytes), if
 * any are asked for (check_prep_vma): 0 or an error result.
 */
export function checkGrowing(region: Vma, address: word, oldBytes: word, newBytes: word): word {
  if (!IS_FULL || newBytes <= oldBytes) return 0;
  if (region.vmFlags & VM_DONTEXPAND) return errorResult(EFAULT);
  const delta = newBytes - oldBytes;
  const refused = checkGrowth(region, address + oldBytes, delta);
  if (refused != 0) return refused;
  if (!mayLockMore(region.vmFlags, delta)) return errorResult(EAGAIN);
  return mayExpand(region.vmFlags, delta / PAGE_SIZE) ? 0 : errorResult(ENOMEM);
}

/**
 * Makes sure that there are `nodes` nodes, and room for digests when [start, end) will be written
 * back. What that needs may take any free place.
 */
export function reserve(region: Vma, start: word, end: word, nodes: i32): bool {
  if (isWrittenBack(region) && !reserveDigests(<usize>start, <usize>end)) return false;
  return reserveVmas(nodes);
}

/** The mmap flags that decide where a region may go. */
export function mapFlags(region: Vma): i32 {
  return region.isShared ? MAP_SHARED : MAP_PRIVATE;
}

/** Promises `pages` more, if memory with these flags counts as committed (vrm_calc_charge). */
export function charge(flags: word, pages: word): bool {
  if (!(flags & VM_ACCOUNT)) return true;
  if (!isEnoughMemory(pages)) return false;
  commit(<isize>pages);
  return true;
}

/** Takes back what `charge` promised. */
export function uncharge(flags: word, pages: word): void {
  if (flags & VM_ACCOUNT) commit(-(<isize>pages));
}

/** Counts `pages` more with these flags as mapped. */
export function account(flags: word, pages: word): void {
  accountPages(flags, <isize>pages);
  countLocked(flags, pages);
}

/** A node for [start, end) that maps what `region` does from `address` on. */
export function likeOf(region: Vma, address: usize, start: usize, end: usize): Vma {
  const copy = takeVma(start, end);
  inherit(copy, region, address);
  return copy;
}

/** Takes along what the kernel knows of pages that were copied: marks, and digests. */
function takeAlong(from: usize, to: usize, bytes: usize): void {
  if (!IS_FULL) return;
  movePageMarks(from, to, bytes);
  if (isWrittenBack(lookupVma(from))) moveDigests(from, to, bytes);
}

/** After MREMAP_DONTUNMAP the old place is mapped and empty (dontunmap_complete). */
function leaveEmpty(from: usize, bytes: usize, to: usize): void {
  const old = lookupVma(from);
  if (isHostFile(old)) fillPages(old, from, from + bytes);
  else scrub(from, from + bytes);
  old.vmFlags &= ~VM_LOCKED_MASK;
  if (old != lookupVma(to) && old.start == from && old.end == from + bytes) old.anonId = 0;
}

/** Moves a region, or a part of it, to the free `place`: that, or an error (move_vma). */
export function move(
  region: Vma,
  address: word,
  oldBytes: word,
  newBytes: word,
  flags: i32,
  place: word,
  surplus: word = 0,
): word {
  const keeps = asksFor(flags, MREMAP_DONTUNMAP);
  const placeEnd = place + newBytes;
  if (mm.mapCount >= maxMapCount() - 3 || !reserve(region, place, placeEnd, 5))
    return errorResult(ENOMEM);
  if (isReserved(<usize>place, <usize>placeEnd) || !coverPages(placeEnd))
    return errorResult(ENOMEM);
  const pages = newBytes / PAGE_SIZE;
  const flagsThen = region.vmFlags;
  const promised = keeps ? pages : (newBytes - oldBytes + surplus) / PAGE_SIZE;
  if (!charge(flagsThen, promised)) return errorResult(ENOMEM);
  const unread = fillGrowth(region, address, oldBytes, newBytes, place);
  if (unread != 0) {
    uncharge(flagsThen, promised);
    return unread;
  }
  const to = <usize>place;
  const from = <usize>address;
  const copy = likeOf(region, from, to, to + <usize>newBytes);
  // Without pages of its own it is as if born there: it may merge with its new neighbours.
  if (isAnonymous(region) && !region.isUsed) copy.vmPgoff = place / PAGE_SIZE;
  // What is mapped twice for a moment does not count as a peak.
  const peak = mm.hiwaterVm;
  account(flagsThen, pages);
  enterRegion(copy);
  copyPages(to, from, <usize>oldBytes);
  takeAlong(from, to, <usize>oldBytes);
  if (keeps) {
    leaveEmpty(from, <usize>oldBytes, to);
  } else {
    cutEdges(from, from + <usize>oldBytes);
    // What is promised moves along.
    if (flagsThen & VM_ACCOUNT) commit(<isize>(oldBytes / PAGE_SIZE));
    removeRegions(from, from + <usize>oldBytes, true);
    noteReleased(address, address + oldBytes);
  }
  mm.hiwaterVm = max(peak, mm.totalVm);
  if (isLocked(flagsThen) && newBytes > oldBytes)
    populate(to + <usize>oldBytes, to + <usize>newBytes);
  return place;
}
