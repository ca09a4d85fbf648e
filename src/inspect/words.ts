// Words of a process's memory as C computes with them: unsigned, of 32 or 64 bits, all of them
// exact.

import type { HeapSource } from "./source.js";
import type { StructLayout } from "../layout/struct.js";
import { wordBytes } from "../layout/address.js";
import { SIZE_BITS, type MmStruct } from "../layout/generated.js";
import { readStruct } from "../layout/struct.js";

/** @returns the word at `address`, as a C size_t */
export function sizeAt(process: HeapSource, address: number): bigint {
  const view = process.view();
  return wordBytes(process.abi) === 8
    ? view.getBigUint64(address, true)
    : BigInt(view.getUint32(address, true));
}

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
