// Sealed memory (mseal, since Linux 6.10): it cannot be unmapped, moved, replaced or protected
// otherwise any more, for good. In the full build only.

import { ILP32 } from "../../abi/word";
import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { EINVAL, ENOMEM, ENOSYS, EPERM, errorResult } from "../errno";
import { findUserVma } from "../find";
import { mm } from "../mm";
import { isNewKernel, maxMapCount } from "../options";
import { modifyRegion, splitVma } from "../region";
import { reserveVmas } from "../slab";
import { IS_FULL } from "../tier";
import { findVma, next } from "../tree";
import { NO_VMA, VM_SEALED, VmaKind } from "../vma";

/**
 * What stands in the way of unmapping [start, end), or of mapping something else there: -EPERM
 * where a part of it is sealed, else 0. Linux finds out after it has cut the first region at
 * `start`, and leaves it so (vms_gather_munmap_vmas).
 */
export function sealedResult(start: usize, end: usize): word {
  if (!IS_FULL) return 0;
  const first = findVma(start);
  let at = first;
  while (at != NO_VMA && at.start < end && !(at.vmFlags & VM_SEALED)) at = next(at);
  if (at == NO_VMA || at.start >= end) return 0;
  if (first.start < start && first.kind == VmaKind.USER) {
    if (first.end > end && mm.mapCount >= maxMapCount()) return errorResult(ENOMEM);
    if (at != first && reserveVmas(1)) splitVma(first, start);
  }
  return errorResult(EPERM);
}

/** Whether regions cover all of [start, end). */
function isCovered(start: usize, end: usize): bool {
  while (start < end) {
    const region = findUserVma(start);
    if (region == NO_VMA || region.start > start) return false;
    start = region.end;
  }
  return true;
}

/**
 * Whether `length` bytes from `address` on run out of all numbers: those of 64 bits, since only a
 * 64-bit kernel has this call.
 */
function isWrapped(address: word, length: word): bool {
  if (ILP32) return false;
  const bytes = pageAlign(length);
  return (length != 0 && bytes == 0) || address + bytes < address;
}

/**
 * The mseal system call. 0 or -errno; nothing is sealed where there is a hole
 * (Documentation/userspace-api/mseal.rst).
 */
export function sysMseal(address: word, length: word, flags: word): word {
  if (!isNewKernel()) return errorResult(ENOSYS);
  if (flags != 0 || !isAligned(address, PAGE_SIZE)) return errorResult(EINVAL);
  if (isWrapped(address, length)) return errorResult(EINVAL);
  if (length == 0) return 0;
  if (address >= mm.taskSize || length > mm.taskSize - address) return errorResult(ENOMEM);
  const end = <usize>(address + pageAlign(length));
  let start = <usize>address;
  if (!isCovered(start, end) || !reserveVmas(2)) return errorResult(ENOMEM);
  while (start < end) {
    const region = findUserVma(start);
    const stop = min(end, region.end);
    const flagsNow = region.vmFlags;
    if (!(flagsNow & VM_SEALED)) {
      const sealed = modifyRegion(region, start, stop, flagsNow | VM_SEALED, region.nameId);
      if (sealed == NO_VMA) return errorResult(ENOMEM);
    }
    start = stop;
  }
  return 0;
}
