// A process: one instance of the WebAssembly side in one memory, with its address space set up. This is the thin layer that
// tools build on; it checks what costs nothing and hides the difference between the two layouts. For a heap with
// checked arguments see src/heap.

import type { Abi, Mem } from "../layout/address.js";
import { layouts, Tunable } from "../layout/generated.js";
import type { Build, RawExports, Word } from "./exports.js";
import { errorOf } from "./failures.js";
import type { BrokenInvariant, HeapAbort } from "./failures.js";
import { load, loadSync } from "./load.js";
import type { LoadRequest } from "./load.js";
import { planProcess } from "./options.js";
import type { AddressLayout, ProcessOptions, ProcessPlan, Restore } from "./options.js";
import { liveStruct, readStruct } from "./struct.js";
import type { StructValues } from "./struct.js";
import { MemoryViews } from "./views.js";

export type { AddressLayout, ProcessOptions, SyscallTrace } from "./options.js";

/** mm_struct's fields, as numbers. */
export type MmStruct = StructValues<(typeof layouts)[Abi]["MmStruct"]>;

/** mallinfo2's fields, as numbers. */
export type Mallinfo2 = StructValues<(typeof layouts)[Abi]["Mallinfo2"]>;

/** What ended the process, if something did. */
interface Death {
  abort: HeapAbort | BrokenInvariant | undefined;
}

const EAGAIN = 11;
const EINVAL = 22;
const ENOMEM = 12;

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
  readonly #death: Death;

  /** Not for use from outside: see `startProcess` and `attachThread`. */
  constructor(plan: ProcessPlan<A, B>, raw: RawExports<A, B>, death: Death, isThread = false) {
    this.abi = plan.abi;
    this.build = plan.build;
    this.memory = plan.memory;
    this.raw = raw;
    this.base = plan.base;
    this.startBrk = plan.startBrk;
    this.taskSize = plan.taskSize;
    this.layout = plan.layout;
    this.#plan = plan;
    this.#death = death;
    this.#views = new MemoryViews(plan.memory);
    this.#thread = begin(plan, raw, isThread);
    this.#mm = liveStruct(this.#views, raw.mm_struct() >>> 0, layouts[plan.abi].MmStruct);
  }

  /** The failed integrity check that ended the process, if one did. */
  get aborted(): HeapAbort | BrokenInvariant | undefined {
    return this.#death.abort;
  }

  /** The thread that calls through this object: 0 is the one that the process started with. */
  get thread(): number {
    return this.#thread;
  }

  /**
   * Makes another thread of this process: an instance of its own over the same memory, with its own tcache and, from its first allocation
   * on, its own arena. The builds of today have no locks, so threads are simulated: one call at a time, on one JavaScript thread.
   * @throws RangeError when the process has as many threads as it can have
   */
  async attachThread(): Promise<Process<A, B>> {
    const raw = await load(requestOf(this.#plan, this.#death));
    return new Process(this.#plan, raw, this.#death, true);
  }

  /** As `attachThread`, without waiting. */
  attachThreadSync(): Process<A, B> {
    return new Process(this.#plan, loadSync(requestOf(this.#plan, this.#death)), this.#death, true);
  }

  /**
   * Ends this thread: what its tcache holds goes back to the arenas, and its arena is free for others. The process and its blocks
   * stay; this object is not to be used for anything but `rejoin` any more.
   */
  exitThread(): void {
    this.raw.thread_exit();
  }

  /** Begins a new thread after `exitThread`, in the same instance. @throws as `attachThread` */
  rejoin(): void {
    this.#thread = join(this.#plan, this.raw);
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

/** Makes the instance the first thread of a process, new or restored, or another one. @returns the thread's number */
function begin(plan: ProcessPlan, raw: RawExports, isThread: boolean): number {
  if (isThread) return join(plan, raw);
  if (plan.restore === undefined) boot(plan, raw);
  else resume(plan, raw as unknown as RawExports<Abi, "image">, plan.restore);
  return 0;
}

type Words3<A extends Abi> = [Word<A>, Word<A>, Word<A>];

/** Makes the instance another thread. @returns its number */
function join(plan: ProcessPlan, raw: RawExports): number {
  const number = raw.attach(plan.base);
  if (number === -EAGAIN) throw new RangeError("the process has as many threads as it can have");
  return number;
}

/** Starts the process. */
function boot(plan: ProcessPlan, raw: RawExports): void {
  const { base, startBrk, mmapBase, taskSize, memory } = plan;
  const needed = raw.kernel_bytes() >>> 0;
  if (startBrk - base < needed) {
    throw new RangeError(
      `option "startBrk" must be at least ${needed} above base ${base}, got ${startBrk}`,
    );
  }
  const error = raw.initialize(base, startBrk, mmapBase, taskSize, plan.flags);
  if (error === -ENOMEM) {
    throw new RangeError(
      `the memory (${memory.buffer.byteLength} bytes now) cannot grow to startBrk ${startBrk}`,
    );
  }
  if (error === -EINVAL || error !== 0) {
    throw new RangeError(
      `the kernel refused base ${base}, startBrk ${startBrk}, mmapBase ${mmapBase}, taskSize ${taskSize}: ${error}`,
    );
  }
  const word = (value: bigint): number | bigint =>
    plan.abi === "lp64" ? BigInt.asUintN(64, value) : Number(BigInt.asUintN(32, value));
  // Before hugetlb, which looks at them.
  raw.set_tunable(Tunable.THP_PAGESIZE, word(BigInt(plan.hugePages.transparent)));
  raw.set_tunable(Tunable.HUGE_PAGESIZE, word(BigInt(plan.hugePages.standard)));
  raw.set_tunable(Tunable.HUGE_PAGES_FREE, word(plan.hugePages.free ? 1n : 0n));
  if (plan.cores !== undefined) raw.set_tunable(Tunable.CORES, word(BigInt(plan.cores)));
  for (const { name, id, value } of plan.tunables) {
    if (raw.set_tunable(id, word(value)) === 0) {
      throw new RangeError(`tunable "glibc.malloc.${name}": malloc refused the value ${value}`);
    }
  }
  if (plan.tcacheKey !== undefined) raw.set_tcache_key(word(plan.tcacheKey));
}

/** Goes on with a process whose bytes `restore` puts back. */
function resume(plan: ProcessPlan, raw: RawExports<Abi, "image">, restore: Restore): void {
  restore(plan.memory, raw);
  const { base, startBrk, mmapBase, taskSize } = plan;
  const error = raw.image_restore(base, startBrk, mmapBase, taskSize, plan.flags);
  if (error !== 0) {
    throw new RangeError(
      `what lies at base ${base} is no process with startBrk ${startBrk} and taskSize ${taskSize}: ${error}`,
    );
  }
}

function requestOf<A extends Abi, B extends Build>(
  plan: ProcessPlan<A, B>,
  death: Death,
): LoadRequest<A, B> {
  const fail = (code: number, address: number): never => {
    death.abort = errorOf(code, address);
    throw death.abort;
  };
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
  const death: Death = { abort: undefined };
  return new Process(plan, await load(requestOf(plan, death)), death);
}

/** As `startProcess`, without waiting. */
export function startProcessSync<A extends Abi = "ilp32", B extends Build = "core">(
  options: ProcessOptions<A, B> = {},
): Process<A, B> {
  const plan = planProcess(options);
  const death: Death = { abort: undefined };
  return new Process(plan, loadSync(requestOf(plan, death)), death);
}
