// Constant expressions: what globals begin with, and where data segments go. Only 32-bit integers
// count here; of anything else it is enough to know where it ends.

import type { Reader } from "./bytes.js";
import { skipImmediates } from "./opcodes.js";

const END = 0x0b;
const GLOBAL_GET = 0x23;
const I32_CONST = 0x41;

/**
 * What extended constant expressions may do with two i32 (core specification 3.0, "Constant
 * Expressions").
 */
const ARITHMETIC: Readonly<Record<number, (left: number, right: number) => number>> = {
  0x6a: (left, right) => left + right,
  0x6b: (left, right) => left - right,
  0x6c: Math.imul,
};

/**
 * Reads a constant expression.
 * @param valueOf the value of a global by its number; undefined when it is not known
 * @returns the value as an unsigned number, or undefined when it is no i32 or depends on something
 *   unknown
 * @throws UnknownOpcode when it cannot be told where the expression ends
 */
export function readConstant(
  reader: Reader,
  valueOf: (global: number) => number | undefined,
): number | undefined {
  const stack: (number | undefined)[] = [];
  for (;;) {
    const opcode = reader.byte();
    const operate = ARITHMETIC[opcode];
    if (opcode === END) return stack.length === 1 ? stack[0] : undefined;
    if (opcode === I32_CONST) stack.push(reader.signed32() >>> 0);
    else if (opcode === GLOBAL_GET) stack.push(valueOf(reader.unsigned()));
    else if (operate !== undefined) {
      const [left, right] = stack.splice(-2);
      const known = left !== undefined && right !== undefined;
      stack.push(known ? operate(left, right) >>> 0 : undefined);
    } else {
      skipImmediates(reader, opcode);
      stack.push(undefined);
    }
  }
}
