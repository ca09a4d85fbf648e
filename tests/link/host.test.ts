import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createDebugHeapSync } from "../../src/debug/create.js";
import { MemoryError } from "../../src/debug.js";
import { createHeapSync } from "../../src/heap/create.js";
import { HeapAbort } from "../../src/process/failures.js";
import { heapOptionsFor, linkGuest, linkGuestSync, mergedFailure } from "../../src/link.js";
import { assemble, IMPORTS } from "./wat.js";

type Functions = Record<string, (...args: number[]) => number>;

// What is on the host's side of a guest: debug heaps, options, exports, objects of other realms,
// Emscripten's JavaScript.

const MAKE = `(func (export "make") (param i32) (result i32) (call $malloc (local.get 0)))
  (func (export "drop") (param i32) (call $free (local.get 0)))`;
const MEMORY = '(memory (export "memory") 2)';
const BASE = '(global (export "__heap_base") i32 (i32.const 5000))';
const guest = (more = MAKE) => assemble(`(module ${IMPORTS} ${MEMORY} ${BASE} ${more})`);

describe("linkGuest over a debug heap", () => {
  const OVER = `${MAKE} (func (export "overflow") (param i32)
    (i32.store8 (i32.add (call $malloc (local.get 0)) (local.get 0)) (i32.const 0x41)))`;

  it("is watched without being asked", () => {
    const bytes = guest(OVER);
    const heap = createDebugHeapSync(heapOptionsFor(bytes));
    const { make, drop, overflow } = linkGuestSync(bytes, heap).exports as unknown as Functions;
    const block = make!(10);
    expect(heap.whoOwns(block)).toMatchObject({ where: "live-block" });
    new Uint8Array(heap.memory.buffer)[block + 10] = 1;
    expect(() => drop!(block)).toThrow(MemoryError);
    expect(() => overflow!(10)).not.toThrow();
    expect(() => heap.check()).toThrow(MemoryError);
  });

  it("calls what the caller gives instead, also for env.malloc", () => {
    const bytes = guest();
    const heap = createDebugHeapSync(heapOptionsFor(bytes));
    const imports = { ptmalloc: { malloc: (size: number) => size + 1 } };
    const { exports } = linkGuestSync(bytes, heap, { imports });
    expect((exports as unknown as Functions).make!(10)).toBe(11);
  });
});

describe("a guest's exports", () => {
  const bytes = guest(`${MAKE}
    (table (export "table") 1 funcref) (global (export "answer") i32 (i32.const 42))
    (func $sum (param i32 i64 i32 i32 i32) (result i32)
      (i32.add (local.get 0) (i32.add (local.get 3) (local.get 4))))
    (export "sum" (func $sum)) (export "same" (func $sum))
    (func (export "pair") (param i32) (result i32 i32) (local.get 0) (i32.const 7))
    (func (export "none") (nop))
    (func (export "two") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
    (func (export "three") (param i32 i32 i32) (result i32)
      (i32.sub (local.get 0) (i32.sub (local.get 1) (local.get 2))))
    (func (export "trap") (unreachable))`);
  const heap = createHeapSync(heapOptionsFor(bytes));
  const { exports, instance } = linkGuestSync(bytes, heap);
  const call = exports as unknown as Record<string, (...args: unknown[]) => unknown>;

  it("take and give what the engine's own do, under the same names and lengths", () => {
    expect(call.sum!(1, 2n, 3, 4, 5)).toBe(10);
    expect(call.pair!(1)).toEqual([1, 7]);
    expect([call.none!(), call.two!(5, 3), call.three!(9, 5, 3)]).toEqual([undefined, 2, 7]);
    // Arguments that are missing, and too many.
    expect([call.two!(5), call.two!(5, 3, 8)]).toEqual([5, 2]);
    expect(() => call.sum!(1, 2)).toThrow(TypeError);
    expect(call.same).toBe(call.sum);
    for (const [name, own] of Object.entries(instance.exports)) {
      if (typeof own !== "function") expect(exports[name]).toBe(own);
      else expect([call[name]!.length, call[name]!.name]).toEqual([own.length, own.name]);
    }
  });

  it("throw what the guest throws", () => {
    expect(() => call.trap!()).toThrow(WebAssembly.RuntimeError);
    const block = call.make!(24);
    call.drop!(block);
    expect(() => call.drop!(block)).toThrow(HeapAbort);
  });
});

describe("what Emscripten's JavaScript gives", () => {
  /** As emcc -O3 leaves a guest: names of imports and exports are gone. */
  const minified = assemble(`(module (import "a" "a" (func $malloc (param i32) (result i32)))
    (import "a" "b" (func $notice (param i32))) (import "a" "c" (func $now (result i32)))
    (memory (export "d") 2) (func (export "e") (param i32) (result i32)
      (call $notice (memory.size)) (i32.add (call $now) (call $malloc (local.get 0)))))`);
  function ptmalloc_malloc(): never {
    throw new Error("not linked");
  }
  function _emscripten_notify_memory_growth(): void {}
  const now = () => 0;

  it("stands in for the heap's functions, whatever their imports are called", () => {
    const heap = createHeapSync(heapOptionsFor(minified));
    const imports = { a: { a: ptmalloc_malloc, b: _emscripten_notify_memory_growth, c: now } };
    const { exports } = linkGuestSync(minified, heap, { imports });
    const block = (exports as unknown as Functions).e!(100);
    expect(heap.usableSize(block)).toBe(108);
    // The same guest with a malloc of its own behind names that tell nothing.
    const other = { a: { a: () => 0, b: () => {}, c: now } };
    expect(() => linkGuestSync(minified, heap, { imports: other, replace: true })).toThrow(
      "the guest brings an allocator of its own (its code has memory.size, and imports none",
    );
  });

  it("is known by the shim's names, too", () => {
    const shim = assemble(`(module
      (import "env" "ptmalloc_malloc" (func $malloc (param i32) (result i32)))
      (memory 1) (func (export "make") (param i32) (result i32) (call $malloc (local.get 0))))`);
    const heap = createHeapSync(heapOptionsFor(shim));
    const { exports } = linkGuestSync(shim, heap, { imports: { env: { ptmalloc_malloc } } });
    expect(heap.usableSize((exports as unknown as Functions).make!(100))).toBe(108);
  });
});

describe("objects of another realm", () => {
  it("are guests and memories as well", async () => {
    const bytes = guest();
    const foreign = runInNewContext("Uint8Array.from(bytes)", {
      bytes: [...bytes],
    }) as typeof bytes;
    const heap = createHeapSync(heapOptionsFor(foreign));
    const { make } = (await linkGuest(foreign, heap)).exports as unknown as Functions;
    expect(heap.usableSize(make!(100))).toBe(108);
    const { buffer } = runInNewContext("Uint8Array.from(bytes)", {
      bytes: [...bytes],
    }) as typeof bytes;
    expect(heapOptionsFor(buffer)).toEqual(heapOptionsFor(bytes));
    const text = `(module ${IMPORTS} (import "env" "memory" (memory 1)) ${MAKE})`;
    const code = [...assemble(text)];
    const inside = "new WebAssembly.Module(Uint8Array.from(code))";
    const module = runInNewContext(inside, { code }) as WebAssembly.Module;
    const options = { ownAllocator: "none" } as const;
    const linked = linkGuestSync(module, createHeapSync(), options);
    expect((linked.exports as unknown as Functions).make!(1)).toBeGreaterThan(0);
  });

  it("tell of a merged module's failure", () => {
    const global = runInNewContext(
      `({ ptmalloc_failure: new WebAssembly.Global({ value: "i32" }, 1) })`,
    ) as WebAssembly.Exports;
    expect(mergedFailure(global)).toBeInstanceOf(HeapAbort);
    expect(mergedFailure({})).toBeUndefined();
  });
});

describe("options", () => {
  const bytes = guest();
  const heap = createHeapSync(heapOptionsFor(bytes));

  it.each([
    [{ import: {} }, 'there is no option "import": did you mean "imports"?'],
    [{ imports: 5 }, 'option "imports" must be an object of objects, got 5'],
    [{ imports: null }, 'option "imports" must be an object of objects, got null'],
    [{ replace: "yes" }, 'option "replace" must be a boolean, got "yes"'],
    [{ ownAllocator: "some" }, 'option "ownAllocator" must be one of "refuse", "areas", "none"'],
    [{ ownAllocator: null }, 'option "ownAllocator" must be one of'],
    ["none", 'options must be an object, got "none"'],
    [null, "options must be an object, got null"],
  ])("%j is refused", (options, message) => {
    expect(() => linkGuestSync(bytes, heap, options as never)).toThrow(message);
  });

  it("heapOptionsFor takes bytes", () => {
    expect(() => heapOptionsFor({ initialPages: 4 } as never)).toThrow(
      "a guest's bytes are needed, got [object Object]",
    );
    expect(() => heapOptionsFor(bytes, undefined as never)).toThrow("got undefined");
  });
});

describe("memories that cannot be", () => {
  it("have addresses of 64 bits", () => {
    const wide = assemble(`(module (memory i64 1))`);
    expect(() => heapOptionsFor(wide)).toThrow("a 64-bit memory (memory64)");
    expect(() => heapOptionsFor(wide)).toThrow("compile it for wasm32");
    const module = new WebAssembly.Module(assemble(`(module (import "env" "memory" (memory 1)))`));
    expect(module).toBeDefined();
  });

  it("are full from the beginning", () => {
    for (const text of [`(memory 65536)`, `(memory 65536) ${BASE}`]) {
      const full = assemble(`(module ${IMPORTS} ${text})`);
      expect(() => heapOptionsFor(full)).toThrow(
        /^a heap's memory has at most 65535 pages; with theirs, which reaches .* needs 655\d\d: /,
      );
      expect(() => linkGuestSync(full, createHeapSync())).toThrow(
        /65536 pages|ends at 0x100000000/,
      );
    }
  });
});
