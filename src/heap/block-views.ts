// Typed arrays over a block. They are made anew on every call, because growing the memory detaches old ones.

import { checkInteger } from "../host/checks.js";
import type { Mem } from "../layout/address.js";

/** A typed-array constructor over a buffer. */
interface ViewConstructor<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, offset: number, length: number): T;
}

/** The typed arrays over one memory. Each view is valid until the next call that can allocate. */
export class BlockViews {
  readonly #bufferTo: (end: number) => ArrayBufferLike;

  /** @param bufferTo the memory that the addresses are in, as it is now; asked with where it should reach to */
  constructor(bufferTo: (end: number) => ArrayBufferLike) {
    this.#bufferTo = bufferTo;
  }

  /**
   * @param name the calling function, for messages
   * @param address first byte, a multiple of the element's size, not NULL
   * @param length number of elements
   * @throws TypeError, RangeError when the range is not inside the memory
   */
  make<T>(name: string, View: ViewConstructor<T>, address: Mem, length: number): T {
    const step = View.BYTES_PER_ELEMENT;
    const buffer = this.#bufferTo(address + step * length);
    checkInteger(`${name}: address`, address, {
      min: 1,
      max: buffer.byteLength,
      multipleOf: step,
    });
    const most = Math.floor((buffer.byteLength - address) / step);
    checkInteger(`${name}: length at address ${address}`, length, { min: 0, max: most });
    return new View(buffer, address, length);
  }
}
