// The story of the Linux heap, third part: threads, and arenas in mappings.

import type { Ground, Step } from "./tour.js";

/** A recording of git grep, in the middle: five threads have called malloc. */
const GREP: Ground = { kind: "trace", name: "git-grep", at: 5000 };

export const THREAD_STEPS: readonly Step[] = [
  {
    id: "arenas",
    title: "Arenas: heaps for threads",
    text: [
      "With one heap, threads wait for each other at its lock. So a thread's first malloc " +
        "makes another arena: a `malloc_state` with lists and a top of its own, in a mapping.",
      "This is `git grep`, recorded, in the middle: five threads have called malloc.",
    ],
    ground: GREP,
    before: [],
    lines: ["arenas"],
    facts: ["0  0 4", "0x55800018", "0x55600018"],
    picture: "space",
    question: "Articles say that every thread has an arena of its own. How many are there here?",
    answer:
      "Four arenas for five threads: thread 4 shares the main arena with thread 0. There " +
      "is a limit, `arena_max`, or if unset 2 for each core on i386 and 8 on x86-64. When " +
      "it is reached, threads share.",
    claim: 9,
  },
  {
    id: "heap-info",
    title: "heap_info: a heap in a mapping",
    text: [
      "Such a heap is a range of 1 MiB on i386, 64 MiB on x86-64, aligned to its own size. " +
        "At its beginning is a `heap_info`; the first `size` bytes can be used, the rest is " +
        "reserved without access.",
      "`free` finds the arena of any block so: the flag A in the chunk's size, then the " +
        "lower bits of the address cleared; there is the heap_info, and its `ar_ptr`.",
    ],
    ground: GREP,
    before: [],
    lines: ["heap_info"],
    facts: ["ar_ptr         0x55800018", "prev", "mprotect_size", "pad"],
    picture: "struct",
    question: "Articles draw heap_info with a next and a free_list. Which fields has it?",
    answer:
      "`ar_ptr`, `prev`, `size`, `mprotect_size`, `pagesize` and a pad. Heaps of one arena " +
      "are linked backwards, by `prev`. Free chunks are in the arena's bins, wherever they " +
      "lie.",
    claim: 5,
  },
];
