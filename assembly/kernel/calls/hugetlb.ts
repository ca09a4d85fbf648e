// Mappings of explicit huge pages (MAP_HUGETLB): the machine that is modelled has set none aside,
// as vm.nr_hugepages is 0 by default. So every such mapping fails, but only after all that Linux
// looks at before it asks for the pages. In the full build only.

import { PAGE_SIZE, isAligned } from "../../base/align";
import { EEXIST, EINVAL, ENOMEM, EOPNOTSUPP, errorResult, isError } from "../errno";
import { findUserVma, isMapped } from "../find";
import { noticeForeignGrowth } from "../foreign";
import { mayExpand } from "../limits";
import {
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_HUGE_SHIFT,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
} from "../mman";
import { mm } from "../mm";
import { unmapRegion } from "./munmap";
import { maxMapCount } from "../options";
import { checkFixed, checkLock, flagsFor, hasUnknownFlag, unmappedArea } from "./place";
import { NO_VMA, VM_SHARED } from "../vma";

const MAP_HUGE_MASK: i32 = 63;

/** The sizes that x86 has: 2 MiB, the default, and 1 GiB. */
const PMD_SHIFT: i32 = 21;
const PUD_SHIFT: i32 = 30;

/**
 * The binary logarithm of the size of page that the flags ask for, or 0 when there is no such page.
 */
function pageShift(flags: i32): i32 {
  const shift = (flags >>> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;
  if (shift == 0) return PMD_SHIFT;
  return shift == PMD_SHIFT || shift == PUD_SHIFT ? shift : 0;
}

/**
 * Whether a mapping of huge pages may lie at exactly this address, both in whole pages: 0 or an
 * error result.
 */
function checkPlace(address: word, bytes: word, pageSize: word, flags: i32): word {
  // The huge page's own rule comes first (hugetlb_get_unmapped_area).
  if (!isAligned(address, <usize>pageSize)) return errorResult(EINVAL);
  const refused = checkFixed(address, bytes);
  if (refused != 0) return refused;
  const isTaken = isMapped(<usize>address, <usize>(address + bytes));
  return flags & MAP_FIXED_NOREPLACE && isTaken ? errorResult(EEXIST) : 0;
}

/**
 * Whether the flags' kind of mapping exists for the nameless file that huge pages are: 0 or an
 * error result.
 */
function checkHugeType(flags: i32): word {
  const type = flags & MAP_TYPE;
  if (type == MAP_SHARED_VALIDATE && hasUnknownFlag(flags)) return errorResult(EOPNOTSUPP);
  if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
    return errorResult(EINVAL);
  return flags & MAP_GROWSDOWN ? errorResult(EINVAL) : 0;
}

/** How many pages of [start, end) the program has mapped. */
function mappedPages(start: usize, end: usize): word {
  let pages: word = 0;
  for (let at = findUserVma(start); at != NO_VMA && at.start < end; at = findUserVma(at.end))
    pages += <word>((min(end, at.end) - max(start, at.start)) / PAGE_SIZE);
  return pages;
}

/**
 * What mmap with MAP_HUGETLB and MAP_ANONYMOUS comes to: always an error result, at the end ENOMEM.
 * By then MAP_FIXED has taken away what was mapped there, as on Linux.
 */
export function mapHugePages(address: word, length: word, prot: i32, flags: i32): word {
  const shift = pageShift(flags);
  if (shift == 0 || length == 0) return errorResult(EINVAL);
  const pageSize = (<word>1) << shift;
  const bytes = (length + (pageSize - 1)) & ~(pageSize - 1);
  // A length that is rounded up to 2^64 is none; 2^32 is one, and too much.
  if (bytes == 0) return errorResult(sizeof<word>() == 8 ? EINVAL : ENOMEM);
  if (bytes > mm.taskSize || mm.mapCount > maxMapCount()) return errorResult(ENOMEM);
  noticeForeignGrowth();
  const isFixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
  let refused: word = 0;
  if (isFixed) {
    refused = checkPlace(address, bytes, pageSize, flags);
  } else {
    const place = unmappedArea(address, bytes, flags);
    if (isError(place)) refused = place;
  }
  const vmFlags = flagsFor(prot, flags);
  if (refused == 0) refused = checkLock(flags, vmFlags, bytes);
  if (refused == 0) refused = checkHugeType(flags);
  if (refused != 0 || !isFixed) return refused != 0 ? refused : errorResult(ENOMEM);
  const more = bytes / PAGE_SIZE - mappedPages(<usize>address, <usize>(address + bytes));
  if (mayExpand(flags & MAP_SHARED ? vmFlags | VM_SHARED : vmFlags, more))
    refused = unmapRegion(address, bytes);
  return refused != 0 ? refused : errorResult(ENOMEM);
}
