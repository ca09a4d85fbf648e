// A trace, packed into the operations that the `replay` build runs.

import type { Abi } from "../layout/address.js";
import { OpKind, layouts } from "../layout/generated.js";
import type { Trace } from "./trace.js";

const U32_MAX = 0xffff_ffff;

/** @returns bytes that one packed operation takes in `abi` */
export function opBytes(abi: Abi): number {
  return layouts[abi].Op.size;
}

/**
 * Packs a trace for the replay loop, one struct `Op` an operation. Sizes that the layout's size_t
 * cannot hold become its greatest value. Little-endian, as linear memory is (and every platform
 * that JavaScript engines run on).
 *
 * @returns `trace.count * opBytes(abi)` bytes
 */
export function encodeOps(trace: Trace, abi: Abi): Uint8Array {
  const { size, fields } = layouts[abi].Op;
  const words = new Uint32Array((trace.count * size) / 4);
  const x = fields.x.offset / 4;
  const y = fields.y.offset / 4;
  const stride = size / 4;
  const { count, idKinds, xLow, xHigh, yLow, yHigh } = trace;
  const idKind = fields.idKind.offset / 4;
  let at = 0;
  if (abi === "lp64") {
    for (let i = 0; i < count; i++, at += stride) {
      words[at + idKind] = idKinds[i]!;
      words[at + x] = xLow[i]!;
      words[at + x + 1] = xHigh[i]!;
      words[at + y] = yLow[i]!;
      words[at + y + 1] = yHigh[i]!;
    }
  } else {
    for (let i = 0; i < count; i++, at += stride) {
      words[at + idKind] = idKinds[i]!;
      words[at + x] = xHigh[i] === 0 ? xLow[i]! : U32_MAX;
      words[at + y] = yHigh[i] === 0 ? yLow[i]! : U32_MAX;
    }
  }
  return new Uint8Array(words.buffer);
}

/**
 * What every operation asks for, in bytes: 0 for a free, the product for a calloc. As doubles, so
 * above 2^53 these are approximate, and a calloc whose product does not fit size_t may come out
 * above it: such requests never succeed.
 *
 * @returns one number an operation
 */
export function requestedBytes(trace: Trace, abi: Abi): Float64Array {
  const { count, idKinds, xLow, xHigh, yLow, yHigh } = trace;
  const bytes = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    switch (idKinds[i]! & 7) {
      case OpKind.MALLOC:
      case OpKind.REALLOC:
        bytes[i] = sizeArgument(xLow[i]!, xHigh[i]!, abi);
        break;
      case OpKind.CALLOC:
        bytes[i] = sizeArgument(xLow[i]!, xHigh[i]!, abi) * sizeArgument(yLow[i]!, yHigh[i]!, abi);
        break;
      case OpKind.MEMALIGN:
        bytes[i] = sizeArgument(yLow[i]!, yHigh[i]!, abi);
        break;
    }
  }
  return bytes;
}

function sizeArgument(low: number, high: number, abi: Abi): number {
  if (high === 0) return low;
  return abi === "ilp32" ? U32_MAX : high * 4_294_967_296 + low;
}
