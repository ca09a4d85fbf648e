// The heap itself: malloc and its family with checked arguments, unsigned addresses, a policy for
// running out of memory, and errors that say which argument broke which rule. It is all that the
// entry "ptmalloc-wasm/core" has; Heap adds to it.

import { checkInteger, checkPowerOfTwo } from "../base/checks.js";
import type { CoreProcess, Mallinfo2 } from "../process/core-process.js";
import type { RawExports, Word } from "../binary/exports.js";
import type { ProcessEnd } from "../process/fate.js";
import { inspect } from "../base/describe.js";
import type { Abi, Mem } from "../layout/address.js";
import { dispose } from "../base/dispose.js";
import type { CFunctions } from "./c-functions.js";
import { HeapDeadError, OutOfMemoryError } from "./errors.js";
import type { HeapBuild, OutOfMemoryPolicy, ViewBuffer } from "./options.js";
import { ADDRESS_MAX } from "../layout/address.js";

export type { HeapBuild, HeapOptions, OutOfMemoryPolicy, ViewBuffer } from "./options.js";

/** A typed array's constructor, such as Float64Array. */
export interface ViewConstructor<T, Buffer extends ArrayBufferLike = ArrayBufferLike> {
  /** The constructor's name, such as "Float64Array". */
  readonly name: string;
  /** Bytes of an element. */
  readonly BYTES_PER_ELEMENT: number;
  /** Makes the array: `offset` in bytes, `length` in elements. */
  new (buffer: Buffer, offset: number, length: number): T;
}

/**
 * A heap in a WebAssembly memory. Make one with `createHeap` of "ptmalloc-wasm/core".
 *
 * All calls: sizes are bytes, addresses unsigned numbers; a wrong argument is a TypeError or
 * RangeError that names it and the rule, and nothing was done. Damage that glibc finds is a
 * HeapAbort, after which, as after a trap or `dispose`, each call is a HeapDeadError. Out of memory
 * is 0 with errno ENOMEM, or with the option `outOfMemory: "throw"` an OutOfMemoryError; the heap
 * goes on working.
 * @typeParam A the memory layout: "ilp32" or "lp64"
 * @typeParam B the build that it runs on
 */
export class CoreHeap<A extends Abi = Abi, B extends HeapBuild = HeapBuild> {
  /** The process underneath. */
  readonly process: CoreProcess<A, B>;
  /** C's functions: the exports, or what tracks their blocks. */
  protected readonly c: CFunctions<A>;
  /** Whether there shall be an error rather than 0 when memory runs out. */
  protected readonly throws: boolean;
  /** The greatest size that can be asked for, bytes. */
  protected readonly sizeMax: number;
  #disposed = false;

  /** Not for use from outside: see `createHeap`. @internal */
  constructor(
    process: CoreProcess<A, B>,
    outOfMemory: OutOfMemoryPolicy | undefined,
    functions?: CFunctions<A>,
  ) {
    this.process = process;
    this.c = functions ?? process.exports;
    this.throws = outOfMemory === "throw";
    this.sizeMax = process.abi === "ilp32" ? 0xffffffff : Number.MAX_SAFE_INTEGER;
  }

  /**
   * The exports of the WebAssembly instance: C names, no checks, signed results (use `>>> 0`). See
   * `MallocExports`. For other modules there are the untouched ones, `process.exports`.
   */
  get raw(): RawExports<A, B> {
    return this.process.raw;
  }

  /** The memory that the heap lives in. */
  get memory(): WebAssembly.Memory {
    return this.process.memory;
  }

  /** The memory layout. */
  get abi(): A {
    return this.process.abi;
  }

  /**
   * What ended this heap, if something did: a failed integrity check or, among threads, also what
   * another thread did. undefined while it lives.
   */
  get aborted(): ProcessEnd | undefined {
    return this.process.aborted;
  }

  /**
   * Allocates a block (malloc(3)). Its content is whatever was there before. Addresses are
   * multiples of 16, in the profile "small" of 8 in ilp32.
   * @param size bytes; 0 gives a block too
   * @returns its address; 0 when there is no memory and the policy is "null"
   * @throws OutOfMemoryError when there is none and the policy is "throw"
   */
  malloc(size: number): Mem {
    this.#size("malloc: size", size);
    return this.#allocated("malloc", size, (c) => c.malloc(this.#word(size)));
  }

  /**
   * Allocates a zeroed array (calloc(3)).
   * @param count number of elements
   * @param size bytes of an element
   * @returns its address; 0 as for malloc, also when the product overflows
   * @throws OutOfMemoryError as malloc
   */
  calloc(count: number, size: number): Mem {
    this.#size("calloc: count", count);
    this.#size("calloc: size", size);
    return this.#allocated("calloc", count * size, (c) =>
      c.calloc(this.#word(count), this.#word(size)),
    );
  }

  /**
   * Changes a block's size, moving it when it must (realloc(3)). The bytes up to the smaller of the
   * two sizes stay; more have whatever was there.
   * @param mem a block's address; 0 allocates a new one
   * @param size bytes; 0 frees the block and returns 0, as in glibc
   * @returns the address now; 0 when there is no memory and the policy is "null":
   *   the old block is as it was
   * @throws OutOfMemoryError when there is no memory and the policy is "throw", and the old block
   *   is as it was; HeapAbort when glibc would abort
   */
  realloc(mem: Mem, size: number): Mem {
    this.#block("realloc: address", mem);
    this.#size("realloc: size", size);
    // In glibc realloc(mem, 0) frees: its NULL does not say that memory ran out.
    const requested = mem !== 0 && size === 0 ? undefined : size;
    return this.#allocated("realloc", requested, (c) =>
      c.realloc(this.#word(mem), this.#word(size)),
    );
  }

  /**
   * `realloc(mem, count * size)` (reallocarray(3)); an overflowing product counts as out of memory.
   * @param mem a block's address; 0 allocates a new one
   * @param count number of elements
   * @param size bytes of an element; a product of 0 frees the block and returns 0
   * @returns as realloc
   * @throws as realloc
   */
  reallocarray(mem: Mem, count: number, size: number): Mem {
    this.#block("reallocarray: address", mem);
    this.#size("reallocarray: count", count);
    this.#size("reallocarray: size", size);
    const requested = mem !== 0 && count * size === 0 ? undefined : count * size;
    return this.#allocated("reallocarray", requested, (c) =>
      c.reallocarray(this.#word(mem), this.#word(count), this.#word(size)),
    );
  }

  /**
   * Gives a block back (free(3)).
   * @param mem a block's address; 0 does nothing
   * @throws HeapAbort when glibc would abort: a double free, a stray address, a damaged header
   */
  free(mem: Mem): void {
    this.#block("free: address", mem);
    this.run("free", () => this.c.free(this.#word(mem)));
  }

  /**
   * Allocates an aligned block (memalign(3)).
   * @param alignment bytes, a power of two up to 2^31; below 16 it is 16
   * @param size bytes
   * @returns its address, a multiple of `alignment`; 0 as for malloc
   * @throws OutOfMemoryError as malloc
   */
  memalign(alignment: number, size: number): Mem {
    this.#alignment("memalign: alignment", alignment);
    this.#size("memalign: size", size);
    return this.#allocated("memalign", size, (c) =>
      c.memalign(this.#word(alignment), this.#word(size)),
    );
  }

  /**
   * C11's name for memalign (aligned_alloc(3)); glibc 2.36 does not ask that `size` be a multiple
   * of `alignment`.
   * @param alignment bytes, a power of two up to 2^31
   * @param size bytes
   * @returns as memalign
   * @throws as memalign
   */
  alignedAlloc(alignment: number, size: number): Mem {
    this.#alignment("alignedAlloc: alignment", alignment);
    this.#size("alignedAlloc: size", size);
    return this.#allocated("alignedAlloc", size, (c) =>
      c.aligned_alloc(this.#word(alignment), this.#word(size)),
    );
  }

  /**
   * How much of a block can be used (malloc_usable_size(3)).
   * @param mem a block's address, or 0
   * @returns bytes, at least what was asked for; 0 for address 0
   */
  usableSize(mem: Mem): number {
    this.#block("usableSize: address", mem);
    const usable = this.run("usableSize", () => this.c.malloc_usable_size(this.#word(mem)));
    return this.process.fromWord(usable);
  }

  /**
   * Gives free memory at the heap's end, and whole free pages, back to the kernel (malloc_trim).
   * The memory's byteLength stays: WebAssembly cannot shrink; it is the model's break that falls.
   * @param pad bytes to keep at the end
   * @returns whether anything was given back
   */
  trim(pad = 0): boolean {
    this.#size("trim: pad", pad);
    return this.run("trim", () => this.c.malloc_trim(this.#word(pad))) !== 0;
  }

  /**
   * The allocator's statistics (mallinfo2(3)).
   * @returns a copy: bytes and counts, see {@link Mallinfo2}
   */
  stats(): Mallinfo2 {
    return this.run("stats", () => this.process.mallinfo2());
  }

  /**
   * C's errno: the error number of the last call that failed; 12 is ENOMEM, 22 EINVAL. A call that
   * works leaves it.
   */
  get errno(): number {
    return this.run("errno", () => this.process.errno);
  }

  /**
   * `length` bytes from `address`, as a typed array that is made anew. Valid until the next call
   * that can allocate: the memory may grow, which detaches it, and a detached array has length 0.
   * @param address its first byte, a multiple of the element's size, not NULL
   * @param length number of elements
   * @throws TypeError, RangeError when the range is not inside the memory
   */
  u8(address: Mem, length: number): Uint8Array<ViewBuffer<B>> {
    return this.make("u8", Uint8Array, address, length);
  }

  /** `length` signed bytes from `address`; see `u8`. */
  i8(address: Mem, length: number): Int8Array<ViewBuffer<B>> {
    return this.make("i8", Int8Array, address, length);
  }

  /** `length` 16-bit integers from `address`; see `u8`. */
  u16(address: Mem, length: number): Uint16Array<ViewBuffer<B>> {
    return this.make("u16", Uint16Array, address, length);
  }

  /** `length` signed 16-bit integers from `address`; see `u8`. */
  i16(address: Mem, length: number): Int16Array<ViewBuffer<B>> {
    return this.make("i16", Int16Array, address, length);
  }

  /** `length` 32-bit integers from `address`; see `u8`. */
  u32(address: Mem, length: number): Uint32Array<ViewBuffer<B>> {
    return this.make("u32", Uint32Array, address, length);
  }

  /** `length` signed 32-bit integers from `address`; see `u8`. */
  i32(address: Mem, length: number): Int32Array<ViewBuffer<B>> {
    return this.make("i32", Int32Array, address, length);
  }

  /** `length` 64-bit integers from `address`; see `u8`. */
  u64(address: Mem, length: number): BigUint64Array<ViewBuffer<B>> {
    return this.make("u64", BigUint64Array, address, length);
  }

  /** `length` floats from `address`; see `u8`. */
  f32(address: Mem, length: number): Float32Array<ViewBuffer<B>> {
    return this.make("f32", Float32Array, address, length);
  }

  /** `length` doubles from `address`; see `u8`. */
  f64(address: Mem, length: number): Float64Array<ViewBuffer<B>> {
    return this.make("f64", Float64Array, address, length);
  }

  /** @throws TypeError, RangeError when the range is not inside the memory */
  protected make<T extends ArrayBufferView>(
    call: string,
    View: ViewConstructor<T, ViewBuffer<B>>,
    address: Mem,
    length: number,
  ): T {
    const step = View.BYTES_PER_ELEMENT;
    const buffer = this.bufferTo(address + step * length) as ViewBuffer<B>;
    checkInteger(`${call}: address`, address, { min: 1, max: buffer.byteLength, multipleOf: step });
    const most = Math.floor((buffer.byteLength - address) / step);
    checkInteger(`${call}: length at address ${address}`, length, { min: 0, max: most });
    return new View(buffer, address, length);
  }

  /**
   * Makes sure that the heap can still be used.
   * @param call the function that wants to
   * @throws HeapDeadError when an integrity check failed or a call trapped, or when the heap was
   *   disposed of
   */
  assertAlive(call: string): void {
    if (this.#disposed) throw new HeapDeadError(call);
    const end = this.process.aborted;
    if (end !== undefined) throw new HeapDeadError(call, end);
  }

  /**
   * One line, for people. It calls nothing, so that it can be asked of a heap that has ended, too.
   */
  toString(): string {
    return this.describe("CoreHeap");
  }

  /** For console.log. */
  [inspect](): string {
    return this.toString();
  }

  /** @param more what else there is to say, such as `thread: 1` */
  protected describe(kind: string, ...more: string[]): string {
    const end = this.aborted;
    const state = this.#disposed ? "disposed" : end && `ended: ${JSON.stringify(end.message)}`;
    return this.process.toString(kind, ...more, state ?? "");
  }

  /**
   * Ends the heap: later safe calls throw. The memory itself goes when nothing refers to it any
   * more.
   */
  dispose(): void {
    this.#disposed = true;
    this.giveUp();
  }

  /** Nobody uses the heap's place in the memory any more. */
  protected giveUp(): void {
    this.process.dispose();
  }

  /** For `using heap = …`. */
  [dispose](): void {
    this.dispose();
  }

  /** @param requested bytes; undefined where NULL is no failure */
  #allocated(
    call: string,
    requested: number | undefined,
    allocate: (c: CFunctions<A>) => Word<A>,
  ): Mem {
    const mem = this.process.fromWord(this.run(call, () => allocate(this.c)));
    if (mem === 0 && this.throws && requested !== undefined)
      throw new OutOfMemoryError(call, requested);
    return mem;
  }

  #word(value: number): Word<A> {
    return this.process.toWord(value);
  }

  /** The memory's buffer now. What others grow at the same time is Heap's to know. */
  protected bufferTo(_end: number): ArrayBufferLike {
    return this.memory.buffer;
  }

  /** Calls `call` for the safe function `name`, and remembers what ends the heap. */
  protected run<T>(name: string, call: () => T): T {
    this.assertAlive(name);
    try {
      return call();
    } catch (error) {
      throw this.process.caught(error, name);
    }
  }

  #size(name: string, value: number): void {
    checkInteger(name, value, { min: 0, max: this.sizeMax });
  }

  #alignment(name: string, value: number): void {
    checkPowerOfTwo(name, value, { min: 1, max: 2 ** 31 });
  }

  #block(name: string, value: Mem): void {
    if (value < 0) {
      throw new RangeError(`${name} must be unsigned, got ${value} (raw results need ">>> 0")`);
    }
    checkInteger(name, value, { min: 0, max: ADDRESS_MAX });
    if (value !== 0 && value >= this.bufferTo(value + 1).byteLength) {
      throw new RangeError(`${name} must lie inside the memory, got ${value}`);
    }
  }
}
