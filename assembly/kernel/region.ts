// What regions mean: entering and cutting them out, merging neighbours and splitting by Linux's
// rules. All ranges are whole pages, half-open, below TASK_SIZE. Nodes must have been reserved
// before (slab.ts), so nothing here runs out of memory half-way.

import { accountPages, mm } from "./mm";
import { giveVma, takeVma } from "./nodes";
import { isNewKernel, maxMapCount } from "./options";
import { forgetPages } from "./resident";
import { keepRegion } from "./files/shmem";
import { dropFile, holdFile } from "./files/file";
import {
  findVma,
  lastBelow,
  link,
  next,
  previous,
  remember,
  settle,
  settleBorder,
  unlink,
} from "./tree";
import { IS_FULL } from "./tier";
import { NO_VMA, VM_ACCOUNT, VM_LOCKED, VM_MAYBE_GUARD, Vma, VmaKind, pgoffAt } from "./vma";

function count(region: Vma, by: i32): void {
  if (region.kind == VmaKind.USER) mm.mapCount += by;
}

/** Takes a region out of the table and gives its node back. @noinline */
function erase(region: Vma): void {
  count(region, -1);
  dropFile(region);
  unlink(region);
  giveVma(region);
}

/** Whether two neighbours map what lies side by side in their object, too. */
function isContinued(low: Vma, high: Vma): bool {
  return pgoffAt(low, low.end) == high.vmPgoff;
}

/**
 * Whether `source`, with these flags and this name, may become part of its neighbour `target`
 * (is_mergeable_vma and _anon_vma).
 */
function isMergeable(target: Vma, source: Vma, flags: word, nameId: u32): bool {
  if (target.kind != source.kind) return false;
  // Private memory of one kind is all alike.
  if (!IS_FULL) return target.vmFlags == flags;
  const isBelow = target.vmStart < source.vmStart;
  if (!isContinued(isBelow ? target : source, isBelow ? source : target)) return false;
  if ((target.vmFlags ^ flags) & ~VM_MAYBE_GUARD) return false;
  if (target.fileId != source.fileId || target.nameId != nameId) return false;
  if (target.anonId == source.anonId || source.anonId == 0) return true;
  // Until 6.16 a region without pages of its own did not take in one that has some.
  return target.anonId == 0 && isNewKernel();
}

/**
 * Whether two regions have pages of their own that are not of one family: they can both merge with
 * a third, but not with each other.
 */
function areEstranged(left: Vma, right: Vma): bool {
  return left.isUsed && right.isUsed && left.anonId != right.anonId;
}

/** What a region takes over from one that it takes in (dup_anon_vma, VM_STICKY). */
function adopt(target: Vma, source: Vma): void {
  if (source.isUsed && !target.isUsed) target.anonId = source.anonId;
  if (source.mayHaveGuard) target.vmFlags |= VM_MAYBE_GUARD;
}

/**
 * Enters a new region, whose node the caller filled, into free space. It becomes part of its
 * neighbours where Linux merges them (vma_merge_new_range). Returns the region that it is part of.
 * @param floor a neighbour below that ends at or before `floor` is left alone, and so is the one
 *   above (brk merges so); 0 for all
 * @noinline
 */
export function enterRegion(region: Vma, floor: usize = 0): Vma {
  const flags = region.vmFlags;
  const below = lastBelow(region.start);
  const above = below != NO_VMA ? next(below) : findVma(region.start);
  const fitsBelow =
    below != NO_VMA &&
    below.vmEnd == region.vmStart &&
    below.end > floor &&
    isMergeable(below, region, flags, region.nameId);
  const fitsAbove =
    floor == 0 &&
    above != NO_VMA &&
    above.vmStart == region.vmEnd &&
    isMergeable(above, region, flags, region.nameId) &&
    !(fitsBelow && areEstranged(below, above));
  if (!fitsBelow && !fitsAbove) {
    link(region, below);
    count(region, 1);
    return region;
  }
  const target = fitsBelow ? below : above;
  if (fitsBelow) {
    target.vmEnd = fitsAbove ? above.vmEnd : region.vmEnd;
    if (fitsAbove) adopt(target, above);
  } else {
    target.vmStart = region.vmStart;
    target.vmPgoff = region.vmPgoff;
  }
  adopt(target, region);
  settle(target);
  if (fitsBelow && fitsAbove) erase(above);
  dropFile(region);
  giveVma(region);
  return target;
}

/**
 * Makes a new region like `region`, and what `region` maps from `address` on what it maps: its file
 * and the family of its pages.
 */
export function inherit(heir: Vma, region: Vma, address: usize): void {
  heir.vmFlags = region.vmFlags;
  if (!IS_FULL) return;
  heir.vmPgoff = pgoffAt(region, address);
  heir.anonId = region.anonId;
  heir.fileId = region.fileId;
  heir.nameId = region.nameId;
  heir.vmFile = region.vmFile;
  holdFile(heir);
}

/** Cuts a region in two at `address`, inside it (__split_vma). Returns the upper part. @noinline */
export function splitVma(region: Vma, address: usize): Vma {
  const upper = takeVma(address, region.end);
  upper.kind = region.kind;
  inherit(upper, region, address);
  region.vmEnd = <word>address;
  link(upper, region);
  // A call that cuts at both ends goes on with what lies between.
  remember(region, region.start);
  count(upper, 1);
  return upper;
}

/**
 * Cuts the regions at both ends of [start, end), so that none lies across, as munmap does first.
 * False, and nothing is changed, when that would make a hole in one region while there are
 * max_map_count already.
 * @noinline
 */
export function cutEdges(start: usize, end: usize): bool {
  let region = findVma(start);
  if (region != NO_VMA && region.kind == VmaKind.USER && region.start < start) {
    if (region.end > end && mm.mapCount >= maxMapCount()) return false;
    region = splitVma(region, start);
  }
  if (region != NO_VMA && region.end < end) region = findVma(end - 1);
  if (region != NO_VMA && region.kind == VmaKind.USER && region.start < end && region.end > end)
    splitVma(region, end);
  return true;
}

/** What goes with a region beyond its place: locks, promises, pages. */
function forget(region: Vma, isMoved: bool): void {
  if (!IS_FULL) return;
  const pages = region.pages;
  if (region.vmFlags & VM_LOCKED) mm.lockedVm -= pages;
  if (region.vmFlags & VM_ACCOUNT) mm.committed -= pages;
  if (!isMoved) keepRegion(region);
  forgetPages(region.start, region.end);
}

/**
 * Unmaps the program's regions in [start, end), none of which lies across an end. Whether there
 * were any. Pages of shared memory stay with their object (see `reserveKept`), but not when
 * `isMoved`: then they are mapped elsewhere by now.
 * @noinline
 */
export function removeRegions(start: usize, end: usize, isMoved: bool = false): bool {
  let found = false;
  let region = findVma(start);
  while (region != NO_VMA && region.start < end) {
    const after = next(region);
    if (region.kind == VmaKind.USER) {
      const pages = region.pages;
      found = true;
      accountPages(region.vmFlags, -(<isize>pages));
      forget(region, isMoved);
      erase(region);
    }
    region = after;
  }
  return found;
}

/**
 * Gives [start, end), within `region`, other flags and another name: the part is split off, or
 * becomes part of a neighbour that is like it then (vma_modify). Returns the region that it is in.
 * None when map_count is at its limit; a split at `start` that was made before stays, as in Linux.
 */
export function modifyRegion(region: Vma, start: usize, end: usize, flags: word, nameId: u32): Vma {
  const atStart = start == region.start;
  const atEnd = end == region.end;
  const below = atStart ? previous(region) : NO_VMA;
  const above = atEnd ? next(region) : NO_VMA;
  const fitsBelow =
    below != NO_VMA && below.end == start && isMergeable(below, region, flags, nameId);
  const fitsAbove =
    above != NO_VMA &&
    above.start == end &&
    isMergeable(above, region, flags, nameId) &&
    !(fitsBelow && areEstranged(below, above));
  if (fitsBelow) return mergeBelow(below, region, end, fitsAbove ? above : NO_VMA);
  if (fitsAbove) return mergeAbove(above, region, start);
  if (!atStart) {
    if (mm.mapCount >= maxMapCount()) return NO_VMA;
    region = splitVma(region, start);
  }
  if (!atEnd) {
    if (mm.mapCount >= maxMapCount()) return NO_VMA;
    splitVma(region, end);
  }
  region.vmFlags = flags;
  region.nameId = nameId;
  return region;
}

/** Moves the border between `below` and `region` up to `end`, or with `above` joins all three. */
function mergeBelow(below: Vma, region: Vma, end: usize, above: Vma): Vma {
  if (above != NO_VMA) adopt(below, above);
  adopt(below, region);
  if (region.end == end) {
    // What is taken in goes last: then no gap opens for a moment, which all the way up to the root
    // would have to know of.
    below.vmEnd = above != NO_VMA ? above.vmEnd : <word>end;
    settle(below);
    erase(region);
    if (above != NO_VMA) erase(above);
  } else {
    region.vmPgoff = pgoffAt(region, end);
    region.vmStart = <word>end;
    below.vmEnd = <word>end;
    settleBorder(below, region);
  }
  return below;
}

/** Moves the border between `region` and `above` down to `start`. */
function mergeAbove(above: Vma, region: Vma, start: usize): Vma {
  adopt(above, region);
  above.vmPgoff = pgoffAt(region, start);
  above.vmStart = <word>start;
  if (region.start == start) {
    settle(above);
    erase(region);
  } else {
    region.vmEnd = <word>start;
    settleBorder(region, above);
  }
  return above;
}
