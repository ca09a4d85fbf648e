// What `asc --use NAME=…` supplies; declared here for editors and linters only (asc does not read
// this file).

/** glibc's size_t: u32 in the ilp32 builds, u64 in the lp64 builds. */
declare type word = number;

/**
 * 0, or 1 in builds that have the whole-heap checker, or 2 where it runs at the entry of every
 * public call and growth can be refused.
 */
declare const HEAP_CHECK: i32;

/** 1 in the full build: all system calls, and a report of each to the host while tracing is on. */
declare const FULL: i32;

/** 1 in the threaded builds: shared memory, atomics, locks. */
declare const THREADS: i32;

/** Which heap it is: 0 glibc's, 1 that of the profile "throughput", 2 that of "small". */
declare const PROFILE: i32;

/** Which glibc it is, by the number behind the dot: 36 is 2.36 (abi/version.ts). */
declare const GLIBC: i32;

/** 1 in the build that reports every place at which a thread can die with a lock held. */
declare const CRASH_POINTS: i32;

/** 1 where AssemblyScript's runtime is to leave malloc's parameters as they are in glibc. */
declare const GLIBC_DEFAULTS: i32;

/** Whether one of AssemblyScript's collectors uses the heap, and reads the sizes of its blocks. */
declare const COLLECTED: bool;

/**
 * Declares that a field is an inline array: so many elements, or in ilp32 so many and in lp64 so
 * many (tools/layout-transform.mjs).
 */
declare function count(...lengths: number[]): (target: object, field: string) => void;

/**
 * Declares that a field is there from glibc 2.`version` on; with `length`, that it has so many
 * elements from there on (tools/layout-transform.mjs).
 */
declare function since(version: number, length?: number): (target: object, field: string) => void;

/** Declares that a field is there before glibc 2.`version` only. */
declare function until(version: number): (target: object, field: string) => void;

/** What the benchmark's loops ask of an allocator. */
interface SmallContestant {
  malloc(bytes: word): word;
  free(block: word): void;
}

/** What a program does with the blocks that it gets; a bound as `Contestant` is. */
interface BlockUser {
  use(block: word, bytes: word): void;
}

/** What the replay loop asks of one. */
interface Contestant extends SmallContestant {
  calloc(count: word, bytes: word): word;
  memalign(alignment: word, bytes: word): word;
  realloc(block: word, bytes: word): word;
}
