// The WebAssembly side's exports, as the engine gives them: C names, C meanings, no wrapper in
// between. `W` is a size_t as JavaScript passes it: a number in ilp32 (results are signed: use
// `>>> 0`), a BigInt in lp64.

import type { Abi } from "../layout/address.js";
import type { ByBuild } from "./build-exports.js";

/** Which of the builds. */
export type Build =
  /** The allocator, and the kernel that it needs; every glibc integrity check is on. */
  | "core"
  /** The same, with a checker of the whole heap at every public call, and fault injection. */
  | "checked"
  /** core with the replay loop. */
  | "replay"
  /** core with all system calls, files, limits, residency and tracing. */
  | "full"
  /** core for heaps in files, with the checker on request. */
  | "image"
  /**
   * core over shared memory, with locks and repair after a thread's death, and the checker on
   * request.
   */
  | "threads";

/**
 * How JavaScript passes a size_t to the raw functions of a layout: a number in ilp32, a BigInt in
 * lp64.
 */
export type Word<A extends Abi> = A extends "ilp32" ? number : bigint;

/**
 * What sets a process up and shows where its structs are. Addresses and sizes are bytes; addresses
 * are signed here: use `>>> 0`. `createHeap` and `startProcess` call what is to be called of these.
 * @typeParam W how a size_t is passed: a number in ilp32, a BigInt in lp64
 */
export interface SetupExports<W> {
  /**
   * Begins a process in the imported memory. To be called once, before anything else.
   * @param base where the kernel's and libc's own data begin, not 0
   * @param startBrk where [heap] begins: at least `kernel_bytes()` above the base
   * @param mmapBase where the search for room for mappings begins
   * @param taskSize the end of the address space, at most 4 GiB - 64 KiB. All four are multiples of
   *   4096
   * @param flags the layout in bits 0 and 1 (0 "linux", 1 "top-down", 2 "compact"); bit 2: the
   *   memory from `startBrk` on is zero
   * @returns 0; -22 (EINVAL) for arguments that break these rules; -12 (ENOMEM) when the memory
   *   cannot be grown to `startBrk`
   */
  initialize(
    this: void,
    base: number,
    startBrk: number,
    mmapBase: number,
    taskSize: number,
    flags: number,
  ): number;
  /**
   * Makes this instance another thread of the process at `base`. Its number, the lowest that is
   * free, or -11 (EAGAIN) when there are 128.
   */
  attach(this: void, base: number): number;
  /**
   * Ends the thread that this instance is: its tcache is emptied, its arena is free for others
   * (`__malloc_arena_thread_freeres`). `attach` makes it another one.
   */
  thread_exit(this: void): void;
  /** The bytes that the kernel and libc need between the base and start_brk. */
  kernel_bytes(this: void): number;
  /**
   * Sets a tunable before the first allocation (glibc's `ptmalloc_init`).
   * @param id its place in `tunableNames`, from 0
   * @returns 1, or 0 when the value is out of range and was ignored
   */
  set_tunable(this: void, id: number, value: W): number;
  /**
   * `malloc` for many blocks in one call.
   * @param list where the sizes are, bytes, as unsigned numbers of 32 bits, 4-aligned; the
   *   addresses take their places, 0 where there was no memory
   * @param count how many there are
   */
  malloc_many(this: void, list: number, count: number): void;
  /**
   * `free` for many blocks in one call, in their order; 0 is left out.
   * @param list where the addresses are, as unsigned numbers of 32 bits, 4-aligned
   * @param count how many there are
   */
  free_many(this: void, list: number, count: number): void;
  /**
   * Chooses the mark by which `free` knows a block that is in tcache already (glibc's
   * `tcache_key`). Before the first allocation.
   */
  set_tcache_key(this: void, key: W): void;
  /** The address of the kernel's record of the address space: see `MmStruct`. */
  mm_struct(this: void): number;
  /** The address of glibc's `mp_`: see `MallocPar` of ptmalloc-wasm/inspect. */
  malloc_par(this: void): number;
  /** The address of glibc's `main_arena`: see `MallocState` of ptmalloc-wasm/inspect. */
  main_arena(this: void): number;
  /** The address of what others must know of this thread: `process.structs.ThreadData`. */
  thread_data(this: void): number;
  /**
   * The address of this thread's `tcache_perthread_struct`; 0 before its first call that needs one.
   */
  tcache(this: void): number;
  /**
   * The address of 256 bytes for results that C writes through a pointer: for nobody else's use
   * between two calls.
   */
  scratch(this: void): number;
}

/**
 * The C library's allocation functions under C's names, with glibc 2.36's behaviour, address by
 * address: `heap.raw` and `process.raw` have them. Sizes are bytes; 0 is NULL; results are signed
 * in ilp32 (use `>>> 0`), BigInts in lp64. No argument is checked beyond what glibc does. Where
 * glibc aborts the process, each of these throws a {@link HeapAbort}; an access beyond the memory
 * is a WebAssembly.RuntimeError. Running out of memory returns 0 and leaves ENOMEM (12) at
 * `__errno_location()`.
 * @typeParam W how a size_t is passed: a number in ilp32, a BigInt in lp64
 */
export interface MallocExports<W> {
  /**
   * malloc(3), `__libc_malloc`: a block of at least `size` bytes, its content whatever was there.
   * malloc(0) gives a block, too. The address is a multiple of 16, in the profile "small" of 8 in
   * ilp32.
   */
  malloc(this: void, size: W): W;
  /**
   * calloc(3), `__libc_calloc`: a zeroed block for `count` elements of `size` bytes, 16-aligned. 0
   * and ENOMEM also when the product overflows.
   */
  calloc(this: void, count: W, size: W): W;
  /**
   * realloc(3), `__libc_realloc`: gives the block `size` bytes, moving it when it must; the bytes
   * up to the smaller size stay. `mem` 0 is malloc; `size` 0 frees the block and returns 0. On
   * failure 0, and the block is as it was.
   */
  realloc(this: void, mem: W, size: W): W;
  /** reallocarray(3): `realloc(mem, count * size)`; 0 and ENOMEM when the product overflows. */
  reallocarray(this: void, mem: W, count: W, size: W): W;
  /**
   * free(3), `__libc_free`: gives a block back, and leaves errno as it is. free(0) does nothing.
   */
  free(this: void, mem: W): void;
  /**
   * memalign(3), `_mid_memalign`: a block at a multiple of `alignment`, rounded up to a power of
   * two of at least 16. 0 and EINVAL when there is none that great.
   */
  memalign(this: void, alignment: W, size: W): W;
  /**
   * aligned_alloc(3): in glibc 2.36 the same as `memalign`; `size` need not be a multiple of
   * `alignment`.
   */
  aligned_alloc(this: void, alignment: W, size: W): W;
  /**
   * posix_memalign(3): stores the block's address, a word, at the address `out`.
   * @param alignment a power of two, and a multiple of a pointer's size (4, in lp64 8)
   * @returns 0; 22 (EINVAL) for another alignment; 12 (ENOMEM). `out` is written only when it is 0,
   *   errno is not for the caller
   */
  posix_memalign(this: void, out: W, alignment: W, size: W): number;
  /** valloc(3): a block at a multiple of the page's size, 4096. */
  valloc(this: void, size: W): W;
  /** pvalloc(3): as `valloc`, with the size rounded up to whole pages. */
  pvalloc(this: void, size: W): W;
  /**
   * malloc_usable_size(3): the bytes of the block that can be used, at least what was asked for. 0
   * for 0 and for a chunk that is not in use.
   */
  malloc_usable_size(this: void, mem: W): W;
  /**
   * mallopt(3).
   * @param param as in malloc.h: M_MXFAST 1, M_TRIM_THRESHOLD -1, M_TOP_PAD -2, M_MMAP_THRESHOLD
   *   -3, M_MMAP_MAX -4, M_PERTURB -6, M_ARENA_TEST -7, M_ARENA_MAX -8; others are accepted and do
   *   nothing
   * @param value bytes, or a number of mappings or arenas, as the parameter has it
   * @returns 1, or 0 when the value is refused
   */
  mallopt(this: void, param: number, value: number): number;
  /**
   * malloc_trim(3): gives free memory at the end of the heap, and whole free pages inside, back to
   * the kernel.
   * @param pad bytes of top to keep
   * @returns 1 when anything was given back, else 0
   */
  malloc_trim(this: void, pad: W): number;
  /**
   * mallinfo(3): fills the struct at `out`, ten ints in the order of `Mallinfo2`; C has it as its
   * hidden first parameter. Greater counts wrap.
   */
  mallinfo(this: void, out: W): void;
  /** mallinfo2(3): fills the struct at `out`, ten words in the order of `Mallinfo2`. */
  mallinfo2(this: void, out: W): void;
  /** The address of this thread's errno, an int (glibc's `__errno_location`, errno(3)). */
  __errno_location(this: void): W;
}

/**
 * System calls, as the C library wraps them: on failure -1, and errno says why. Addresses and
 * lengths are bytes. Bits and errors are Linux's; the builds other than "full" have anonymous
 * memory only.
 * @typeParam W how a size_t is passed: a number in ilp32, a BigInt in lp64
 */
export interface SystemExports<W> {
  /**
   * brk(2), libc's: moves the break to `address`. 0, or -1 and ENOMEM. An address below start_brk
   * gives 0 and changes nothing.
   */
  brk(this: void, address: W): number;
  /**
   * sbrk(2): moves the break by `increment` bytes, a signed number. The break as it was before, or
   * -1 and ENOMEM.
   */
  sbrk(this: void, increment: W): W;
  /**
   * mmap(2): the new mapping's address, or -1 and EINVAL, ENOMEM, EBADF or EEXIST.
   * @param address 0, a hint, or with MAP_FIXED the place
   * @param prot PROT bits @param flags MAP bits: see ptmalloc-wasm/kernel
   * @param fd a descriptor, in the build "full"; -1 for anonymous memory
   * @param offset bytes, a multiple of 4096
   */
  mmap(this: void, address: W, length: W, prot: number, flags: number, fd: number, offset: W): W;
  /** munmap(2): 0, or -1 and EINVAL or ENOMEM. */
  munmap(this: void, address: W, length: W): number;
  /**
   * mremap(2): the mapping's address now, or -1 and EINVAL, ENOMEM or EFAULT. Other flags than
   * MREMAP_MAYMOVE (1) are there in the build "full" only.
   */
  mremap(this: void, oldAddress: W, oldLength: W, newLength: W, flags: number, newAddress: W): W;
}

/**
 * What every build exports: {@link SetupExports}, {@link MallocExports} and {@link SystemExports}.
 */
export type CoreExports<W> = SetupExports<W> & MallocExports<W> & SystemExports<W>;

/**
 * The raw exports of a build in a layout: {@link SetupExports}, {@link MallocExports}, {@link
 * SystemExports}, and what the build adds, which is in {@link BuildExports}.
 */
export type RawExports<A extends Abi = Abi, B extends Build = Build> = CoreExports<Word<A>> &
  ByBuild<Word<A>>[B];
