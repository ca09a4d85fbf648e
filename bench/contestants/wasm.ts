// The contestants in WebAssembly: instances of what bench/assembly is compiled to.

import { startProcessSync } from "../../src/process/process.js";
import type { Abi } from "../../src/layout/address.js";
import { LARGE_PEER_HEAP_BASE } from "../../tools/builds.mjs";
import { wasmModule } from "./binaries.js";

/** A size_t or a pointer as JavaScript passes it: a number in ilp32, a BigInt in lp64. */
type Word = number | bigint;

/** What every module with the benchmark's loops exports. */
export interface LoopExports {
  readonly malloc: (bytes: Word) => Word;
  readonly free: (block: Word) => void;
  pairs(rounds: number, bytes: Word): Word;
  batches(rounds: number, blocks: number, bytes: Word, table: number): Word;
}

/** What the modules export that replay traces. */
export interface ReplayLoopExports {
  replay(begin: number, end: number, blocks: number): number;
  release_all(blocks: number, count: number): void;
}

/** An instance in a memory of its own. */
export interface ForeignInstance<Exports> {
  readonly exports: Exports;
  readonly memory: WebAssembly.Memory;
}

/**
 * Instantiates one of AssemblyScript's allocators (or `empty`).
 *
 * @param maximumPages limit of its memory, in pages of 64 KiB
 */
export function foreignInstance<Exports = LoopExports & ReplayLoopExports>(
  name: "empty" | "tlsf-large" | "stub-large",
  maximumPages: number,
): ForeignInstance<Exports> {
  const initial = LARGE_PEER_HEAP_BASE / 65_536 + 1;
  const memory = new WebAssembly.Memory({ initial, maximum: Math.max(initial, maximumPages) });
  const abort = (): never => {
    throw new Error("the allocator aborted");
  };
  const { exports } = new WebAssembly.Instance(wasmModule(`peers/${name}`), {
    env: { memory, abort },
  });
  return { exports: exports as unknown as Exports, memory };
}

/** Table of blocks of a process started by {@link ptmallocInstance}: 960 KiB of it. */
export const PTMALLOC_TABLE = 65_536;

/**
 * Starts a process of this project's allocator, compiled with the benchmark's loops.
 * @returns its exports
 */
export function ptmallocInstance(abi: Abi): LoopExports {
  const wasm = wasmModule(`bench/ptmalloc.${abi}`);
  return startProcessSync({ abi, wasm, base: 1 << 20 }).raw as unknown as LoopExports;
}
