// The functions that recordings tell of, in C and C++, and what they ask for.
//
// Names as in glibc's <malloc.h> and <stdlib.h>; those of C++ as the Itanium ABI mangles them
// (`_Znwm` is operator new(size_t)) or as tools show them demangled.

import { OpKind } from "../../layout/generated.js";

/** What one function's call means. */
export interface Shape {
  readonly kind: OpKind;
  /** How many of the arguments matter: tools print what stands in the registers behind them. */
  readonly args: number;
  /**
   * @returns the arguments as a trace has them: see `Trace.xLow` and `Trace.yLow`. For a realloc
   *   the old block and its new size, for a free the block
   */
  readonly read: (args: readonly bigint[]) => readonly [bigint, bigint];
  /** Whether the block's address is not what the function returns: posix_memalign. */
  readonly isHidden?: true;
}

const PAGE = 4096n;
const SIZE_MAX = (1n << 64n) - 1n;

/** @returns a product, or the greatest size where it does not fit: such a call fails */
function times(a: bigint, b: bigint): bigint {
  return a * b > SIZE_MAX ? SIZE_MAX : a * b;
}

const MALLOC: Shape = { kind: OpKind.MALLOC, args: 1, read: ([size]) => [size!, 0n] };
const FREE: Shape = { kind: OpKind.FREE, args: 1, read: ([block]) => [block!, 0n] };
const MEMALIGN: Shape = {
  kind: OpKind.MEMALIGN,
  args: 2,
  read: ([alignment, size]) => [alignment!, size!],
};
const ALIGNED_NEW: Shape = {
  kind: OpKind.MEMALIGN,
  args: 2,
  read: ([size, alignment]) => [alignment!, size!],
};

const FUNCTIONS = new Map<string, Shape>([
  ["malloc", MALLOC],
  ["free", FREE],
  ["cfree", FREE],
  ["free_sized", FREE],
  ["free_aligned_sized", FREE],
  ["memalign", MEMALIGN],
  ["aligned_alloc", MEMALIGN],
  ["calloc", { kind: OpKind.CALLOC, args: 2, read: ([count, size]) => [count!, size!] }],
  ["realloc", { kind: OpKind.REALLOC, args: 2, read: ([block, size]) => [block!, size!] }],
  [
    "reallocarray",
    { kind: OpKind.REALLOC, args: 3, read: ([block, n, size]) => [block!, times(n!, size!)] },
  ],
  [
    "posix_memalign",
    {
      kind: OpKind.MEMALIGN,
      args: 3,
      read: ([, alignment, size]) => [alignment!, size!],
      isHidden: true,
    },
  ],
  ["valloc", { kind: OpKind.MEMALIGN, args: 1, read: ([size]) => [PAGE, size!] }],
  [
    "pvalloc",
    {
      kind: OpKind.MEMALIGN,
      args: 1,
      read: ([size]) => [PAGE, ((size! + PAGE - 1n) / PAGE) * PAGE],
    },
  ],
]);

const NEW = /^(_Zn[wa][jmy]|operator new\b)/;
const DELETE = /^(_Zd[la]Pv|operator delete\b)/;
const ALIGNED = /align_val_t/;

/** @returns what a call of the function means; undefined for one that is no allocator's */
export function shapeOf(name: string): Shape | undefined {
  const known = FUNCTIONS.get(name);
  if (known !== undefined) return known;
  if (NEW.test(name)) return ALIGNED.test(name) ? ALIGNED_NEW : MALLOC;
  return DELETE.test(name) ? FREE : undefined;
}

/**
 * Reads a number as tools print it: decimal, hex (0x…), NULL as nil or (nil); negative numbers are
 * meant as size_t.
 * @returns undefined for what is none, or does not fit 64 bits
 */
export function numberIn(text: string): bigint | undefined {
  if (text === "nil" || text === "(nil)" || text === "NULL") return 0n;
  if (!/^(-?\d{1,20}|0[xX][0-9a-fA-F]{1,16})$/.test(text)) return undefined;
  const value = BigInt(text);
  if (value < 0n) return BigInt.asUintN(64, value);
  return value > SIZE_MAX ? undefined : value;
}
