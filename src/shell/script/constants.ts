// The names that a script can use without giving them a value: C's constants of malloc and of the
// memory calls, with the numbers that Linux and glibc have on x86.

import {
  MADV,
  MAP,
  MCL,
  MLOCK,
  MPOL,
  MREMAP,
  MS,
  O,
  PR,
  PROT,
  RLIMIT,
} from "../../kernel/flags.js";
import { Errno } from "../../kernel/errno.js";
import {
  KernelOption,
  M_ARENA_MAX,
  M_ARENA_TEST,
  M_MMAP_MAX,
  M_MMAP_THRESHOLD,
  M_MXFAST,
  M_PERTURB,
  M_TOP_PAD,
  M_TRIM_THRESHOLD,
  MAP_HUGE_SHIFT,
} from "../../layout/generated.js";
import type { Value } from "./expression.js";
import { SIZE_T, type WordBits } from "./types.js";

/** mallopt's parameters (malloc.h). */
const M = {
  MXFAST: M_MXFAST,
  TRIM_THRESHOLD: M_TRIM_THRESHOLD,
  TOP_PAD: M_TOP_PAD,
  MMAP_THRESHOLD: M_MMAP_THRESHOLD,
  MMAP_MAX: M_MMAP_MAX,
  CHECK_ACTION: -5,
  PERTURB: M_PERTURB,
  ARENA_TEST: M_ARENA_TEST,
  ARENA_MAX: M_ARENA_MAX,
  // Those of System V, which glibc has and ignores.
  NLBLKS: 2,
  GRAIN: 3,
  KEEP: 4,
};

const GROUPS = { M, PROT, MAP, MREMAP, MADV, MS, MCL, MLOCK, MPOL, PR, O, RLIMIT };

const NUMBERS: ReadonlyMap<string, bigint> = new Map<string, bigint>([
  ...Object.entries(GROUPS).flatMap(([prefix, values]) =>
    Object.entries(values).map(
      ([name, value]) => [`${prefix}_${name}`, BigInt(value)] as [string, bigint],
    ),
  ),
  ...[...Object.entries(Errno), ...Object.entries(KernelOption)]
    .filter(([, value]) => typeof value === "number")
    .map(([name, value]) => [name, BigInt(value)] as [string, bigint]),
  ["MAP_FILE", 0n],
  ["MAP_ANON", BigInt(MAP.ANONYMOUS)],
  ["MAP_HUGE_SHIFT", BigInt(MAP_HUGE_SHIFT)],
  ["MAP_HUGE_2MB", 21n << 26n],
  ["MAP_HUGE_1GB", 30n << 26n],
  ["PAGE_SIZE", 4096n],
  ["PAGESIZE", 4096n],
  ["PAGE_MASK", -4096n],
  ["_SC_PAGESIZE", 30n],
  ["_SC_PAGE_SIZE", 30n],
  ["RLIM_INFINITY", -1n],
  ["RLIM64_INFINITY", -1n],
  ["RLIM_SAVED_CUR", -1n],
  ["RLIM_SAVED_MAX", -1n],
  ["INT_MAX", 0x7fff_ffffn],
  ["INT_MIN", -0x8000_0000n],
  ["UINT_MAX", 0xffff_ffffn],
  ["true", 1n],
  ["false", 0n],
  ["stdout", 1n],
  ["stderr", 2n],
]);

/** The greatest word, and what is made of it. */
const OF_WORDS: Readonly<Record<string, (bits: WordBits) => Value>> = {
  NULL: () => ({ value: 0n }),
  nullptr: () => ({ value: 0n }),
  MAP_FAILED: () => ({ value: -1n }),
  SIZE_MAX: greatest,
  UINTPTR_MAX: greatest,
  ULONG_MAX: greatest,
  SSIZE_MAX: halfOf,
  PTRDIFF_MAX: halfOf,
  INTPTR_MAX: halfOf,
  LONG_MAX: halfOf,
};

function greatest(bits: WordBits): Value {
  return { value: (1n << BigInt(bits)) - 1n, type: SIZE_T };
}

function halfOf(bits: WordBits): Value {
  return { value: (1n << BigInt(bits - 1)) - 1n };
}

/** @returns what a name stands for; undefined when it is no constant */
export function constant(name: string): ((bits: WordBits) => Value) | undefined {
  if (Object.hasOwn(OF_WORDS, name)) return OF_WORDS[name];
  const value = NUMBERS.get(name);
  return value === undefined ? undefined : () => ({ value });
}
