// What JavaScript offers in an allocator's place. "Freeing" is dropping the reference, except in
// the pool; what that costs is the garbage collector's time, which is inside the clock.

import { isError } from "../../base/realm.js";
import type { Maker } from "./loop.js";

/** One way to do it. */
export interface EngineWay {
  /** In a table. */
  readonly title: string;
  /** In a sentence: "a Uint8Array per block". */
  readonly phrase: string;
  maker(): Maker<unknown>;
}

/** The ways, by the names that the command line takes. */
export const WAYS = {
  uint8array: {
    title: "Uint8Array",
    phrase: "a Uint8Array per block",
    maker: () => new Arrays(),
  },
  arraybuffer: {
    title: "ArrayBuffer",
    phrase: "an ArrayBuffer per block",
    maker: () => new Buffers(),
  },
  buffer: {
    title: "Buffer.allocUnsafe",
    phrase: "a piece of Node's own pool per block, a Buffer of its own above 4 KiB",
    maker: () => new NodeBuffers(),
  },
  pool: {
    title: "pool",
    phrase: "a pool of buffers in JavaScript",
    maker: () => new Pool(),
  },
  object: {
    title: "object",
    phrase: "a JavaScript object per block",
    maker: () => new Objects(),
  },
  array: {
    title: "array",
    phrase: "an array of numbers per block, one for every 8 bytes",
    maker: () => new Lists(),
  },
  string: {
    title: "string",
    phrase: "a string per block, one Latin-1 letter for every byte",
    maker: () => new Strings(),
  },
} as const satisfies Record<string, EngineWay>;

/** One of {@link WAYS}. */
export type EngineName = keyof typeof WAYS;

/** An array per block; realloc is a new one and a copy. */
class Arrays implements Maker<Uint8Array> {
  make(size: number): Uint8Array | null {
    const block = newArray(size);
    if (block !== null) touch(block, size);
    return block;
  }

  resize(old: Uint8Array, size: number): Uint8Array | null {
    const block = newArray(size);
    if (block === null) return null;
    block.set(old.length > size ? old.subarray(0, size) : old);
    touch(block, size);
    return block;
  }

  free(): void {
    // The reference is dropped by whoever calls.
  }
}

/** A buffer per block, of which only the buffer is kept: bytes are written through a view. */
class Buffers implements Maker<ArrayBuffer> {
  make(size: number): ArrayBuffer | null {
    const block = newArray(size);
    if (block === null) return null;
    touch(block, size);
    return block.buffer;
  }

  resize(old: ArrayBuffer, size: number): ArrayBuffer | null {
    const block = newArray(size);
    if (block === null) return null;
    const bytes = new Uint8Array(old);
    block.set(bytes.length > size ? bytes.subarray(0, size) : bytes);
    touch(block, size);
    return block.buffer;
  }

  free(): void {
    // As above.
  }
}

/** What Node gives who wants bytes that are not cleared. */
class NodeBuffers implements Maker<Buffer> {
  make(size: number): Buffer | null {
    try {
      const block = Buffer.allocUnsafe(size);
      touch(block, size);
      return block;
    } catch (error) {
      return tooLarge(error);
    }
  }

  resize(old: Buffer, size: number): Buffer | null {
    const block = this.make(size);
    if (block === null) return null;
    old.copy(block, 0, 0, size);
    touch(block, size);
    return block;
  }

  free(): void {
    // As above.
  }
}

/** A block without bytes: a node of a tree, a record. */
interface Fields {
  first: number;
  second: number;
  third: number;
  next: Fields | null;
  last: number;
}

/** An object of five fields, whatever the size: what code that needs no bytes does. */
class Objects implements Maker<Fields> {
  make(size: number): Fields {
    return { first: 1, second: size, third: 0, next: null, last: 1 };
  }

  resize(old: Fields, size: number): Fields {
    const { third, next } = old;
    return { first: 1, second: size, third, next, last: 1 };
  }

  free(): void {
    // As above.
  }
}

/** Of an array: V8's limit for arrays that hold what they say. */
const MOST_NUMBERS = 2 ** 25 - 3;

/** As many numbers as fit. */
class Lists implements Maker<number[]> {
  make(size: number): number[] | null {
    const length = Math.max(1, Math.ceil(size / 8));
    // Beyond it there is an error that ends the process.
    if (length > MOST_NUMBERS) return null;
    const block = new Array<number>(length).fill(0);
    block[0] = 1;
    block[length - 1] = 1;
    return block;
  }

  resize(old: number[], size: number): number[] | null {
    const block = this.make(size);
    if (block === null) return null;
    const length = Math.min(old.length, block.length);
    for (let i = 0; i < length; i++) block[i] = old[i]!;
    return block;
  }

  free(): void {
    // As above.
  }
}

/** A string cannot be written: it is copied out of bytes, and its ends are read. */
class Strings implements Maker<string> {
  #bytes = Buffer.alloc(1 << 16, "x");
  /** What was read, so that nobody leaves it out. */
  seen = 0;

  make(size: number): string | null {
    try {
      if (size > this.#bytes.length) this.#bytes = Buffer.alloc(size, "x");
      const block = this.#bytes.toString("latin1", 0, size);
      if (size > 0) this.seen ^= block.charCodeAt(0) ^ block.charCodeAt(size - 1);
      return block;
    } catch (error) {
      return tooLarge(error);
    }
  }

  resize(_old: string, size: number): string | null {
    return this.make(size);
  }

  free(): void {
    // As above.
  }
}

const SLAB_BYTES = 1 << 20;
/** Size classes: multiples of 16 up to here, then four to each power of two. */
const FINE_BYTES = 128;
const FINE_STEP = 16;

/**
 * Slabs of 1 MiB, cut up by size class; a freed piece goes to its class's free list and is handed
 * out again as it is. realloc stays where its class has room. Pieces never go back to the engine.
 */
class Pool implements Maker<Uint8Array> {
  #slab = new ArrayBuffer(SLAB_BYTES);
  #used = 0;
  /** Free pieces by their length. */
  readonly #free = new Map<number, Uint8Array[]>();

  make(size: number): Uint8Array | null {
    const length = classOf(size);
    const block = this.#free.get(length)?.pop() ?? this.#cut(length);
    if (block !== null) touch(block, size);
    return block;
  }

  resize(old: Uint8Array, size: number): Uint8Array | null {
    if (classOf(size) === old.length) {
      touch(old, size);
      return old;
    }
    const block = this.make(size);
    if (block === null) return null;
    block.set(old.length > block.length ? old.subarray(0, size) : old);
    this.free(old);
    return block;
  }

  free(block: Uint8Array): void {
    const list = this.#free.get(block.length);
    if (list === undefined) this.#free.set(block.length, [block]);
    else list.push(block);
  }

  #cut(length: number): Uint8Array | null {
    if (length > SLAB_BYTES / 4) return newArray(length);
    if (this.#used + length > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES);
      this.#used = 0;
    }
    const piece = new Uint8Array(this.#slab, this.#used, length);
    this.#used += length;
    return piece;
  }
}

/** @returns the length of the pieces that `size` bytes are served from */
function classOf(size: number): number {
  if (size <= FINE_BYTES) return Math.max(FINE_STEP, Math.ceil(size / FINE_STEP) * FINE_STEP);
  const step = 2 ** (Math.floor(Math.log2(size - 1)) - 2);
  return Math.ceil(size / step) * step;
}

function newArray(size: number): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(size);
  } catch (error) {
    return tooLarge(error);
  }
}

/** @returns null for what an engine says of a block that is too large; Node's strings: an Error */
function tooLarge(error: unknown): null {
  if (isError(error, "RangeError") || isError(error, "Error")) return null;
  throw error;
}

function touch(block: Uint8Array, size: number): void {
  if (size === 0) return;
  block[0] = 1;
  block[size - 1] = 1;
}
