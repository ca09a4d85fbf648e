// Addresses of the process that strace recorded, and where the same things are here: each result of
// a recorded call says so of a range, which later lines are about.

import { ScriptProblem } from "./lexer.js";

interface Range {
  readonly start: bigint;
  readonly end: bigint;
  /** What is to be added for the address here. */
  readonly shift: bigint;
}

const PAGE = 4096n;

/** A recorded call that cannot be made here, and why. */
export class Unmakeable extends Error {}

/** What is known of the recorded process's addresses. */
export class NativeAddresses {
  /** Mappings and the heap; none overlaps another. */
  #ranges: Range[] = [];
  /** malloc's blocks, by their addresses. */
  readonly #blocks = new Map<bigint, bigint>();
  #heap: { readonly start: bigint; readonly shift: bigint } | undefined;

  /** A mapping of `length` bytes is at `native` there and at `own` here. */
  addMapping(native: bigint, length: bigint, own: bigint): void {
    this.#add({ start: native, end: native + roundedUp(length), shift: own - native });
  }

  /** A block of malloc's is at `native` there and at `own` here. */
  addBlock(native: bigint, own: bigint): void {
    if (native !== 0n) this.#blocks.set(native, own);
  }

  /** The break is at `native` there and at `own` here. */
  addBreak(native: bigint, own: bigint): void {
    this.#heap ??= { start: native, shift: own - native };
    const { start, shift } = this.#heap;
    if (native > start) this.#add({ start, end: roundedUp(native), shift });
  }

  /** @returns the place here that an address there stands for, if it is known */
  find(native: bigint): bigint | undefined {
    const block = this.#blocks.get(native);
    if (block !== undefined) return block;
    const range = this.#rangeOf(native);
    return range === undefined ? undefined : native + range.shift;
  }

  /** As `find`, for brk: the break may be moved to where nothing is yet. */
  findBreak(native: bigint): bigint | undefined {
    return this.#heap === undefined ? undefined : native + this.#heap.shift;
  }

  /** @throws Unmakeable when a range there is not one range here */
  checkRange(native: bigint, length: bigint): void {
    const first = this.#rangeOf(native);
    for (let range = first; range !== undefined && range.end < native + length;) {
      const next = this.#rangeOf(range.end);
      if (next?.shift !== first?.shift) throw new Unmakeable("ranges that are not one range here");
      range = next;
    }
  }

  #rangeOf(address: bigint): Range | undefined {
    return this.#ranges.find(({ start, end }) => start <= address && address < end);
  }

  #add(added: Range): void {
    const { start, end } = added;
    // What the others keep of themselves in front of it and behind it.
    const left = this.#ranges.flatMap((range) => [
      { ...range, end: range.end < start ? range.end : start },
      { ...range, start: range.start > end ? range.start : end },
    ]);
    this.#ranges = [added, ...left.filter((range) => range.start < range.end)];
  }
}

function roundedUp(bytes: bigint): bigint {
  return ((bytes + PAGE - 1n) / PAGE) * PAGE;
}

/**
 * @param value of an argument
 * @param bits of a word
 * @throws ScriptProblem for a number that no word of the layout can be: it would be cut silently
 */
export function checkWord(value: bigint, bits: 32 | 64, at: number): void {
  if (value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits)) return;
  const hint = bits === 32 ? " (those of --abi lp64 have 64)" : "";
  const shown = value > 0n ? `${value} (0x${value.toString(16)})` : String(value);
  throw new ScriptProblem(at, `${shown} does not fit a word of ${bits} bits${hint}`);
}
