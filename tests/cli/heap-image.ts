// A heap image in a file, for commands that look at one.

import { openHeapImageSync } from "../../src/image/open.js";
import { openNodeFile } from "../../src/kernel/files/node.js";
import { O } from "../../src/kernel/flags.js";

/** Makes an image with some blocks, in use and free. @returns its heap, which goes on */
export function createHeapImage(path: string) {
  const file = openNodeFile(path, O.RDWR | O.CREAT);
  const opened = openHeapImageSync(file, { abi: "ilp32" });
  const blocks = Array.from({ length: 20 }, (_, i) => opened.heap.malloc(20 + 100 * i));
  for (const mem of blocks.slice(3, 9)) opened.heap.free(mem);
  opened.msync();
  return opened.heap;
}
