// Many blocks in one call: arguments are checked in a loop that calls nothing else. The loops are JavaScript's; bench/bulk.ts has the numbers.

import { checkInteger, show } from "../host/checks.js";
import type { CoreProcess } from "../host/core-process.js";
import type { Mem } from "../layout/address.js";
import type { CFunctions } from "./core-heap.js";

/** @throws TypeError, RangeError for the first number that is not from 0 to `max` */
export function checkAll(name: string, list: ArrayLike<number>, max: number): void {
  const length = (list as Partial<ArrayLike<number>> | null | undefined)?.length;
  if (typeof list !== "object" || typeof length !== "number")
    throw new TypeError(`${name} must be an array or a typed array, got ${show(list)}`);
  for (let i = 0; i < length; i++) {
    const value = list[i]!;
    // The message's text is made when there is one.
    if (!Number.isInteger(value) || value < 0 || value > max)
      checkInteger(`${name}[${i}]`, value, { min: 0, max });
  }
}

/** @returns a block for each size, 0 where there was no memory */
export function allocateAll(
  process: CoreProcess,
  { malloc }: CFunctions,
  sizes: ArrayLike<number>,
): Uint32Array {
  // An array of 32-bit integers makes signed addresses unsigned.
  const blocks = new Uint32Array(sizes.length);
  for (let i = 0; i < blocks.length; i++) blocks[i] = Number(malloc(process.toWord(sizes[i]!)));
  return blocks;
}

/** Frees blocks, in their order. */
export function freeAll(process: CoreProcess, { free }: CFunctions, blocks: ArrayLike<Mem>): void {
  for (let i = 0; i < blocks.length; i++) free(process.toWord(blocks[i]!));
}
