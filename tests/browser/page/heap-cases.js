// The friendly heap on a page: what browsers refuse to do with shared and resizable buffers must
// not show.

import { createHeap, createHeapSync } from "ptmalloc-wasm";
import { createHeap as createThreadedHeap } from "ptmalloc-wasm/threads";

const TEXT = "Grüße 👋 \ufeff\u2028";

/** @param {"ilp32" | "lp64"} abi @param {string} build */
async function wasmOf(abi, build) {
  const url = new URL(`../../../build/${build}.${abi}.wasm`, import.meta.url);
  return await (await fetch(url)).arrayBuffer();
}

/** @param {import("ptmalloc-wasm").Heap} heap */
function story(heap) {
  const Item = heap.struct({ id: "u32", name: "char[20]", at: { x: "f64" } });
  const item = Item.alloc({ id: 1, name: "né", at: { x: 0.5 } });
  const block = heap.alloc(Float64Array, 100);
  const view = block.view.fill(1.5);
  const text = heap.newCString(TEXT);
  const size = heap.memory.buffer.byteLength;
  const events = /** @type {number[]} */ ([]);
  heap.onGrow(({ from, to }) => events.push(to - from));
  heap.free(heap.malloc(size));
  const room = heap.malloc(8);
  const written = heap.writeCString(room, 8, TEXT, { truncate: true });
  const using = heap.withScope((scope) => heap.cString(scope.newCString(TEXT)) === TEXT);
  return {
    events: events.length > 0 && events.every((by) => by > 0),
    isTextSame: heap.cString(text) === TEXT && heap.utf8(text, 4, { fatal: true }) === "Grü",
    cut: [written, heap.cString(room)],
    item: item.$get(),
    stable: heap.hasStableViews,
    oldView: view.length,
    newView: block.view.length,
    isSame: block.view === view,
    last: block.get(99),
    using,
    dispose: typeof Symbol.dispose === "symbol" && typeof block[Symbol.dispose] === "function",
  };
}

/** @param {"ilp32" | "lp64"} abi */
export async function heapPlain(abi) {
  return story(createHeapSync({ abi, wasm: await wasmOf(abi, "core") }));
}

/** @param {"ilp32" | "lp64"} abi */
export async function heapStable(abi) {
  const can = "toResizableBuffer" in WebAssembly.Memory.prototype;
  const heap = await createHeap({ abi, wasm: await wasmOf(abi, "core"), stableViews: true });
  return { can, ...story(heap) };
}

/** @param {"ilp32" | "lp64"} abi */
export async function heapShared(abi) {
  return story(await createThreadedHeap({ abi, wasm: await wasmOf(abi, "threads") }));
}

/** A memory without a maximum cannot have a resizable buffer. */
export async function heapUnbounded() {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const wasm = await wasmOf("ilp32", "core");
  return createHeap({ wasm, memory, stableViews: true }).then(
    (heap) => `made: ${heap.hasStableViews}`,
    (error) => `${error.name}: ${error.message}`,
  );
}
