// munmap: what it looks at before it takes mappings away. mmap looks at the same where it replaces
// some.

import { PAGE_SIZE, isAligned, pageAlign } from "../../base/align";
import { EINVAL, ENOMEM, errorResult } from "../errno";
import { writeBack } from "../files/filemap";
import { isMapped } from "../find";
import { mm } from "../mm";
import { noteReleased } from "../pages";
import { cutEdges, removeRegions } from "../region";
import { sealedResult } from "./mseal";
import { reserveKept } from "../files/shmem";
import { reserveVmas } from "../slab";

/**
 * Unmaps whatever is mapped in the pages of [address, address + length). 0 or -errno (munmap(2)).
 * @noinline
 */
export function unmapRegion(address: word, length: word): word {
  const bytes = pageAlign(length);
  if (!isAligned(address, PAGE_SIZE) || bytes == 0) return errorResult(EINVAL);
  if (address > mm.taskSize || length > mm.taskSize - address) return errorResult(EINVAL);
  const start = <usize>address;
  const end = <usize>(address + bytes);
  if (!isMapped(start, end)) return 0;
  if (!reserveKept(start, end)) return errorResult(ENOMEM);
  const kept = keptResult(start, end);
  return kept != 0 ? kept : discard(start, end);
}

/**
 * Why [start, end) cannot be unmapped: sealed regions, or stores that cannot be brought to their
 * files. 0 or an error result.
 */
export function keptResult(start: usize, end: usize): word {
  const sealed = sealedResult(start, end);
  return sealed != 0 ? sealed : writeBack(start, end);
}

/** Unmaps [start, end), and what was stored there is lost. 0 or an error result. */
export function discard(start: usize, end: usize): word {
  if (!reserveVmas(2) || !cutEdges(start, end)) return errorResult(ENOMEM);
  if (removeRegions(start, end)) noteReleased(<word>start, <word>end);
  return 0;
}
