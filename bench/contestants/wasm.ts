// The contestants in WebAssembly: instances of what bench/assembly is compiled to.

import { LARGE_PEER_HEAP_BASE } from "../../tools/builds.mjs";
import { wasmModule } from "./binaries.js";

/** What the modules export. */
export interface ForeignExports {
  readonly malloc: (bytes: number | bigint) => number;
  readonly free: (block: number | bigint) => void;
  replay(begin: number, end: number, blocks: number): number;
  release_all(blocks: number, count: number): void;
}

/** An instance in a memory of its own. */
export interface ForeignInstance {
  readonly exports: ForeignExports;
  readonly memory: WebAssembly.Memory;
}

/**
 * Instantiates one of AssemblyScript's allocators (or `empty`).
 *
 * @param maximumPages limit of its memory, in pages of 64 KiB
 */
export function foreignInstance(
  name: "empty" | "tlsf-large" | "stub-large",
  maximumPages: number,
): ForeignInstance {
  const initial = LARGE_PEER_HEAP_BASE / 65_536 + 1;
  const memory = new WebAssembly.Memory({ initial, maximum: Math.max(initial, maximumPages) });
  const abort = (): never => {
    throw new Error("the allocator aborted");
  };
  const { exports } = new WebAssembly.Instance(wasmModule(`peers/${name}`), {
    env: { memory, abort },
  });
  return { exports: exports as unknown as ForeignExports, memory };
}
