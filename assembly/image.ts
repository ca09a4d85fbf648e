// What a heap that survives needs: everything from the base to the break lies in a file of the
// host's, and a new process goes on from there. The host copies pages; which ones changed it learns
// from their digests. In the image build only.

import { pageAlign } from "./base/align";
import { HEAP_FLAGS, moveBreak } from "./kernel/calls/brk";
import { EINVAL, ENOMEM } from "./kernel/errno";
import { findUserVma } from "./kernel/find";
import { KERNEL_BYTES, bindMm, forgetAddressSpace, mm } from "./kernel/mm";
import { noteHeapDirty } from "./kernel/pages";
import { NO_VMA } from "./kernel/vma";
import { THREADS_MAX, bindState, bindThread, mainArena, thread, threadAt } from "./malloc/state";
import { bindTcache, resetTcache } from "./malloc/tcache";
import { setThreadArena } from "./malloc/arena";
import { isPlausible, layOut, reach } from "./process";

export * from "./index";
export * from "./checker-functions";
export { pageDigest as page_digest } from "./kernel/files/digest";

/**
 * Whether the program has what an image does not hold: other threads, mappings, or a heap that is
 * not one plain region.
 */
function hasMore(): bool {
  for (let number: u32 = 1; number < THREADS_MAX; number++)
    if (threadAt(number).isAlive) return true;
  if (mm.brk == mm.startBrk) return mm.mapCount != 0;
  const heap = findUserVma(0);
  return (
    mm.mapCount != 1 ||
    heap == NO_VMA ||
    heap.vmStart != mm.startBrk ||
    heap.vmEnd != pageAlign(mm.brk) ||
    heap.vmFlags != HEAP_FLAGS
  );
}

/**
 * To be called before the pages from the base to the break are copied. The end of these pages, or 0
 * when the program has mappings besides [heap], or other threads than the first, which an image
 * does not hold.
 */
export function image_end(): usize {
  if (hasMore()) return 0;
  return <usize>pageAlign(mm.brk);
}

/**
 * Goes on with a process whose bytes from `base` to its break the host has put back, in a new
 * instance: at the same address, and with no mappings. The arguments are those of `initialize`
 * then. 0, -EINVAL when what lies at `base` is no such process, or -ENOMEM when the memory cannot
 * be grown to its break.
 */
export function image_restore(
  base: usize,
  startBrk: usize,
  mmapBase: usize,
  taskSize: usize,
  flags: u32,
): i32 {
  if (!isPlausible(base, startBrk, mmapBase, taskSize, flags)) return -EINVAL;
  bindMm(base);
  bindState(base + KERNEL_BYTES);
  const end = mm.brk;
  if (mm.startBrk != <word>startBrk || mm.taskSize != <word>taskSize) return -EINVAL;
  if (end < mm.startBrk || end > mm.taskSize) return -EINVAL;
  if (!reach(<usize>end)) return -ENOMEM;
  forgetAddressSpace();
  layOut(base, startBrk, mmapBase, taskSize, flags);
  if (moveBreak(end) != end) return -ENOMEM;
  noteHeapDirty(end);
  bindThread(threadAt(0));
  const cache = <usize>thread.tcache;
  resetTcache();
  if (cache != 0) bindTcache(cache);
  setThreadArena(mainArena);
  return 0;
}
