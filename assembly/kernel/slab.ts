// Memory of the kernel's own: slabs of one WebAssembly page each, for more nodes of the region
// table (nodes.ts) and, in the full build, for pages of page marks. A slab lies above TASK_SIZE
// when the memory ends there and can grow, else where programs look last, as a hidden region: below
// mmap_base when the search goes up from there, above it when it goes down, at the end of the
// memory in the compact layout.

import { PAGE_SIZE, WASM_PAGE_SIZE } from "../base/align";
import { noticeForeignGrowth } from "./foreign";
import { Layout, mm } from "./mm";
import { NODE_BYTES, giveNodes, takeVma } from "./nodes";
import { coverPages } from "./pages";
import { highestRoom, lowestRoom } from "./room";
import { lastBelow, link } from "./tree";
import { Vma, VmaKind } from "./vma";

/**
 * In the compact layout the first mapping decides where mappings begin: right behind what the
 * memory covers by then.
 */
export function settleMmapBase(): void {
  if (mm.layout == Layout.COMPACT && mm.mmapBase == 0)
    mm.mmapBase = <word>mm.knownPages * WASM_PAGE_SIZE;
}

/** A new slab, or 0. @noinline */
function newSlab(): usize {
  noticeForeignGrowth();
  const taskSize = <usize>mm.taskSize;
  if (mm.knownPages >= <u32>(taskSize / WASM_PAGE_SIZE) && memory.grow(1) >= 0) {
    const page = mm.knownPages;
    mm.knownPages = page + 1;
    return <usize>page * WASM_PAGE_SIZE;
  }
  settleMmapBase();
  const base = <usize>mm.mmapBase;
  let place =
    mm.layout == Layout.LEGACY
      ? highestRoom(<usize>mm.startBrk, base, WASM_PAGE_SIZE)
      : lowestRoom(base, taskSize, WASM_PAGE_SIZE);
  if (place == 0) place = lowestRoom(<usize>mm.startBrk, taskSize, WASM_PAGE_SIZE);
  if (place == 0 || !coverPages(<word>(place + WASM_PAGE_SIZE))) return 0;
  memory.fill(place, 0, WASM_PAGE_SIZE);
  const region = takeVma(place, place + WASM_PAGE_SIZE);
  region.kind = VmaKind.HIDDEN;
  link(region, lastBelow(place));
  return place;
}

/**
 * Makes sure that `count` nodes are to be had: called before a system call changes anything. False
 * when there is no memory.
 * @noinline
 */
export function reserveVmas(count: i32): bool {
  // The slab itself needs a node, too.
  while (mm.freeVmas <= count) {
    const slab = newSlab();
    if (slab == 0) return mm.freeVmas >= count;
    // What is left of the slab before becomes free nodes.
    for (let index = mm.nodeRest; index > 0; index--) {
      const node = changetype<Vma>(<usize>mm.nodeNext);
      mm.nodeNext += <u32>NODE_BYTES;
      node.rightLink = mm.freeVma;
      mm.freeVma = <u32>changetype<usize>(node);
    }
    giveNodes(slab, WASM_PAGE_SIZE);
  }
  return true;
}

/** A zeroed page for page marks, or 0. */
export function takeMarkPage(): usize {
  if (mm.markRest == 0) {
    if (mm.freeVmas < 1 && !reserveVmas(1)) return 0;
    const slab = newSlab();
    if (slab == 0) return 0;
    mm.markNext = <u32>slab;
    mm.markRest = <i32>(WASM_PAGE_SIZE / PAGE_SIZE);
  }
  const page = <usize>mm.markNext;
  mm.markNext += <u32>PAGE_SIZE;
  mm.markRest--;
  return page;
}
