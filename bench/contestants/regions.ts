// System calls in a race: processes of the full build whose region table holds a given number of
// regions, and loops in JavaScript that make calls and leave the table as it was.

import { compileFunction } from "node:vm";
import { startProcessSync, type AddressLayout, type Process } from "../../src/process/process.js";
import type { Abi } from "../../src/layout/address.js";
import { PAGE_SIZE, SyscallI386, SyscallX86_64 } from "../../src/layout/generated.js";
import { MAP, PROT } from "../../src/kernel/flags.js";
import { wasmModule } from "./binaries.js";
import type { Contestant } from "../lab/harness.js";
import { randomIntegers, shuffled } from "../lab/random.js";

const PAGE = PAGE_SIZE;
/**
 * Pages of all regions together: the same for all counts, so that calls on random pages meet as
 * many pages in all of them.
 */
const PAGES = 195_000;
/** Random arguments that a loop goes through again and again: more than caches remember. */
const ARGUMENTS = 16_384;
/** Gaps that the search has to find; fewer when there are fewer gaps. */
const WIDE_GAPS = 256;
/**
 * Rounds between two looks at the clock: under a millisecond, so that some samples are disturbed by
 * nobody.
 */
const ROUNDS = 512;

const PROT_READ_WRITE = PROT.READ | PROT.WRITE;
const MAP_PRIVATE_ANONYMOUS = MAP.PRIVATE | MAP.ANONYMOUS;
const MAP_FIXED_ANONYMOUS = MAP_PRIVATE_ANONYMOUS | MAP.FIXED;

const NUMBERS = {
  ilp32: { ...SyscallI386, MMAP: SyscallI386.MMAP2 },
  lp64: SyscallX86_64,
} as const;

type SystemCall = (number: number, ...words: (number | bigint)[]) => number | bigint;

/** A process whose table is full, and what its calls are about. */
class Regions {
  readonly process: Process<Abi, "full">;
  readonly numbers: (typeof NUMBERS)[Abi];
  readonly random = randomIntegers(65_000);

  constructor(abi: Abi, layout: AddressLayout) {
    const wasm = wasmModule(`full.${abi}`);
    this.process = startProcessSync<Abi, "full">({ abi, layout, build: "full", wasm });
    this.numbers = NUMBERS[abi];
  }

  get syscall(): SystemCall {
    return this.process.raw.syscall;
  }

  /** A number as the raw call takes it. */
  word(value: number): number | bigint {
    return this.process.abi === "lp64" ? BigInt(value) : value | 0;
  }

  #call(name: "MMAP" | "MUNMAP", ...args: readonly number[]): number {
    const words = [0, 1, 2, 3, 4, 5].map((i) => this.word(args[i] ?? 0));
    return this.process.fromWord(this.syscall(this.numbers[name], ...words));
  }

  /**
   * Maps pages at an address, or where there is room.
   * @returns the address.
   * @throws Error when it is refused
   */
  map(address: number, length: number, flags: number): number {
    const result = this.#call("MMAP", address, length, PROT_READ_WRITE, flags, -1);
    if (result % PAGE !== 0) throw new Error(`mmap of ${length} bytes at ${address} is refused`);
    return result;
  }

  unmap(address: number, length: number): void {
    this.#call("MUNMAP", address, length);
  }

  /** Maps `length` bytes at each of the addresses, in random order. */
  fill(addresses: readonly number[], length: number): void {
    for (const address of shuffled(addresses, this.random))
      this.map(address, length, MAP_FIXED_ANONYMOUS);
  }

  /** @returns arguments for a loop, each made by `make` */
  arguments(make: () => number): (number | bigint)[] {
    return Array.from({ length: ARGUMENTS }, () => this.word(make()));
  }
}

/** A table ready for a loop, and the arguments that the loop goes through. */
interface Scene {
  readonly regions: Regions;
  readonly args: readonly (number | bigint)[];
}

/**
 * Regions of equal size, a free page behind each. Arguments: addresses of pages inside regions, at
 * random.
 */
function spread(abi: Abi, count: number): Scene {
  const regions = new Regions(abi, "linux");
  const pages = Math.floor(PAGES / count);
  const base = regions.process.mm().mmapBase;
  const starts = Array.from({ length: count }, (_, i) => base + i * (pages + 1) * PAGE);
  regions.fill(starts, pages * PAGE);
  const { random } = regions;
  const inside = (): number => starts[random(count)]! + (1 + random(pages - 2)) * PAGE;
  return { regions, args: regions.arguments(inside) };
}

/**
 * Regions of one page, a free page behind most; some gaps, at random places, are wider, each by a
 * page more than the one that the search comes to before. Arguments: lengths that fit one of these
 * gaps and no earlier one.
 */
function perforated(abi: Abi, count: number, layout: AddressLayout): Scene {
  const regions = new Regions(abi, layout);
  const isUpward = layout === "linux";
  const wide = Math.min(WIDE_GAPS, count - 1);
  const indices = Array.from({ length: count - 1 }, (_, i) => i);
  const chosen = shuffled(indices, regions.random).slice(0, wide);
  const gaps = indices.map(() => 1);
  chosen
    .sort((a, b) => (isUpward ? a - b : b - a))
    .forEach((at, rank) => {
      gaps[at] = rank + 2;
    });
  const starts = [0];
  for (const gap of gaps) starts.push(starts.at(-1)! + 1 + gap);
  const { mmapBase } = regions.process.mm();
  const base = isUpward ? mmapBase : mmapBase - (starts.at(-1)! + 1) * PAGE;
  const addresses = starts.map((start) => base + start * PAGE);
  regions.fill(addresses, PAGE);
  const last = chosen.at(-1)!;
  const found = regions.map(0, (wide + 1) * PAGE, MAP_PRIVATE_ANONYMOUS);
  if (found !== addresses[last]! + PAGE)
    throw new Error("the widest gap is not where it should be");
  regions.unmap(found, (wide + 1) * PAGE);
  return { regions, args: regions.arguments(() => (2 + regions.random(wide)) * PAGE) };
}

/**
 * What a loop may call: text of a system call with these arguments; a number stands for itself, a
 * string for a variable.
 */
type CallText = (
  name: "MMAP" | "MUNMAP" | "BRK" | "MPROTECT" | "NONE",
  ...args: (number | string)[]
) => string;

/** System calls to be timed. */
export interface Operation {
  readonly name: string;
  /** System calls a round. */
  readonly calls: number;
  scene(abi: Abi, count: number): Scene;
  /** One round: statements that may use `argument`, and the heap's start. */
  round(call: CallText, startBrk: number): string;
}

/**
 * The call of a number that no system call has: what crossing the border costs, and the dispatch.
 */
export const NO_CALL: Operation = {
  name: "no such call",
  calls: 1,
  scene: spread,
  round: (call) => `${call("NONE", "argument")};`,
};

/** The operations whose costs are held against the number of regions. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: "mmap, munmap",
    calls: 2,
    scene: spread,
    round: (call) =>
      `const place = ${call("MMAP", 0, PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1)};
       ${call("MUNMAP", "place", PAGE)};`,
  },
  {
    name: "brk up, down",
    calls: 2,
    scene: spread,
    round: (call, startBrk) =>
      `${call("BRK", startBrk + 5 * PAGE)}; ${call("BRK", startBrk + 4 * PAGE)};`,
  },
  ...(["linux", "top-down"] as const).map((layout): Operation => ({
    name: `search ${layout === "linux" ? "upwards" : "downwards"}`,
    calls: 1,
    scene: (abi, count) => perforated(abi, count, layout),
    // Neither shared nor private is EINVAL, which Linux finds out when it has a place.
    round: (call) => `${call("MMAP", 0, "argument", PROT_READ_WRITE, MAP.ANONYMOUS, -1)};`,
  })),
  {
    name: "munmap, mmap inside",
    calls: 2,
    scene: spread,
    round: (call) =>
      `${call("MUNMAP", "argument", PAGE)};
       ${call("MMAP", "argument", PAGE, PROT_READ_WRITE, MAP_FIXED_ANONYMOUS, -1)};`,
  },
  {
    name: "mprotect, and back",
    calls: 2,
    scene: spread,
    round: (call) =>
      `${call("MPROTECT", "argument", PAGE, PROT.READ)};
       ${call("MPROTECT", "argument", PAGE, PROT_READ_WRITE)};`,
  },
];

/**
 * @returns a loop of its own, compiled from text as in workloads.ts: `rounds` rounds of the
 *   operation
 */
function compileRounds(operation: Operation, { regions, args }: Scene): (rounds: number) => void {
  const literal = (value: number | string): string =>
    typeof value === "number" && regions.process.abi === "lp64" ? `${value}n` : String(value);
  const numbers: Readonly<Record<string, number>> = { ...regions.numbers, NONE: -1 };
  const call: CallText = (name, ...words) => {
    const six = [0, 1, 2, 3, 4, 5].map((i) => literal(words[i] ?? 0));
    return `syscall(${numbers[name]}, ${six.join(", ")})`;
  };
  const text = `"use strict";
    let at = 0;
    return function rounds(count) {
      for (let i = 0; i < count; i++) {
        const argument = args[at];
        at = (at + 1) & ${ARGUMENTS - 1};
        ${operation.round(call, regions.process.startBrk)}
      }
    };`;
  const make = compileFunction(text, ["syscall", "args"], { filename: operation.name });
  return (make as (...scope: unknown[]) => (rounds: number) => void)(regions.syscall, args);
}

/** @returns an operation in a race, with `count` regions in the table */
export function callContestant(
  name: string,
  operation: Operation,
  abi: Abi,
  count: number,
): Contestant {
  const scene = operation.scene(abi, count);
  const rounds = compileRounds(operation, scene);
  const { process } = scene.regions;
  rounds(ROUNDS);
  const { mapCount } = process.mm();
  rounds(ROUNDS);
  if (process.mm().mapCount !== mapCount) throw new Error(`${name} does not restore the table`);
  const unitsPerCall = ROUNDS * operation.calls;
  const clocked: number[] = [];
  const call = (): void => {
    const begin = performance.now();
    rounds(ROUNDS);
    clocked.push(((performance.now() - begin) * 1e6) / unitsPerCall);
  };
  return { name, unitsPerCall, call, clocked };
}
