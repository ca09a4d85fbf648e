// brk: the end of the heap. The break is exact to the byte; what is mapped is whole pages.

import { PAGE_SIZE, pageAlign } from "../base/align";
import { accountPages, mm } from "./mm";
import { clearDirty, coverPages, dirtyEnd, noteHeapDirty, noticeForeignGrowth } from "./pages";
import { growthRefused } from "./refusal";
import { VM_READ, VM_WRITE, insertRegion, isMapped, removeRegions } from "./region";

/**
 * Moves the break to `address` and returns the resulting break, which is the old one when the request is refused: never an error
 * (brk(2), the raw system call). Released memory that is taken again is not cleared here: see `sysBrk` and malloc/system.ts.
 */
export function moveBreak(address: word): word {
  if (address < mm.startBrk) return mm.brk;
  const oldEnd = pageAlign(mm.brk);
  const newEnd = pageAlign(address);
  if (address <= mm.brk) {
    if (newEnd < oldEnd) releaseTail(newEnd, oldEnd);
    mm.brk = address;
  } else if (newEnd == oldEnd || (newEnd > oldEnd && extend(oldEnd, newEnd))) {
    mm.brk = address;
  }
  return mm.brk;
}

/** Unmaps the heap's last pages. They keep their bytes; `heapDirtyEnd` remembers that. */
function releaseTail(newEnd: word, oldEnd: word): void {
  accountPages(-(<isize>(removeRegions(newEnd, oldEnd) / PAGE_SIZE)));
}

/** Maps [oldEnd, newEnd). One page beyond must stay free, as in Linux. */
function extend(oldEnd: word, newEnd: word): bool {
  if (growthRefused()) return false;
  noticeForeignGrowth();
  if (newEnd > mm.taskSize || isMapped(oldEnd, newEnd + PAGE_SIZE)) return false;
  if (!coverPages(newEnd)) return false;
  // Pages that once were a mapping of somebody's come with that one's bytes.
  const dirty = dirtyEnd(oldEnd, newEnd);
  if (!insertRegion(oldEnd, newEnd, VM_READ | VM_WRITE)) return false;
  if (dirty > oldEnd && dirty > mm.heapDirtyEnd) mm.heapDirtyEnd = dirty;
  accountPages(<isize>((newEnd - oldEnd) / PAGE_SIZE));
  return true;
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
