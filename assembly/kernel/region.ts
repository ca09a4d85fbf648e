// The region table: which parts of the address space are mapped (the kernel's VMAs), as an array in address order. Neighbours
// that touch and have the same flags are one entry, as in Linux. All ranges are whole pages, half-open.

import { KERNEL_BYTES, MM_BYTES, mm } from "./mm";

/** One mapped range (struct vm_area_struct). */
@unmanaged
export class Vma {
  vmStart: word; // vm_start: first address
  vmEnd: word; // vm_end: first address behind it
  vmFlags: word; // vm_flags: VM_* bits
}

export const VM_READ: word = 0x1;
export const VM_WRITE: word = 0x2;
export const VM_EXEC: word = 0x4;

/** Memory that a guest or the host grew by itself: nobody else's mapping may touch it. The model's own bit. */
export const VM_FOREIGN: word = 0x8000_0000;

/** How many regions there can be (sysctl vm.max_map_count): what fits into the kernel's own pages. */
export const MAX_MAP_COUNT: i32 = <i32>((KERNEL_BYTES - MM_BYTES) / offsetof<Vma>());

/** Region number `index`, 0 <= index < mm.mapCount. */
export function vmaAt(index: i32): Vma {
  return changetype<Vma>(changetype<usize>(mm) + MM_BYTES + <usize>index * offsetof<Vma>());
}

/** The number of the first region that ends above `address` (find_vma), or mm.mapCount. */
export function findVma(address: word): i32 {
  let low = 0;
  let high = mm.mapCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (vmaAt(middle).vmEnd > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether any region shares a byte with [start, end). */
export function isMapped(start: word, end: word): bool {
  const index = findVma(start);
  return index < mm.mapCount && vmaAt(index).vmStart < end;
}

/** Whether one region holds all of [start, end). */
export function isWithinOne(start: word, end: word): bool {
  const index = findVma(start);
  return index < mm.mapCount && vmaAt(index).vmStart <= start && end <= vmaAt(index).vmEnd;
}

/** Makes room for (by > 0) or closes (by < 0) entries in front of number `index`. */
function shift(index: i32, by: i32): void {
  const from = changetype<usize>(vmaAt(index));
  const to = changetype<usize>(vmaAt(index + by));
  memory.copy(to, from, <usize>(mm.mapCount - index) * offsetof<Vma>());
  mm.mapCount += by;
}

/** Enters the unmapped range [start, end). Joins equal neighbours. False when the table is full. */
export function insertRegion(start: word, end: word, flags: word): bool {
  const index = findVma(start);
  const joinsPrevious =
    index > 0 && vmaAt(index - 1).vmEnd == start && vmaAt(index - 1).vmFlags == flags;
  const joinsNext =
    index < mm.mapCount && vmaAt(index).vmStart == end && vmaAt(index).vmFlags == flags;
  if (joinsPrevious && joinsNext) {
    vmaAt(index - 1).vmEnd = vmaAt(index).vmEnd;
    shift(index + 1, -1);
  } else if (joinsPrevious) {
    vmaAt(index - 1).vmEnd = end;
  } else if (joinsNext) {
    vmaAt(index).vmStart = start;
  } else {
    if (mm.mapCount >= MAX_MAP_COUNT) return false;
    shift(index, 1);
    const region = vmaAt(index);
    region.vmStart = start;
    region.vmEnd = end;
    region.vmFlags = flags;
  }
  return true;
}

/** Cuts the region around `address` in two there, if there is one. False when the table is full. */
function splitAt(address: word): bool {
  const index = findVma(address);
  if (index >= mm.mapCount || vmaAt(index).vmStart >= address) return true;
  if (mm.mapCount >= MAX_MAP_COUNT) return false;
  shift(index, 1);
  const lower = vmaAt(index);
  const upper = vmaAt(index + 1);
  lower.vmStart = upper.vmStart;
  lower.vmEnd = address;
  lower.vmFlags = upper.vmFlags;
  upper.vmStart = address;
  return true;
}

/** Removes whatever is mapped in [start, end). Returns the bytes that were mapped, or -1 when the table has no room for a split. */
export function removeRegions(start: word, end: word): word {
  if (!isMapped(start, end)) return 0;
  // Cutting out of the middle of one region leaves one more than there were.
  if (!splitAt(start)) return -1;
  if (!splitAt(end)) {
    // Undo the first cut, so that a refused call changes nothing.
    const upper = findVma(start);
    vmaAt(upper - 1).vmEnd = vmaAt(upper).vmEnd;
    shift(upper + 1, -1);
    return -1;
  }
  const first = findVma(start);
  let last = first;
  let bytes: word = 0;
  while (last < mm.mapCount && vmaAt(last).vmStart < end) {
    bytes += vmaAt(last).vmEnd - vmaAt(last).vmStart;
    last++;
  }
  if (last > first) shift(last, first - last);
  return bytes;
}

/** The lowest free range of `length` bytes at or above `floor` and below the end of the address space, or 0. */
export function lowestGap(floor: word, length: word): word {
  let start = floor;
  for (let index = findVma(floor); index < mm.mapCount; index++) {
    const region = vmaAt(index);
    if (region.vmStart >= start && region.vmStart - start >= length) return start;
    start = region.vmEnd;
  }
  return start <= mm.taskSize && mm.taskSize - start >= length ? start : 0;
}

/** The start of the highest free range of `length` bytes that ends at or below `ceiling` and begins at or above `floor`, or 0. */
export function highestGap(floor: word, ceiling: word, length: word): word {
  let end = ceiling;
  for (let index = mm.mapCount - 1; index >= 0; index--) {
    const region = vmaAt(index);
    if (region.vmEnd <= end && end - region.vmEnd >= length) break;
    if (region.vmStart < end) end = region.vmStart;
  }
  return end >= floor && end - floor >= length ? end - length : 0;
}
