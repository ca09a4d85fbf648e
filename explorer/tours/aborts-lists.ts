// Abort messages about lists, double frees and mappings.

import { SHELL, type Step } from "./tour.js";

export const CACHE_ABORTS: readonly Step[] = [
  {
    id: "double-free-tcache",
    title: "free(): double free detected in tcache 2",
    text: [
      "`free` writes a key into the second word of a block that goes to tcache, and " +
        "`malloc` clears it. A block that is freed with the key in it is looked for in its " +
        "list; if it is there, this is the message.",
    ],
    ground: SHELL,
    before: ["a = malloc(24)", "b = malloc(24)", "wall = malloc(24)", "free(a)", "free(b)"],
    lines: ["malloc_chunk a", "try_free a"],
    facts: ["free(): double free detected in tcache 2", "e->key             0x7f4a7c15"],
    picture: "abort",
    question: "Can data of a program look like the key, and abort a sound program?",
    answer:
      "No. The key only says: look. The list is walked, and only a block that is really " +
      "there is a double free. The number 2 tells this message from an older one.",
  },
  {
    id: "double-free-prev",
    title: "double free or corruption (!prev)",
    text: [
      "A large block goes the long way. There the chunk *behind* tells whether this one is " +
        "in use: the flag P of its size. When it is clear, the block is free already, or " +
        "somebody wrote over that size.",
    ],
    ground: SHELL,
    before: ["a = malloc(2000)", "b = malloc(2000)", "wall = malloc(24)", "free(a)"],
    lines: ["try_free a"],
    facts: ["double free or corruption (!prev)", "next->size         0x7e0  at 0x100097c"],
    picture: "abort",
    question: "Which word decides here, and which value should it have?",
    answer:
      "The size of the chunk behind, at 0x100097c: 0x7e0, where 0x7e1 would say that a is " +
      "in use. Without a double free, the same message is an overflow of a that cleared " +
      "the flag.",
  },
  {
    id: "double-free-fasttop",
    title: "double free or corruption (fasttop)",
    text: [
      "In a fast bin there is no key and no flag. `free` compares the chunk with the first " +
        "of its list, and with no other.",
    ],
    ground: SHELL,
    before: [
      ...["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `${name} = malloc(24)`),
      "wall = malloc(24)",
      ...["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `free(${name})`),
    ],
    lines: ["fastbins", "try_free h"],
    facts: ["double free or corruption (fasttop)", "1 chunk: 0x1000278"],
    picture: "abort",
    question: "If another block of this size were freed in between: would the check still see it?",
    answer:
      "No. Then the first of the list is another one, the double free passes, and the list " +
      "is a ring: two later mallocs get the same block.",
  },
  {
    id: "unaligned-tcache",
    title: "malloc(): unaligned tcache chunk detected",
    text: [
      "A block was freed, and then written to: a use after free. The first word of a freed " +
        "block is the link to the next one in tcache, disguised by the number of its page.",
      "The malloc behind takes the block itself; the one after that finds the link. What " +
        "it leads to is not a multiple of 16.",
    ],
    ground: SHELL,
    before: ["a = malloc(24)", "b = malloc(24)", "free(a)", "free(b)"],
    lines: ["write b 0x41414141", "p = malloc(24)", "try_malloc 24"],
    facts: ["malloc(): unaligned tcache chunk detected", "0x41415141"],
    picture: "abort",
    question: "0x41414141 was written. Why does glibc speak of 0x41415141?",
    answer:
      "Links are exclusive-or'ed with the number of the page that they lie in, here " +
      "0x1000: *safe-linking*. So 0x41414141 means 0x41415141. In fifteen of sixteen cases " +
      "such an address is not aligned, and this check sees it.",
  },
  {
    id: "unsorted-links",
    title: "malloc(): unsorted double linked list corrupted",
    text: [
      "A free chunk in a bin has two links, `fd` and `bk`, in the first words of what was " +
        "the block. Each neighbour in the list must point back. A write after free breaks " +
        "that, and the next malloc that sorts the list sees it.",
    ],
    ground: SHELL,
    before: ["a = malloc(2000)", "wall = malloc(24)", "free(a)"],
    lines: ["write a 0x41414141", "try_malloc 24"],
    facts: [
      "malloc(): unsorted double linked list corrupted",
      "p->fd              0x41414141  at 0x10001a0",
    ],
    picture: "abort",
    question: "Which block was written to after its free?",
    answer:
      "That of the chunk which the message is about: `p` is 0x1000198, so its block is " +
      "0x10001a0, a. The values tell: fd is no address of a heap, but four letters, AAAA.",
  },
  {
    id: "prev-size",
    title: "corrupted size vs. prev_size while consolidating",
    text: [
      "b is freed, and the chunk before it is free: they become one. To find that chunk, " +
        "`free` goes back by `prev_size`, the word in front of b's size. What it finds there " +
        "must have that size.",
    ],
    ground: SHELL,
    before: ["a = malloc(2000)", "b = malloc(2000)", "wall = malloc(24)", "free(a)"],
    lines: ["write b-8 0x30", "try_free b"],
    facts: ["corrupted size vs. prev_size while consolidating", "at 0x1000948"],
    picture: "abort",
    question: "Why does the message name the address 0x1000948, where no chunk ever was?",
    answer:
      "`prev_size` said 0x30 in place of 0x7e0. 0x1000978 less 0x30 is 0x1000948, in the " +
      "middle of a. The word there is 0, not 0x30. The last four bytes of a freed block " +
      "are prev_size: a write after free again.",
  },
  {
    id: "munmap-chunk",
    title: "munmap_chunk(): invalid pointer",
    text: [
      "The flag M in a size says: this block has a mapping of its own, `munmap` it. For a " +
        "mapping, address and length must be whole pages.",
      "Where M is set by accident, an ordinary block goes that way.",
    ],
    ground: SHELL,
    before: ["a = malloc(24)", "b = malloc(24)"],
    lines: ["write b-4 0x7", "try_free b"],
    facts: ["munmap_chunk(): invalid pointer", "p->size            0x7  at 0x10001bc"],
    picture: "abort",
    question: "b is a small block of the heap. Why does free want to unmap it?",
    answer:
      "Because its size field is 7: size 0, and the flags A, M and P. Somebody wrote the " +
      "number 7 there: a[7] of an array of four-byte numbers with room for seven, a[0] to " +
      "a[6].",
  },
];
