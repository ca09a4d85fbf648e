// fork(2) for heaps: another heap that is, from then on, as this one is.

import { fork } from "../inspect/checkpoint.js";
import type { Abi } from "../layout/address.js";
import { Heap, type OutOfMemoryPolicy } from "./heap.js";

/**
 * Copies a heap: all of its memory, mappings included. Addresses of blocks are valid in both; what
 * one does the other never sees. Handles (`TypedBlock`, scopes) stay the origin's.
 * @param heap of one thread, made with `createHeap({ build: "full" })`
 * @param outOfMemory what the copy does when there is no memory, as for `createHeap`
 * @returns the copy, which is to be disposed of by itself
 * @throws TypeError for a heap of another build; Error where the heap is at its end
 */
export function forkHeap<A extends Abi>(
  heap: Heap<A, "full">,
  outOfMemory: OutOfMemoryPolicy = "null",
): Heap<A, "full"> {
  const { build }: { build: string } = heap.process;
  if (build !== "full")
    throw new TypeError(`forkHeap needs a heap with build "full", got "${build}"`);
  const [process] = fork([heap.process]);
  return new Heap(process!, outOfMemory);
}
