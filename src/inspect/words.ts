// Words of a process's memory as C computes with them: unsigned, of 32 or 64 bits, all of them
// exact.

import { sizeAt, type HeapSource } from "./source.js";
import type { StructLayout } from "../layout/struct.js";
import { wordBytes } from "../layout/address.js";
import { MALLOC_ALIGNMENT, SIZE_BITS, type MmStruct } from "../layout/generated.js";
import { readStruct } from "../layout/struct.js";

/** @returns what `value` is as a C size_t: modulo the word */
export function asSize(process: HeapSource, value: bigint): bigint {
  return BigInt.asUintN(wordBytes(process.abi) * 8, value);
}

/**
 * @param name a field of a word
 * @returns the field of the struct at `address`, as a C size_t
 */
export function sizeField(
  process: HeapSource,
  address: number,
  struct: StructLayout,
  name: string,
): bigint {
  return sizeAt(process, address + struct.fields[name]!.offset);
}

/** @returns the bytes of a chunk, from its size word: without the flag bits (chunksize) */
export function chunkSizeOf(head: number): number {
  return head - (head % (SIZE_BITS + 1));
}

/** @returns a copy of mm_struct: addresses in bytes, counts in pages */
export function mmOf(source: HeapSource): MmStruct {
  return readStruct(source.view(), source.places.mmStruct, source.structs.MmStruct);
}

/** @returns what blocks are aligned to, bytes */
export function alignmentOf({ profile, abi }: HeapSource): number {
  return profile === "small" ? 2 * wordBytes(abi) : MALLOC_ALIGNMENT;
}

/** @returns the first address from `address` on at which a chunk can begin: its block is aligned */
export function chunkFrom(source: HeapSource, address: number): number {
  const header = 2 * wordBytes(source.abi);
  const alignment = alignmentOf(source);
  return Math.ceil((address + header) / alignment) * alignment - header;
}

/** @returns the fields of a copied struct that are one number, by name */
export function numberFields(struct: object): [name: string, value: number][] {
  const fields = Object.entries(struct) as [string, unknown][];
  return fields.filter((entry): entry is [string, number] => typeof entry[1] === "number");
}
