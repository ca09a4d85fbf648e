// How a heap can be made.

import type { ProcessOptions } from "../process/options.js";
import type { Abi } from "../layout/address.js";

/** The builds that a heap can run on. */
export type HeapBuild = "core" | "checked" | "image" | "full" | "threads";

/** The buffer that a heap's typed arrays look at: a shared one where threads share the memory. */
export type ViewBuffer<B extends HeapBuild> = [B] extends ["core" | "checked" | "image" | "full"]
  ? ArrayBuffer
  : ArrayBufferLike;

/** What an allocation does when there is no memory. */
export type OutOfMemoryPolicy =
  /** It returns 0, as C's does, and errno is ENOMEM. */
  | "null"
  /** It throws an OutOfMemoryError. */
  | "throw";

/** How to make a heap: all that a process takes, and what to do when memory runs out. */
export type HeapOptions<A extends Abi = Abi, B extends HeapBuild = HeapBuild> = ProcessOptions<
  A,
  B
> & {
  /**
   * What an allocation does when there is no memory: return 0 ("null", default) or throw an
   * OutOfMemoryError.
   */
  outOfMemory?: OutOfMemoryPolicy;
  /**
   * Whether typed arrays shall stay valid when the memory grows, where the engine can do that
   * (WebAssembly.Memory's toResizableBuffer); `heap.hasStableViews` says whether it can. It changes
   * `memory.buffer` for everybody who uses the memory, engines access resizable buffers more
   * slowly, and many Web APIs refuse them. Default false.
   */
  stableViews?: boolean;
  /** No threads that run at the same time: those are the subject of ptmalloc-wasm/threads. */
  threads?: false;
};
