// Instances of AssemblyScript's allocators, in any engine: this imports nothing of Node.js.

import { LARGE_PEER_HEAP_BASE } from "../../tools/builds.mjs";

/** What the modules export. */
export interface ForeignExports {
  readonly malloc: (bytes: number | bigint) => number;
  readonly free: (block: number | bigint) => void;
  replay(begin: number, end: number, blocks: number): number;
  release_all(blocks: number, count: number): void;
}

/** An instance, and its memory. */
export interface ForeignInstance {
  readonly exports: ForeignExports;
  readonly memory: WebAssembly.Memory;
}

/**
 * @param module one of AssemblyScript's allocators above a large space, or "empty"
 * @param maximumPages limit of its memory, in pages of 64 KiB
 * @returns an instance in a memory of its own
 */
export function foreignInstance(module: WebAssembly.Module, maximumPages: number): ForeignInstance {
  const initial = LARGE_PEER_HEAP_BASE / 65_536 + 1;
  const memory = new WebAssembly.Memory({ initial, maximum: Math.max(initial, maximumPages) });
  const abort = (): never => {
    throw new Error("the allocator aborted");
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  return { exports: exports as unknown as ForeignExports, memory };
}
