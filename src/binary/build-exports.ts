// What single builds export besides what all do (exports.ts). `W` is a size_t as JavaScript passes
// it.

/** What the `replay` build adds. */
export interface ReplayExports<W> {
  /**
   * Runs packed operations (`process.structs.Op`).
   * @param begin the first operation's address
   * @param end where they end
   * @param blocks the address of the table of blocks, a word for each id; the one at 0 is never
   *   live
   * @returns what the last operation returned
   */
  replay(this: void, begin: number, end: number, blocks: number): W;
  /** The same by a program that writes the first and the last byte of every block that it gets. */
  replay_touching(this: void, begin: number, end: number, blocks: number): W;
  /** Frees every block of a table of `count` words, and empties it. */
  release_all(this: void, blocks: number, count: number): void;
}

/** What the `checked` build adds. */
export interface CheckedExports extends CheckExports {
  /**
   * Fault injection: the kernel refuses the `first` request from now (1 is the next; 0: none) that
   * would make the process bigger, and each `every`-th after it.
   */
  refuse_growth(this: void, first: number, every: number): void;
  /** How many such requests there were since `refuse_growth` was called. */
  growth_requests(this: void): number;
  /** Whether every public call begins with the checker: 1, the default, or 0. */
  verify_calls(this: void, on: number): void;
}

/** What the builds add that can check the heap when asked to. */
export interface CheckExports {
  /** Checks everything: 0, or the broken `Invariant`. */
  check_heap(this: void): number;
  /** Where the last check found it broken: an address, or 0. */
  check_address(this: void): number;
}

/**
 * What the `image` build adds: a heap can be put into a file and taken out again
 * (assembly/image.ts).
 */
export interface ImageExports extends CheckExports {
  /** A digest of the page's 4096 bytes, 64 bits. */
  page_digest(this: void, page: number): bigint;
  /**
   * Where the pages that an image holds end (they begin at the base), or 0 when there are mappings
   * besides [heap].
   */
  image_end(this: void): number;
  /**
   * Goes on with a process whose bytes have been put back. The arguments are those of `initialize`.
   * 0, -EINVAL, -ENOMEM.
   */
  image_restore(
    this: void,
    base: number,
    startBrk: number,
    mmapBase: number,
    taskSize: number,
    flags: number,
  ): number;
}

/**
 * What the `threads` build adds: it locks what threads share, in a shared memory
 * (assembly/threads.ts).
 */
export interface ThreadsExports extends CheckExports {
  /**
   * There are, or may be from now on, other threads: the first thread calls it before another one
   * is attached, the others right after `attach`. `canWait`: 0 where `Atomics.wait` is forbidden.
   */
  share(this: void, canWait: number): void;
  /** How long threads wait for a lock before they give up, ms; 0: for ever. */
  set_patience(this: void, ms: number): void;
  /**
   * Whether frees into other threads' arenas are queued, an extension; before there are other
   * threads.
   */
  set_queued_frees(this: void, queues: number): void;
  /**
   * How many bytes of blocks beyond tcache's largest bin each thread's tcache may keep, an
   * extension; 0: none. Before the first allocation.
   */
  set_large_tcache(this: void, bytes: number): void;
  /** The address of SharedState. */
  shared_state(this: void): number;
  /** Cleans up after a thread that runs no more; a Repair is at `scratch` then. A `Burial`. */
  thread_died(this: void, number: number): number;
}

/**
 * What the `full` build adds: all system calls by number, tracing, and a look at what the kernel
 * knows.
 */
export interface FullExports<W> extends CheckExports {
  /**
   * Gives a file of the host's a descriptor.
   * @param file the number by which the imports know it
   * @param number the file's identity: equal for all that is open of one file
   * @param kind one of FileKind
   * @param flags O bits
   * @returns the descriptor, or -errno
   */
  open_file(this: void, file: number, number: number, kind: number, flags: number): number;
  /**
   * Makes a system call (`SyscallI386` in ilp32, `SyscallX86_64` in lp64). Its result, or -errno as
   * a word.
   */
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
  /** Turns reports to the import `host.step` on or off. */
  tell_steps(this: void, on: number): void;
  /** Checks mm_struct and the region table: 0, or the broken `Invariant`. */
  check_kernel(this: void): number;
}

/**
 * What each build adds.
 * @typeParam W how a size_t is passed: a number in ilp32, a BigInt in lp64
 */
export interface ByBuild<W> {
  /** Nothing. */
  core: unknown;
  /** The checker, fault injection, and the replay loop. */
  checked: CheckedExports & ReplayExports<W>;
  /** The replay loop. */
  replay: ReplayExports<W>;
  /** All system calls. */
  full: FullExports<W>;
  /** What puts a heap into a file. */
  image: ImageExports;
  /** What threads share. */
  threads: ThreadsExports;
}
