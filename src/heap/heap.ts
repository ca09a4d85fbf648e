// The friendly face of the heap: on top of the C functions, what frees itself. Typed blocks,
// strings, structs, scopes, many blocks at once. `heap.raw` has the bare C functions at full speed.

import { checkInteger, show } from "../base/checks.js";
import type { MmStruct } from "../process/process.js";
import { bufferReaching } from "../layout/views.js";
import { mallocInfo, mallocStats } from "../inspect/malloc-info.js";
import type { Abi, Mem } from "../layout/address.js";
import { checkAll, handMany } from "./bulk.js";
import { StructType } from "./structs/c-struct.js";
import type { Definition, StructOptions } from "./structs/c-types.js";
import { OutOfMemoryError } from "./errors.js";
import { GrowthWatch, type GrowthListener } from "./growth.js";
import { elementBytes, HeapMemory, type TypedArray } from "./heap-memory.js";
import type { ViewBuffer, ViewConstructor } from "./core-heap.js";
import { Leases, type Lease } from "./leases.js";
import type { HeapBuild } from "./options.js";
import { Scope } from "./scope.js";
import { checkCText, checkText, encode } from "./text.js";
import { TypedBlock } from "./typed-block.js";

export type { HeapBuild, HeapOptions, OutOfMemoryPolicy } from "./options.js";

/** How typed blocks are made. */
export interface AllocOptions {
  /** Whether all elements shall be 0; by default they are whatever was there before. */
  zeroed?: boolean;
}

/**
 * A heap in a WebAssembly memory. Make one with `createHeap`.
 *
 * All calls: sizes are bytes, addresses unsigned numbers; a wrong argument is a TypeError or
 * RangeError that names it and the rule, and nothing was done. Damage that glibc finds is a
 * HeapAbort, after which, as after a trap or `dispose`, each call is a HeapDeadError. Out of memory
 * is 0 with errno ENOMEM, or with the option `outOfMemory: "throw"` an OutOfMemoryError; the heap
 * goes on working. docs/javascript.md shows it all in use.
 * @typeParam A the memory layout: "ilp32" or "lp64"
 * @typeParam B the build that it runs on
 */
export class Heap<A extends Abi = Abi, B extends HeapBuild = HeapBuild> extends HeapMemory<A, B> {
  /** Who owns which block, as far as handles and scopes do. */
  protected readonly leases = new Leases((lease) => this.collected(lease));
  #growth: GrowthWatch | undefined;

  /**
   * Allocates elements of one type.
   * @param View such as Float64Array
   * @param length number of elements
   * @param options whether all are to be 0
   * @returns a block whose `view` is always valid, and which is freed by `free()`, by `using`, or
   *   when the collector finds that nobody uses it: that may be late or never
   * @throws OutOfMemoryError, whatever the policy
   */
  alloc<T extends TypedArray>(
    View: ViewConstructor<T, ViewBuffer<B>>,
    length: number,
    options: AllocOptions = {},
  ): TypedBlock<T> {
    const step = elementBytes("alloc", View);
    checkInteger("alloc: length", length, { min: 0, max: Math.floor(this.sizeMax / step) });
    const mem = options.zeroed === true ? this.calloc(length, step) : this.malloc(length * step);
    if (mem === 0) throw new OutOfMemoryError("alloc", length * step);
    const lease = this.own(mem);
    const block = new TypedBlock(this, lease, View as ViewConstructor<T>, length);
    this.guard(block, lease);
    return block;
  }

  /**
   * Allocates a C string: the text as UTF-8, with a NUL byte behind it. Half a surrogate pair
   * becomes U+FFFD.
   * @param text without U+0000
   * @returns its address, to be freed; 0 when there is no memory and the policy is "null"
   * @throws TypeError when it is no text, RangeError when it contains U+0000
   */
  newCString(text: string): Mem {
    checkCText("newCString: text", text);
    const bytes = encode(text);
    const mem = this.malloc(bytes.length + 1);
    if (mem === 0) return mem;
    const room = this.u8(mem, bytes.length + 1);
    room.set(bytes);
    room[bytes.length] = 0;
    return mem;
  }

  /**
   * Allocates the text as UTF-8, without a NUL byte.
   * @param text half a surrogate pair becomes U+FFFD
   * @returns the block, whose `length` is the number of bytes; it is freed as those of `alloc` are
   * @throws TypeError when it is no text; OutOfMemoryError, whatever the policy
   */
  newUtf8(text: string): TypedBlock<Uint8Array<ViewBuffer<B>>> {
    checkText("newUtf8: text", text);
    const bytes = encode(text);
    const block = this.alloc<Uint8Array<ViewBuffer<B>>>(Uint8Array, bytes.length);
    block.view.set(bytes);
    return block;
  }

  /**
   * A C struct's layout, and its objects in this heap.
   * @param definition its fields in order: `{ id: "u32", name: "char[16]", at: { x: "f64", y: "f64"
   *   }, tags: "u8[4]" }`
   * @param options whose ABI lays it out, and how it is packed; clang's for wasm32 by default
   * @returns the type: `at(address)` looks at one, `alloc()` makes one
   * @throws TypeError, RangeError that name the field and the rule
   * @example
   * ```ts
   * import { createHeap } from "ptmalloc-wasm";
   *
   * const heap = await createHeap();
   * const Player = heap.struct({ id: "u32", name: "char[16]", at: { x: "f64", y: "f64" } });
   * const player = Player.alloc({ id: 7, name: "Ada", at: { x: 1.5 } });
   * player.at.y = 2;
   * console.log(Player.size, Player.offsets.at); // 40 24
   * console.log(Player.at(player.$address).name, player.at.y); // Ada 2
   * player.$free();
   * ```
   */
  struct<const D extends Definition>(definition: D, options: StructOptions = {}): StructType<D> {
    return new StructType(this, definition, options);
  }

  /**
   * A scope, which frees all that it makes when it ends: `using scope = heap.scope()`, or
   * `scope.dispose()`.
   * @throws HeapDeadError
   */
  scope(): Scope {
    this.assertAlive("scope");
    return new Scope(this);
  }

  /**
   * Calls `body` with a scope that ends when it returns or throws; when it returns a promise, when
   * that is settled. For where there is no `using`.
   * @param body gets the scope
   * @returns what it returned
   * @example
   * ```ts
   * import { createHeap } from "ptmalloc-wasm";
   *
   * const heap = await createHeap();
   * const sum = heap.withScope((scope) => {
   *   const numbers = scope.alloc(Float64Array, 3);
   *   numbers.view.set([1, 2, 3.5]);
   *   return numbers.view.reduce((total, value) => total + value);
   * });
   * console.log(sum); // 6.5
   * ```
   */
  withScope<R>(body: (scope: Scope) => R): R {
    const scope = this.scope();
    let isPending = false;
    try {
      const result = body(scope);
      isPending = typeof (result as { then?: unknown } | null | undefined)?.then === "function";
      if (!isPending) return result;
      return Promise.resolve(result).finally(() => scope.dispose()) as R;
    } finally {
      if (!isPending) scope.dispose();
    }
  }

  /**
   * `malloc` for each size: one check of the arguments, and one call into WebAssembly for 64 of
   * them.
   * @param sizes bytes of each block
   * @returns the addresses, in the same order; 0 where there was no memory and the policy is "null"
   * @throws OutOfMemoryError when there is no memory for one and the policy is "throw": then none
   *   is allocated
   * @example
   * ```ts
   * import { createHeap } from "ptmalloc-wasm";
   *
   * const heap = await createHeap();
   * const blocks = heap.mallocMany([16, 100, 5000]);
   * console.log([...blocks].every((block) => block % 16 === 0)); // true
   * heap.freeMany(blocks);
   * ```
   */
  mallocMany(sizes: ArrayLike<number>): Uint32Array {
    checkAll("mallocMany: sizes", sizes, this.sizeMax);
    const blocks = new Uint32Array(sizes.length);
    this.run("mallocMany", () => handMany(this.process, this.c.malloc_many, sizes, blocks));
    const failed = this.throws ? blocks.indexOf(0) : -1;
    if (failed < 0) return blocks;
    this.freeMany(blocks);
    throw new OutOfMemoryError("mallocMany", sizes[failed]!);
  }

  /**
   * `free` for each address, in their order; 0 is left out. One check of the arguments, and one
   * call into WebAssembly for 64 of them.
   * @param blocks their addresses
   * @throws HeapAbort as `free`: the blocks before the one it is about are free then
   */
  freeMany(blocks: ArrayLike<Mem>): void {
    checkAll("freeMany: blocks", blocks, bufferReaching(this.memory, Infinity).byteLength);
    this.run("freeMany", () => handMany(this.process, this.c.free_many, blocks));
    this.leases.endAll(blocks);
  }

  /**
   * For handles and scopes: the block at `mem` is the caller's from now on, and nobody else's.
   * @internal
   */
  own(mem: Mem): Lease {
    return this.leases.grant(mem);
  }

  /** For handles: frees the lease's block when the collector finds `handle` unused. @internal */
  guard(handle: object, lease: Lease): void {
    this.leases.watch(handle, lease);
  }

  /** For handles and scopes: ends a lease, and leaves the block. @internal */
  disown(lease: Lease): void {
    this.leases.end(lease.address);
  }

  /** For handles: realloc of the lease's block. @throws OutOfMemoryError @internal */
  resizeOwned(lease: Lease, size: number): void {
    checkInteger("resize: size", size, { min: 1, max: this.sizeMax });
    const word = (value: number) => this.process.toWord(value);
    const result = this.run("resize", () => this.c.realloc(word(lease.address), word(size)));
    const mem = this.process.fromWord(result);
    if (mem === 0) throw new OutOfMemoryError("resize", size);
    this.leases.move(lease, mem);
  }

  /**
   * Calls `listener` when the memory has grown. Engines do not tell; so it is noticed when a call
   * of this heap that goes to the allocator returns, whoever grew the memory since the one before
   * (`heap.raw`, a guest module, another thread). `checkGrowth` looks at once.
   * @param listener gets how many bytes there were and are
   * @returns a function that ends it
   */
  onGrow(listener: GrowthListener): () => void {
    if (typeof listener !== "function")
      throw new TypeError(`onGrow: listener must be a function, got ${show(listener)}`);
    this.#growth ??= new GrowthWatch(this.memory);
    return this.#growth.add(listener);
  }

  /** Tells the listeners of `onGrow` now if the memory has grown since the last time. */
  checkGrowth(): void {
    this.#growth?.notice("checkGrowth");
  }

  protected override bufferTo(end: number): ArrayBufferLike {
    return bufferReaching(this.memory, end);
  }

  /** The kernel's mm_struct, live: startBrk, brk, mmapBase, totalVm (pages) and so on. */
  get mm(): MmStruct {
    return this.process.mm();
  }

  /**
   * What `malloc_info(0, file)` writes (man 3 malloc_info): an XML description of all arenas. It
   * reads them as they lie there: no other thread may be inside a call meanwhile.
   * @returns the text, with its last newline
   */
  mallocInfo(): string {
    return this.run("mallocInfo", () => mallocInfo(this.process));
  }

  /**
   * What `malloc_stats()` writes to the standard error stream (man 3 malloc_stats): bytes of each
   * arena, and of all. As for `mallocInfo`, no other thread may be inside a call meanwhile.
   * @returns the text, with its last newline
   */
  mallocStats(): string {
    return this.run("mallocStats", () => mallocStats(this.process));
  }

  override toString(): string {
    return this.describe("Heap");
  }

  /** Whether calls still work: the heap was neither disposed of nor ended. */
  get isAlive(): boolean {
    try {
      this.assertAlive("isAlive");
      return true;
    } catch {
      return false;
    }
  }

  override realloc(mem: Mem, size: number): Mem {
    return this.#moved(mem, size, super.realloc(mem, size));
  }

  override reallocarray(mem: Mem, count: number, size: number): Mem {
    return this.#moved(mem, count * size, super.reallocarray(mem, count, size));
  }

  override free(mem: Mem): void {
    // First: also what is found wrong about the block leaves nobody its owner.
    this.leases.end(mem);
    super.free(mem);
  }

  /**
   * A block has gone elsewhere, or been freed, if that worked: what owned it by its address owns it
   * no more.
   */
  #moved(mem: Mem, size: number, result: Mem): Mem {
    if (mem !== 0 && (result !== 0 || size === 0)) this.leases.end(mem);
    return result;
  }

  /** The collector found the handle of a block unused, and nobody had freed the block. */
  protected collected(lease: Lease): void {
    if (!this.isAlive) return;
    try {
      this.free(lease.address);
    } catch {
      // Nobody to throw it to: the next call says what ended the heap.
    }
  }

  protected override run<T>(name: string, call: () => T): T {
    const result = super.run(name, call);
    this.#growth?.notice(name);
    return result;
  }
}
