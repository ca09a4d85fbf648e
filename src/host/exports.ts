// The WebAssembly side's exports, as the engine gives them: C names, C meanings, no wrapper in between.
// `W` is a size_t as JavaScript passes it: a number in ilp32 (results are signed: use `>>> 0`), a BigInt in lp64.

import type { Abi } from "../layout/address.js";

/** Which of the builds: the allocator, the same with its checker, the same with the replay loop. */
export type Build = "core" | "checked" | "replay";

/** How JavaScript passes a size_t to the raw functions of a layout. */
export type Word<A extends Abi> = A extends "ilp32" ? number : bigint;

/** What sets a process up and shows where its structs are. Addresses are signed here: use `>>> 0`. */
export interface SetupExports<W> {
  initialize(
    base: number,
    startBrk: number,
    mmapBase: number,
    taskSize: number,
    flags: number,
  ): number;
  kernel_bytes(): number;
  set_tunable(id: number, value: W): number;
  set_tcache_key(key: W): void;
  mm_struct(): number;
  malloc_par(): number;
  main_arena(): number;
  tcache(): number;
  scratch(): number;
}

/** The C library's allocation functions (man 3 malloc, posix_memalign, mallopt, mallinfo, malloc_trim). */
export interface MallocExports<W> {
  malloc(size: W): W;
  calloc(count: W, size: W): W;
  realloc(mem: W, size: W): W;
  reallocarray(mem: W, count: W, size: W): W;
  free(mem: W): void;
  memalign(alignment: W, size: W): W;
  aligned_alloc(alignment: W, size: W): W;
  posix_memalign(out: W, alignment: W, size: W): number;
  valloc(size: W): W;
  pvalloc(size: W): W;
  malloc_usable_size(mem: W): W;
  mallopt(param: number, value: number): number;
  malloc_trim(pad: W): number;
  mallinfo(out: W): void;
  mallinfo2(out: W): void;
  __errno_location(): W;
}

/** System calls, as the C library wraps them: -1 and errno on failure (man 2 brk, mmap, mremap). */
export interface SystemExports<W> {
  brk(address: W): number;
  sbrk(increment: W): W;
  mmap(address: W, length: W, prot: number, flags: number, fd: number, offset: W): W;
  munmap(address: W, length: W): number;
  mremap(oldAddress: W, oldLength: W, newLength: W, flags: number, newAddress: W): W;
}

/** What every build exports. */
export type CoreExports<W> = SetupExports<W> & MallocExports<W> & SystemExports<W>;

/** What the `replay` build adds. */
export interface ReplayExports<W> {
  replay(begin: number, end: number, blocks: number): W;
  release_all(blocks: number, count: number): void;
}

/** What the `checked` build adds. */
export interface CheckedExports {
  check_heap(): number;
  check_address(): number;
  refuse_growth(first: number, every: number): void;
  growth_requests(): number;
  verify_calls(on: number): void;
}

/** The raw exports of a build in a layout. */
export type RawExports<A extends Abi = Abi, B extends Build = Build> = CoreExports<Word<A>> &
  (B extends "replay"
    ? ReplayExports<Word<A>>
    : B extends "checked"
      ? CheckedExports & ReplayExports<Word<A>>
      : unknown);
