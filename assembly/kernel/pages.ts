// How the WebAssembly memory grows, and what is known about which bytes are still
// zero.

import { IS_SMALL } from "../abi/profile";
import { MIB, PAGE_SIZE, WASM_PAGE_SIZE } from "../base/align";
import { mm } from "./mm";
import { IS_FULL } from "./tier";

/**
 * The least that the memory grows by: a call costs the engine the same whatever the size. Where
 * memory is dear it grows by what is needed.
 */
const GROWTH_MIN_PAGES: u32 = IS_SMALL ? 1 : <u32>(MIB / WASM_PAGE_SIZE);

/**
 * By which part of what lies above start_brk the memory grows, its logarithm: a quarter, or a 32nd.
 * What a guest has below, its static data, is no reason to expect a large heap.
 */
const GROWTH_LOG2: u32 = IS_SMALL ? 5 : 2;

/**
 * The most that the memory grows by beyond what is needed: 256 MiB. V8 collects garbage when a
 * memory of this size grows, so a process with mappings high up should not do it often.
 */
const GROWTH_AHEAD_MAX_PAGES: u32 = 256 * <u32>(MIB / WASM_PAGE_SIZE);

/**
 * Makes sure that the memory covers every byte below `end`, growing geometrically ahead. False when
 * it cannot.
 * @noinline
 */
export function coverPages(end: word): bool {
  const have = mm.knownPages;
  const need = <u32>((end + (WASM_PAGE_SIZE - 1)) / WASM_PAGE_SIZE);
  if (need <= have) return true;
  const limit = <u32>(mm.taskSize / WASM_PAGE_SIZE);
  const below = <u32>(mm.startBrk / WASM_PAGE_SIZE);
  let ahead = below < have ? (have - below) >> GROWTH_LOG2 : 0;
  if (ahead < GROWTH_MIN_PAGES) ahead = GROWTH_MIN_PAGES;
  if (ahead > GROWTH_AHEAD_MAX_PAGES) ahead = GROWTH_AHEAD_MAX_PAGES;
  const generous = have + ahead < limit ? have + ahead : limit;
  if (generous > need && memory.grow(<i32>(generous - have)) >= 0) {
    mm.knownPages = generous;
    return true;
  }
  if (memory.grow(<i32>(need - have)) < 0) return false;
  mm.knownPages = need;
  return true;
}

/**
 * The address from which on the newly mapped range [start, end) is known to read as zero (`end`
 * when nothing is known).
 */
export function dirtyEnd(start: word, end: word): word {
  let dirty = start;
  if (start < mm.dirtyHigh && end > mm.dirtyLow) dirty = min(end, mm.dirtyHigh);
  if (dirty < mm.heapDirtyEnd) dirty = max(dirty, min(end, mm.heapDirtyEnd));
  return dirty;
}

/** Notes that the mapped range [start, end) is given back with whatever was written to it. */
export function noteReleased(start: word, end: word): void {
  if (start < mm.dirtyLow) mm.dirtyLow = start;
  if (end > mm.dirtyHigh) mm.dirtyHigh = end;
}

/**
 * Forgets what is known to read as zero: what a dead thread had begun may have left bytes anywhere
 * in the memory that there is.
 */
export function distrustMemory(): void {
  noteReleased(0, mm.taskSize);
  const end = (<word>memory.size()) << 16;
  if (end > mm.heapDirtyEnd) mm.heapDirtyEnd = end;
}

/**
 * Notes that the brk area may have been written to below `end`. Addresses beyond the break are none
 * of its business.
 */
export function noteHeapDirty(end: word): void {
  if (isNewlyDirty(end)) mm.heapDirtyEnd = end;
}

/**
 * Whether the kernel does not know yet that the brk area may have been written to below `end`.
 * @noinline
 */
export function isNewlyDirty(end: word): bool {
  return end > mm.heapDirtyEnd && end <= mm.brk;
}

/**
 * Clears what may be dirty of the newly mapped range [start, end): a program must read zeros there.
 * @noinline
 */
export function clearDirty(start: word, end: word): void {
  const dirty = dirtyEnd(start, end);
  if (dirty <= start) return;
  if (IS_FULL) scrub(<usize>start, <usize>dirty);
  else memory.fill(<usize>start, 0, <usize>(dirty - start));
}

/**
 * Whether every byte of the page at `page` is zero. Reading a page that nobody wrote costs the host
 * no memory.
 */
export function isZeroPage(page: usize): bool {
  for (let at = page; at < page + PAGE_SIZE; at += 32) {
    if ((load<u64>(at) | load<u64>(at, 8) | load<u64>(at, 16) | load<u64>(at, 24)) != 0)
      return false;
  }
  return true;
}

/** Makes whole pages read as zero, writing only where they do not yet. */
export function scrub(start: usize, end: usize): void {
  for (let page = start; page < end; page += PAGE_SIZE) {
    if (!isZeroPage(page)) memory.fill(page, 0, PAGE_SIZE);
  }
}

/**
 * Copies whole pages between places that do not overlap; pages of zeros without touching them more
 * than needed.
 */
export function copyPages(to: usize, from: usize, bytes: usize): void {
  if (!IS_FULL) {
    memory.copy(to, from, bytes);
    return;
  }
  for (let offset: usize = 0; offset < bytes; offset += PAGE_SIZE) {
    if (isZeroPage(from + offset)) scrub(to + offset, to + offset + PAGE_SIZE);
    else memory.copy(to + offset, from + offset, PAGE_SIZE);
  }
}
