// Many blocks in one call of WebAssembly (assembly/many.ts). Arguments are checked before, in a
// loop that calls nothing.

import { checkInteger, show } from "../base/checks.js";
import type { CoreProcess } from "../process/core-process.js";
import type { CFunctions } from "./c-functions.js";

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

/**
 * Blocks that one call into WebAssembly serves: what the process's scratch memory holds, so that no
 * list has to be allocated for them.
 */
const BLOCKS_A_CALL = 64;

/** The greatest number of 32 bits. No block is as large, in lp64 neither. */
const MOST = 0xffffffff;

/**
 * Hands numbers to a function for many blocks, as 32 bits each in memory.
 * @param results where to put what it leaves in their places
 */
export function handMany(
  process: CoreProcess,
  call: CFunctions["malloc_many"],
  numbers: ArrayLike<number>,
  results?: Uint32Array,
): void {
  const scratch = process.exports.scratch() >>> 0;
  for (let from = 0; from < numbers.length; from += BLOCKS_A_CALL) {
    const count = Math.min(BLOCKS_A_CALL, numbers.length - from);
    let view = process.view();
    for (let i = 0; i < count; i++) {
      const number = numbers[from + i]!;
      view.setInt32(scratch + 4 * i, number > MOST ? MOST : number, true);
    }
    call(scratch, count);
    if (!results) continue;
    // The memory may have grown.
    view = process.view();
    for (let i = 0; i < count; i++) results[from + i] = view.getInt32(scratch + 4 * i, true);
  }
}
