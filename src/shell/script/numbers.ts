// Arithmetic of a script: whole numbers of C, with their types where these matter.

import { ScriptProblem } from "./lexer.js";
import { converted, sizeOf, type CType, type WordBits } from "./types.js";

/** A number, and its type where it has one that matters: an unsigned one, or a pointer's. */
export interface Num {
  readonly value: bigint;
  readonly type?: CType | undefined;
}

const LEAST = -(1n << 63n);
const MOST = (1n << 64n) - 1n;

type Operate = (left: bigint, right: bigint) => bigint;

const ARITHMETIC: Readonly<Record<string, Operate>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
};

const COMPARISON: Readonly<Record<string, (left: bigint, right: bigint) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
};

/**
 * `left OPERATOR right`, as C has it.
 * @param at where the operator is, for messages
 * @throws ScriptProblem for a division by 0, a shift by too much, a result beyond 64 bits
 */
export function binary(
  operator: string,
  left: Num,
  right: Num,
  wordBits: WordBits,
  at: number,
): Num {
  const compare = COMPARISON[operator];
  const isShift = operator === "<<" || operator === ">>";
  const type = commonType(left, isShift ? left : right, wordBits);
  const plain = (number: Num) =>
    type === undefined ? number.value : converted(number.value, type, wordBits);
  if (compare !== undefined) return { value: compare(plain(left), plain(right)) ? 1n : 0n };
  if (left.type?.pointee !== undefined || right.type?.pointee !== undefined) {
    const moved = pointerArithmetic(operator, left, right, wordBits);
    if (moved !== undefined) return moved;
  }
  if ((operator === "/" || operator === "%") && right.value === 0n)
    throw new ScriptProblem(at, "division by 0");
  if (isShift && (right.value < 0n || right.value > 63n))
    throw new ScriptProblem(at, `a shift is by 0 to 63 bits, not ${right.value}`);
  const exact = ARITHMETIC[operator]!(plain(left), isShift ? right.value : plain(right));
  const value = type === undefined ? exact : converted(exact, type, wordBits);
  if (value < LEAST || value > MOST)
    throw new ScriptProblem(at, `the result of ${operator} does not fit into 64 bits`);
  return { value, type };
}

/** A pointer and a number, or two pointers; undefined for what is plain arithmetic. */
function pointerArithmetic(
  operator: string,
  left: Num,
  right: Num,
  wordBits: WordBits,
): Num | undefined {
  const { type } = left.type?.pointee === undefined ? right : left;
  const step = sizeOf({ bits: type!.pointee! }, wordBits);
  const moved = (value: bigint): Num => ({ value: converted(value, type!, wordBits), type });
  if (operator === "+" && left.type?.pointee === undefined)
    return moved(right.value + left.value * step);
  if (operator === "+") return moved(left.value + right.value * step);
  if (operator !== "-" || left.type?.pointee === undefined) return undefined;
  if (right.type?.pointee === undefined) return moved(left.value - right.value * step);
  return { value: (left.value - right.value) / step };
}

/** The type that both are converted to: the wider one of those that are unsigned. */
function commonType(left: Num, right: Num, wordBits: WordBits): CType | undefined {
  const [first, second] = [left.type, right.type].filter(wraps);
  if (first === undefined || second === undefined) return first;
  return sizeOf(second, wordBits) > sizeOf(first, wordBits) ? second : first;
}

/** Whether arithmetic wraps: it is unsigned, and not so small that C counts it as an int. */
function wraps(type: CType | undefined): boolean {
  return type?.isUnsigned === true && type.bits !== 8 && type.bits !== 16;
}

/** `+`, `-`, `~` or `!` in front of a number. */
export function negated(operator: string, { value, type }: Num, wordBits: WordBits): Num {
  if (operator === "!") return { value: value === 0n ? 1n : 0n };
  if (operator === "+") return { value, type };
  const result = operator === "-" ? -value : ~value;
  if (type === undefined || !wraps(type)) return { value: result };
  return { value: converted(result, type, wordBits), type };
}

/** What an assignment leaves in a variable of the given type; `a = b` is `0 + b`. */
export function compound(
  operator: string,
  old: Num,
  right: Num,
  type: CType | undefined,
  wordBits: WordBits,
  at: number,
): Num {
  const result = binary(operator, old, right, wordBits, at);
  if (type === undefined) return result;
  return { value: converted(result.value, type, wordBits), type };
}
