// The story of the Linux heap, first part: the kernel's side, and the first malloc.

import { SHELL, STRACE, type Step } from "./tour.js";

export const KERNEL_STEPS: readonly Step[] = [
  {
    id: "start-brk",
    title: "An empty heap: start_brk and brk",
    text: [
      "A process begins with an empty heap. The kernel keeps two addresses for it in " +
        "`mm_struct`: `start_brk`, where the heap begins, and `brk`, the *program break*, " +
        "where it ends. At first they are equal.",
      "`brk(NULL)` asks the kernel where the break is. Here that is 0x1000000; on a real " +
        "machine it is another random address in every process.",
    ],
    ground: STRACE,
    before: [],
    lines: ["brk(NULL)"],
    facts: ["brk(NULL)                               = 0x1000000"],
    picture: "space",
    question: "How many bytes has the heap before the first malloc?",
    answer:
      "None. `start_brk` and `brk` are the same address, and no page is mapped there. " +
      "Nothing of the kernel's knows of malloc: the heap begins when somebody moves the " +
      "break.",
  },
  {
    id: "brk",
    title: "brk: one end that moves",
    text: [
      "The system call `brk(address)` asks for the break to be there. It answers with " +
        "where the break *is* afterwards, also when it refuses.",
      "The break is exact to the byte, but pages are mapped whole: for the byte at " +
        "0x1001000 a second page is needed. Below `start_brk` the break cannot go, and not " +
        "beyond the address space.",
    ],
    ground: STRACE,
    before: ["brk(NULL)"],
    lines: ["brk(0x1001000)", "brk(0x1001001)", "brk(1)", "brk(-1)", "maps()"],
    facts: [
      "brk(0x1001001)                          = 0x1001001",
      "brk(0x1)                                = 0x1001001",
      "brk(0xffffffff)                         = 0x1001001",
      "01000000-01002000 rw-p",
    ],
    picture: "space",
    question: "Articles say that brk returns -ENOMEM when it fails. What did it return here?",
    answer:
      "The break as it was: 0x1001001, twice. The system call has no error number. The " +
      "function `brk()` of libc compares the answer with what was asked for, and makes -1 " +
      "and ENOMEM of it.",
    claim: 1,
  },
  {
    id: "sbrk",
    title: "sbrk: libc's view of it",
    text: [
      "`sbrk(n)` is not the kernel's but libc's. It remembers the break, asks for `n` " +
        "bytes more, and returns where the break was *before*: the beginning of what was " +
        "gained.",
      "The log shows what reaches the kernel. Three times `sbrk` asks for nothing.",
    ],
    ground: STRACE,
    before: [],
    lines: ["sbrk(0)", "sbrk(0)", "old = sbrk(4096)", "sbrk(0)", "sbrk(-4096)"],
    facts: ["brk(NULL)", "brk(0x1001000)", "brk(0x1000000)"],
    picture: "space",
    question: "Five calls of sbrk, and three system calls. Which two are missing?",
    answer:
      "The second and the third `sbrk(0)`. Only the first one asks the kernel, with " +
      "`brk(NULL)`. From then on libc knows the break, and answers from a variable.",
    claim: 11,
  },
  {
    id: "mmap",
    title: "mmap: ranges anywhere",
    text: [
      "The other way to memory is `mmap`: whole pages, wherever there is room. `munmap` " +
        "gives any of them back, at once, also from the middle.",
      "The heap at `start_brk` has one end that moves; mappings lie where the kernel puts " +
        "them, here from `mmap_base` upwards. malloc uses both.",
    ],
    ground: STRACE,
    before: ["sbrk(8192)"],
    lines: [
      "a = mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "munmap(a + 4096, 4096)",
      "mmap(NULL, 0, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
      "maps()",
    ],
    facts: ["= 0x55550000", "= -1 EINVAL", "55550000-55551000", "55552000-55553000"],
    picture: "space",
    question: "Articles say that the mmap system call returns MAP_FAILED. Does it?",
    answer:
      "No: it returns a negative error number, here -EINVAL, for a length of 0. " +
      "`MAP_FAILED`, which is (void *) -1, is what libc makes of it; strace shows libc's " +
      "way of saying it.",
    claim: 4,
  },
  {
    id: "first-malloc",
    title: "The first malloc moves the break",
    text: [
      "The first `malloc` finds no memory at all. It asks the kernel for much more than 24 " +
        "bytes: the request, 128 KiB besides (`top_pad`), rounded up to pages. So the next " +
        "thousand calls need no system call.",
      "What is not handed out is one free chunk at the end, `top`. Before our block lies " +
        "the thread's tcache, which is a block like others.",
    ],
    ground: SHELL,
    before: [],
    lines: ["a = malloc(24)", "heap"],
    facts: [
      "the break is moved up by 0x21000 from 0x1000000 (brk)",
      "tcache_perthread_struct of thread 0",
      "size  0x21e48  PREV     top",
    ],
    picture: "chunks",
    question: "24 bytes were asked for. How long is the heap now?",
    answer:
      "0x22000 bytes, 136 KiB: 0x21000 for the request with its `top_pad`, and 0x1000 " +
      "more, since on i386 chunks begin at 8 behind a multiple of 16, and the end must be " +
      "on a page.",
  },
  {
    id: "chunk",
    title: "A chunk: the header in front of a block",
    text: [
      "malloc keeps its books in the heap itself. In front of each block stands the *size* " +
        "of its chunk, and its lowest bits are flags: P says that the chunk before is in use.",
      "Sizes are multiples of 16. A block may use the first word of the chunk behind as " +
        "well, so a chunk costs one word more than was asked for, not two.",
    ],
    ground: SHELL,
    before: ["a = malloc(24)", "b = malloc(25)", "c = malloc(28)", "d = malloc(29)"],
    lines: ["malloc_chunk a", "heap"],
    facts: ["size        0x21", "size     0x30"],
    picture: "chunks",
    question: "Four blocks of 24, 25, 28 and 29 bytes. Which chunk is larger than the others?",
    answer:
      "That of 29 bytes, with 0x30. A chunk of 0x20 has room for 28 bytes: 0x20, less 4 " +
      "for the size field. And 0x21 in memory is 0x20 with the flag P.",
  },
  {
    id: "malloc-state",
    title: "malloc_state: what an arena knows",
    text: [
      "A `malloc_state` is an *arena*: a lock, the lists of free chunks, `top`, and the " +
        "sums `system_mem` and `max_system_mem`. The first one, `main_arena`, lies among " +
        "libc's data; its chunks lie at the break.",
      "Here 250,000 bytes were allocated, in two halves, and freed again.",
    ],
    ground: SHELL,
    before: ["a = malloc(125000)", "b = malloc(125000)", "free(a)", "free(b)"],
    lines: ["arena"],
    facts: ["system_mem", "max_system_mem", "have_fastchunks"],
    picture: "struct",
    question: "Articles say that max_system_mem is the most an arena may have. What is it?",
    answer:
      "The most that it *has had*: a high-water mark. The arena shrank to `system_mem`, " +
      "and `max_system_mem` stayed. Nothing is ever compared with it. And `max_fast`, " +
      "which many drawings of this struct have, is not here: it is one global for all " +
      "arenas.",
    claim: 8,
  },
];
