// The WebAssembly side's exports, as the engine gives them: C names, C meanings, no wrapper in between.
// `W` is a size_t as JavaScript passes it: a number in ilp32 (results are signed: use `>>> 0`), a BigInt in lp64.

import type { Abi } from "../layout/address.js";

/** Which of the builds: the allocator, the same with its checker, with the replay loop, with all system calls, for files, with locks. */
export type Build = "core" | "checked" | "replay" | "full" | "image" | "threads";

/** How JavaScript passes a size_t to the raw functions of a layout. */
export type Word<A extends Abi> = A extends "ilp32" ? number : bigint;

/** What sets a process up and shows where its structs are. Addresses are signed here: use `>>> 0`. */
export interface SetupExports<W> {
  initialize(
    this: void,
    base: number,
    startBrk: number,
    mmapBase: number,
    taskSize: number,
    flags: number,
  ): number;
  /** Makes this instance another thread of the process at `base`. Its number, the lowest that is free, or -EAGAIN. */
  attach(this: void, base: number): number;
  /** Ends the thread that this instance is; `attach` makes it another one. */
  thread_exit(this: void): void;
  kernel_bytes(this: void): number;
  set_tunable(this: void, id: number, value: W): number;
  set_tcache_key(this: void, key: W): void;
  mm_struct(this: void): number;
  malloc_par(this: void): number;
  main_arena(this: void): number;
  thread_data(this: void): number;
  tcache(this: void): number;
  scratch(this: void): number;
}

/** The C library's allocation functions (man 3 malloc, posix_memalign, mallopt, mallinfo, malloc_trim). */
export interface MallocExports<W> {
  malloc(this: void, size: W): W;
  calloc(this: void, count: W, size: W): W;
  realloc(this: void, mem: W, size: W): W;
  reallocarray(this: void, mem: W, count: W, size: W): W;
  free(this: void, mem: W): void;
  memalign(this: void, alignment: W, size: W): W;
  aligned_alloc(this: void, alignment: W, size: W): W;
  posix_memalign(this: void, out: W, alignment: W, size: W): number;
  valloc(this: void, size: W): W;
  pvalloc(this: void, size: W): W;
  malloc_usable_size(this: void, mem: W): W;
  mallopt(this: void, param: number, value: number): number;
  malloc_trim(this: void, pad: W): number;
  mallinfo(this: void, out: W): void;
  mallinfo2(this: void, out: W): void;
  __errno_location(this: void): W;
}

/** System calls, as the C library wraps them: -1 and errno on failure (man 2 brk, mmap, mremap). */
export interface SystemExports<W> {
  brk(this: void, address: W): number;
  sbrk(this: void, increment: W): W;
  mmap(this: void, address: W, length: W, prot: number, flags: number, fd: number, offset: W): W;
  munmap(this: void, address: W, length: W): number;
  mremap(this: void, oldAddress: W, oldLength: W, newLength: W, flags: number, newAddress: W): W;
}

/** What every build exports. */
export type CoreExports<W> = SetupExports<W> & MallocExports<W> & SystemExports<W>;

/** What the `replay` build adds. */
export interface ReplayExports<W> {
  replay(this: void, begin: number, end: number, blocks: number): W;
  release_all(this: void, blocks: number, count: number): void;
}

/** What the `checked` build adds. */
export interface CheckedExports extends CheckExports {
  refuse_growth(this: void, first: number, every: number): void;
  growth_requests(this: void): number;
  verify_calls(this: void, on: number): void;
}

/** What the builds add that can check the heap when asked to. */
export interface CheckExports {
  /** Checks everything: 0, or the broken `Invariant`. */
  check_heap(this: void): number;
  /** Where the last check found it broken: an address, or 0. */
  check_address(this: void): number;
}

/** What the `image` build adds: a heap can be put into a file and taken out again (assembly/image.ts). */
export interface ImageExports extends CheckExports {
  /** A digest of the page's 4096 bytes, 64 bits. */
  page_digest(this: void, page: number): bigint;
  /** Where the pages that an image holds end (they begin at the base), or 0 when there are mappings besides [heap]. */
  image_end(this: void): number;
  /** Goes on with a process whose bytes have been put back. The arguments are those of `initialize`. 0, -EINVAL, -ENOMEM. */
  image_restore(
    this: void,
    base: number,
    startBrk: number,
    mmapBase: number,
    taskSize: number,
    flags: number,
  ): number;
}

/** What the `threads` build adds: it locks what threads share, in a shared memory (assembly/threads.ts). */
export interface ThreadsExports extends CheckExports {
  /**
   * There are, or may be from now on, other threads: the first thread calls it before another one is attached, the others right after
   * `attach`. `canWait`: 0 where `Atomics.wait` is forbidden.
   */
  share(this: void, canWait: number): void;
  /** How long threads wait for a lock before they give up, ms; 0: for ever. */
  set_patience(this: void, ms: number): void;
  /** Whether frees into other threads' arenas are queued, an extension; before there are other threads. */
  set_queued_frees(this: void, queues: number): void;
  set_large_tcache(this: void, bytes: number): void;
  /** The address of SharedState. */
  shared_state(this: void): number;
  /** Cleans up after a thread that runs no more; a Repair is at `scratch` then. A `Burial`. */
  thread_died(this: void, number: number): number;
}

/** What the `full` build adds: all system calls by number, tracing, and a look at what the kernel knows. */
export interface FullExports<W> extends CheckExports {
  /** Gives a file of the host's a descriptor: see `openFile` in assembly/kernel/file.ts. The descriptor, or -errno. */
  open_file(this: void, file: number, number: number, kind: number, flags: number): number;
  /** Makes a system call (`SyscallI386` in ilp32, `SyscallX86_64` in lp64). Its result, or -errno as a word. */
  syscall(this: void, nr: number, a1: W, a2: W, a3: W, a4: W, a5: W, a6: W): W;
  /** Turns reports to the import `host.trace` on or off. */
  trace_syscalls(this: void, on: number): void;
  /** The address of the first `Vma` that maps shows, or 0. */
  first_vma(this: void): number;
  /** The address of the one after it, or 0. */
  next_vma(this: void, vma: number): number;
  /** The address of the first one that ends above `address`, or 0. */
  find_vma(this: void, address: number): number;
  /** What an access would do: 0, or a signal (11 SIGSEGV, 7 SIGBUS). Its pages become resident. */
  touch(this: void, address: number, length: number, isWrite: number): number;
  /** What fetching instructions would do, as `touch`. */
  fetch(this: void, address: number, length: number): number;
  /** Whether the page is resident, as far as the model knows. */
  is_resident(this: void, address: number): number;
  /** The marks of the page at `address`: a sum of `PageMark`s. */
  page_marks(this: void, address: number): number;
  /** Sets a `KernelOption`. 0, or -EINVAL. */
  set_kernel_option(this: void, id: number, value: W): number;
  /** Checks mm_struct and the region table: 0, or the broken `Invariant`. */
  check_kernel(this: void): number;
}

/** The raw exports of a build in a layout. */
export type RawExports<A extends Abi = Abi, B extends Build = Build> = CoreExports<Word<A>> &
  (B extends "replay"
    ? ReplayExports<Word<A>>
    : B extends "checked"
      ? CheckedExports & ReplayExports<Word<A>>
      : B extends "full"
        ? FullExports<Word<A>>
        : B extends "image"
          ? ImageExports
          : B extends "threads"
            ? ThreadsExports
            : unknown);
