// A trace, packed into the operations that the `replay` build runs.

import type { Abi } from "../layout/address.js";
import type { Structs } from "../layout/structs.js";
import { narrow } from "./player.js";
import type { Trace } from "./trace.js";

/**
 * Packs a trace for the replay loop, one struct `Op` an operation. Sizes that the layout's size_t
 * cannot hold become its greatest value. Little-endian, as linear memory is (and every platform
 * that JavaScript engines run on).
 *
 * @param op the struct `Op`, as who runs them has it
 * @returns `trace.count * op.size` bytes
 */
export function encodeOps(trace: Trace, abi: Abi, op: Structs["Op"]): Uint8Array {
  const { size, fields } = op;
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
      words[at + x] = narrow(xLow[i]!, xHigh[i]!);
      words[at + y] = narrow(yLow[i]!, yHigh[i]!);
    }
  }
  return new Uint8Array(words.buffer);
}
