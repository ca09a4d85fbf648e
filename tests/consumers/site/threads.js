import { createHeap } from "ptmalloc-wasm/threads";

export async function run() {
  const heap = await createHeap();
  const block = heap.malloc(100);
  return {
    thread: heap.thread,
    isShared: !(heap.memory.buffer instanceof ArrayBuffer),
    block: block % 16,
  };
}
