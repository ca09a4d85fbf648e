// What lies at an address, as system calls ask for it: the region table (tree.ts) also has regions
// that are not the program's.

import { findVma, next } from "./tree";
import { NO_VMA, VM_READ, Vma, VmaKind } from "./vma";

/** Whether any region shares a byte with [start, end) (find_vma_intersection). @noinline */
export function isMapped(start: usize, end: usize): bool {
  const region = findVma(start);
  return region != NO_VMA && region.start < end;
}

/** Below lies the null page; linkers place a program's data from here on. */
const LOWEST_DATA: usize = 1024;

/**
 * Whether a load from `address` would go well in Linux. What nobody can map, below the heap, counts
 * as the program's own data.
 * @noinline
 */
export function isReadable(address: usize): bool {
  const region = findVma(address);
  if (region == NO_VMA || region.start > address || address < LOWEST_DATA) return false;
  return region.kind != VmaKind.USER || (region.vmFlags & VM_READ) != 0;
}

/** Whether a region of the kernel's own or of somebody else's shares a byte with [start, end). */
export function isReserved(start: usize, end: usize): bool {
  for (let at = findVma(start); at != NO_VMA && at.start < end; at = next(at)) {
    if (at.kind != VmaKind.USER) return true;
  }
  return false;
}

/** The program's region that holds `address` (vma_lookup), or none. @noinline */
export function lookupVma(address: usize): Vma {
  const region = findVma(address);
  if (region == NO_VMA || region.start > address || region.kind != VmaKind.USER) return NO_VMA;
  return region;
}

/** The program's first region that ends above `address` (find_vma), or none. */
export function findUserVma(address: usize): Vma {
  let region = findVma(address);
  while (region != NO_VMA && region.kind != VmaKind.USER) region = next(region);
  return region;
}
