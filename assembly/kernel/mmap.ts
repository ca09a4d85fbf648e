// mmap, munmap and mremap for anonymous private memory.

import { PAGE_SIZE, WASM_PAGE_SIZE, isAligned, pageAlign } from "../base/align";
import { EEXIST, EFAULT, EINVAL, ENODEV, ENOMEM, EPERM, errorResult, isError } from "./errno";
import { Layout, accountPages, mm } from "./mm";
import { clearDirty, coverPages, noteReleased, noticeForeignGrowth } from "./pages";
import { growthRefused } from "./refusal";
import {
  VM_EXEC,
  VM_READ,
  VM_WRITE,
  findVma,
  highestGap,
  insertRegion,
  isMapped,
  isWithinOne,
  lowestGap,
  removeRegions,
  vmaAt,
} from "./region";

export const PROT_READ: i32 = 0x1;
export const PROT_WRITE: i32 = 0x2;
export const MAP_SHARED: i32 = 0x01;
export const MAP_PRIVATE: i32 = 0x02;
export const MAP_TYPE: i32 = 0x0f;
export const MAP_FIXED: i32 = 0x10;
export const MAP_ANONYMOUS: i32 = 0x20;
export const MAP_FIXED_NOREPLACE: i32 = 0x100000;
export const MREMAP_MAYMOVE: i32 = 1;

const VM_PROT: word = VM_READ | VM_WRITE | VM_EXEC;

/** The least address that an unprivileged program may map (sysctl vm.mmap_min_addr). */
const MMAP_MIN_ADDR: word = PAGE_SIZE;

/** A free place for `length` bytes where the layout wants it (get_unmapped_area), or 0. */
function unmappedArea(length: word): word {
  if (mm.layout == Layout.TOP_DOWN) {
    const place = highestGap(MMAP_MIN_ADDR, mm.mmapBase, length);
    if (place != 0) return place;
    return lowestGap(mm.mmapBase, length);
  }
  if (mm.layout == Layout.COMPACT) {
    // Holes between mappings first; then behind everything that the memory covers.
    return lowestGap(mm.mmapBase, length);
  }
  return lowestGap(mm.mmapBase, length);
}

/** In the compact layout the first mapping decides where mappings begin: right behind what the memory covers by then. */
function settleMmapBase(): void {
  if (mm.layout == Layout.COMPACT && mm.mmapBase == 0)
    mm.mmapBase = <word>mm.knownPages * WASM_PAGE_SIZE;
}

/** The place for a mapping: the address asked for, the hint if it is free, or one of our choice. An error result if none. */
function placeFor(address: word, length: word, flags: i32): word {
  if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
    if (length > mm.taskSize || address > mm.taskSize - length) return errorResult(ENOMEM);
    if (!isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
    if (address < MMAP_MIN_ADDR) return errorResult(EPERM);
    if (flags & MAP_FIXED_NOREPLACE && isMapped(address, address + length))
      return errorResult(EEXIST);
    return address;
  }
  const hint = address & ~(<word>(PAGE_SIZE - 1));
  if (hint >= MMAP_MIN_ADDR && length <= mm.taskSize && hint <= mm.taskSize - length) {
    if (!isMapped(hint, hint + length)) return hint;
  }
  settleMmapBase();
  const place = unmappedArea(length);
  return place != 0 ? place : errorResult(ENOMEM);
}

/**
 * Maps `length` bytes of anonymous private memory and returns their address, or -errno (mmap(2)). The bytes are whatever was
 * there before: see `sysMmap` for a program's view.
 */
export function mapRegion(address: word, length: word, prot: i32, flags: i32): word {
  if (length == 0) return errorResult(EINVAL);
  const bytes = pageAlign(length);
  if (bytes == 0 || bytes > mm.taskSize) return errorResult(ENOMEM);
  if (growthRefused()) return errorResult(ENOMEM);
  noticeForeignGrowth();
  const place = placeFor(address, bytes, flags);
  if (isError(place)) return place;
  if (!coverPages(place + bytes)) return errorResult(ENOMEM);
  if (flags & MAP_FIXED && isError(unmapRegion(place, bytes))) return errorResult(ENOMEM);
  if (!insertRegion(place, place + bytes, (<word>prot) & VM_PROT)) return errorResult(ENOMEM);
  accountPages(<isize>(bytes / PAGE_SIZE));
  return place;
}

/** Unmaps whatever is mapped in the pages of [address, address + length). 0 or -errno (munmap(2)). */
export function unmapRegion(address: word, length: word): word {
  const bytes = pageAlign(length);
  if (!isAligned(address, PAGE_SIZE) || bytes == 0) return errorResult(EINVAL);
  if (address > mm.taskSize || bytes > mm.taskSize - address) return errorResult(EINVAL);
  const unmapped = removeRegions(address, address + bytes);
  if (unmapped == <word>-1) return errorResult(ENOMEM);
  if (unmapped != 0) noteReleased(address, address + bytes);
  accountPages(-(<isize>(unmapped / PAGE_SIZE)));
  return 0;
}

/**
 * Makes the mapping at `address` `newLength` bytes long, in place or, with MREMAP_MAYMOVE, elsewhere with its bytes. Returns its
 * address or -errno (mremap(2)). New bytes are whatever was there before: see `sysMremap`.
 */
export function remapRegion(address: word, oldLength: word, newLength: word, flags: i32): word {
  const oldBytes = pageAlign(oldLength);
  const newBytes = pageAlign(newLength);
  if (!isAligned(address, PAGE_SIZE) || newBytes == 0 || oldBytes == 0 || flags & ~MREMAP_MAYMOVE) {
    return errorResult(EINVAL);
  }
  if (oldBytes > mm.taskSize || address > mm.taskSize - oldBytes) return errorResult(EFAULT);
  if (newBytes < oldBytes) {
    const result = unmapRegion(address + newBytes, oldBytes - newBytes);
    return isError(result) ? result : address;
  }
  if (!isWithinOne(address, address + oldBytes)) return errorResult(EFAULT);
  if (newBytes == oldBytes) return address;
  if (growthRefused()) return errorResult(ENOMEM);
  if (expandInPlace(address, oldBytes, newBytes)) return address;
  return flags & MREMAP_MAYMOVE ? moveRegion(address, oldBytes, newBytes) : errorResult(ENOMEM);
}

/** Grows a mapping over the free pages behind it, if there are enough. */
function expandInPlace(address: word, oldBytes: word, newBytes: word): bool {
  noticeForeignGrowth();
  const oldEnd = address + oldBytes;
  if (newBytes > mm.taskSize || address > mm.taskSize - newBytes) return false;
  const newEnd = address + newBytes;
  if (isMapped(oldEnd, newEnd) || !coverPages(newEnd)) return false;
  if (!insertRegion(oldEnd, newEnd, vmaAt(findVma(address)).vmFlags)) return false;
  accountPages(<isize>((newBytes - oldBytes) / PAGE_SIZE));
  return true;
}

/** Moves a mapping to a bigger free place. Wasm memory cannot be remapped, so the bytes are copied. */
function moveRegion(address: word, oldBytes: word, newBytes: word): word {
  if (newBytes > mm.taskSize) return errorResult(ENOMEM);
  settleMmapBase();
  const place = unmappedArea(newBytes);
  if (place == 0 || !coverPages(place + newBytes)) return errorResult(ENOMEM);
  if (!insertRegion(place, place + newBytes, vmaAt(findVma(address)).vmFlags))
    return errorResult(ENOMEM);
  accountPages(<isize>(newBytes / PAGE_SIZE));
  memory.copy(<usize>place, <usize>address, <usize>oldBytes);
  unmapRegion(address, oldBytes);
  return place;
}

/** The mmap system call as a program sees it: anonymous private memory only, and it reads as zero. Address or -errno. */
export function sysMmap(address: word, length: word, prot: i32, flags: i32): word {
  const type = flags & MAP_TYPE;
  if (type != MAP_PRIVATE && type != MAP_SHARED) return errorResult(EINVAL);
  if (type == MAP_SHARED || !(flags & MAP_ANONYMOUS)) return errorResult(ENODEV);
  const place = mapRegion(address, length, prot, flags);
  if (!isError(place)) clearDirty(place, place + pageAlign(length));
  return place;
}

/** The mremap system call as a program sees it: what it gains reads as zero. Address or -errno. */
export function sysMremap(address: word, oldLength: word, newLength: word, flags: i32): word {
  const place = remapRegion(address, oldLength, newLength, flags);
  const oldBytes = pageAlign(oldLength);
  const newBytes = pageAlign(newLength);
  if (!isError(place) && newBytes > oldBytes) clearDirty(place + oldBytes, place + newBytes);
  return place;
}
