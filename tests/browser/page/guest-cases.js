// Other modules over a heap, on a page.

import { createHeap } from "ptmalloc-wasm";
import { heapOptionsFor, linkGuest } from "ptmalloc-wasm/link";

/** Two guests exchange pointers. @param {number[][]} guests their bytes */
export async function guests(...guests) {
  const bytes = guests.map((numbers) => Uint8Array.from(numbers));
  const wasm = await (await fetch("/build/core.ilp32.wasm")).arrayBuffer();
  const heap = await createHeap({ ...heapOptionsFor(...bytes), wasm });
  const linked = [];
  for (const guest of bytes) linked.push((await linkGuest(guest, heap)).exports);
  const [first, second] = /** @type {any[]} */ (linked);
  const block = first.put(42) >>> 0;
  const usable = heap.usableSize(block);
  const taken = second.take(block);
  const again = heap.malloc(4) === block;
  const refused = await linkGuest(/** @type {Uint8Array<ArrayBuffer>} */ (bytes[0]), heap).catch(
    (error) => error.message,
  );
  return { usable, taken, again, refused };
}
