// The memory of a heap as numbers and text: what is read is a copy.

import { checkInteger, show } from "../base/checks.js";
import type { Process } from "../process/process.js";
import { bufferReaching } from "../layout/views.js";
import type { Abi, Mem } from "../layout/address.js";
import { CoreHeap } from "./core-heap.js";
import type { HeapBuild, ViewBuffer } from "./options.js";
import type { ViewConstructor } from "./core-heap.js";
import { scalarNamed, type ScalarName, type ScalarValues } from "./structs/scalars.js";
import {
  checkText,
  decode,
  isUnusual,
  encodeInto,
  type DecodeOptions,
  type WriteOptions,
} from "./text.js";

/**
 * What is going to happen to a range: a read, a write, or both through a typed array, for as long
 * as that is used.
 */
export type AccessKind = "read" | "write" | "view";

/** Any typed array over a memory. */
export type TypedArray =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** @returns bytes of an element @throws TypeError when `View` is no typed array's constructor */
export function elementBytes(call: string, View: unknown): number {
  const step = (View as { BYTES_PER_ELEMENT?: unknown } | undefined)?.BYTES_PER_ELEMENT;
  if (typeof View !== "function" || typeof step !== "number")
    throw new TypeError(
      `${call}: type must be a typed array such as Float64Array, got ${show(View)}`,
    );
  return step;
}

/** A heap whose memory can be read and written by value. */
export class HeapMemory<A extends Abi = Abi, B extends HeapBuild = HeapBuild> extends CoreHeap<
  A,
  B
> {
  declare readonly process: Process<A, B>;

  /**
   * Whether typed arrays stay valid when the memory grows: see the option `stableViews`. Always so
   * for shared memory.
   */
  get hasStableViews(): boolean {
    return isUnusual(this.memory.buffer);
  }

  /**
   * A typed array over memory, made anew. Valid until the next call that can allocate: the memory
   * may grow, which detaches it, and a detached array has length 0. Ask again then; a `TypedBlock`
   * does so by itself.
   * @param View the array's constructor, such as Float64Array
   * @param address its first byte, a multiple of the element's size, not NULL
   * @param length number of elements
   * @throws TypeError, RangeError when the range is not inside the memory
   */
  view<T extends TypedArray>(
    View: ViewConstructor<T, ViewBuffer<B>>,
    address: Mem,
    length: number,
  ): T {
    elementBytes("view", View);
    return this.make("view", View, address, length);
  }

  /** `length` signed 64-bit integers from `address`; see `u8`. */
  i64(address: Mem, length: number): BigInt64Array<ViewBuffer<B>> {
    return this.make("i64", BigInt64Array, address, length);
  }

  /**
   * Reads one value, whatever its alignment.
   * @param type "u8" "i8" "u16" "i16" "u32" "i32" "f32" "f64" (numbers), "u64" "i64" (bigints),
   *   "bool"
   * @param address its first byte, unsigned, not NULL
   * @throws TypeError for another type; RangeError when the value is not inside the memory
   */
  load<K extends ScalarName>(type: K, address: Mem): ScalarValues[K] {
    const { size, read } = scalarNamed("load", type);
    this.#range("load", address, size);
    return read(this.access("load", address, size, "read"), address);
  }

  /**
   * Writes one value, whatever its alignment.
   * @param type as for `load`
   * @param address its first byte, unsigned, not NULL
   * @param value a bigint for "u64" and "i64", a boolean for "bool", else a number
   * @throws TypeError, RangeError when the type cannot hold it, or when it is not inside the memory
   */
  store<K extends ScalarName>(type: K, address: Mem, value: ScalarValues[K]): void {
    const { size, write, check } = scalarNamed("store", type);
    this.#range("store", address, size);
    check(`store: value of type ${type}`, value);
    write(this.access("store", address, size, "write"), address, value);
  }

  /**
   * Reads text of a known length.
   * @param address its first byte
   * @param length bytes
   * @param options what becomes of bytes that are no UTF-8: U+FFFD by default
   * @throws TypeError when `fatal` is asked for and they are no UTF-8; RangeError when they are not
   *   inside the memory
   */
  utf8(address: Mem, length: number, options?: DecodeOptions): string {
    return decode("utf8", this.#bytes("utf8", address, length, "read"), options);
  }

  /**
   * Reads the C string at `address`: what is before its first NUL byte.
   * @param address its first byte
   * @param most bytes to look at: when there is no NUL among them, the text is that long (as for
   *   strnlen)
   * @param options as for `utf8`
   * @throws RangeError when there is no NUL up to the memory's end
   */
  cString(address: Mem, most?: number, options?: DecodeOptions): string {
    this.#range("cString", address, 1);
    const bytes = this.process.u8().subarray(address);
    const rule = { min: 0, max: bytes.length };
    const limit = most === undefined ? rule.max : checkInteger("cString: most", most, rule);
    const nul = bytes.subarray(0, limit).indexOf(0);
    if (nul < 0 && most === undefined)
      throw new RangeError(`cString: no NUL byte from address ${address} on`);
    const text = bytes.subarray(0, nul < 0 ? limit : nul);
    this.access("cString", address, text.length + (nul < 0 ? 0 : 1), "read");
    return decode("cString", text, options);
  }

  /**
   * Writes text as UTF-8, without a NUL byte behind it.
   * @param address where the first byte goes
   * @param capacity bytes that there is room for
   * @param text half a surrogate pair becomes U+FFFD
   * @param options what becomes of text that does not fit
   * @returns bytes written
   * @throws RangeError when it does not fit, unless `truncate` is asked for
   */
  writeUtf8(address: Mem, capacity: number, text: string, options?: WriteOptions): number {
    checkText("writeUtf8: text", text);
    const room = this.#bytes("writeUtf8", address, capacity, "write");
    return encodeInto("writeUtf8", room, text, options);
  }

  /**
   * Writes a C string: the text as UTF-8, and a NUL byte. A NUL inside the text ends it early for
   * C.
   * @param address where the first byte goes
   * @param capacity bytes that there is room for, the NUL included; at least 1
   * @param text half a surrogate pair becomes U+FFFD
   * @param options what becomes of text that does not fit
   * @returns bytes written before the NUL
   * @throws RangeError when it does not fit, unless `truncate` is asked for
   */
  writeCString(address: Mem, capacity: number, text: string, options?: WriteOptions): number {
    checkText("writeCString: text", text);
    checkInteger("writeCString: capacity", capacity, { min: 1, max: 2 ** 32 });
    const room = this.#bytes("writeCString", address, capacity, "write");
    const length = encodeInto("writeCString", room.subarray(0, -1), text, options);
    room[length] = 0;
    return length;
  }

  /**
   * A DataView over the whole memory for one access to a range that has been checked to be inside
   * it. Handles go through here; a tracking heap checks whose bytes they are.
   * @internal
   */
  access(_call: string, _address: Mem, _length: number, _kind: AccessKind): DataView {
    return this.process.view();
  }

  /** A typed array goes to the program; a tracking heap remembers it. @internal */
  handOut<T extends ArrayBufferView>(view: T): T {
    return view;
  }

  protected override make<T extends ArrayBufferView>(
    call: string,
    View: ViewConstructor<T, ViewBuffer<B>>,
    address: Mem,
    length: number,
  ): T {
    const view = super.make(call, View, address, length);
    this.access(call, address, view.byteLength, "view");
    return this.handOut(view);
  }

  #bytes(call: string, address: Mem, length: number, kind: AccessKind): Uint8Array {
    const bytes = super.make(call, Uint8Array, address, length);
    this.access(call, address, length, kind);
    return bytes;
  }

  #range(call: string, address: Mem, length: number): void {
    const max = bufferReaching(this.memory, address + length).byteLength - length;
    checkInteger(`${call}: address`, address, { min: 1, max });
  }
}
