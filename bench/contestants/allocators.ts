// The contestants, by name.

import { MemPool } from "@thi.ng/malloc";
import type { Abi } from "../../src/layout/address.js";
import type { Contestant } from "../lab/harness.js";
import { NativeLoops } from "../../src/cli/bench/native-loops.js";
import { NATIVE_NAMES, nativeProgram } from "./native.js";
import { PTMALLOC_TABLE, foreignInstance, ptmallocInstance, type LoopExports } from "./wasm.js";
import {
  BATCH_BLOCKS,
  batchLoop,
  pairLoop,
  type JsHeap,
  type LoopPieces,
  type LoopScope,
} from "../lab/workloads.js";

/** This project's allocator, as the tables call it. */
export const OURS: Readonly<Record<Abi, string>> = {
  ilp32: "ptmalloc-wasm",
  lp64: "ptmalloc-wasm lp64",
};
/** The same with the profile "throughput". */
export const THROUGHPUT = "ptmalloc-wasm throughput";
export const EMPTY = "empty Wasm call";
export const TLSF = "AssemblyScript TLSF";
export const STUB = "AssemblyScript stub";

/** Memory limit of AssemblyScript's allocators, Wasm pages: 2 GiB. */
export const FOREIGN_PAGES = 32_768;

/** An allocator that a loop in JavaScript uses. */
export interface JsAllocator {
  readonly name: string;
  /** Block sizes that it stands for; all when absent. */
  readonly sizes?: readonly number[];
  /** It frees blocks in any order; false leaves it out of batches. */
  readonly frees: boolean;
  /** Its sizes are BigInts. */
  readonly isBig?: boolean;
  readonly pieces: LoopPieces;
  /** A fresh allocator. */
  scope(): LoopScope;
}

const CALLS: LoopPieces = { get: "malloc(bytes)", drop: "free(block);" };
/**
 * Dropping an object is forgetting it; the last ones stay in the table, so that the engine cannot
 * leave them out.
 */
const KEPT = "table[i & 15] = block;";

/** @returns the two functions off their object: a loop calls them without looking them up */
function callsOf({ malloc, free }: JsHeap): JsHeap {
  return { malloc, free };
}

function fromWasm(name: string, frees: boolean, make: () => JsHeap): JsAllocator {
  return {
    name,
    frees,
    pieces: CALLS,
    scope: () => ({ ...callsOf(make()), table: new Int32Array(BATCH_BLOCKS) }),
  };
}

function fromEngine(name: string, get: string, sizes?: readonly number[]): JsAllocator {
  const scope = (): LoopScope => ({ table: new Array<unknown>(BATCH_BLOCKS).fill(null) });
  return { name, frees: true, pieces: { get, drop: KEPT }, scope, ...(sizes && { sizes }) };
}

/**
 * A block is seldom alone in its heap: pairs run between two live blocks of the same size, so that
 * nobody merges the one that comes and goes with the rest of the heap each time.
 */
function surround({ malloc, free }: JsHeap, bytes: number | bigint): void {
  const blocks = [malloc(bytes), malloc(bytes), malloc(bytes)] as const;
  free(blocks[1]);
}

/** Contestants called from JavaScript. */
export const jsAllocators: readonly JsAllocator[] = [
  fromWasm(EMPTY, true, () => foreignInstance("empty", 0).exports),
  fromWasm(OURS.ilp32, true, () => ptmallocInstance("ilp32")),
  {
    name: OURS.lp64,
    frees: true,
    isBig: true,
    pieces: CALLS,
    scope: () => ({
      ...callsOf(ptmallocInstance("lp64")),
      table: new BigInt64Array(BATCH_BLOCKS),
    }),
  },
  fromWasm(TLSF, true, () => foreignInstance("tlsf-large", FOREIGN_PAGES).exports),
  fromWasm(STUB, false, () => foreignInstance("stub-large", FOREIGN_PAGES).exports),
  {
    name: "@thi.ng/malloc",
    frees: true,
    pieces: { get: "pool.malloc(bytes)", drop: "pool.free(block);" },
    scope: () => ({
      pool: new MemPool({ size: 32 << 20 }),
      table: new Int32Array(BATCH_BLOCKS),
    }),
  },
  fromEngine("new Uint8Array(n)", "new Uint8Array(bytes)"),
  fromEngine("new ArrayBuffer(n)", "new ArrayBuffer(bytes)"),
  // 24 bytes of header and five fields of 8: an object of 64 bytes in a V8 without pointer
  // compression, as Node has.
  fromEngine("{ five fields }", "({ a: i, b: i, c: i, d: i, e: i })", [64]),
];

/** @returns the entry of an allocator in a race of loops in JavaScript */
export function jsContestant(
  allocator: JsAllocator,
  kind: "pairs" | "batches",
  bytes: number,
): Contestant {
  const make = kind === "pairs" ? pairLoop : batchLoop;
  const scope = allocator.scope();
  const loop = make(`${allocator.name} ${bytes}`, allocator.pieces, scope);
  const argument = allocator.isBig === true ? BigInt(bytes) : bytes;
  if (kind === "pairs" && scope.malloc && scope.free) surround(scope as JsHeap, argument);
  const rounds = kind === "pairs" ? 4096 : 16;
  const unitsPerCall = kind === "pairs" ? rounds : rounds * BATCH_BLOCKS;
  const call = (): void => void loop(rounds, argument);
  return { name: allocator.name, unitsPerCall, call, clocked: null };
}

/** An allocator that a loop beside it, in WebAssembly or in C, uses. */
export interface LoopAllocator {
  readonly name: string;
  /** @returns a contestant, or null where the allocator is not available */
  contestant(kind: "pairs" | "batches", bytes: number): Contestant | null;
}

function loopInWasm(
  name: string,
  make: () => { exports: LoopExports; table: number; toWord: (n: number) => number | bigint },
): LoopAllocator {
  return {
    name,
    contestant(kind, bytes) {
      const { exports, table, toWord } = make();
      const size = toWord(bytes);
      if (kind === "pairs") {
        surround(exports, size);
        const call = (): void => void exports.pairs(4096, size);
        return { name, unitsPerCall: 4096, call, clocked: null };
      }
      const call = (): void => void exports.batches(16, BATCH_BLOCKS, size, table);
      return { name, unitsPerCall: 16 * BATCH_BLOCKS, call, clocked: null };
    },
  };
}

function loopInC(abi: Abi): LoopAllocator {
  const name = NATIVE_NAMES[abi];
  return {
    name,
    contestant(kind, bytes) {
      const program = nativeProgram(abi);
      if ("skipped" in program) return null;
      const loops = new NativeLoops(program.path);
      const clocked: number[] = [];
      const units = 40_960;
      const command =
        kind === "pairs"
          ? `pairs ${units} ${bytes}`
          : `batches ${units / BATCH_BLOCKS} ${BATCH_BLOCKS} ${bytes}`;
      if (kind === "pairs") void loops.run(`surround ${bytes}`);
      const call = async (): Promise<void> => {
        for (const nanoseconds of await loops.run(command)) clocked.push(nanoseconds / units);
      };
      return { name, unitsPerCall: units, call, clocked, close: () => loops.close() };
    },
  };
}

/** Where the table of blocks is in the memory of AssemblyScript's allocators. */
const table = 65_536;
const toNumber = (n: number): number => n;

/** Contestants with a loop of their own beside them. */
export const loopAllocators: readonly LoopAllocator[] = [
  loopInWasm(OURS.ilp32, () => ({
    exports: ptmallocInstance("ilp32"),
    table: PTMALLOC_TABLE,
    toWord: toNumber,
  })),
  loopInWasm(OURS.lp64, () => ({
    exports: ptmallocInstance("lp64"),
    table: PTMALLOC_TABLE,
    toWord: BigInt,
  })),
  loopInWasm(TLSF, () => ({
    exports: foreignInstance("tlsf-large", FOREIGN_PAGES).exports,
    table,
    toWord: toNumber,
  })),
  loopInWasm(STUB, () => ({
    exports: foreignInstance("stub-large", FOREIGN_PAGES).exports,
    table,
    toWord: toNumber,
  })),
  loopInC("ilp32"),
  loopInC("lp64"),
];
