// Reading an abort message: what glibc saw, and what had happened before. The line `write` plays
// the bug: it stores a word where a program should not.

import { CACHE_ABORTS } from "./aborts-lists.js";
import { SHELL, type Step, type Tour } from "./tour.js";

const EIGHT = ["a", "b", "c", "d", "e", "f", "g", "h"];

const CHUNK_ABORTS: readonly Step[] = [
  {
    id: "what-it-says",
    title: "What such a message says",
    text: [
      "`free(): invalid pointer`, and the process is gone. The words before the colon name " +
        "the function that looked, those behind it the check that failed. They do not say " +
        "where the damage was made: glibc looks at a few words of its books, when it needs " +
        "them.",
      "So read it in three steps. Which words did glibc look at? What should have been " +
        "there? Who could write there? The dry run `try_free` answers the first two.",
    ],
    ground: SHELL,
    before: ["a = malloc(24)", "b = malloc(24)"],
    lines: ["malloc_chunk a", "try_free a+4"],
    facts: ["free(): invalid pointer", "p                  0x100019c"],
    picture: "abort",
    question: "The program called free with a + 4. What did the check look at?",
    answer:
      "At the address alone: a chunk at 0x100019c would not be aligned, since chunks here " +
      "end with the digit 8. No field was wrong. The usual bug: a pointer that was moved " +
      "on, or one that malloc never returned.",
  },
  {
    id: "invalid-size",
    title: "free(): invalid size",
    text: [
      "The address is a block's, but the size field in front of it is not a size: sizes " +
        "are multiples of 16, of 16 at least.",
      "The word in front of a block is the last thing that the block before may overwrite: " +
        "an underflow of this block, or an overflow of the one before.",
    ],
    ground: SHELL,
    before: ["a = malloc(24)", "b = malloc(24)"],
    lines: ["write b-4 0x29", "try_free b"],
    facts: ["free(): invalid size", "p->size            0x29  at 0x10001bc"],
    picture: "abort",
    question: "0x29 stands where 0x21 should be. Who could have written it?",
    answer:
      "The owner of a: with 28 usable bytes, the 29th byte of a is the size field of b. " +
      "One byte too many, and the message comes at the free of b, which is innocent.",
  },
  {
    id: "invalid-next-size",
    title: "free(): invalid next size (normal)",
    text: [
      "On the long way, `free` looks at the chunk *behind* as well: it will ask whether " +
        "that one is free. Its size must be more than 8 bytes and less than all that the " +
        "arena has.",
      "Here the owner of a wrote behind its end. `next->size` is what was hit.",
    ],
    ground: SHELL,
    before: ["a = malloc(2000)", "b = malloc(2000)", "wall = malloc(24)"],
    lines: ["write a+2012 0x5", "try_free a"],
    facts: [
      "free(): invalid next size (normal)",
      "next->size         0x5  at 0x100097c",
      "av->system_mem     0x22000",
    ],
    picture: "abort",
    question: "Which block did overflow: the one that is freed, or the one behind?",
    answer:
      "The one that is freed. Its 2,012 usable bytes end at 0x100097c, where the size of b " +
      "stood. This message names the culprit more often than others do.",
  },
  {
    id: "invalid-next-size-fast",
    title: "free(): invalid next size (fast)",
    text: [
      "The same check on the way to a fast bin. It is only reached when tcache has no " +
        "room: seven blocks of this size have been freed before. The first seven frees look " +
        "at nothing of the kind.",
    ],
    ground: SHELL,
    before: [
      ...EIGHT.map((name) => `${name} = malloc(24)`),
      "wall = malloc(24)",
      ...EIGHT.slice(0, 7).map((name) => `free(${name})`),
    ],
    lines: ["write h+28 0", "try_free h"],
    facts: [
      "free(): invalid next size (fast)",
      "had 7 of 7: full",
      "next->size         0x0  at 0x100029c",
    ],
    picture: "abort",
    question: "The same program with fewer blocks does not abort. Is it sound then?",
    answer:
      "No: the overflow is there, too. tcache takes the block without looking at its " +
      "neighbour. Where no check looks, damage stays silent until something else falls " +
      "over it.",
  },
  {
    id: "corrupted-top-size",
    title: "malloc(): corrupted top size",
    text: [
      "Behind the last block lies `top`. An overflow of that block hits the size of top, " +
        "and nobody notices until a malloc wants to cut from it: then the size must not be " +
        "more than `system_mem`, all that the arena has.",
    ],
    ground: SHELL,
    before: ["a = malloc(24)"],
    lines: ["write a+28 0xffffffff", "try_malloc 2000"],
    facts: [
      "malloc(): corrupted top size",
      "p->size            0xffffffff  at 0x10001bc",
      "av->system_mem     0x22000",
    ],
    picture: "abort",
    question: "The call that died is malloc(2000). Has it anything to do with the bug?",
    answer:
      "Nothing: it was the first that needed top. Older glibc had no such check, and a " +
      "size like this let malloc return any address: the \u201chouse of force\u201d.",
  },
];

export const ABORTS: Tour = {
  id: "aborts",
  title: "Reading an abort message",
  summary:
    "\u201cfree(): invalid next size (normal)\u201d and its like: which words glibc " +
    "looked at, what should have been there, and who could have written them. Each " +
    "message is made here, and drawn.",
  steps: [...CHUNK_ABORTS, ...CACHE_ABORTS],
};
