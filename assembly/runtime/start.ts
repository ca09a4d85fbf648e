// Starts the heap of an AssemblyScript program inside that program's own memory: the runtime's by
// itself, the library's on request.

import { PAGE_SIZE, WASM_PAGE_SIZE, alignUp } from "../base/align";
import { Layout } from "../kernel/mm";
import { Tunable, setTunableValue } from "../malloc/parameters";
import { RESERVED_BYTES, initialize } from "../process";

/**
 * The highest end of a heap's address space: the last WebAssembly page of 4 GiB is never mapped.
 */
const TASK_SIZE_MAX: usize = <usize>0 - WASM_PAGE_SIZE;

/**
 * Begins a heap in this module's memory. Its own data takes some 64 KiB from `base` on, the blocks
 * follow, and the memory grows with them. Big blocks come from the heap, too (mmap_max = 0):
 * WebAssembly cannot give pages back, and mappings would only scatter the memory. `base`: bytes,
 * rounded up to 4096; 0 stands for the end of the program's static data. `limit`: no block reaches
 * it, bytes, a multiple of 4096; 0 stands for as far as the memory grows. 0, -EINVAL for a place
 * that makes no sense, or -ENOMEM.
 */
export function startHeap(base: usize = 0, limit: usize = 0): i32 {
  const start = <usize>alignUp(<word>(base == 0 ? __heap_base : base), PAGE_SIZE);
  const end = limit == 0 ? TASK_SIZE_MAX : limit;
  // On a page whose number ends in 0 in hexadecimal safe-linking sees no forged link.
  let startBrk = start + RESERVED_BYTES;
  if ((startBrk / PAGE_SIZE) % 16 == 0) startBrk += PAGE_SIZE;
  // Conservative: what the memory has already may have been written to, what it grows by is zero.
  const error = initialize(start, startBrk, 0, end, Layout.COMPACT);
  if (error != 0) return error;
  setTunableValue(Tunable.MMAP_MAX, 0);
  return 0;
}
