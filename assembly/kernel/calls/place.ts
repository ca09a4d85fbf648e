// Where a new mapping goes, and whether it may be there and so: what mmap, mremap and mappings of
// huge pages look at alike.

import { ILP32 } from "../../abi/word";
import { MIB, PAGE_SIZE, alignUp, isAligned, pageAlign } from "../../base/align";
import { EAGAIN, EINVAL, ENOMEM, EPERM, errorResult } from "../errno";
import { NO_FILE, OpenFile } from "../files/inode";
import { defaultFlags, mayLock, mayLockMore } from "../limits";
import { Layout, mm } from "../mm";
import {
  KNOWN_FLAGS,
  MAP_32BIT,
  MAP_ABOVE4G,
  MAP_GROWSDOWN,
  MAP_LOCKED,
  MAP_SHARED,
  MAP_STACK,
  MAP_TYPE,
} from "../mman";
import { isNewKernel, mmapMinAddr } from "../options";
import { highestRoom, lowestRoom, startGap } from "../room";
import { settleMmapBase } from "../slab";
import { IS_FULL, asksFor } from "../tier";
import { findVma } from "../tree";
import {
  NO_VMA,
  VM_ACCESS_FLAGS,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_MAY_FLAGS,
  VM_NOHUGEPAGE,
} from "../vma";

/** Where MAP_32BIT mappings go on x86-64. */
const LOW_BEGIN: usize = 0x40000000;
const LOW_END: usize = 0x80000000;

/**
 * A transparent huge page, bytes: since 6.7 Linux aligns mappings of whole such pages on x86-64.
 */
const HUGE_PAGE: word = 2 * MIB;

/** Whether a mapping is to lie in the lowest 2 GiB: a flag that only x86-64 has. */
function isLow(flags: i32): bool {
  return asksFor(flags, MAP_32BIT) && !ILP32;
}

/**
 * Where the search upwards begins: in the layout that looks down, as it would in the other one
 * (mmap_legacy_base), a third up the address space.
 */
function lowBase(): usize {
  if (mm.layout != Layout.TOP_DOWN) return <usize>mm.mmapBase;
  return <usize>pageAlign(mm.taskSize / 3);
}

/** The lowest fit between the two ends where the layout, or MAP_32BIT, looks upwards. */
function lowestArea(length: usize, flags: i32): usize {
  if (isLow(flags)) return lowestRoom(LOW_BEGIN, min(LOW_END, <usize>mm.taskSize), length);
  return lowestRoom(lowBase(), <usize>mm.taskSize, length);
}

/** A free place for `length` bytes where the layout wants it (vm_unmapped_area), or 0. */
function freeArea(length: usize, flags: i32): usize {
  settleMmapBase();
  if (mm.layout == Layout.TOP_DOWN && !isLow(flags)) {
    const place = highestRoom(<usize>mmapMinAddr(), <usize>mm.mmapBase, length);
    if (place != 0) return place;
  }
  return lowestArea(length, flags);
}

/** Whether Linux aligns a mapping to a huge page (thp_get_unmapped_area). */
function isHuge(length: word, flags: i32, file: OpenFile): bool {
  if (!IS_FULL || ILP32 || !isNewKernel() || file != NO_FILE) return false;
  return isAligned(length, HUGE_PAGE) && (flags & MAP_TYPE) != MAP_SHARED;
}

/** A free place for whole huge pages, aligned to such a page, or 0. */
function hugeArea(length: word, flags: i32): word {
  const padded = length + HUGE_PAGE;
  const wide = padded <= mm.taskSize ? freeArea(<usize>padded, flags) : 0;
  const aligned = alignUp(<word>wide, HUGE_PAGE);
  // Looking down, the end of the gap is taken.
  const isAtEnd = mm.layout == Layout.TOP_DOWN && aligned == <word>wide;
  return wide != 0 && isAtEnd ? aligned + HUGE_PAGE : aligned;
}

/** Whether [start, end) is free, and the guard gap of the region behind it. */
function isFree(start: usize, end: usize): bool {
  const after = findVma(start);
  return after == NO_VMA || startGap(after) >= end;
}

/**
 * Whether a mapping may lie at exactly this address: 0 or an error result (the checks of
 * get_unmapped_area with MAP_FIXED).
 */
export function checkFixed(address: word, length: word): word {
  if (length > mm.taskSize || address > mm.taskSize - length) return errorResult(ENOMEM);
  if (!isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
  if (address < mmapMinAddr()) return errorResult(EPERM);
  return 0;
}

/**
 * The place for a mapping: the hint `address` if it is free, or one of our choice
 * (get_unmapped_area). An error result if none.
 * @noinline
 */
export function unmappedArea(
  address: word,
  length: word,
  flags: i32,
  file: OpenFile = NO_FILE,
): word {
  if (length > mm.taskSize) return errorResult(ENOMEM);
  let hint = address & ~(<word>(PAGE_SIZE - 1));
  if (hint != 0 && hint < mmapMinAddr()) hint = pageAlign(mmapMinAddr());
  if (hint != 0) {
    const fits = hint <= mm.taskSize - length;
    if (fits && isFree(<usize>hint, <usize>(hint + length))) return hint;
  } else if (isHuge(length, flags, file)) {
    const place = hugeArea(length, flags);
    if (place != 0) return place;
  }
  const place = freeArea(<usize>length, flags);
  return place != 0 ? <word>place : errorResult(ENOMEM);
}

/** Whether there is a flag that MAP_SHARED_VALIDATE must not let pass. */
export function hasUnknownFlag(flags: i32): bool {
  const known = isNewKernel() ? KNOWN_FLAGS | MAP_ABOVE4G : KNOWN_FLAGS;
  return (flags & ~(MAP_TYPE | known)) != 0;
}

/** vm_flags of a new mapping (calc_vm_prot_bits, calc_vm_flag_bits). */
export function flagsFor(prot: i32, flags: i32): word {
  let result = ((<word>prot) & VM_ACCESS_FLAGS) | VM_MAY_FLAGS | defaultFlags();
  if (asksFor(flags, MAP_GROWSDOWN)) result |= VM_GROWSDOWN;
  if (asksFor(flags, MAP_LOCKED)) result |= VM_LOCKED;
  if (asksFor(flags, MAP_STACK) && isNewKernel()) result |= VM_NOHUGEPAGE;
  return result;
}

/** Whether the process may lock what it maps (MAP_LOCKED, mlockall): 0 or an error result. */
export function checkLock(flags: i32, vmFlags: word, bytes: word): word {
  if (asksFor(flags, MAP_LOCKED) && !mayLock()) return errorResult(EPERM);
  return mayLockMore(vmFlags, bytes) ? 0 : errorResult(EAGAIN);
}
