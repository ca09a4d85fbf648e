// Memory that somebody else has grown: it gets a region of its own kind, so that nothing of the
// program's is ever placed there.

import { WASM_PAGE_SIZE } from "../base/align";
import { mm } from "./mm";
import { takeVma } from "./nodes";
import { lastBelow, link, settle } from "./tree";
import { NO_VMA, VmaKind } from "./vma";

/**
 * Finds memory that somebody else has grown since the last look and enters it as a foreign region,
 * so that neither the break nor a mapping runs into it. Called first by every system call that
 * takes space.
 * @noinline
 */
export function noticeForeignGrowth(): void {
  const pages = <u32>memory.size();
  if (pages <= mm.knownPages) return;
  const start = <usize>mm.knownPages * WASM_PAGE_SIZE;
  // At 4 GiB the end has no 32-bit address any more.
  const end = pages < 0x10000 ? <usize>pages * WASM_PAGE_SIZE : <usize>0 - WASM_PAGE_SIZE;
  mm.knownPages = pages;
  const below = lastBelow(start);
  if (below != NO_VMA && below.kind == VmaKind.FOREIGN && below.end == start) {
    below.vmEnd = <word>end;
    settle(below);
    return;
  }
  // A node is always left, unless the memory is full: then nothing is mapped any more.
  if (mm.freeVmas == 0) return;
  const region = takeVma(start, end);
  region.kind = VmaKind.FOREIGN;
  link(region, below);
}
