// C structs by definition: where their fields are, and objects over those in memory.

import { checkInteger } from "../../base/checks.js";
import { bufferReaching } from "../../layout/views.js";
import type { Mem } from "../../layout/address.js";
import { layOut, type StructNode } from "./c-layout.js";
import type {
  CArray,
  Definition,
  OwnedArray,
  OwnedStruct,
  StructOptions,
  StructValues,
  StructView,
} from "./c-types.js";
import { ArrayView, makeOwner, viewOf, type Place } from "./c-views.js";
import { OutOfMemoryError } from "../errors.js";
import type { HandleHeap } from "../handle.js";

/** Where the fields of a struct are. */
export interface StructLayout<D extends Definition> {
  /** Bytes of the whole, padding at the end included (sizeof). */
  readonly size: number;
  /** Bytes that its address is a multiple of (_Alignof). */
  readonly alignment: number;
  /** Bytes from the struct's first byte to each field (offsetof). */
  readonly offsets: { readonly [K in keyof D]: number };
}

function layoutOf<D extends Definition>(node: StructNode): StructLayout<D> {
  const { size, alignment, members } = node;
  const entries = members.map(({ name, offset }) => [name, offset]);
  return { size, alignment, offsets: Object.freeze(Object.fromEntries(entries)) as never };
}

/**
 * Lays a struct out without a heap.
 * @param definition its fields in order: `{ id: "u32", name: "char[16]", at: { x: "f64", y: "f64"
 *   }, tags: "u8[4]" }`
 * @param options whose ABI lays it out, and how it is packed; clang's for wasm32 by default
 * @throws TypeError, RangeError that name the field and the rule
 */
export function structLayout<const D extends Definition>(
  definition: D,
  options: StructOptions = {},
): StructLayout<D> {
  return layoutOf(layOut("structLayout", definition, options));
}

/**
 * A kind of struct in a heap. Make one with `heap.struct`; it can be a field of another one, of any
 * heap.
 */
export class StructType<D extends Definition = Definition> implements StructLayout<D> {
  /** Its fields, as they were given. */
  readonly definition: D;
  /** Its options, as they were given. */
  readonly options: StructOptions;
  readonly size: number;
  readonly alignment: number;
  readonly offsets: { readonly [K in keyof D]: number };
  readonly #heap: HandleHeap;
  readonly #node: StructNode;

  /** Not for use from outside: see `heap.struct`. @internal */
  constructor(heap: HandleHeap, definition: D, options: StructOptions) {
    this.#node = layOut("struct", definition, options);
    const { size, alignment, offsets } = layoutOf<D>(this.#node);
    this.#heap = heap;
    this.definition = definition;
    this.options = options;
    this.size = size;
    this.alignment = alignment;
    this.offsets = offsets;
  }

  /**
   * The struct at an address, whoever made it. The view is valid as long as the struct is there,
   * also when the memory grows.
   * @param address its first byte, a multiple of its alignment
   * @throws RangeError when the address is NULL, not aligned, or there is no room for a struct
   */
  at(address: Mem): StructView<D> {
    return new (viewOf(this.#node))(this.#place("at", address, this.size)) as never;
  }

  /**
   * Allocates a struct: all zero but for `values`.
   * @param values of some fields, or all
   * @returns a view that frees it: by `$free()`, `using`, or when the collector finds that nobody
   *   uses it
   * @throws OutOfMemoryError, whatever the heap's policy; TypeError, RangeError when a field cannot
   *   hold its value
   */
  alloc(values?: StructValues<D>): OwnedStruct<D> {
    const place = this.#allocated(1);
    const view = makeOwner(new (viewOf(this.#node))(place), place, "$free", "$release");
    try {
      if (values !== undefined) view.$set(values);
    } catch (error) {
      this.#heap.free(view.$address);
      throw error;
    }
    return view as never;
  }

  /**
   * `length` structs, one after the other, at an address; as `at`.
   * @throws RangeError when there is no room for as many, or as `at`
   */
  arrayAt(address: Mem, length: number): CArray<D> {
    const node = this.#array("arrayAt", length);
    return new ArrayView(node, this.#place("arrayAt", address, node.size)) as never;
  }

  /**
   * Allocates an array of structs, all zero; as `alloc`.
   * @param length number of structs
   * @throws RangeError when that is no length; OutOfMemoryError, whatever the heap's policy
   */
  allocArray(length: number): OwnedArray<D> {
    const node = this.#array("allocArray", length);
    const place = this.#allocated(length);
    return makeOwner(new ArrayView(node, place), place, "free", "release") as never;
  }

  #array(call: string, length: number) {
    const max = Math.floor(0xffffffff / this.size);
    checkInteger(`${call}: length`, length, { min: 0, max });
    const { size, alignment } = this;
    return {
      kind: "array",
      element: this.#node,
      count: length,
      size: size * length,
      alignment,
    } as const;
  }

  #allocated(count: number): Place {
    const heap = this.#heap;
    const mem = heap.calloc(count, this.size);
    if (mem === 0) throw new OutOfMemoryError("alloc", count * this.size);
    return { heap, lease: heap.own(mem), shift: 0, owner: undefined };
  }

  #place(call: string, address: Mem, size: number): Place {
    const heap = this.#heap;
    const max = bufferReaching(heap.memory, address + size).byteLength - size;
    checkInteger(`${call}: address`, address, { min: 1, max, multipleOf: this.alignment });
    return { heap, lease: { address }, shift: 0, owner: undefined };
  }
}
