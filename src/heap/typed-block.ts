// A block as a typed array that survives growth: its view is made anew when the memory's buffer is
// another one.

import { checkInteger } from "../base/checks.js";
import { bufferReaching } from "../layout/views.js";
import { addressOf, Handle, type HandleHeap } from "./handle.js";
import type { TypedArray } from "./heap-memory.js";
import type { ViewConstructor } from "./core-heap.js";
import type { Lease } from "./leases.js";

/**
 * Blocks must not be freed by the collector while somebody has a view of them, even if the handle
 * is gone.
 */
const owners = new WeakMap<object, object>();

/** The type of a typed array's elements. */
export type ElementOf<T extends TypedArray> = T[number];

/** A block of elements of one type. Make one with `heap.alloc`. */
export class TypedBlock<T extends TypedArray = TypedArray> extends Handle {
  readonly #View: ViewConstructor<T>;
  readonly #step: number;
  #length: number;
  #view: T | undefined;

  /** Not for use from outside: see `heap.alloc`. @internal */
  constructor(heap: HandleHeap, lease: Lease, View: ViewConstructor<T>, length: number) {
    super(heap, lease);
    this.#View = View;
    this.#step = View.BYTES_PER_ELEMENT;
    this.#length = length;
  }

  /** Number of elements. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of all elements. */
  get byteLength(): number {
    return this.#length * this.#step;
  }

  /**
   * The elements, as a typed array that is valid now: ask again after anything that can allocate.
   * While it is in use, the collector does not free the block.
   * @throws FreedBlockError
   */
  get view(): T {
    const address = addressOf(this.lease, "view");
    this.heap.access("view", address, this.byteLength, "view");
    const buffer = bufferReaching(this.heap.memory, address + this.byteLength);
    const known = this.#view;
    if (known !== undefined && known.buffer === buffer && known.byteOffset === address)
      return known;
    const view = new this.#View(buffer, address, this.#length);
    owners.set(view, this);
    this.#view = view;
    return this.heap.handOut(view);
  }

  /**
   * Reads an element.
   * @param index from 0
   * @throws RangeError when there is none of that index; FreedBlockError
   */
  get(index: number): ElementOf<T> {
    const address = this.#at("get", index);
    this.heap.access("get", address, this.#step, "read");
    return this.view[index] as ElementOf<T>;
  }

  /**
   * Sets an element, with the conversion that the typed array does.
   * @param index from 0
   * @throws RangeError when there is none of that index; FreedBlockError
   */
  set(index: number, value: ElementOf<T>): void {
    const address = this.#at("set", index);
    this.heap.access("set", address, this.#step, "write");
    this.view[index] = value;
  }

  /**
   * Changes the number of elements: the first ones keep their values, more have whatever was there
   * before. Views of before are not to be used any more.
   * @param length number of elements
   * @throws OutOfMemoryError, and the block is as it was; FreedBlockError
   */
  resize(length: number): void {
    addressOf(this.lease, "resize");
    checkInteger("resize: length", length, { min: 0, max: Number.MAX_SAFE_INTEGER });
    // realloc would free it for 0 bytes.
    this.heap.resizeOwned(this.lease, Math.max(1, length * this.#step));
    this.#length = length;
    this.#view = undefined;
  }

  #at(call: string, index: number): number {
    const address = addressOf(this.lease, call);
    checkInteger(`${call}: index`, index, { min: 0, max: this.#length - 1 });
    return address + index * this.#step;
  }
}
