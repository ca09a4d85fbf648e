// Typed views of a memory that may grow. Growing detaches the ArrayBuffer, so a view kept across an allocation is dead; these
// accessors hand out a current one. When the buffer has not changed they cost one comparison.

/** Current views of one WebAssembly.Memory. Fetch them anew after every call that can allocate. */
export class MemoryViews {
  readonly memory: WebAssembly.Memory;
  #bytes: Uint8Array;
  #data: DataView;

  /** @param memory the memory to look at; its growth, by whomever, is noticed */
  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#data = new DataView(memory.buffer);
  }

  /** All bytes of the memory, index = address. Valid until the memory grows. */
  u8(): Uint8Array {
    this.#refresh();
    return this.#bytes;
  }

  /** A DataView over the whole memory, offset = address. WebAssembly is little-endian. Valid until the memory grows. */
  view(): DataView {
    this.#refresh();
    return this.#data;
  }

  /** The memory's size, bytes. */
  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  #refresh(): void {
    const buffer = this.memory.buffer;
    // Detached or, with a shared memory, merely shorter than the memory now is: a new buffer object in both cases.
    if (this.#data.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#data = new DataView(buffer);
    }
  }
}
