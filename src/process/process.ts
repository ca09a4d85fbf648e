// A process: the thin layer that tools build on; it checks what costs nothing and hides the
// difference between the two layouts. For a heap with checked arguments see src/heap.

import type { Abi, Mem } from "../layout/address.js";
import type { MmStruct } from "../layout/generated.js";
import { checkGlibc, glibcOf, type GlibcVersion } from "../binary/glibc.js";
import { checkProfile, profileOf, type Profile } from "../binary/profile.js";
import { begin, join, type Start } from "./begin.js";
import { PACKAGE_FILES } from "../binary/sources.js";
import { planProcess, PROCESS_OPTIONS } from "./build-options.js";
import type { Starter } from "./build-options.js";
import { checkOptions } from "../base/checks.js";
import { CoreProcess } from "./core-process.js";
import type { Build, RawExports, Word } from "../binary/exports.js";
import type { FullExports } from "../binary/build-exports.js";
import { instantiate, instantiateSync, load, loadSync } from "../binary/load.js";
import type { Fate } from "./fate.js";
import type { Binaries, Loaded } from "../binary/load.js";
import type { AddressLayout, ProcessOptions, ProcessPlan, StepListener } from "./options.js";
import type { Places } from "../layout/places.js";
import { liveStruct } from "../layout/struct.js";
import { structsOf, type Structs } from "../layout/structs.js";
import { THREADED } from "./threads/build.js";
import { MemoryViews } from "../layout/views.js";

export type { Places } from "../layout/places.js";
export type { Mallinfo2, MmStruct } from "../layout/generated.js";
export type { AddressLayout, ProcessOptions, SyscallTrace } from "./options.js";

/**
 * A started process, as one of its threads sees it: usually there is but one. Numbers in, unsigned
 * numbers out, in both layouts; `raw` has the exports as they are.
 * @typeParam A the memory layout: "ilp32" or "lp64"
 * @typeParam B the build that it runs on
 */
export class Process<A extends Abi = Abi, B extends Build = Build> extends CoreProcess<A, B> {
  /** Which build it runs on. */
  readonly build: B;
  /** Where the kernel's and libc's data begin. */
  readonly base: number;
  /** Where the heap begins. */
  readonly startBrk: number;
  /** The limit of the address space: no address at or above it is ever mapped. */
  readonly taskSize: number;
  /** Where mappings go. */
  readonly layout: AddressLayout;
  readonly #views: MemoryViews;
  readonly #mm: MmStruct;

  /** Not for use from outside: see `startProcess` and `attachThread`. @internal */
  constructor(plan: ProcessPlan<A, B>, loaded: Loaded<A, B, Fate>, start: Start = begin) {
    super(plan, loaded, start);
    this.build = plan.build;
    this.base = plan.base;
    this.startBrk = plan.startBrk;
    this.taskSize = plan.taskSize;
    this.layout = plan.layout;
    const { exports, fate, structs } = this;
    plan.threading?.began(plan, exports, structs, fate, start === begin);
    fate.threads?.add(this.number);
    this.#views = new MemoryViews(plan.memory);
    this.#mm = liveStruct(this.#views, exports.mm_struct() >>> 0, structs.MmStruct);
  }

  /** Which heap it has. */
  get profile(): Profile {
    return profileOf(this.module, this.abi);
  }

  /** Which glibc it is. */
  get glibc(): GlibcVersion {
    return glibcOf(this.module);
  }

  /** How the structs in memory are laid out. */
  get structs(): Structs<A> {
    return structsOf(this.module, this.abi);
  }

  /** Where its structs are. */
  get places(): Places {
    const { exports, structs } = this;
    const mallocPar = exports.malloc_par() >>> 0;
    return {
      mmStruct: exports.mm_struct() >>> 0,
      libcData: mallocPar - Math.ceil(structs.LibcData.size / 16) * 16,
      mallocPar,
      mainArena: exports.main_arena() >>> 0,
      threads: (exports.thread_data() >>> 0) - this.number * structs.ThreadData.size,
    };
  }

  override view(): DataView {
    return this.#views.view();
  }

  /** The whole memory's bytes; fetch them anew after every call that can allocate. */
  u8(): Uint8Array {
    return this.#views.u8();
  }

  /** The thread that calls through this object: 0 is the one that the process started with. */
  get thread(): number {
    return this.number;
  }

  /** mm_struct, live: every property access reads the memory. */
  mm(): MmStruct {
    return this.#mm;
  }

  /**
   * Makes another thread of this process: an instance of its own over the same memory, with its own
   * tcache and, from its first allocation on, its own arena. It is a simulated one: one call at a
   * time, on this JavaScript thread. For threads that run at the same time see `createHeap` of
   * ptmalloc-wasm/threads.
   * @throws RangeError when the process has as many threads as it can have
   */
  async attachThread(): Promise<Process<A, B>> {
    this.share();
    return new Process(this.plan, await instantiate(this.plan, this.module, this.fate), join);
  }

  /** As `attachThread`, without waiting. */
  attachThreadSync(): Process<A, B> {
    this.share();
    return new Process(this.plan, instantiateSync(this.plan, this.module, this.fate), join);
  }

  /**
   * From now on there may be other threads at the same time. In builds other than threaded ones it
   * does nothing.
   */
  share(): void {
    this.plan.threading?.share(this.exports);
  }

  /**
   * Ends this thread: what its tcache holds goes back to the arenas, and its arena is free for
   * others. The process and its blocks stay; this object is not to be used for anything but
   * `rejoin` any more.
   */
  exitThread(): void {
    this.raw.thread_exit();
    this.plan.threading?.registry.release(this.number);
    this.fate.threads?.delete(this.number);
  }

  /** Begins a new thread after `exitThread`, in the same instance. @throws as `attachThread` */
  rejoin(): void {
    this.number = join(this.plan, this.exports);
    this.fate.threads?.add(this.number);
  }

  /**
   * Listens to the decisions that malloc and free take, in the full build: each is a `Step` with
   * two numbers (assembly/malloc/steps.ts). One listener for all threads.
   * @param listener is told right where the decision falls, and must not call the allocator;
   *   without one nobody listens any more
   */
  onStep(listener?: StepListener): void {
    const { steps } = this.plan;
    if (steps === undefined) throw new TypeError('onStep needs build: "full"');
    steps.listener = listener;
    (this.exports as unknown as FullExports<Word<A>>).tell_steps(listener === undefined ? 0 : 1);
  }

  /** Nobody listens, to system calls or to steps: for a process that was put back. @internal */
  hush(): void {
    this.onStep();
    (this.exports as unknown as FullExports<Word<A>>).trace_syscalls(0);
  }

  /** Is another thread now, whose variables `set` puts back. @internal */
  resumeAs(number: number, set: () => void): void {
    set();
    this.number = number;
  }

  /**
   * How far the break is above the heap's start, bytes.
   */
  breakOffset(): number {
    return this.mm().brk - this.mm().startBrk;
  }

  /** man 3 malloc. @param size bytes @returns a block of at least `size` bytes, 16-aligned, or 0 */
  malloc(size: number | bigint): Mem {
    return this.#address(this.#raw.malloc(this.toWord(size)));
  }

  /**
   * man 3 calloc.
   * @param count number of elements
   * @param size bytes of an element
   * @returns a zeroed block of `count * size` bytes, 16-aligned, or 0, also when the product
   *   overflows
   */
  calloc(count: number | bigint, size: number | bigint): Mem {
    return this.#address(this.#raw.calloc(this.toWord(count), this.toWord(size)));
  }

  /**
   * man 3 realloc.
   * @param mem a block's address; 0 allocates
   * @param size bytes; 0 frees the block
   * @returns the block in its new place, 16-aligned, or 0 and the old one stays, unless `size` is 0
   * @throws HeapAbort
   */
  realloc(mem: Mem, size: number | bigint): Mem {
    return this.#address(this.#raw.realloc(this.toWord(mem), this.toWord(size)));
  }

  /**
   * man 3 reallocarray.
   * @param mem as for realloc
   * @param count number of elements
   * @param size bytes of an element
   * @returns as realloc; 0 when the product overflows
   */
  reallocarray(mem: Mem, count: number | bigint, size: number | bigint): Mem {
    const words = [mem, count, size].map((value) => this.toWord(value)) as Words3<A>;
    return this.#address(this.#raw.reallocarray(...words));
  }

  /**
   * man 3 free.
   * @param mem a block's address; 0 does nothing
   * @throws HeapAbort when the block or its surroundings are corrupt
   */
  free(mem: Mem): void {
    this.#raw.free(this.toWord(mem));
  }

  /**
   * man 3 memalign.
   * @param alignment bytes, rounded up to a power of two
   * @param size bytes
   * @returns a block at a multiple of `alignment`, or 0
   */
  memalign(alignment: number | bigint, size: number | bigint): Mem {
    return this.#address(this.#raw.memalign(this.toWord(alignment), this.toWord(size)));
  }

  /**
   * man 3 aligned_alloc; the same as memalign in glibc 2.36.
   * @param alignment bytes, rounded up to a power of two
   * @param size bytes
   */
  alignedAlloc(alignment: number | bigint, size: number | bigint): Mem {
    return this.#address(this.#raw.aligned_alloc(this.toWord(alignment), this.toWord(size)));
  }

  /**
   * man 3 posix_memalign.
   * @param alignment bytes: a power of two, and a multiple of a pointer's size
   * @param size bytes
   * @returns the error number (0 when it worked) and the block's address
   */
  posixMemalign(
    alignment: number | bigint,
    size: number | bigint,
  ): {
    /**
     * 0; 22 (EINVAL) for an alignment that is no power of two times a pointer's size; 12 (ENOMEM).
     */
    error: number;
    /** The block's; 0 on failure. */
    address: Mem;
  } {
    const out = this.exports.scratch() >>> 0;
    const words = [out, alignment, size].map((value) => this.toWord(value)) as Words3<A>;
    const error = this.#raw.posix_memalign(...words);
    return { error, address: error === 0 ? this.readWord(out) : 0 };
  }

  /** man 3 valloc. @param size bytes @returns a block aligned to the page, 4096 bytes, or 0 */
  valloc(size: number | bigint): Mem {
    return this.#address(this.#raw.valloc(this.toWord(size)));
  }

  /**
   * man 3 pvalloc.
   * @param size bytes, rounded up to whole pages
   * @returns a block aligned to the page, or 0
   */
  pvalloc(size: number | bigint): Mem {
    return this.#address(this.#raw.pvalloc(this.toWord(size)));
  }

  /**
   * man 3 malloc_usable_size.
   * @param mem a block's address, or 0
   * @returns bytes that the block really has; 0 for NULL
   */
  usableSize(mem: Mem): number {
    return this.fromWord(this.#raw.malloc_usable_size(this.toWord(mem)));
  }

  /**
   * man 3 mallopt.
   * @param param as in malloc.h: see {@link MallocExports.mallopt}
   * @param value bytes, or a number, as the parameter has it
   * @returns whether the value was taken
   */
  mallopt(param: number, value: number): boolean {
    return this.raw.mallopt(param, value) !== 0;
  }

  /**
   * man 3 malloc_trim.
   * @param pad bytes to keep at the top
   * @returns whether anything was given back
   */
  trim(pad: number | bigint = 0): boolean {
    return this.#raw.malloc_trim(this.toWord(pad)) !== 0;
  }

  get #raw(): RawExports<A> {
    return this.raw;
  }

  #address(word: Word<A>): Mem {
    return this.fromWord(word);
  }
}

type Words3<A extends Abi> = [Word<A>, Word<A>, Word<A>];

/**
 * Starts a process: see `startProcess`.
 * @param options nothing is required; the layout is "linux" by default
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does
 *   not fit this code
 */
export type StartProcess = <A extends Abi = "ilp32", B extends Build = "core">(
  options?: ProcessOptions<A, B>,
) => Promise<Process<A, B>>;

/**
 * As `StartProcess`, without waiting.
 * @param options as there
 * @throws as there; TypeError or Error where the binary cannot be read at once: browsers need the
 *   option "wasm" then, with bytes or a module
 */
export type StartProcessSync = <A extends Abi = "ilp32", B extends Build = "core">(
  options?: ProcessOptions<A, B>,
) => Process<A, B>;

/**
 * @param starter who asks
 * @returns `startProcess` for an entry of the package that has binaries of its own
 */
export function processStarter(binaries: Binaries, starter: Starter): StartProcess {
  return async (options = {}) => {
    const plan = planned(options, starter);
    return started(plan, await load(plan, binaries));
  };
}

/** As `processStarter`, for `startProcessSync`. */
export function processStarterSync(binaries: Binaries, starter: Starter): StartProcessSync {
  return (options = {}) => {
    const plan = planned(options, starter);
    return started(plan, loadSync(plan, binaries));
  };
}

function planned<A extends Abi, B extends Build>(options: ProcessOptions<A, B>, starter: Starter) {
  if (!starter.isHeap) checkOptions(PROCESS_OPTIONS, options);
  return planProcess(options, starter);
}

/** @throws TypeError where the binary has another profile than is asked for */
function started<A extends Abi, B extends Build>(
  plan: ProcessPlan<A, B>,
  loaded: Loaded<A, B, Fate>,
) {
  checkProfile(loaded.module, plan.abi, plan.profile);
  checkGlibc(loaded.module, plan.glibc);
  return new Process(plan, loaded);
}

/** Programs that start a process themselves, on any build. */
export const PROGRAM: Starter = { threaded: THREADED };

/**
 * Starts a process.
 * @param options see ProcessOptions; nothing is required
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does
 *   not fit this code
 */
export const startProcess: StartProcess = /* @__PURE__ */ processStarter(PACKAGE_FILES, PROGRAM);

/** As `startProcess`, without waiting. */
export const startProcessSync: StartProcessSync = /* @__PURE__ */ processStarterSync(
  PACKAGE_FILES,
  PROGRAM,
);
