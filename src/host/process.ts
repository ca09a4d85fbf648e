// A process: one instance of the WebAssembly side in one memory, with its address space set up. This is the thin layer that
// tools build on; it checks what costs nothing and hides the difference between the two layouts. For a heap with
// checked arguments see src/heap.

import type { Abi, Mem } from "../layout/address.js";
import { layouts } from "../layout/generated.js";
import { begin, isThreaded, join } from "./begin.js";
import type { Build, RawExports, Word } from "./exports.js";
import { Fate, type ProcessEnd } from "./fate.js";
import { load, loadedModule, loadSync } from "./load.js";
import type { LoadRequest } from "./load.js";
import { planProcess } from "./options.js";
import type { AddressLayout, ProcessOptions, ProcessPlan } from "./options.js";
import { liveStruct, readStruct } from "./struct.js";
import type { StructValues } from "./struct.js";
import { mayWait } from "./thread-registry.js";
import { MemoryViews } from "./views.js";

export type { AddressLayout, ProcessOptions, SyscallTrace } from "./options.js";

/** mm_struct's fields, as numbers. */
export type MmStruct = StructValues<(typeof layouts)[Abi]["MmStruct"]>;

/** mallinfo2's fields, as numbers. */
export type Mallinfo2 = StructValues<(typeof layouts)[Abi]["Mallinfo2"]>;

/**
 * A started process, as one of its threads sees it: usually there is but one. Numbers in, unsigned numbers out, in both layouts; `raw`
 * has the exports as they are.
 */
export class Process<A extends Abi = Abi, B extends Build = Build> {
  readonly abi: A;
  readonly build: B;
  readonly memory: WebAssembly.Memory;
  /** The instance's exports, untouched. In ilp32 results are signed (use `>>> 0`), in lp64 size_t is a BigInt. */
  readonly raw: RawExports<A, B>;
  /** Where the kernel's and libc's data begin. */
  readonly base: number;
  /** Where the heap begins. */
  readonly startBrk: number;
  /** The limit of the address space. */
  readonly taskSize: number;
  readonly layout: AddressLayout;
  #thread: number;
  readonly #plan: ProcessPlan<A, B>;
  readonly #views: MemoryViews;
  readonly #mm: MmStruct;
  readonly #fate: Fate;

  /** Not for use from outside: see `startProcess` and `attachThread`. */
  constructor(plan: ProcessPlan<A, B>, raw: RawExports<A, B>, fate: Fate, isThread = false) {
    this.abi = plan.abi;
    this.build = plan.build;
    this.memory = plan.memory;
    this.raw = raw;
    this.base = plan.base;
    this.startBrk = plan.startBrk;
    this.taskSize = plan.taskSize;
    this.layout = plan.layout;
    this.#plan = plan;
    this.#fate = fate;
    this.#views = new MemoryViews(plan.memory);
    this.#thread = begin(plan, raw, fate, isThread);
    fate.threads.add(this.#thread);
    this.#mm = liveStruct(this.#views, raw.mm_struct() >>> 0, layouts[plan.abi].MmStruct);
  }

  /** What ended the process, if something did: a failed integrity check or, in the threaded build, also what another thread did. */
  get aborted(): ProcessEnd | undefined {
    return this.#fate.end;
  }

  /** How the process was set up. Not for use from outside. */
  get plan(): ProcessPlan<A, B> {
    return this.#plan;
  }

  /** The binary, compiled: other threads can be given it. */
  get module(): WebAssembly.Module {
    return loadedModule(this.#plan)!;
  }

  /** The thread that calls through this object: 0 is the one that the process started with. */
  get thread(): number {
    return this.#thread;
  }

  /**
   * Makes another thread of this process: an instance of its own over the same memory, with its own tcache and, from its first allocation
   * on, its own arena. It is a simulated one: one call at a time, on this JavaScript thread. For threads that run at the same time see
   * `handleOf`.
   * @throws RangeError when the process has as many threads as it can have
   */
  async attachThread(): Promise<Process<A, B>> {
    this.share();
    const raw = await load(requestOf(this.#plan, this.#fate));
    return new Process(this.#plan, raw, this.#fate, true);
  }

  /** As `attachThread`, without waiting. */
  attachThreadSync(): Process<A, B> {
    this.share();
    return new Process(this.#plan, loadSync(requestOf(this.#plan, this.#fate)), this.#fate, true);
  }

  /**
   * From now on there may be other threads at the same time. In builds other than threaded ones it does nothing.
   */
  share(): void {
    if (isThreaded(this.raw)) this.raw.share(mayWait() ? 1 : 0);
  }

  /**
   * Ends this thread: what its tcache holds goes back to the arenas, and its arena is free for others. The process and its blocks
   * stay; this object is not to be used for anything but `rejoin` any more.
   */
  exitThread(): void {
    this.raw.thread_exit();
    this.#plan.registry?.release(this.#thread);
    this.#fate.threads.delete(this.#thread);
  }

  /** Begins a new thread after `exitThread`, in the same instance. @throws as `attachThread` */
  rejoin(): void {
    this.#thread = join(this.#plan, this.raw);
    this.#fate.threads.add(this.#thread);
  }

  /** Tells threads that run at the same time that a call of this one trapped (a WebAssembly.RuntimeError). */
  reportTrap(): void {
    this.#fate.trapped();
  }

  /** A DataView over the whole memory; fetch it anew after every call that can allocate. */
  view(): DataView {
    return this.#views.view();
  }

  /** The whole memory's bytes; fetch them anew after every call that can allocate. */
  u8(): Uint8Array {
    return this.#views.u8();
  }

  /**
   * A number as a size_t for the raw functions.
   * @throws RangeError when it does not fit (in ilp32 it would silently wrap)
   */
  toWord(value: number | bigint): Word<A> {
    if (this.abi === "lp64") return BigInt(value) as Word<A>;
    if (value > 0xffffffff) throw new RangeError(`${value} does not fit a 32-bit size_t`);
    return Number(value) as Word<A>;
  }

  /** A raw function's size_t or pointer as an unsigned number; above 2^53 it is rounded. */
  fromWord(word: Word<A>): number {
    return typeof word === "bigint" ? Number(BigInt.asUintN(64, word)) : word >>> 0;
  }

  /** The size_t in memory at `address`, unsigned; in lp64 a value above 2^53 is rounded. */
  readWord(address: number): number {
    return this.abi === "ilp32"
      ? this.view().getUint32(address, true)
      : Number(this.view().getBigUint64(address, true));
  }

  /** mm_struct, live: every property access reads the memory. */
  mm(): MmStruct {
    return this.#mm;
  }

  /** How far the break is above the heap's start, bytes. */
  breakOffset(): number {
    return this.#mm.brk - this.#mm.startBrk;
  }

  /** The C library's error number of the last failed call (man errno). */
  get errno(): number {
    return this.view().getInt32(this.#address(this.raw.__errno_location()), true);
  }

  /** The allocator's statistics (man 3 mallinfo2), bytes and counts. */
  mallinfo2(): Mallinfo2 {
    const out = this.raw.scratch() >>> 0;
    this.#raw.mallinfo2(this.toWord(out));
    return readStruct(this.view(), out, layouts[this.abi].Mallinfo2);
  }

  /** man 3 malloc. @returns a block of at least `size` bytes, 16-aligned, or 0 */
  malloc(size: number | bigint): Mem {
    return this.#address(this.#raw.malloc(this.toWord(size)));
  }

  /** man 3 calloc. @returns a zeroed block of `count * size` bytes, or 0 */
  calloc(count: number | bigint, size: number | bigint): Mem {
    return this.#address(this.#raw.calloc(this.toWord(count), this.toWord(size)));
  }

  /** man 3 realloc. @returns the block in its new place, or 0 and the old one stays (size 0 frees it) */
  realloc(mem: Mem, size: number | bigint): Mem {
    return this.#address(this.#raw.realloc(this.toWord(mem), this.toWord(size)));
  }

  /** man 3 reallocarray: `realloc(mem, count * size)`, 0 when the product overflows. */
  reallocarray(mem: Mem, count: number | bigint, size: number | bigint): Mem {
    const words = [mem, count, size].map((value) => this.toWord(value)) as Words3<A>;
    return this.#address(this.#raw.reallocarray(...words));
  }

  /** man 3 free. NULL is fine. @throws HeapAbort when the block or its surroundings are corrupt */
  free(mem: Mem): void {
    this.#raw.free(this.toWord(mem));
  }

  /** man 3 memalign. @returns a block aligned to `alignment` (rounded up to a power of two), or 0 */
  memalign(alignment: number | bigint, size: number | bigint): Mem {
    return this.#address(this.#raw.memalign(this.toWord(alignment), this.toWord(size)));
  }

  /** man 3 aligned_alloc; the same as memalign in glibc 2.36. */
  alignedAlloc(alignment: number | bigint, size: number | bigint): Mem {
    return this.#address(this.#raw.aligned_alloc(this.toWord(alignment), this.toWord(size)));
  }

  /** man 3 posix_memalign. @returns the error number (0 when it worked) and the block's address */
  posixMemalign(
    alignment: number | bigint,
    size: number | bigint,
  ): { error: number; address: Mem } {
    const out = this.raw.scratch() >>> 0;
    const words = [out, alignment, size].map((value) => this.toWord(value)) as Words3<A>;
    const error = this.#raw.posix_memalign(...words);
    return { error, address: error === 0 ? this.readWord(out) : 0 };
  }

  /** man 3 valloc: a block aligned to the page. */
  valloc(size: number | bigint): Mem {
    return this.#address(this.#raw.valloc(this.toWord(size)));
  }

  /** man 3 pvalloc: whole pages, aligned to the page. */
  pvalloc(size: number | bigint): Mem {
    return this.#address(this.#raw.pvalloc(this.toWord(size)));
  }

  /** man 3 malloc_usable_size. @returns bytes that the block really has; 0 for NULL */
  usableSize(mem: Mem): number {
    return this.fromWord(this.#raw.malloc_usable_size(this.toWord(mem)));
  }

  /** man 3 mallopt. @returns whether the value was taken */
  mallopt(param: number, value: number): boolean {
    return this.raw.mallopt(param, value) !== 0;
  }

  /** man 3 malloc_trim. @param pad bytes to keep at the top @returns whether anything was given back */
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

/** What it takes to load another instance. Not for use from outside. */
export function requestOf<A extends Abi, B extends Build>(
  plan: ProcessPlan<A, B>,
  fate: Fate,
): LoadRequest<A, B> {
  const fail = (code: number, address: number): never => fate.fail(code, address);
  const { abi, build, memory, wasm, trace, files } = plan;
  return { abi, build, memory, wasm, fail, trace, files };
}

/**
 * Starts a process.
 * @param options see ProcessOptions; nothing is required in Node.js
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does not fit this code
 */
export async function startProcess<A extends Abi = "ilp32", B extends Build = "core">(
  options: ProcessOptions<A, B> = {},
): Promise<Process<A, B>> {
  const plan = planProcess(options);
  const fate = new Fate();
  return new Process(plan, await load(requestOf(plan, fate)), fate);
}

/** As `startProcess`, without waiting. */
export function startProcessSync<A extends Abi = "ilp32", B extends Build = "core">(
  options: ProcessOptions<A, B> = {},
): Process<A, B> {
  const plan = planProcess(options);
  const fate = new Fate();
  return new Process(plan, loadSync(requestOf(plan, fate)), fate);
}
