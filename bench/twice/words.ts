// The heap's memory as programs in JavaScript use it: numbers at addresses, read and written
// through typed arrays. When the memory grows, the arrays end and are made anew.

import type { Heap } from "../../src/heap/heap.js";

/** A heap and its bytes. Addresses are bytes; index them by `>> 2` and `>> 3`. */
export class Words {
  u8!: Uint8Array;
  u32!: Uint32Array;
  f64!: Float64Array;
  readonly #memory: WebAssembly.Memory;
  readonly #malloc: (bytes: number) => number;
  readonly #realloc: (block: number, bytes: number) => number;
  readonly free: (block: number) => void;

  constructor({ memory, raw }: Heap<"ilp32">) {
    this.#memory = memory;
    this.#malloc = raw.malloc;
    this.#realloc = raw.realloc;
    this.free = raw.free;
    this.#look();
  }

  /** @returns a new block's address, a multiple of 16 @throws Error where there is no memory */
  malloc(bytes: number): number {
    return this.#checked(this.#malloc(bytes));
  }

  /** @returns where a block is that has another size now @throws Error where there is no memory */
  realloc(block: number, bytes: number): number {
    return this.#checked(this.#realloc(block, bytes));
  }

  #checked(block: number): number {
    if (block === 0) throw new Error("no memory");
    if (this.u8.length === 0) this.#look();
    return block >>> 0;
  }

  #look(): void {
    const { buffer } = this.#memory;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}

/** The same program twice: on JavaScript's objects, and on blocks of a heap. */
export interface Twice {
  readonly name: string;
  /** What it is like, and what makes the two differ. */
  readonly rationale: string;
  /** Operations of one run, such as requests: what times are divided by. */
  readonly operations: number;
  /** Runs it from nothing. @returns a checksum of all that it did */
  onObjects(): number;
  /** The same; nothing is left in the heap. */
  onHeap(words: Words): number;
}
