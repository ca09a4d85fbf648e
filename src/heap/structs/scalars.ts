// The C types that a value in memory can have: how wide, how it is read and written, and which
// JavaScript values it takes.

import { show } from "../../base/checks.js";

/** The JavaScript type of each C type. All are little-endian, as WebAssembly is. */
export interface ScalarValues {
  /** uint8_t, unsigned char */
  u8: number;
  /** int8_t */
  i8: number;
  /** uint16_t */
  u16: number;
  /** int16_t */
  i16: number;
  /** uint32_t */
  u32: number;
  /** int32_t */
  i32: number;
  /** uint64_t */
  u64: bigint;
  /** int64_t */
  i64: bigint;
  /** float */
  f32: number;
  /** double */
  f64: number;
  /** _Bool; whatever is not 0 reads as true */
  bool: boolean;
}

/** The name of a C type. */
export type ScalarName = keyof ScalarValues;

/** How a C type is handled. */
export interface Scalar<T = number | bigint | boolean> {
  /** Bytes. */
  readonly size: 1 | 2 | 4 | 8;
  /** Reads a value. @param at an address with all of the value inside the memory */
  read(this: void, view: DataView, at: number): T;
  /** Writes a value that was checked. @param at as for `read` */
  write(this: void, view: DataView, at: number, value: T): void;
  /** Refuses what the type cannot hold. @throws TypeError, RangeError that begin with `name` */
  check(this: void, name: string, value: unknown): void;
}

function range<T extends number | bigint>(
  isRight: (value: unknown) => boolean,
  kind: string,
  min: T,
  max: T,
): Scalar["check"] {
  return (name, value) => {
    if (!isRight(value)) throw new TypeError(`${name} must be ${kind}, got ${show(value)}`);
    if ((value as T) < min || (value as T) > max)
      throw new RangeError(`${name} must be from ${show(min)} to ${show(max)}, got ${show(value)}`);
  };
}

/** The check of integers of some bits, signed ones if so asked for. */
function integer(bits: number, isSigned = false): Scalar["check"] {
  const min = isSigned ? -(2 ** (bits - 1)) : 0;
  return range(Number.isInteger, "an integer", min, min + 2 ** bits - 1);
}

function bigInteger(isSigned: boolean): Scalar["check"] {
  const min = isSigned ? -(2n ** 63n) : 0n;
  return range((value) => typeof value === "bigint", "a bigint", min, min + 2n ** 64n - 1n);
}

function ofType(type: "number" | "boolean"): Scalar["check"] {
  return (name, value) => {
    if (typeof value !== type) throw new TypeError(`${name} must be a ${type}, got ${show(value)}`);
  };
}

/** All C types by name. */
export const scalars: { readonly [K in ScalarName]: Scalar<ScalarValues[K]> } = {
  u8: {
    size: 1,
    read: (view, at) => view.getUint8(at),
    write: (view, at, value) => view.setUint8(at, value),
    check: integer(8),
  },
  i8: {
    size: 1,
    read: (view, at) => view.getInt8(at),
    write: (view, at, value) => view.setInt8(at, value),
    check: integer(8, true),
  },
  u16: {
    size: 2,
    read: (view, at) => view.getUint16(at, true),
    write: (view, at, value) => view.setUint16(at, value, true),
    check: integer(16),
  },
  i16: {
    size: 2,
    read: (view, at) => view.getInt16(at, true),
    write: (view, at, value) => view.setInt16(at, value, true),
    check: integer(16, true),
  },
  u32: {
    size: 4,
    read: (view, at) => view.getUint32(at, true),
    write: (view, at, value) => view.setUint32(at, value, true),
    check: integer(32),
  },
  i32: {
    size: 4,
    read: (view, at) => view.getInt32(at, true),
    write: (view, at, value) => view.setInt32(at, value, true),
    check: integer(32, true),
  },
  u64: {
    size: 8,
    read: (view, at) => view.getBigUint64(at, true),
    write: (view, at, value) => view.setBigUint64(at, value, true),
    check: bigInteger(false),
  },
  i64: {
    size: 8,
    read: (view, at) => view.getBigInt64(at, true),
    write: (view, at, value) => view.setBigInt64(at, value, true),
    check: bigInteger(true),
  },
  f32: {
    size: 4,
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value) => view.setFloat32(at, value, true),
    check: ofType("number"),
  },
  f64: {
    size: 8,
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value) => view.setFloat64(at, value, true),
    check: ofType("number"),
  },
  bool: {
    size: 1,
    read: (view, at) => view.getUint8(at) !== 0,
    write: (view, at, value) => view.setUint8(at, value ? 1 : 0),
    check: ofType("boolean"),
  },
};

/** @returns how the C type `name` is handled @throws TypeError that lists the types */
export function scalarNamed<K extends ScalarName>(call: string, name: K): Scalar<ScalarValues[K]> {
  if (!Object.hasOwn(scalars, name)) {
    const names = Object.keys(scalars).join(", ");
    throw new TypeError(`${call}: type must be one of ${names}, got ${show(name)}`);
  }
  return scalars[name];
}
