// The friendly face of the heap: what core-heap.ts has, and the texts of glibc's that describe it. `heap.raw` has the bare C functions at full
// speed.

import type { MmStruct, Process } from "../host/process.js";
import { bufferReaching } from "../host/views.js";
import { mallocInfo, mallocStats } from "../inspect/malloc-info.js";
import type { Abi } from "../layout/address.js";
import { CoreHeap, type HeapBuild } from "./core-heap.js";

export type { HeapBuild, HeapOptions, OutOfMemoryPolicy } from "./core-heap.js";

/** A heap in a WebAssembly memory. Make one with `createHeap`. */
export class Heap<A extends Abi = Abi, B extends HeapBuild = HeapBuild> extends CoreHeap<A, B> {
  declare readonly process: Process<A, B>;

  protected override bufferTo(end: number): ArrayBufferLike {
    return bufferReaching(this.memory, end);
  }

  /** The kernel's mm_struct, live: startBrk, brk, mmapBase, totalVm (pages) and so on. */
  get mm(): MmStruct {
    return this.process.mm();
  }

  /**
   * What `malloc_info(0, file)` writes (man 3 malloc_info): an XML description of all arenas. It reads them as they lie there: no other thread
   * may be inside a call meanwhile.
   * @returns the text, with its last newline
   */
  mallocInfo(): string {
    return this.run("mallocInfo", () => mallocInfo(this.process));
  }

  /**
   * What `malloc_stats()` writes to the standard error stream (man 3 malloc_stats): bytes of each arena, and of all. As for `mallocInfo`, no
   * other thread may be inside a call meanwhile.
   * @returns the text, with its last newline
   */
  mallocStats(): string {
    return this.run("mallocStats", () => mallocStats(this.process));
  }
}
