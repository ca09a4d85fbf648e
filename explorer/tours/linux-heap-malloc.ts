// The story of the Linux heap, second part: free chunks, and what goes back to the kernel.

import { SHELL, STRACE, type Step } from "./tour.js";

const NINE = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

export const MALLOC_STEPS: readonly Step[] = [
  {
    id: "tcache",
    title: "tcache: the first place for a freed block",
    text: [
      "`free` does not give a small block back to anybody. It goes into the thread's " +
        "*tcache*: a list for each size, the latest block first, at most seven in each.",
      "The next `malloc` of that size takes the latest. No lock, no search: that is why " +
        "most calls take only nanoseconds. For its neighbours such a block is still in use.",
    ],
    ground: SHELL,
    before: ["a = malloc(24)", "b = malloc(24)", "wall = malloc(24)"],
    lines: ["free(a); free(b)", "tcachebins", "p = malloc(20)"],
    facts: ["2 chunks: 0x10001b8 -> 0x1000198 -> 0x0", "= 0x10001c0"],
    picture: "chunks",
    question: "a was freed first, then b. Which of them does malloc(20) return?",
    answer:
      "b, at 0x10001c0: the list is a stack. And 20 bytes fit, since what counts is the " +
      "size of the chunk, 0x20, not that of the request.",
  },
  {
    id: "fast-bins",
    title: "Fast bins: the eighth block",
    text: [
      "Seven freed blocks fill the list of tcache. The eighth goes to the arena: a small " +
        "one into a *fast bin*. There, too, chunks look as if in use, so that nothing merges " +
        "with them.",
    ],
    ground: SHELL,
    before: [
      ...NINE.map((name) => `${name} = malloc(24)`),
      "wall = malloc(24)",
      ...NINE.slice(0, 7).map((name) => `free(${name})`),
    ],
    lines: ["free(h); free(i)", "bins"],
    facts: ["had 7 of 7: full", "goes to fast bin 0x20", "2 chunks: 0x1000298 -> 0x1000278"],
    picture: "chunks",
    question: "Nine blocks of equal size are freed. Where are they?",
    answer:
      "Seven in tcache, two in the fast bin of 0x20. Both are lists with the latest block " +
      "first, and from both a malloc(24) is served without any search.",
  },
  {
    id: "bins",
    title: "Unsorted, small and large bins",
    text: [
      "What is too large for tcache and fast bins goes to the *unsorted bin* first. A " +
        "later `malloc` goes through that list, takes what fits exactly, and files the rest: " +
        "small bins hold one size each, large bins a range, in order.",
      "So sorting is done by malloc, not by free, and only when it is of use.",
    ],
    ground: SHELL,
    before: ["a = malloc(2000)", "w = malloc(24)", "b = malloc(1100)", "wall = malloc(24)"],
    lines: ["free(a); free(b)", "big = malloc(3000)", "bins"],
    facts: [
      "goes to the unsorted bin",
      "moves from the unsorted bin to large bin 80",
      "moves from the unsorted bin to large bin 66",
    ],
    picture: "chunks",
    question: "malloc(3000) found nothing that is large enough. Did it do anything with the two?",
    answer:
      "Yes: it filed them. Each went from the unsorted bin to the large bin of its size, " +
      "and only then a chunk was cut from top.",
  },
  {
    id: "consolidation",
    title: "Neighbours become one chunk",
    text: [
      "A chunk that is free for its neighbours has its size at its end as well, in the " +
        "next one's `prev_size`, and the flag P behind it is clear. So `free` can see on " +
        "both sides whether the neighbour is free, and merge with it, without any list.",
    ],
    ground: SHELL,
    before: [
      ...["a = malloc(2000)", "b = malloc(2000)", "c = malloc(2000)", "wall = malloc(24)"],
      ...["free(a)", "free(c)"],
    ],
    lines: ["free(b)", "unsortedbin"],
    facts: [
      "merged with the free chunk before, 0x1000198 of 0x7e0",
      "merged with the free chunk behind, 0x1001158 of 0x7e0",
      "0x17a0     1 chunk: 0x1000198",
    ],
    picture: "chunks",
    question: "a and c were free when b was freed. How many free chunks are there now?",
    answer:
      "One, of 0x17a0 bytes: three times 0x7e0. Two neighbours that are both free, and in " +
      "no cache, do not exist in a sound heap.",
  },
  {
    id: "brk-or-mmap",
    title: "brk or mmap: a threshold decides",
    text: [
      "A large block gets a mapping of its own. The limit is `mmap_threshold`, 128 KiB at " +
        "first. `free` of such a block is a `munmap`: it goes back to the system at once.",
      "But the limit moves. A mapped block that is freed shows that the program uses such " +
        "blocks for a short time, so its size becomes the new threshold.",
    ],
    ground: STRACE,
    before: [],
    lines: ["a = malloc(200000)", "free(a)", "b = malloc(200000)"],
    facts: ["mmap2(NULL, 200704", "munmap(0x55550000, 200704)", "brk(0x1051000)"],
    picture: "chunks",
    question: "The same request twice: why does the second one come from the heap?",
    answer:
      "The first free raised the threshold to 200,704 bytes. The second request is below " +
      "it, so the break is moved, and no page needs to be mapped and cleared again each " +
      "time.",
  },
  {
    id: "trim",
    title: "Trim: when the break moves down",
    text: [
      "The heap can only shrink at its end. When `top` has grown to `trim_threshold`, 128 " +
        "KiB at first, `free` moves the break down and leaves `top_pad` of it.",
    ],
    ground: STRACE,
    before: ["a = malloc(100000)", "b = malloc(100000)"],
    lines: ["free(a)", "free(b)"],
    facts: ["brk(0x1021000)"],
    picture: "chunks",
    question: "Two blocks are freed, and one system call is made. By which of them?",
    answer:
      "By `free(b)`. After `free(a)` the free bytes lie in the middle, with b behind them. " +
      "`free(b)` merges both with top, which is now above the threshold.",
    claim: 12,
  },
  {
    id: "pinned",
    title: "Why was it not given back?",
    text: [
      "The same two blocks, and a small one behind them. All three are freed, and nothing " +
        "goes back to the kernel.",
      "The small block went into tcache. For its neighbours it is in use, so the large " +
        "chunk does not reach top. One small block at the end holds everything below it.",
    ],
    ground: SHELL,
    before: ["a = malloc(100000)", "b = malloc(100000)", "pin = malloc(24)"],
    lines: ["free(a); free(b)", "free(pin)", "top_chunk", "malloc_trim(0)", "heap"],
    facts: ["goes to the unsorted bin", "tcache[1] (chunks of 0x20) had 0 of 7", "0x1030f18"],
    picture: "chunks",
    question: "Articles say that free gives memory back to the system. What does it need for that?",
    answer:
      "A mapping goes back at once. In the heap only the end goes back, and only when top " +
      "has reached `trim_threshold`. Here 200,000 free bytes stay, for 24 that are in " +
      "tcache. `malloc_trim(0)` cuts top down whatever the threshold, and gives up whole " +
      "free pages below it, too (`madvise`): their addresses stay, their memory goes.",
    claim: 12,
  },
];
