// Typed views of a memory that may grow. Growing detaches the ArrayBuffer, so a view kept across an
// allocation is dead; these accessors hand out a current one. When the buffer has not changed they
// cost one comparison.

import { isSharedBuffer } from "../base/realm.js";

/**
 * The buffer of a memory that has at least `end` bytes as far as the caller knows. Another thread
 * may have grown a shared memory a moment ago: V8 tells the other threads by an interrupt, so
 * `memory.buffer` can be the old, shorter one until the engine next looks for those. Growing by
 * nothing makes it look.
 * @param end bytes; of a memory that is really shorter, the buffer as it is
 */
export function bufferReaching(memory: WebAssembly.Memory, end: number): ArrayBufferLike {
  const { buffer } = memory;
  // To grow detaches the buffer of an unshared memory, and views of it with the buffer.
  if (end <= buffer.byteLength || !isSharedBuffer(buffer)) return buffer;
  memory.grow(0);
  return memory.buffer;
}

/** Current views of one WebAssembly.Memory. Fetch them anew after every call that can allocate. */
export class MemoryViews {
  readonly memory: WebAssembly.Memory;
  readonly #isShared: boolean;
  #bytes: Uint8Array;
  #data: DataView;

  /** @param memory the memory to look at; its growth, by whomever, is noticed */
  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#isShared = isSharedBuffer(memory.buffer);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#data = new DataView(memory.buffer);
  }

  /** All bytes of the memory, index = address. Valid until the memory grows. */
  u8(): Uint8Array {
    this.#refresh();
    return this.#bytes;
  }

  /**
   * A DataView over the whole memory, offset = address. WebAssembly is little-endian. Valid until
   * the memory grows.
   */
  view(): DataView {
    this.#refresh();
    return this.#data;
  }

  /** The memory's size, bytes. */
  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  #refresh(): void {
    // What is asked for here may be where another thread has just grown the memory to.
    if (this.#isShared) this.memory.grow(0);
    const { buffer } = this.memory;
    // Detached or, with a shared memory, merely shorter than the memory now is: a new buffer object
    // in both cases.
    if (this.#data.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#data = new DataView(buffer);
    }
  }
}
