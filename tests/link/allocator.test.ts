import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { heapOptionsFor, linkGuestSync, readGuest } from "../../src/link.js";
import type { LinkOptions } from "../../src/link.js";
import { assemble, IMPORTS } from "./wat.js";

type Functions = Record<string, (...args: number[]) => number>;

// Guests as release builds leave them: no names. Each has one of the things by which an allocator
// of its own is known.

/** Where data and stack of these guests end. */
const HEAP_BASE = 70_016;
const EXPORTED = `(global (export "__heap_base") i32 (i32.const ${HEAP_BASE}))`;
const MEMORY = '(memory (export "memory") 3)';
const END = 3 * 65536;

/** A guest that imports malloc and free, with more in it. */
const withHeap = (more: string) => assemble(`(module ${IMPORTS} ${MEMORY} ${EXPORTED} ${more})`);
/** One that imports nothing. */
const alone = (more: string) => assemble(`(module ${MEMORY} ${EXPORTED} ${more})`);

const GROW = `(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))`;
const SIZE = `(func (export "size") (result i32) (memory.size))`;
const FROM_BASE = `(func (export "first") (result i32) (i32.const ${HEAP_BASE + 8}))`;

function link(bytes: Uint8Array<ArrayBuffer>, options: LinkOptions = {}, more = {}) {
  const heap = createHeapSync({ ...heapOptionsFor(bytes), ...more });
  return { heap, exports: linkGuestSync(bytes, heap, options).exports as unknown as Functions };
}

describe("an allocator of the guest's own is known", () => {
  const resize = `(import "env" "emscripten_resize_heap" (func (param i32) (result i32)))`;
  it.each([
    ["memory.grow", alone(GROW), "its code has memory.grow, and imports none", true],
    ["memory.size", alone(SIZE), "its code has memory.size, and imports none", false],
    [
      "malloc exported",
      alone(`(func (export "malloc"))`),
      'it exports "malloc", and imports',
      true,
    ],
    ["__new exported", alone(`(func (export "__new"))`), 'it exports "__new", and imports', true],
    ["both, besides imports", withHeap(GROW + SIZE), "memory.grow, and memory.size", false],
    ["growth and the address", withHeap(GROW + FROM_BASE), "memory.grow, and __heap_base", true],
    ["size and the address", withHeap(SIZE + FROM_BASE), "memory.size and __heap_base", false],
    [
      "Emscripten's sbrk",
      assemble(`(module ${IMPORTS} ${resize} ${MEMORY})`),
      "resize_heap",
      false,
    ],
  ])("by %s", (_, bytes, evidence, canHaveArea) => {
    const { ownAllocator } = readGuest(bytes);
    expect(ownAllocator).toMatchObject({ isCertain: true, canHaveArea });
    expect(ownAllocator?.evidence).toContain(evidence);
    expect(() => link(bytes)).toThrow(
      /^the guest brings an allocator of its own \(.*\): .*guest\/ptmalloc\.c.*"ownAllocator".*"none"/,
    );
  });

  it("by names, also where it grows nothing", () => {
    const functions = `(func $dlmalloc (param i32) (result i32) (i32.const 0))`;
    const named = assemble(`(module ${IMPORTS} (memory 1) ${functions})`, true);
    expect(readGuest(named).ownAllocator?.evidence).toBe('it has a function "dlmalloc"');
    const other = `(module (memory 1) (func $malloc (param i32) (result i32) (i32.const 0)))`;
    expect(readGuest(assemble(other, true)).ownAllocator?.evidence).toBe(
      'it has a function "malloc"',
    );
  });

  it("or may be there: code that cannot be read, memory.size without an address", () => {
    const bytes = withHeap(`(func (export "f") (result i32) (i32.const 0x1234567))`);
    // An opcode that there is not, in place of i32.const's.
    const at = bytes.findIndex((byte, index) => byte === 0x41 && bytes[index + 1] === 0xe7);
    bytes[at] = 0x27;
    expect(readGuest(bytes).ownAllocator).toEqual({
      evidence: "its code cannot be read: there is the unknown opcode 27 in function 0",
      isCertain: false,
      canHaveArea: false,
    });
    expect(() => link(bytes)).toThrow("the guest may have an allocator of its own");
    const size = assemble(`(module ${IMPORTS} ${MEMORY} ${SIZE})`);
    expect(readGuest(size).ownAllocator).toMatchObject({ isCertain: false, canHaveArea: false });
  });
});

describe("no allocator is seen", () => {
  const sbrk = `(import "env" "sbrk" (func (param i32) (result i32)))`;
  const dlmalloc = `(func $dlmalloc (param i32) (result i32) (i32.const 0))`;
  it.each([
    ["where the heap's malloc is all", withHeap("")],
    ["where memory.size is read, for what it is", withHeap(SIZE)],
    ["where memory.grow makes room for something else", withHeap(GROW)],
    [
      "in one over the heap's sbrk",
      assemble(`(module ${sbrk} ${MEMORY} ${EXPORTED} ${dlmalloc})`, true),
    ],
    [
      "in Emscripten's functions for the stack's end",
      withHeap(SIZE + FROM_BASE.replace("first", "emscripten_stack_get_base")),
    ],
    ["in malloc handed on", withHeap(`(export "malloc" (func $malloc))`)],
  ])("%s", (_, bytes) => {
    expect(readGuest(bytes)).toMatchObject({ ownAllocator: undefined, end: HEAP_BASE });
    expect(() => link(bytes)).not.toThrow();
  });
});

describe("areas of their own", () => {
  const POOL = `(global $next (mut i32) (i32.const 0))
    (func (export "take") (param i32) (result i32)
    (if (i32.eqz (global.get $next)) (then (global.set $next (i32.const ${HEAP_BASE}))))
    (global.set $next (i32.add (global.get $next) (local.get 0)))
    (memory.fill (i32.sub (global.get $next) (local.get 0)) (i32.const 0x55) (local.get 0))
    (i32.sub (global.get $next) (local.get 0)))`;
  /** The same address as static data: a pointer that is there from the beginning. */
  const bytesOf = (address: number) =>
    [0, 8, 16, 24].map((shift) => `\\${((address >>> shift) & 255).toString(16).padStart(2, "0")}`);
  const POINTER = `(data (i32.const 1024) "${bytesOf(HEAP_BASE).join("")}")`;

  it.each([
    ["imports malloc and has a pool of its own from __heap_base on", withHeap(POOL)],
    ["imports malloc and has a pointer there", withHeap(POINTER)],
    [
      "has a pointer whose last byte, a zero, was left out",
      withHeap(POINTER.replace('\\00")', '")')),
    ],
    ["has a pointer in data that its code lays", withHeap(POINTER.replace("(i32.const 1024)", ""))],
    ["imports nothing and has such a pool", alone(POOL)],
    ["exports no __heap_base", assemble(`(module ${IMPORTS} ${MEMORY})`)],
  ])("the heap lies above the memory that the guest begins with: it %s", (_, bytes) => {
    expect(readGuest(bytes)).toMatchObject({ ownAllocator: undefined, end: END });
    const { heap, exports } = link(bytes);
    expect(heap.process.base).toBeGreaterThanOrEqual(END);
    exports.take?.(100_000);
    const { brk } = heap.mm;
    heap.malloc(100);
    expect(heap.mm.brk).toBeGreaterThan(brk);
    expect(heap.malloc(500_000)).toBeGreaterThan(END);
  });

  it("a heap that begins below is refused, and why", () => {
    expect(() => link(withHeap(POOL), {}, { base: 73_728 })).toThrow(
      "the guest may use all memory that it begins with, which ends at 0x30000, the heap begins " +
        "at 0x12000: make the heap with base: 196608 or more",
    );
  });

  it("is for those that take memory by memory.grow", () => {
    const { heap, exports } = link(alone(GROW), { ownAllocator: "areas" });
    const block = heap.malloc(1000);
    const own = exports.grow!(2) * 65536;
    heap.u8(own, 2 * 65536).fill(0xaa);
    const blocks = Array.from({ length: 30 }, () => heap.calloc(1, 100_000));
    expect(blocks.every((at) => at + 100_000 <= own || at >= own + 2 * 65536)).toBe(true);
    blocks.forEach((at) => heap.free(at));
    heap.free(block);
    expect(heap.u8(own, 2 * 65536).every((byte) => byte === 0xaa)).toBe(true);
    expect(() => link(alone(GROW), { ownAllocator: "areas" }, { base: 73_728 })).toThrow(
      "which ends at 0x30000",
    );
  });

  it("is not for those that read memory.size", () => {
    expect(() => link(alone(SIZE), { ownAllocator: "areas" })).toThrow(
      'option "ownAllocator" cannot be "areas": its code has memory.size, and imports none of ' +
        "the heap's functions that allocate, and so may take the heap's pages for its own",
    );
  });

  it("none is believed, and the heap begins where data and stack end", () => {
    const bytes = withHeap(GROW + SIZE + POOL);
    const { heap } = link(bytes, { ownAllocator: "none" }, { base: 73_728 });
    expect(heap.process.base).toBe(73_728);
    expect(() => link(bytes, { ownAllocator: "none" }, { base: 69_632 })).toThrow(
      "the guest's data and stack end at 0x11180, the heap begins at 0x11000",
    );
  });

  it("a compiled module shows no code: that it has no allocator must be said", () => {
    const text = `(module ${IMPORTS} (import "env" "memory" (memory 3)) ${EXPORTED})`;
    const bytes = assemble(text);
    const heap = createHeapSync(heapOptionsFor(bytes));
    const module = new WebAssembly.Module(bytes);
    expect(() => linkGuestSync(module, heap)).toThrow(
      "the guest is a compiled module: nobody can look through its code for an allocator",
    );
    expect(() => linkGuestSync(module, heap, { ownAllocator: "areas" })).toThrow("Give its bytes");
    expect(() => linkGuestSync(module, heap, { ownAllocator: "none" })).not.toThrow();
  });
});

describe("data above __heap_base", () => {
  const bytes = withHeap(`(data (i32.const 1024) "low") (data (i32.const 90000) "high")`);

  it("is the guest's, too: the heap begins above it", () => {
    expect(readGuest(bytes)).toMatchObject({ dataBegin: 1024, staticEnd: 90_004, end: 90_004 });
    const { heap } = link(bytes);
    heap.calloc(1, 60_000);
    expect(new TextDecoder().decode(heap.u8(90_000, 4))).toBe("high");
    expect(() => link(bytes, {}, { base: 73_728 })).toThrow(
      "the guest's data and stack end at 0x15f94, the heap begins at 0x12000",
    );
  });
});
