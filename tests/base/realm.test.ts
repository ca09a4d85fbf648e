// What a host or another realm made is known by what it is like, never by its class.

import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeapSync } from "../../src/heap/threads/create.js";
import { startProcessSync } from "../../src/process/process.js";
import { isTrap } from "../../src/base/realm.js";
import { checkHandle } from "../../src/process/threads/join.js";

/** The error of a call of `unreachable`, by code that can run in any realm. */
const TRAP = `(() => {
  const bytes = Uint8Array.of(
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1,
    3, 0, 0, 11,
  );
  try {
    new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f();
  } catch (error) {
    return error;
  }
})()`;

describe("isTrap", () => {
  it("knows a trap of this realm and of another", () => {
    const foreign: unknown = runInNewContext(TRAP);
    expect(foreign).not.toBeInstanceOf(WebAssembly.RuntimeError);
    expect(isTrap(foreign)).toBe(true);
    expect(isTrap((0, eval)(TRAP))).toBe(true);
  });

  it("takes nothing else for one", () => {
    for (const other of [new RangeError("r"), { name: "RuntimeError" }, "RuntimeError", null]) {
      expect(isTrap(other)).toBe(false);
    }
    expect(isTrap(runInNewContext("new WebAssembly.LinkError('l')"))).toBe(false);
    expect(isTrap(runInNewContext("new Error('e')"))).toBe(false);
  });
});

describe("objects of another realm", () => {
  it("a memory can be a heap's, and its views stay views of it", () => {
    const memory = runInNewContext(
      "new WebAssembly.Memory({ initial: 32, maximum: 2000 })",
    ) as WebAssembly.Memory;
    expect(memory).not.toBeInstanceOf(WebAssembly.Memory);
    expect(memory.buffer).not.toBeInstanceOf(ArrayBuffer);
    const heap = createHeapSync({ memory });
    expect(heap.hasStableViews).toBe(false);
    const block = heap.malloc(100);
    heap.u8(block, 4).fill(7);
    expect([...heap.u8(block, 4)]).toEqual([7, 7, 7, 7]);
    expect(heap.cString(heap.newCString("h\u00e9llo"))).toBe("h\u00e9llo");
    // Its end: what asks whether somebody else has grown it must not detach the buffer.
    const { buffer } = memory;
    expect(() => heap.u8(buffer.byteLength, 1)).toThrow(RangeError);
    expect(memory.buffer).toBe(buffer);
    expect(heap.u8(heap.malloc(5_000_000), 5).length).toBe(5);
  });

  it("an unshared memory is not taken for a shared one, nor the other way round", () => {
    const shared = runInNewContext(
      "new WebAssembly.Memory({ initial: 32, maximum: 99, shared: true })",
    ) as WebAssembly.Memory;
    const unshared = runInNewContext("new WebAssembly.Memory({ initial: 32 })") as never;
    expect(() => createHeapSync({ memory: shared })).toThrow(/must be unshared/);
    expect(() => createThreadedHeapSync({ memory: unshared })).toThrow(/must be shared/);
    const heap = createThreadedHeapSync({ memory: shared, taskSize: 99 * 65536 });
    expect(heap.u8(heap.malloc(100), 3).length).toBe(3);
    const registry = runInNewContext("new SharedArrayBuffer(1024)") as SharedArrayBuffer;
    const handle = { ...heap.handle(), registry };
    expect(checkHandle("attachHeap", handle)).toBe(handle);
  });

  it("bytes, modules, URLs and promises of them are binaries", async () => {
    const { module } = startProcessSync();
    const url = new URL("../../build/core.ilp32.wasm", import.meta.url);
    const foreign = {
      get [Symbol.toStringTag]() {
        return "URL";
      },
      href: url.href,
      protocol: url.protocol,
      pathname: url.pathname,
      hostname: url.hostname,
      toString: () => url.href,
    } as unknown as URL;
    const promised = runInNewContext("Promise.resolve(module)", { module }) as Promise<never>;
    for (const wasm of [foreign, promised, Promise.resolve(url), Promise.resolve(module)])
      expect((await createHeap({ wasm })).malloc(8)).toBeGreaterThan(0);
  });
});
