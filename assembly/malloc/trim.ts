// Giving the end of an arena back to the kernel after a large free: main_arena's by the break, that
// of others by their heaps, of which those that have become empty go as a whole. malloc-trim.ts
// gives back more.

import { IS_SMALL } from "../abi/profile";
import { ILP32 } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { Chunk, PREV_INUSE, addressOf } from "./chunk";
import { endOf, firstChunk, heapFor, heapMaxSize } from "./heap";
import { CHUNK_HDR_SZ, MINSIZE } from "./sizes";
import { HeapInfo, MallocState, libc, mainArena, mp } from "./state";
import { Step, TELLS, note } from "./steps";
import {
  PAGE_SIZE,
  SHED_ACCESS,
  SHED_NOTHING,
  alignDown,
  currentBreak,
  enterKernel,
  isReadable,
  leaveKernel,
  lessCore,
  shedPages,
  unmapPages,
} from "./system";
import { unlinkAside } from "./unlink";

/**
 * Moves the break down so that about `pad` bytes of top remain. Whether anything was released
 * (systrim).
 */
export function trimTop(arena: MallocState, pad: word): bool {
  const top = arena.top;
  const topSize = top.size;
  const spare = topSize - MINSIZE - 1;
  if (spare <= pad) return false;
  const extra = alignDown(spare - pad, mp.thpPagesize != 0 ? mp.thpPagesize : PAGE_SIZE);
  if (extra == 0) return false;
  enterKernel();
  const isLower = moveDown(arena, top, topSize, extra);
  leaveKernel();
  return isLower;
}

/** Takes `extra` bytes off the end of top, by the break. Whether that could be. @noinline */
function moveDown(arena: MallocState, top: Chunk, topSize: word, extra: word): bool {
  // Only while the end of top is the break: somebody else may have called sbrk.
  const oldBreak = currentBreak();
  if (oldBreak != addressOf(top.at(topSize))) return false;
  lessCore(extra);
  // A top of MINSIZE makes `spare` -1: glibc then asks for a page instead of giving one back.
  const released = <word>oldBreak - <word>currentBreak();
  if (released == 0) return false;
  arena.systemMem -= released;
  top.setHead(topSize - released, PREV_INUSE);
  note(Step.TRIM, released, topSize - released);
  return true;
}

/**
 * Gives back heaps that hold nothing any more, and then the end of the last (heap_trim). `pad`
 * bytes of top remain.
 * @noinline
 */
export function trimHeap(arena: MallocState, pad: word): void {
  let heap = heapFor(arena.top);
  if (heap.arPtr != <word>changetype<usize>(arena)) corrupted(Failure.ASSERT_HEAP_ARENA, 0);
  while (arena.top == firstChunk(heap)) {
    const before = changetype<HeapInfo>(<usize>heap.prev);
    // Also when the links go round in a circle: this heap is unmapped by then.
    if (!isReadable(changetype<usize>(before)) || before.arPtr != heap.arPtr)
      corrupted(Failure.SEGV_HEAPS, changetype<usize>(heap));
    if (!dropHeap(arena, heap, before, pad)) break;
    heap = before;
  }
  const top = arena.top;
  const topSize = top.size;
  const spare = topSize - MINSIZE - 1;
  if (topSize < mp.trimThreshold || topSize <= MINSIZE || spare <= pad) {
    if (TELLS) note(Step.TRIM_KEEP, topSize, mp.trimThreshold);
    return;
  }
  const extra = alignDown(spare - pad, heap.pagesize);
  if (extra == 0) return;
  enterKernel();
  shrinkHeap(arena, heap, top, topSize, extra);
  leaveKernel();
}

/** Gives the end of an arena back, where a free chunk has become large. @noinline */
export function trimAfterFree(arena: MallocState): void {
  if (!IS_SMALL && arena != mainArena) trimHeap(arena, mp.topPad);
  else if (arena.top.size >= mp.trimThreshold) trimTop(arena, mp.topPad);
  else if (TELLS) note(Step.TRIM_KEEP, arena.top.size, mp.trimThreshold);
}

/** Takes `extra` bytes off the end of the heap and its top (shrink_heap). */
function shrinkHeap(
  arena: MallocState,
  heap: HeapInfo,
  top: Chunk,
  topSize: word,
  extra: word,
): void {
  const size = heap.size - extra;
  const shed = shedPages(changetype<usize>(heap) + <usize>size, extra);
  if (shed == SHED_NOTHING) return;
  if (shed == SHED_ACCESS) heap.mprotectSize = size;
  heap.size = size;
  arena.systemMem -= extra;
  top.setHead(topSize - extra, PREV_INUSE);
  note(Step.TRIM, extra, topSize - extra);
}

/**
 * Unmaps the empty heap, if the one before it can spare `pad` bytes as well, and makes that one's
 * end the top.
 */
function dropHeap(arena: MallocState, heap: HeapInfo, before: HeapInfo, pad: word): bool {
  const most = heapMaxSize();
  const end = endOf(before);
  const last = changetype<Chunk>(end - (<usize>CHUNK_HDR_SZ + (ILP32 ? 8 : 0)));
  if (last.mchunkSize != PREV_INUSE) corrupted(Failure.ASSERT_HEAP_FENCE, addressOf(last));
  let p = last.before(last.mchunkPrevSize);
  const isFree = !p.prevInuse;
  if (isFree) p = p.before(p.mchunkPrevSize);
  const size = <word>(end - addressOf(p));
  if (size + (most - before.size) < pad + MINSIZE + heap.pagesize) return false;
  enterKernel();
  arena.systemMem -= heap.size;
  if (changetype<usize>(heap) + <usize>most == <usize>libc.alignedHeapArea)
    libc.alignedHeapArea = 0;
  unmapPages(changetype<usize>(heap), most);
  if (isFree) unlinkAside(arena, p);
  arena.top = p;
  p.setHead(size, PREV_INUSE);
  leaveKernel();
  return true;
}
