// The decision path in words: what each step of malloc's and free's (assembly/malloc/steps.ts)
// means, and which function of glibc's takes it.

import type { GlibcVersion } from "../binary/glibc.js";
import { DEFAULT_GLIBC, Step } from "../layout/generated.js";
import type { Abi } from "../layout/address.js";
import { binKind, cachedSizes } from "./lists.js";
import { hex } from "./source.js";

/** A step, with its two numbers. */
export interface StepTaken {
  readonly step: Step;
  readonly first: number;
  readonly second: number;
}

/** A step in words. */
export interface StepText {
  /** Its name: that of a `Step`. */
  readonly name: StepName;
  /** The function of glibc's that decides. */
  readonly decidedBy: string;
  /** What was decided, with its numbers. */
  readonly text: string;
}

/** The name of a step. */
export type StepName = keyof typeof Step;

/** What the words depend on besides the two numbers. */
interface Limits {
  readonly abi: Abi;
  /** tcache_count: how many blocks a tcache bin takes. */
  readonly tcacheCount: number;
  /** Which glibc; absent: the default's. */
  readonly glibc?: GlibcVersion;
}

/** Words for one step. */
type Words = (first: number, second: number, limits: Limits) => string;

/** @returns the sizes of the chunks in a tcache bin: `0x20`, `0x400 to 0x7ff` */
export function cachedSizesText(bin: number, abi: Abi): string {
  const [least, most] = cachedSizes(bin, abi);
  return least === most ? hex(least) : `${hex(least)} to ${hex(most)}`;
}

function tcacheBin(bin: number, { abi }: Limits): string {
  return `tcache[${bin}] (chunks of ${cachedSizesText(bin, abi)})`;
}

function binName(bin: number): string {
  const kind = binKind(bin);
  if (kind === "unsorted") return "the unsorted bin";
  return kind === "smallbin" ? `small bin ${bin}` : `large bin ${bin}`;
}

const TEXTS: Readonly<Record<StepName, readonly [decidedBy: string, words: Words]>> = {
  TCACHE_TAKE: [
    "tcache_get",
    (bin, had, limits) => `${tcacheBin(bin, limits)} had ${had}: its latest block is taken`,
  ],
  TCACHE_EMPTY: ["__libc_malloc", (bin, _, limits) => `${tcacheBin(bin, limits)} is empty`],
  TCACHE_NONE: [
    "csize2tidx",
    (size, isAbsent) =>
      isAbsent ? "this thread has no tcache" : `tcache has no bin for chunks of ${hex(size)}`,
  ],
  FASTBIN_TAKE: [
    "_int_malloc",
    (size, chunk) => `fast bin ${hex(size)} has chunk ${hex(chunk)}: it is taken`,
  ],
  FASTBIN_EMPTY: ["_int_malloc", (size) => `fast bin ${hex(size)} is empty`],
  TCACHE_STASH: [
    "_int_malloc",
    (bin, chunk, limits) =>
      `chunk ${hex(chunk)}, met on the way, goes to ${tcacheBin(bin, limits)}`,
  ],
  SMALLBIN_TAKE: [
    "_int_malloc",
    (bin, chunk) => `small bin ${bin} has chunk ${hex(chunk)}, its oldest: it is taken`,
  ],
  SMALLBIN_EMPTY: ["_int_malloc", (bin) => `small bin ${bin} is empty`],
  CONSOLIDATE: ["malloc_consolidate", (arena) => `arena ${hex(arena)}: all fast bins are emptied`],
  UNSORTED_EXACT: [
    "_int_malloc",
    (size, chunk) => `the unsorted bin has chunk ${hex(chunk)} of exactly ${hex(size)}`,
  ],
  UNSORTED_REMAINDER: [
    "_int_malloc",
    (size, chunk) => `cut from the last remainder, ${hex(chunk)}, of ${hex(size)}`,
  ],
  UNSORTED_SORT: [
    "_int_malloc",
    (bin, chunk) => `chunk ${hex(chunk)} moves from the unsorted bin to ${binName(bin)}`,
  ],
  UNSORTED_CACHED: [
    "_int_malloc",
    (bin, _, limits) => `what was met while sorting is taken from ${tcacheBin(bin, limits)}`,
  ],
  LARGEBIN_TAKE: [
    "_int_malloc",
    (size, chunk) => `best fit in its large bin: chunk ${hex(chunk)} of ${hex(size)}`,
  ],
  BIN_TAKE: [
    "_int_malloc",
    (bin, chunk) => `${binName(bin)} is the next that holds any: chunk ${hex(chunk)} is taken`,
  ],
  SPLIT: [
    "_int_malloc",
    (rest, chunk) => `split: ${hex(rest)} bytes at ${hex(chunk)} remain, in the unsorted bin`,
  ],
  TOP_TAKE: ["_int_malloc", (size, chunk) => `cut from top, ${hex(chunk)}, of ${hex(size)}`],
  TOP_SMALL: [
    "_int_malloc",
    (size, wanted) => `top has ${hex(size)}: too little for ${hex(wanted)} and a rest`,
  ],
  MMAP: [
    "sysmalloc",
    (size, threshold) => `${hex(size)} is at least mmap_threshold, ${hex(threshold)}: mmap`,
  ],
  BREAK_GROW: [
    "sysmalloc",
    (bytes, start) => `the break is moved up by ${hex(bytes)} from ${hex(start)} (brk)`,
  ],
  BREAK_REFUSED: ["sysmalloc", (bytes) => `the kernel refuses to move the break by ${hex(bytes)}`],
  MMAP_TOP: [
    "sysmalloc_mmap_fallback",
    (bytes, start) => `${hex(bytes)} at ${hex(start)} are mapped in its place: a new top`,
  ],
  HEAP_GROW: ["grow_heap", (size, heap) => `heap ${hex(heap)} grows to ${hex(size)} bytes`],
  HEAP_NEW: ["new_heap", (size, heap) => `a new heap at ${hex(heap)}, ${hex(size)} bytes`],
  REFUSED: ["sysmalloc", (size) => `no memory for ${hex(size)}: NULL, ENOMEM`],
  MUNMAP: [
    "munmap_chunk",
    (bytes, chunk) => `chunk ${hex(chunk)} is a mapping of its own: ${hex(bytes)} are unmapped`,
  ],
  THRESHOLD: [
    "__libc_free",
    (mmap, trim) => `mmap_threshold rises to ${hex(mmap)}, trim_threshold to ${hex(trim)}`,
  ],
  TCACHE_PUT: [
    "tcache_put",
    (bin, had, limits) =>
      `${tcacheBin(bin, limits)} had ${had} of ${limits.tcacheCount}: the block goes there`,
  ],
  TCACHE_FULL: [
    "_int_free",
    (bin, had, limits) => `${tcacheBin(bin, limits)} had ${had} of ${limits.tcacheCount}: full`,
  ],
  FASTBIN_PUT: ["_int_free", (size, chunk) => `chunk ${hex(chunk)} goes to fast bin ${hex(size)}`],
  FASTBIN_NONE: [
    "_int_free",
    (size, most) => `${hex(size)} is more than fast bins take (global_max_fast ${hex(most)})`,
  ],
  SMALLBIN_PUT: ["_int_free", (bin, chunk) => `chunk ${hex(chunk)} goes to small bin ${bin}`],
  TCACHE_MAKE: [
    "tcache_init",
    (arena, bytes) => `this thread's tcache, ${bytes} bytes, is made out of arena ${hex(arena)}`,
  ],
  MERGE_BACK: [
    "_int_free",
    (size, chunk) => `merged with the free chunk before, ${hex(chunk)} of ${hex(size)}`,
  ],
  MERGE_NEXT: [
    "_int_free",
    (size, chunk) => `merged with the free chunk behind, ${hex(chunk)} of ${hex(size)}`,
  ],
  MERGE_TOP: [
    "_int_free",
    (size, chunk) => `it borders on top, and becomes part of it: ${hex(chunk)} of ${hex(size)}`,
  ],
  UNSORTED_PUT: [
    "_int_free",
    (size, chunk) => `chunk ${hex(chunk)} of ${hex(size)} goes to the unsorted bin`,
  ],
  TRIM_KEEP: [
    "_int_free",
    (top, threshold) =>
      `top has ${hex(top)}, less than trim_threshold, ${hex(threshold)}: it stays`,
  ],
  TRIM: ["systrim", (bytes, top) => `${hex(bytes)} go back to the kernel; top keeps ${hex(top)}`],
  REALLOC_KEEP: [
    "_int_realloc",
    (size, wanted) => `the chunk has ${hex(size)}, and ${hex(wanted)} are wanted: it stays`,
  ],
  REALLOC_TOP: [
    "_int_realloc",
    (joined, wanted) => `top is behind it; both have ${hex(joined)}, of ${hex(wanted)}: it grows`,
  ],
  REALLOC_NEXT: [
    "_int_realloc",
    (joined, wanted) =>
      `a free chunk is behind it; both have ${hex(joined)}, of ${hex(wanted)}: it grows`,
  ],
  REALLOC_MOVE: [
    "_int_realloc",
    (size, wanted) => `${hex(size)} cannot become ${hex(wanted)} in place: a new block, a copy`,
  ],
  REALLOC_MREMAP: [
    "mremap_chunk",
    (size, wanted) => `a mapping of ${hex(size)} is to hold ${hex(wanted)}: mremap`,
  ],
  ALIGN: [
    "_int_memalign",
    (alignment, size) => `for a multiple of ${hex(alignment)}, ${hex(size)} bytes are asked for`,
  ],
  CONSOLIDATED: [
    "malloc_consolidate",
    (size, chunk) => `chunk ${hex(chunk)} of ${hex(size)} leaves its fast bin`,
  ],
};

/** What later versions decide in other functions: from 2.39 on, and so on. */
const MOVED: readonly (readonly [since: number, by: Partial<Record<StepName, string>>])[] = [
  [
    39,
    {
      MERGE_BACK: "_int_free_merge_chunk",
      MERGE_NEXT: "_int_free_create_chunk",
      MERGE_TOP: "_int_free_create_chunk",
      UNSORTED_PUT: "_int_free_create_chunk",
      SMALLBIN_PUT: "_int_free_create_chunk",
      TRIM_KEEP: "_int_free_maybe_consolidate",
    },
  ],
  [
    42,
    { TCACHE_FULL: "__libc_free", FASTBIN_PUT: "_int_free_chunk", FASTBIN_NONE: "_int_free_chunk" },
  ],
  [43, { TRIM_KEEP: "_int_free_maybe_trim" }],
];

/** @returns the function that takes a step in a version */
function deciderOf(name: StepName, glibc: GlibcVersion = DEFAULT_GLIBC): string {
  const minor = Number(glibc.slice("2.".length));
  const moved = MOVED.findLast(([since, by]) => since <= minor && by[name] !== undefined);
  return moved?.[1][name] ?? TEXTS[name][0];
}

const NAMES = new Map(Object.entries(Step).map(([name, step]) => [step, name as StepName]));

/** What is done with a chunk out of a fast bin, and with one that is freed. */
const MERGING: ReadonlySet<StepName> = new Set([
  ...(["MERGE_BACK", "MERGE_NEXT", "MERGE_TOP", "UNSORTED_PUT"] as const),
]);

/** @returns steps in words, in their order */
export function stepTexts(steps: readonly StepTaken[], limits: Limits): StepText[] {
  let isEmptying = false;
  return steps.map(({ step, first, second }) => {
    const name = NAMES.get(step)!;
    const [, words] = TEXTS[name];
    isEmptying = name === "CONSOLIDATED" || (isEmptying && MERGING.has(name));
    const decidedBy = isEmptying ? "malloc_consolidate" : deciderOf(name, limits.glibc);
    return { name, decidedBy, text: words(first, second, limits) };
  });
}
