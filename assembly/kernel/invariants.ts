// What must always be true: the list for the whole project, and the checks on the kernel's side.

import { PAGE_SIZE, isAligned, pageAlign } from "../base/align";
import { isWild, mm } from "./mm";
import { refresh } from "./tree";
import { IS_FULL } from "./tier";
import { NO_VMA, Vma, VmaKind } from "./vma";

/** The invariants that the whole-heap checker knows. The numbers follow those of `Failure`. */
export enum Invariant {
  HOLDS = 0, // nothing is wrong
  BREAK = 201, // start_brk <= brk <= task_size
  REGION_ORDER, // regions are whole pages, ascending, disjoint, below task_size
  TOTAL_VM, // total_vm counts the pages of all regions but foreign ones
  HEAP_MAPPED, // the pages from start_brk to brk are mapped
  CHUNK_SIZE, // chunks are at least MINSIZE, aligned, inside the memory
  CHUNK_FLAGS, // no chunk of a heap has M, those in use outside main_arena have A; aligned
  PREV_INUSE, // a segment's first chunk has the P bit set: nothing lies before it
  ADJACENT_FREE, // no two free chunks are neighbours
  FOOT, // a free chunk's size stands behind it, too
  FENCEPOST, // a segment ends in top or in two fenceposts
  TOP_MISSING, // walking the chunks leads to top
  TOP_FLAGS, // top has P set, and no free chunk before it
  TOP_SIZE, // top ends at a page boundary, at the break if nobody else moved that
  BIN_LINKS, // in a bin's ring fd and bk agree
  BIN_HOLDS_USED, // bins hold free chunks only
  BIN_SIZE, // a chunk is in the bin of its size
  BIN_ORDER, // large bins are sorted by size
  NEXTSIZE, // the ring of sizes holds the first chunk of each size
  BINMAP, // a bin that holds a chunk is marked
  FREE_NOT_BINNED, // every free chunk is in exactly one bin
  HAVE_FASTCHUNKS, // have_fastchunks is set while a fast bin holds a chunk
  FASTBIN_LINK, // fast bins end in null and stay inside the heap
  FASTBIN_SIZE, // a chunk is in the fast bin of its size
  FASTBIN_FREE, // chunks in fast bins look in use
  TCACHE_COUNT, // tcache counts are the lengths of its lists
  TCACHE_LINK, // tcache lists stay inside the heap
  TCACHE_SIZE, // a block is in the tcache bin of its size
  TCACHE_FREE, // chunks in tcache look in use
  TCACHE_KEY, // blocks in tcache hold the key
  SYSTEM_MEM, // system_mem is what the heap covers, at most max_system_mem
  MMAP_COUNT, // 0 <= n_mmaps <= max_n_mmaps
  MMAPPED_MEM, // mmapped_mem is whole pages, at most max_mmapped_mem
  MALLINFO, // mallinfo2 agrees with a walk over everything
  TREE, // the region table: balance, links both ways, subtrees, mmap_cache
  MAP_COUNT, // map_count is the number of the program's regions
  ARENA_RING, // the ring of arenas holds narenas of them
  ARENA_THREADS, // attached_threads is the number of threads that use an arena
  ARENA_FREE_LIST, // the free list holds arenas that no thread uses
  HEAP_ARENA, // a heap is aligned and belongs to the arena whose it is
  HEAP_SIZE, // size <= mprotect_size <= HEAP_MAX_SIZE
  MAPPED_CHUNK, // n_mmaps regions begin with a chunk that fills them; mmapped_mem
  FREE_NODES, // the kernel has as many unused nodes as it counts, all of them in memory
}

function isNode(node: Vma): bool {
  return !isWild(changetype<usize>(node)) && (changetype<usize>(node) & 7) == 0;
}

/** Whether `child`, if there is one, hangs under `node` as far as links go. */
function hangs(child: Vma, node: Vma): bool {
  return child == NO_VMA || (isNode(child) && child.parent == node);
}

/**
 * Whether the links of the region table are those of a tree. Only then is it safe to follow them.
 */
function isTree(): bool {
  let came = NO_VMA;
  let node = changetype<Vma>(<usize>mm.vmaRoot);
  if (node != NO_VMA && (!isNode(node) || node.parentLink != 0)) return false;
  while (node != NO_VMA) {
    const left = node.left;
    const right = node.right;
    if (!hangs(left, node) || !hangs(right, node)) return false;
    if (left == right && left != NO_VMA) return false;
    let then = node.parent;
    if (came == node.parent) then = left != NO_VMA ? left : right != NO_VMA ? right : then;
    else if (came == left && right != NO_VMA) then = right;
    came = node;
    node = then;
  }
  return true;
}

/** The first region of a subtree that is a tree, or none. */
function firstOf(tree: Vma): Vma {
  let node = tree;
  while (node != NO_VMA && node.left != NO_VMA) node = node.left;
  return node;
}

/** The region after `node` in a table that is a tree, or none. */
function after(node: Vma): Vma {
  if (node.right != NO_VMA) return firstOf(node.right);
  let at = node;
  while (at.parent != NO_VMA && at.parent.right == at) at = at.parent;
  return at.parent;
}

/** Whether the unused nodes are where the kernel says, and as many. */
function areNodesCounted(): bool {
  let left = mm.freeVmas - mm.nodeRest;
  if (left < 0 || mm.nodeRest < 0) return false;
  if (mm.nodeRest > 0 && !isNode(changetype<Vma>(<usize>mm.nodeNext))) return false;
  for (let node = changetype<Vma>(<usize>mm.freeVma); node != NO_VMA; node = node.right) {
    if (left-- == 0 || !isNode(node)) return false;
  }
  return left == 0;
}

/** Checks one region and where it stands in the tree. `end`: where the region before it ends. */
function checkRegion(region: Vma, end: word): Invariant {
  if (region.vmStart < end || region.vmEnd <= region.vmStart) return Invariant.REGION_ORDER;
  if (!isAligned(region.vmStart | region.vmEnd, PAGE_SIZE)) return Invariant.REGION_ORDER;
  if (region.kind == VmaKind.USER && region.vmEnd > mm.taskSize) return Invariant.REGION_ORDER;
  return checkNode(region);
}

function heightOf(node: Vma): i32 {
  return node != NO_VMA ? node.height : 0;
}

/** Checks balance, links and what a node knows about its subtree. */
function checkNode(node: Vma): Invariant {
  const left = node.left;
  const right = node.right;
  const tilt = heightOf(left) - heightOf(right);
  if (tilt > 1 || tilt < -1) return Invariant.TREE;
  if (left != NO_VMA && (left.parent != node || left.vmStart >= node.vmStart))
    return Invariant.TREE;
  if (right != NO_VMA && (right.parent != node || right.vmStart <= node.vmStart))
    return Invariant.TREE;
  // Whatever a node knows must be what it would compute.
  return refresh(node) ? Invariant.TREE : Invariant.HOLDS;
}

/** Checks mm_struct and the region table. */
export function checkKernel(): Invariant {
  if (mm.startBrk > mm.brk || mm.brk > mm.taskSize) return Invariant.BREAK;
  let end: word = 0;
  let regions = 0;
  let pages: word = 0;
  let heapEnd = mm.startBrk;
  const cached = changetype<Vma>(<usize>mm.mmapCache);
  const cachedFrom = mm.mmapCacheFrom;
  let isCached = cached == NO_VMA;
  if (!isTree()) return Invariant.TREE;
  if (!areNodesCounted()) return Invariant.FREE_NODES;
  const first = firstOf(changetype<Vma>(<usize>mm.vmaRoot));
  for (let region = first; region != NO_VMA; region = after(region)) {
    const broken = checkRegion(region, end);
    if (broken != Invariant.HOLDS) return broken;
    if (region == cached) {
      isCached = true;
      if (end > cachedFrom) return Invariant.TREE;
    }
    end = region.vmEnd;
    if (region.kind == VmaKind.USER) {
      regions++;
      pages += region.pages;
    }
    if (region.vmStart <= heapEnd && heapEnd < region.vmEnd) heapEnd = region.vmEnd;
  }
  if (!isCached) return Invariant.TREE;
  if (pages != mm.totalVm || mm.totalVm > mm.hiwaterVm) return Invariant.TOTAL_VM;
  if (regions != mm.mapCount) return Invariant.MAP_COUNT;
  if (!IS_FULL && heapEnd < pageAlign(mm.brk)) return Invariant.HEAP_MAPPED;
  return Invariant.HOLDS;
}
