// brk: the end of the heap. The break is exact to the byte; what is mapped is whole pages.

import { PAGE_SIZE, pageAlign } from "../../base/align";
import { populate } from "../access";
import { writeBack } from "../files/filemap";
import { findUserVma } from "../find";
import { noticeForeignGrowth } from "../foreign";
import { commit, countLocked, defaultFlags, isLocked, mayGrowHeap, mayReach } from "../limits";
import { accountPages, mm } from "../mm";
import { takeVma } from "../nodes";
import { clearDirty, coverPages, dirtyEnd, noteHeapDirty } from "../pages";
import { growthRefused } from "../refusal";
import { cutEdges, enterRegion, removeRegions } from "../region";
import { startGap } from "../room";
import { sealedResult } from "./mseal";
import { reserveKept } from "../files/shmem";
import { reserveVmas } from "../slab";
import { findVma } from "../tree";
import { IS_FULL } from "../tier";
import { NO_VMA, VM_ACCOUNT, VM_MAY_FLAGS, VM_READ, VM_WRITE, Vma } from "../vma";

/** The flags of [heap] (VM_DATA_DEFAULT_FLAGS | VM_ACCOUNT). */
export const HEAP_FLAGS: word = VM_READ | VM_WRITE | VM_MAY_FLAGS | VM_ACCOUNT;

/**
 * Moves the break to `address` and returns the resulting break, which is the old one when the
 * request is refused: never an error (brk(2), the raw system call). Released memory that is taken
 * again is not cleared here: see `sysBrk` and malloc/system.ts.
 * @noinline
 */
export function moveBreak(address: word): word {
  if (address < mm.startBrk || !mayReach(address)) return mm.brk;
  const oldEnd = pageAlign(mm.brk);
  const newEnd = pageAlign(address);
  if (newEnd == oldEnd) {
    mm.brk = address;
  } else if (address <= mm.brk) {
    if (releaseTail(<usize>newEnd, <usize>oldEnd)) mm.brk = address;
  } else if (newEnd > oldEnd && extend(<usize>oldEnd, newEnd)) {
    mm.brk = address;
    if (isLocked(defaultFlags())) populate(<usize>oldEnd, <usize>newEnd);
  }
  return mm.brk;
}

/** Whether any of the heap's pages in [start, end) is mapped: a program may have unmapped them. */
function isHeapMapped(start: usize, end: usize): bool {
  if (!IS_FULL) return true;
  const region = findUserVma(start);
  return region != NO_VMA && region.start < end;
}

/**
 * Unmaps the heap's last pages. They keep their bytes; `heapDirtyEnd` remembers that. Refused when
 * nothing is mapped there.
 */
function releaseTail(newEnd: usize, oldEnd: usize): bool {
  if (!isHeapMapped(newEnd, oldEnd) || !reserveKept(newEnd, oldEnd)) return false;
  if (writeBack(newEnd, oldEnd) != 0 || sealedResult(newEnd, oldEnd) != 0) return false;
  if (!reserveVmas(2) || !cutEdges(newEnd, oldEnd)) return false;
  removeRegions(newEnd, oldEnd);
  return true;
}

/** Whether [start, end) and one page beyond are free, and the guard gap of what comes then. */
function isRoomFor(start: usize, end: usize): bool {
  const after = findVma(start);
  return after == NO_VMA || startGap(after) >= end + PAGE_SIZE;
}

/** Maps [oldEnd, newEnd). */
function extend(oldEnd: usize, newEnd: word): bool {
  if (growthRefused()) return false;
  noticeForeignGrowth();
  // Nodes first: new ones may take room.
  if (!reserveVmas(1) || newEnd > mm.taskSize || !isRoomFor(oldEnd, <usize>newEnd)) return false;
  const pages = (newEnd - <word>oldEnd) / PAGE_SIZE;
  const flags = HEAP_FLAGS | defaultFlags();
  if (!mayGrowHeap(flags, pages) || !coverPages(newEnd)) return false;
  // Pages that once were a mapping of somebody's come with that one's bytes.
  const dirty = dirtyEnd(oldEnd, newEnd);
  if (dirty > <word>oldEnd && dirty > mm.heapDirtyEnd) mm.heapDirtyEnd = dirty;
  const region = takeVma(oldEnd, <usize>newEnd);
  describe(region, flags);
  enterRegion(region, <usize>mm.startBrk);
  accountPages(flags, <isize>pages);
  commit(<isize>pages);
  countLocked(flags, pages);
  return true;
}

function describe(region: Vma, flags: word): void {
  region.vmFlags = flags;
  region.vmPgoff = region.vmStart / PAGE_SIZE;
}

/** The brk system call as a program sees it: `moveBreak`, and what it gains reads as zero. */
export function sysBrk(address: word): word {
  const oldEnd = pageAlign(mm.brk);
  const result = moveBreak(address);
  const newEnd = pageAlign(result);
  if (newEnd > oldEnd) clearDirty(oldEnd, newEnd);
  // From here on the program may write there.
  noteHeapDirty(result);
  return result;
}
