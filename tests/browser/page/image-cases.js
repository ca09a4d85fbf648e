// A heap in a file of the browser's private file system, in one worker after the other. The first
// one is ended by whoever started it, without closing anything.

import { MemoryFile, openHeapImage, openSyncHandle } from "ptmalloc-wasm/image";

const WORDS = 100_000;

/** @param {"ilp32" | "lp64"} abi @param {import("ptmalloc-wasm/image").HostFile} file */
async function open(abi, file) {
  return await openHeapImage(file, { abi });
}

/**
 * The file's handle, as soon as the worker that had it before has let go.
 * @param {"ilp32" | "lp64"} abi
 */
async function handleOf(abi) {
  const folder = await navigator.storage.getDirectory();
  // Only workers have this, and TypeScript has a page in mind.
  const handle = /** @type {any} */ (await folder.getFileHandle(`heap.${abi}`, { create: true }));
  for (let attempt = 1; ; attempt++) {
    try {
      return await handle.createSyncAccessHandle();
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/**
 * The first worker: an msync, and more that never gets to the file.
 * @param {"ilp32" | "lp64"} abi
 */
export async function imageBegins(abi) {
  const image = await open(abi, openSyncHandle(await handleOf(abi), { path: "/heap" }));
  const { heap } = image;
  image.root = heap.malloc(WORDS * 4);
  heap.u32(image.root, WORDS).forEach((_, index, words) => (words[index] = index * 7));
  const { pages } = image.msync();
  heap.u32(image.root, WORDS).fill(0);
  return { hasPages: pages > 100, root: image.root, next: heap.malloc(1000) };
}

/**
 * The next one: all is there, and the next block comes from where it came from.
 * @param {"ilp32" | "lp64"} abi
 */
export async function imageGoesOn(abi) {
  const image = await open(abi, openSyncHandle(await handleOf(abi)));
  const { heap, root } = image;
  const isWhole = heap.u32(root, WORDS).every((word, index) => word === index * 7);
  const next = heap.malloc(1000);
  image.close();
  return { isWhole, root, next };
}

/** On the main thread, too, in a file of nothing but memory. @param {"ilp32" | "lp64"} abi */
export async function imageInMemory(abi) {
  const file = new MemoryFile();
  const first = await open(abi, file);
  first.root = first.heap.malloc(8);
  first.close();
  return { isSame: (await open(abi, file)).root === first.root };
}
