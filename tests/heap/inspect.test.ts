// What console.log and String say of a heap: one line, also of one that has ended.

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { createDebugHeapSync } from "../../src/debug/create.js";
import { createHeapSync as createCoreHeapSync } from "../../src/heap/core-create.js";
import { createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeapSync } from "../../src/heap/threads/create.js";
import { startProcessSync } from "../../src/process/process.js";
import { openHeapImageSync } from "../../src/image/open.js";
import { MemoryFile } from "../../src/kernel/files/memory-file.js";
import { startKernelSync } from "../../src/kernel/kernel.js";

const place = String.raw`abi: "ilp32", base: 0x10000, brk: 0x[0-9a-f]+`;

describe("one line of", () => {
  const { module: wasm } = startProcessSync();
  it.each<[string, () => object, string]>([
    ["CoreHeap", () => createCoreHeapSync({ wasm }), place],
    ["Heap", () => createHeapSync(), place],
    ["ThreadedHeap", () => createThreadedHeapSync(), `${place}, thread: 0`],
    ["DebugHeap", () => createDebugHeapSync(), `${place}, blocks: 0, bytes: 0`],
    ["Process", () => startProcessSync(), place],
    ["Kernel", () => startKernelSync(), place],
    [
      "PersistentHeap",
      () => openHeapImageSync(new MemoryFile()),
      String.raw`file: ".*", heap: Heap \{ ${place} \}`,
    ],
  ])("%s", (kind, make, parts) => {
    const object = make();
    const line = new RegExp(String.raw`^${kind} \{ ${parts} \}$`);
    expect(inspect(object)).toMatch(line);
    expect(`${object as unknown as string}`).toMatch(line);
    expect(inspect({ object })).toContain(inspect(object));
  });

  it("a heap shows where its break is", () => {
    const heap = createHeapSync();
    heap.malloc(100_000);
    expect(inspect(heap)).toContain(`brk: 0x${heap.mm.brk.toString(16)}`);
  });

  it("a heap that has ended says why", () => {
    const heap = createHeapSync();
    const block = heap.malloc(24);
    heap.free(block);
    expect(() => heap.free(block)).toThrow();
    expect(inspect(heap)).toContain(', ended: "free(): double free detected in tcache 2" }');
    heap.dispose();
    expect(inspect(heap)).toMatch(/, disposed \}$/);
  });
});
