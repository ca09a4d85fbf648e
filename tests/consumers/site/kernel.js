// The entries whose binaries are files: bundlers must carry them along.
import { openHeapImage, MemoryFile } from "ptmalloc-wasm/image";
import { startKernel } from "ptmalloc-wasm/kernel";
import { createHeap } from "ptmalloc-wasm/wasm";

export async function run() {
  const kernel = await startKernel();
  const address = kernel.mmap(0, 4096, 3, 0x22, -1, 0);
  const image = await openHeapImage(new MemoryFile());
  const heap = await createHeap({ abi: "lp64" });
  return {
    maps: kernel.maps().split("\n")[0]?.replace(/^\S+/, "ADDRESS"),
    mapped: address > 0,
    image: image.heap.malloc(100) !== 0,
    lp64: heap.malloc(100) !== 0,
  };
}
