// The types of struct definitions: what can be a field, and what JavaScript sees of it.

import type { Mem } from "../../layout/address.js";
import type { Scalar, ScalarValues } from "./scalars.js";

/**
 * Whose rules lay a struct out: "wasm32" (clang --target=wasm32, which guests in the memory are
 * made by), "i386" and "x86-64" (the System V ABIs). They differ in the width of pointers, and on
 * i386 in 64-bit members, which are aligned to 4.
 */
export type StructAbi = "wasm32" | "i386" | "x86-64";

/** The types whose width depends on the ABI; numbers in JavaScript. */
export interface WordValues {
  /** Any pointer: an address, 0 for NULL. */
  pointer: Mem;
  /** size_t, uintptr_t */
  usize: number;
}

/** The name of a field's type that is neither array, text nor struct. */
export type FieldName = keyof ScalarValues | keyof WordValues;

/** An enumeration: see `enumeration`. */
export interface EnumType<E extends Readonly<Record<string, number>> = Record<string, number>> {
  /** The values by name. */
  readonly constants: E;
  /** How it is read and written. */
  readonly scalar: Scalar<unknown>;
}

/**
 * What a field can be: a scalar's name; `"char[N]"`, text of at most N bytes; `"f32[4]"` or
 * `[type, 4]`, an array; an enumeration; a struct's definition or a type of `heap.struct`.
 */
export type FieldType =
  | FieldName
  | `${FieldName | "char"}[${number}]`
  | readonly [FieldType, number]
  | EnumType
  | NestedType
  | Definition;

/** The fields of a struct, in the order in which they are in memory. */
export interface Definition {
  readonly [field: string]: FieldType;
}

/** What a struct type is inside another one: see `StructType`. */
export interface NestedType<D extends Definition = Definition> {
  /** Its fields. */
  readonly definition: D;
  /** How it is laid out. */
  readonly options: StructOptions;
}

/** How a struct is laid out. */
export interface StructOptions {
  /** Default "wasm32". */
  abi?: StructAbi;
  /**
   * As `#pragma pack(n)`: no member is aligned to more than this, also in structs that are defined
   * inside this one.
   */
  pack?: 1 | 2 | 4 | 8;
  /** All members begin at 0. */
  union?: boolean;
}

/** What a field of a named type is in JavaScript. */
type NameValue<N extends FieldName> = N extends keyof ScalarValues
  ? ScalarValues[N]
  : N extends keyof WordValues
    ? WordValues[N]
    : never;

/** The definition behind a nested struct. */
type NestedDefinition<T> = T extends NestedType<infer D> ? D : T extends Definition ? T : never;

/** What reading a field gives. */
export type FieldValue<T> = T extends FieldName
  ? NameValue<T>
  : T extends `char[${number}]`
    ? string
    : T extends `${infer N extends FieldName}[${number}]`
      ? CArray<N>
      : T extends readonly [infer E, number]
        ? CArray<E>
        : T extends EnumType<infer E>
          ? keyof E | number
          : StructView<NestedDefinition<T>>;

/** What a field can be set to; of structs, some fields suffice. */
export type FieldInput<T> = T extends FieldName | `char[${number}]` | EnumType
  ? FieldValue<T>
  : T extends `${infer N extends FieldName}[${number}]`
    ? Iterable<NameValue<N>>
    : T extends readonly [infer E, number]
      ? Iterable<FieldInput<E>>
      : StructValues<NestedDefinition<T>>;

/** What copying a field out gives. */
export type FieldCopy<T> = T extends FieldName | `char[${number}]` | EnumType
  ? FieldValue<T>
  : T extends `${infer N extends FieldName}[${number}]`
    ? NameValue<N>[]
    : T extends readonly [infer E, number]
      ? FieldCopy<E>[]
      : StructCopy<NestedDefinition<T>>;

/** Values for some or all fields. */
export type StructValues<D extends Definition> = { readonly [K in keyof D]?: FieldInput<D[K]> };

/** A struct as a plain object. */
export type StructCopy<D extends Definition> = { -readonly [K in keyof D]: FieldCopy<D[K]> };

/** The fields that are assigned as a whole, by value. */
type PlainKeys<D extends Definition> = {
  [K in keyof D]: D[K] extends FieldName | `char[${number}]` | EnumType ? K : never;
}[keyof D];

/** What every view of a struct has besides its fields. */
export interface StructMembers<D extends Definition> {
  /** Where it is. */
  readonly $address: Mem;
  /** Sets some fields, or all. @throws TypeError, RangeError when a field cannot hold its value */
  $set(values: StructValues<D>): void;
  /** Copies it out. */
  $get(): StructCopy<D>;
}

/**
 * A struct in memory: every property reads and writes memory. Arrays and structs in it are set with
 * `$set`, `assign` or their own members.
 */
export type StructView<D extends Definition> = {
  -readonly [K in PlainKeys<D>]: FieldValue<D[K]>;
} & {
  readonly [K in Exclude<keyof D, PlainKeys<D>>]: FieldValue<D[K]>;
} & StructMembers<D>;

/** A struct that was allocated, and is freed by its view. */
export type OwnedStruct<D extends Definition> = StructView<D> & {
  /** Frees it. A second time, or when the heap has ended, it does nothing. */
  $free(): void;
  /** Gives it away, and gives its address: whoever has that frees it. */
  $release(): Mem;
  /** For `using`: as `$free`. */
  [Symbol.dispose](): void;
};

/** An array in memory. */
export interface CArray<T> extends Iterable<FieldValue<T>> {
  /** Where its first element is. */
  readonly address: Mem;
  /** Number of elements. */
  readonly length: number;
  /**
   * Reads an element. @param index from 0 @throws RangeError when there is no such element
   */
  get(index: number): FieldValue<T>;
  /**
   * Sets an element.
   * @throws RangeError when there is no such element; TypeError, RangeError when it cannot hold the
   *   value
   */
  set(index: number, value: FieldInput<T>): void;
  /**
   * Sets the first elements, as many as there are values.
   * @throws RangeError when there are more values than elements
   */
  assign(values: Iterable<FieldInput<T>>): void;
  /** Copies it out. */
  toArray(): FieldCopy<T>[];
}

/** An array that was allocated, and is freed by its view. */
export interface OwnedArray<T> extends CArray<T> {
  /** Frees it. A second time, or when the heap has ended, it does nothing. */
  free(): void;
  /** Gives it away, and gives its address: whoever has that frees it. */
  release(): Mem;
  /** For `using`: as `free`. */
  [Symbol.dispose](): void;
}
