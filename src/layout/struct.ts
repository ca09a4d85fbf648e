// Reads the C structs that live in linear memory, by the offsets that the compiler gave them: the
// binary tells them (structs.ts). Nothing here knows a single offset or size.

import type { MemoryViews } from "./views.js";

/** The width and sign of a field. */
export type FieldKind = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64";

/** Where a field lies. */
export interface FieldLayout {
  /** Bytes from the struct's first byte. */
  readonly offset: number;
  /** Bytes; of one element when the field is an inline array. */
  readonly size: number;
  /** Its width and sign. */
  readonly kind: FieldKind;
  /** Number of elements when the field is an inline array. */
  readonly count?: number;
}

/** A struct: its size in bytes and its fields by name. */
export interface StructLayout {
  /** Bytes of the whole, padding included. */
  readonly size: number;
  /** The fields by name, in the order of the struct. */
  readonly fields: Readonly<Record<string, FieldLayout>>;
}

/**
 * What reading a field gives: a number, or an array of them. 64-bit values above 2^53 are rounded.
 */
export type FieldValue<F> = F extends {
  /** Number of elements: the field is an array. */
  readonly count: number;
}
  ? number[]
  : number;

/** A struct's values by field name. */
export type StructValues<L extends StructLayout> = {
  readonly [K in keyof L["fields"]]: FieldValue<L["fields"][K]>;
};

function readScalar(view: DataView, address: number, kind: FieldKind): number {
  switch (kind) {
    case "u8":
      return view.getUint8(address);
    case "i8":
      return view.getInt8(address);
    case "u16":
      return view.getUint16(address, true);
    case "i16":
      return view.getInt16(address, true);
    case "u32":
      return view.getUint32(address, true);
    case "i32":
      return view.getInt32(address, true);
    case "u64":
      return Number(view.getBigUint64(address, true));
    case "i64":
      return Number(view.getBigInt64(address, true));
  }
}

/**
 * Reads one field.
 * @param view a current view of the memory
 * @param base the struct's address
 * @param field one of `process.structs.STRUCT.fields`
 * @returns its number, or an array of numbers
 */
export function readField(view: DataView, base: number, field: FieldLayout): number | number[] {
  const address = base + field.offset;
  if (field.count === undefined) return readScalar(view, address, field.kind);
  return Array.from({ length: field.count }, (_, i) =>
    readScalar(view, address + i * field.size, field.kind),
  );
}

/**
 * Copies a struct out of the memory.
 * @param view a current view of the memory: `process.view()`
 * @param base the struct's address
 * @param layout one of `process.structs`
 * @returns a plain object with every field's value as it is now
 */
export function readStruct<L extends StructLayout>(
  view: DataView,
  base: number,
  layout: L,
): StructValues<L> {
  const entries = Object.entries(layout.fields);
  return Object.fromEntries(
    entries.map(([name, field]) => [name, readField(view, base, field)]),
  ) as StructValues<L>;
}

/**
 * A live look at a struct: every property access reads the memory anew, so it never goes stale and
 * survives growth.
 * @param base the struct's address
 * @returns an object with one read-only, enumerable property per field
 */
export function liveStruct<L extends StructLayout>(
  views: MemoryViews,
  base: number,
  layout: L,
): StructValues<L> {
  const live = {};
  for (const [name, field] of Object.entries(layout.fields)) {
    Object.defineProperty(live, name, {
      enumerable: true,
      get: () => readField(views.view(), base, field),
    });
  }
  return Object.freeze(live) as StructValues<L>;
}
