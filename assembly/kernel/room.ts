// Free ranges for new mappings. The tree finds gaps between regions (tree.ts); what is here also
// keeps the guard gaps free: below a region that grows down, nothing new is to lie.

import { isNewKernel, stackGuardGap } from "./options";
import { IS_FULL } from "./tier";
import { findVma, highestGap, lowestGap, next } from "./tree";
import { NO_VMA, Vma } from "./vma";

/** Where the space that others may use ends: the region's guard gap apart (vm_start_gap). */
export function startGap(node: Vma): usize {
  if (!node.growsDown) return node.start;
  const gap = stackGuardGap();
  return node.start > gap ? node.start - gap : 0;
}

/**
 * Where the guard gap begins that reaches into the free range [start, end); `end` when there is
 * none. Since 6.3 Linux looks only at the next region above, so that the guard gap of another one
 * beyond that may be used.
 */
function guardIn(start: usize, end: usize): usize {
  let region = findVma(start);
  if (isNewKernel()) return region != NO_VMA ? min(startGap(region), end) : end;
  const reach = end + stackGuardGap();
  let guard = end;
  while (region != NO_VMA && region.start < reach) {
    guard = min(guard, startGap(region));
    region = next(region);
  }
  return guard;
}

/**
 * The lowest free range of `length` bytes, at or above `floor` and ending at or below `ceiling`; 0
 * when there is none (unmapped_area).
 */
export function lowestRoom(floor: usize, ceiling: usize, length: usize): usize {
  let start = lowestGap(floor, ceiling, length);
  if (!IS_FULL) return start;
  while (start != 0) {
    const above = findVma(start);
    if (above == NO_VMA || startGap(above) >= start + length) break;
    start = lowestGap(above.end, ceiling, length);
  }
  return start;
}

/**
 * The start of the highest free range of `length` bytes that ends at or below `ceiling` and begins
 * at or above `floor`, or 0 (unmapped_area_topdown). A gap that is wide enough, but not with the
 * guard gap of the region above it, lowers the ceiling below that guard gap. So the regions and
 * gaps that this reaches over are out, too.
 */
export function highestRoom(floor: usize, ceiling: usize, length: usize): usize {
  let start = highestGap(floor, ceiling, length);
  if (!IS_FULL) return start;
  while (start != 0) {
    const guard = guardIn(start, start + length);
    if (guard >= start + length) break;
    start = highestGap(floor, guard, length);
  }
  return start;
}
