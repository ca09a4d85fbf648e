// What the tests of the profiles "throughput" and "small" have in common: processes of them, the
// sizes that classes promise, and a plan of who has which bytes.

import { expect } from "vitest";
import { readArenas } from "../../src/inspect/arenas.js";
import { wordBytes, type Abi } from "../../src/layout/address.js";
import { Invariant } from "../../src/layout/generated.js";
import type { ProcessOptions } from "../../src/process/options.js";
import { startProcessSync, type Process } from "../../src/process/process.js";

export const abis = ["ilp32", "lp64"] as const;

export type Checked = Process<Abi, "checked">;

/** A process of a profile on the checked build, which does not check at every call. */
export function start(abi: Abi, options: ProcessOptions<Abi, "checked"> = {}): Checked {
  const process = startProcessSync<Abi, "checked">({
    profile: "throughput",
    ...options,
    abi,
    build: "checked",
  });
  process.raw.verify_calls(0);
  return process;
}

/** Another thread of a process, simulated; it does not check at every call, either. */
export function attach(process: Checked): Checked {
  const thread = process.attachThreadSync();
  thread.raw.verify_calls(0);
  return thread;
}

/** Expects a sound heap; says which invariant is broken, and where. */
export function expectSound(process: Checked, when = "now"): void {
  const found = process.raw.check_heap();
  const name = Object.entries(Invariant).find(([, value]) => value === found)?.[0];
  const at = (process.raw.check_address() >>> 0).toString(16);
  expect(`${when}: ${name}${name === "HOLDS" ? "" : ` at 0x${at}`}`).toBe(`${when}: HOLDS`);
}

/** The size of a block's chunk, bytes, without the flags. */
export function chunkBytes(process: Process, block: number): number {
  const size = process.readWord(block - wordBytes(process.abi));
  return size - (size % 8);
}

/** The M bit of a block's size word: it has a mapping of its own. */
export function isMapped(process: Process, block: number): boolean {
  return (process.readWord(block - wordBytes(process.abi)) & 2) !== 0;
}

/** What the program may use of a block, bytes, read from its chunk: no call. */
export function usableBytes(process: Process, block: number): number {
  const headers = isMapped(process, block) ? 2 : 1;
  return chunkBytes(process, block) - headers * wordBytes(process.abi);
}

/** The smallest chunk, bytes. */
export const minSize = (abi: Abi): number => (abi === "ilp32" ? 16 : 32);

/** The size of the chunk that holds a request of `bytes`, if there were no classes. */
export function plainSize(abi: Abi, bytes: number): number {
  return Math.max(minSize(abi), Math.ceil((bytes + wordBytes(abi)) / 16) * 16);
}

/** The size of a class that a request beyond 1 KiB and up to 64 KiB is rounded to. */
export function steppedSize(size: number): number {
  const step = 2 ** (Math.floor(Math.log2(Math.max(1024, size - 1))) - 3);
  return Math.ceil(size / step) * step;
}

/** The largest chunk of the class that begins with `size`, beyond 1 KiB. */
export function endOfClass(size: number): number {
  return size + 2 ** (Math.floor(Math.log2(size)) - 3) - 16;
}

/** The most that all arenas ever had, bytes. */
export function peakOf(process: Process): number {
  return readArenas(process).reduce((sum, { state }) => sum + state.maxSystemMem, 0);
}

/** What all arenas have now, bytes. */
export function heldBy(process: Process): number {
  return readArenas(process).reduce((sum, { state }) => sum + state.systemMem, 0);
}

/** Who has which bytes of the memory, so many at a time: blocks must never have any in common. */
export class Plan {
  #units = new Uint8Array(1 << 20);
  readonly #step: number;

  constructor(step = 16) {
    this.#step = step;
  }

  /** Notes a new block. @returns whether all its bytes were free */
  take(block: number, bytes: number): boolean {
    const [from, end] = [block / this.#step, Math.ceil((block + bytes) / this.#step)];
    if (end > this.#units.length) this.#grow(end);
    const units = this.#units.subarray(from, end);
    const wereFree = !units.includes(1);
    units.fill(1);
    return wereFree;
  }

  /** Forgets a block. */
  give(block: number, bytes: number): void {
    this.#units.fill(0, block / this.#step, Math.ceil((block + bytes) / this.#step));
  }

  #grow(end: number): void {
    const units = new Uint8Array(2 * end);
    units.set(this.#units);
    this.#units = units;
  }
}

/** What a class of the cache keeps at most, bytes of chunks. */
export const MOST_KEPT = 65_536;

/** How many bytes of chunks each class of a thread's cache holds; nothing while it has none. */
export function cachedBytes(thread: Checked): number[] {
  const cache = thread.raw.tcache() >>> 0;
  if (cache === 0) return [];
  const { offset, count = 0 } = thread.structs.ClassCache.fields.room;
  const view = thread.view();
  return Array.from(
    { length: count },
    (_, index) => MOST_KEPT - view.getInt32(cache + offset + index * 4, true),
  );
}

/** The sum of some numbers. */
export const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

/** Fills a block's bytes with a pattern that `seed` begins. */
export function fill(process: Checked, block: number, bytes: number, seed: number): void {
  const u8 = process.u8();
  for (let i = 0; i < bytes; i++) u8[block + i] = seed + i * 7;
}

/** @returns the first byte that is not as `fill` wrote it, or -1 */
export function firstChanged(process: Checked, block: number, bytes: number, seed: number): number {
  const u8 = process.u8();
  for (let i = 0; i < bytes; i++) if (u8[block + i] !== ((seed + i * 7) & 255)) return i;
  return -1;
}

/** Numbers from `first` to `last`. */
export const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** So many blocks of a size. */
export const many = (process: Checked, count: number, bytes: number): number[] =>
  Array.from({ length: count }, () => process.malloc(bytes));
