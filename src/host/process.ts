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

const EINVAL = 22;
const ENOMEM = 12;

/** A started process. Numbers in, unsigned numbers out, in both layouts; `raw` has the exports as they are. */
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
  readonly #views: MemoryViews;
  readonly #mm: MmStruct;
  readonly #death: Death;

  /** Not for use from outside: see `startProcess`. */
  constructor(plan: ProcessPlan<A, B>, raw: RawExports<A, B>, death: Death) {
    this.abi = plan.abi;
    this.build = plan.build;
    this.memory = plan.memory;
    this.raw = raw;
    this.base = plan.base;
    this.startBrk = plan.startBrk;
    this.taskSize = plan.taskSize;
    this.layout = plan.layout;
    this.#death = death;
    this.#views = new MemoryViews(plan.memory);
    if (plan.restore === undefined) boot(plan, raw);
    else resume(plan, raw as unknown as RawExports<Abi, "image">, plan.restore);
    this.#mm = liveStruct(this.#views, raw.mm_struct() >>> 0, layouts[plan.abi].MmStruct);
  }

  /** The failed integrity check that ended the process, if one did. */
  get aborted(): HeapAbort | BrokenInvariant | undefined {
    return this.#death.abort;
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
