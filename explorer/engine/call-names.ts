// Functions of C's that make or end a block, and how a call is written.

import { hex } from "../model/format.js";

/** Functions that return a block, and the argument that says how large, if one does. */
const MAKERS: Readonly<Record<string, (args: readonly bigint[]) => number>> = {
  malloc: ([size]) => Number(size),
  calloc: ([count, size]) => Number(count) * Number(size),
  realloc: ([, size]) => Number(size),
  reallocarray: ([, count, size]) => Number(count) * Number(size),
  memalign: ([, size]) => Number(size),
  aligned_alloc: ([, size]) => Number(size),
  posix_memalign: (args) => Number(args.at(-1)),
  valloc: ([size]) => Number(size),
  pvalloc: ([size]) => Number(size),
};
const ENDERS: ReadonlySet<string> = new Set(["free", "realloc", "reallocarray"]);

/** @returns what says how many bytes a call asks for; undefined for one that makes no block */
export function makerOf(name: string): ((args: readonly bigint[]) => number) | undefined {
  return Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
}

/** @returns whether a function ends the block that is its first argument */
export function isEnder(name: string): boolean {
  return ENDERS.has(name);
}

/** @returns a call as C writes it, and what it returned, if anything */
export function callText(name: string, args: readonly bigint[], result?: bigint): string {
  const list = args.map((arg) => (arg >= 4096n ? hexBig(arg) : String(arg))).join(", ");
  return `${name}(${list})${result === undefined ? "" : ` = ${valueText(result)}`}`;
}

function hexBig(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function valueText(value: bigint): string {
  return value >= 4096n ? hex(Number(value)) : String(value);
}
