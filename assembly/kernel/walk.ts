// Regions as the host sees them: addresses of Vma structs, hidden ones left out. In the full build
// only.

import { findVma, next } from "./tree";
import { NO_VMA, Vma, VmaKind } from "./vma";

function visible(region: Vma): usize {
  while (region != NO_VMA && region.kind == VmaKind.HIDDEN) region = next(region);
  return changetype<usize>(region);
}

/** The first region that maps shows, or 0. */
export function firstVma(): usize {
  return visible(findVma(0));
}

/** The region after `vma` that maps shows, or 0. */
export function nextVma(vma: usize): usize {
  return visible(next(changetype<Vma>(vma)));
}

/** The first region that maps shows and that ends above `address`, or 0. */
export function findVmaAddress(address: usize): usize {
  return visible(findVma(address));
}
