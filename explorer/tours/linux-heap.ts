// The story of the Linux heap.

import { KERNEL_STEPS } from "./linux-heap-kernel.js";
import { MALLOC_STEPS } from "./linux-heap-malloc.js";
import { THREAD_STEPS } from "./linux-heap-threads.js";
import type { Tour } from "./tour.js";

export const LINUX_HEAP: Tour = {
  id: "linux-heap",
  title: "The story of the Linux heap",
  summary:
    "From an empty heap to arenas: start_brk and brk, mmap, chunks, tcache, bins, trim, " +
    "heap_info. Each step is a real heap, a question, and its answer; some are about " +
    "what articles get wrong.",
  steps: [...KERNEL_STEPS, ...MALLOC_STEPS, ...THREAD_STEPS],
};
