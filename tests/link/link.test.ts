import { describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import { createThreadedHeapSync } from "../../src/heap/threads/create.js";
import { HeapAbort } from "../../src/process/failures.js";
import { startProcessSync } from "../../src/process/process.js";
import { heapOptionsFor, linkGuest, linkGuestSync, readGuest, slowCalls } from "../../src/link.js";
import { assemble, IMPORTS } from "./wat.js";

type Functions = Record<string, (...args: number[]) => number>;

const MAKE = `(func (export "make") (param i32) (result i32) (call $malloc (local.get 0)))
  (func (export "drop") (param i32) (call $free (local.get 0)))`;

/** A guest with data at `at`. */
function guestAt(
  at: number,
  rest = MAKE,
  memory = '(memory (export "memory") 2)',
): Uint8Array<ArrayBuffer> {
  const base = at + 4096;
  return assemble(`(module ${IMPORTS} ${memory}
    (global (export "__heap_base") i32 (i32.const ${base}))
    (data (i32.const ${at}) "data") ${rest})`);
}

function linked(bytes: Uint8Array<ArrayBuffer>, options = {}) {
  const heap = createHeapSync({ ...heapOptionsFor(bytes), ...options });
  const { exports } = linkGuestSync(bytes, heap);
  return { heap, exports: exports as unknown as Functions };
}

describe("linkGuest", () => {
  it("gives the guest the heap's own functions and memory", async () => {
    const bytes = guestAt(1024);
    const heap = createHeapSync(heapOptionsFor(bytes));
    const { exports, instance } = await linkGuest(bytes, heap);
    const { make, drop } = exports as unknown as Functions;
    const block = make!(100);
    expect(heap.usableSize(block)).toBe(108);
    expect(block).toBe(heap.process.startBrk + 0x1a0);
    expect(exports.memory).toBe(heap.memory);
    expect(instance.exports.memory).toBe(heap.memory);
    expect(new TextDecoder().decode(heap.u8(1024, 4))).toBe("data");
    const { uordblks } = heap.stats();
    drop!(block);
    expect(make!(100)).toBe(block);
    expect(heap.stats().uordblks).toBe(uordblks);
  });

  it("links compiled modules that import their memory, and processes", () => {
    const bytes = guestAt(1024, MAKE, '(import "env" "memory" (memory 1))');
    const process = startProcessSync(heapOptionsFor(bytes));
    const { exports } = linkGuestSync(new WebAssembly.Module(bytes), process, {
      ownAllocator: "none",
    });
    expect((exports as unknown as Functions).make!(1)).toBeGreaterThan(process.startBrk);
  });

  it("serves the heap's names from env, too; what the caller gives comes first", () => {
    const bytes = assemble(`(module (import "env" "memory" (memory 1))
      (import "env" "malloc" (func $malloc (param i32) (result i32)))
      (import "env" "free" (func $free (param i32))) ${MAKE})`);
    const heap = createHeapSync(heapOptionsFor(bytes));
    const asked: number[] = [];
    const malloc = (size: number) => asked.push(size) && heap.raw.malloc(size);
    const { exports } = linkGuestSync(bytes, heap, { imports: { env: { malloc } } });
    const { make, drop } = exports as unknown as Functions;
    drop!(make!(24));
    expect(asked).toEqual([24]);
  });

  it("lets two guests exchange pointers", () => {
    const store = `(func (export "put") (param i32) (result i32) (local i32)
      (local.set 1 (call $malloc (i32.const 4))) (i32.store (local.get 1) (local.get 0)) (local.get 1))`;
    const load = `(func (export "take") (param i32) (result i32)
      (i32.load (local.get 0)) (call $free (local.get 0)))`;
    const [first, second] = [guestAt(1024, store), guestAt(65536, load)];
    const heap = createHeapSync(heapOptionsFor(first, second));
    const one = linkGuestSync(first, heap).exports as unknown as Functions;
    const other = linkGuestSync(second, heap).exports as unknown as Functions;
    heap.free(heap.malloc(4));
    const before = heap.stats().uordblks;
    expect([1, 2, 3].map((value) => other.take!(one.put!(value)))).toEqual([1, 2, 3]);
    expect(heap.stats().uordblks).toBe(before);
    expect(heap.stats().fordblks).toBeGreaterThan(0);
  });

  it("goes on behind memory that the guest grew itself", () => {
    const grow = `${MAKE} (func (export "grow") (param i32) (result i32)
      (i32.mul (memory.grow (local.get 0)) (i32.const 65536)))
      (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))`;
    const bytes = assemble(`(module ${IMPORTS} (memory (export "memory") 1) ${grow})`);
    const { heap, exports } = linked(bytes, { build: "checked" });
    const { make, fill } = exports;
    make!(1000);
    const own = exports.grow!(4);
    fill!(own, 0xaa, 4 * 65536);
    const blocks = Array.from({ length: 40 }, () => make!(100_000));
    blocks.forEach((block) => fill!(block, 0x55, 100_000));
    expect(heap.u8(own, 4 * 65536).every((byte) => byte === 0xaa)).toBe(true);
    expect(blocks.every((block) => block + 100_000 <= own || block >= own + 4 * 65536)).toBe(true);
    expect(blocks.some((block) => block > own)).toBe(true);
    blocks.forEach((block) => heap.free(block));
    expect((heap.process.raw as unknown as { check_heap(): number }).check_heap()).toBe(0);
  });

  it("lets glibc's aborts through", () => {
    const { exports } = linked(guestAt(1024));
    const block = exports.make!(24);
    exports.drop!(block);
    expect(() => exports.drop!(block)).toThrow(HeapAbort);
    expect(() => exports.drop!(block)).toThrow("free(): double free detected in tcache 2");
  });

  it("gives errno through __errno_location", () => {
    const bytes = assemble(`(module ${IMPORTS}
      (import "ptmalloc" "__errno_location" (func $errno (result i32)))
      (memory (export "memory") 1)
      (func (export "fail") (result i32) (drop (call $malloc (i32.const -1))) (i32.load (call $errno))))`);
    expect(linked(bytes).exports.fail!()).toBe(12);
  });
});

describe("linkGuest over a heap of several threads", () => {
  it("links a guest with a shared memory", async () => {
    const bytes = guestAt(1024, MAKE, '(import "env" "memory" (memory 1 16384 shared))');
    const heap = createThreadedHeapSync({ ...heapOptionsFor(bytes) });
    const { exports } = await linkGuest(bytes, heap);
    const block = (exports as unknown as Functions).make!(100);
    expect(heap.usableSize(block)).toBe(108);
  });
});

describe("linkGuest refuses", () => {
  const bytes = guestAt(1024);
  const heapFor = (guest: Uint8Array<ArrayBuffer>) => createHeapSync(heapOptionsFor(guest));

  it("imports that nobody serves, by module, name and kind", () => {
    const other = assemble(`(module (import "env" "puts" (func (param i32))) (memory 1))`);
    expect(() => linkGuestSync(other, heapFor(other))).toThrow(
      new TypeError(
        'the guest imports the function "env.puts", which is not the heap\'s: give it in the option "imports"',
      ),
    );
    const table = assemble(`(module (import "env" "t" (table 1 funcref)))`);
    expect(() => linkGuestSync(table, heapFor(table))).toThrow(
      'the guest imports the table "env.t"',
    );
    const unknown = assemble(`(module (import "ptmalloc" "mallocx" (func)))`);
    expect(() => linkGuestSync(unknown, heapFor(unknown))).toThrow(
      'the guest imports the function "ptmalloc.mallocx", which the heap does not have: it has malloc, free,',
    );
    const wasi = assemble(`(module (import "wasi_snapshot_preview1" "fd_write" (func)))`);
    expect(() => linkGuestSync(wasi, heapFor(wasi))).toThrow("wasi.wasiImport");
    expect(() => linkGuestSync(other, heapFor(other), { imports: { env: { puts: 1 } } })).toThrow(
      'option "imports": "env.puts" must be a function, got 1',
    );
  });

  it("a heap of the wrong kind", () => {
    expect(() => linkGuestSync(bytes, createHeapSync({ abi: "lp64" }))).toThrow("the heap is lp64");
    expect(() => linkGuestSync(bytes, {} as never)).toThrow(
      "the heap must come from createHeap or startProcess, got [object Object]",
    );
  });

  it("a heap that begins inside the guest", () => {
    const far = guestAt(70_000);
    expect(() => linkGuestSync(far, createHeapSync({ initialPages: 4 }))).toThrow(
      new RangeError(
        "the guest's data and stack end at 0x12170, the heap begins at 0x10000: " +
          "make the heap with base: 77824 or more (heapOptionsFor says what fits)",
      ),
    );
    const module = new WebAssembly.Module(
      guestAt(70_000, MAKE, '(import "env" "memory" (memory 1))'),
    );
    const none = { ownAllocator: "none" } as const;
    expect(() => linkGuestSync(module, createHeapSync(), none)).toThrow("may have damaged it");
  });

  it("a memory that does not fit", () => {
    const large = assemble(
      `(module (import "env" "memory" (memory 50)) (global (export "__heap_base") i32 (i32.const 4096)))`,
    );
    expect(() => linkGuestSync(large, createHeapSync())).toThrow(
      /wants a memory of at least 50 pages, the heap's has \d+: make the heap with initialPages: 50/,
    );
    const module = new WebAssembly.Module(large);
    expect(() => linkGuestSync(module, createHeapSync(), { ownAllocator: "none" })).toThrow(
      /the heap's memory has \d+ pages, is not shared/,
    );
    const shared = assemble(`(module (import "env" "memory" (memory 1 9 shared)))`);
    expect(() => linkGuestSync(shared, createHeapSync())).toThrow(
      "the guest wants a shared memory",
    );
    expect(() => linkGuestSync(bytes, createThreadedHeapSync())).toThrow(
      "the heap's memory is shared, the guest wants one that is not",
    );
    expect(() => linkGuestSync(shared, createThreadedHeapSync())).toThrow(
      "make the heap with maximumPages: 9",
    );
    const wide = assemble(`(module (memory i64 1))`);
    expect(() => readGuest(wide)).toThrow("memory64");
    const two = assemble(`(module (memory 1) (memory 1))`);
    expect(() => readGuest(two)).toThrow("the guest has 2 memories");
    const own = new WebAssembly.Module(bytes);
    expect(() => linkGuestSync(own, heapFor(bytes), { ownAllocator: "none" })).toThrow(
      'the guest defines its memory (export "memory"): give its bytes',
    );
  });

  it("a guest in another one's place, unless it takes that", () => {
    const heap = heapFor(bytes);
    linkGuestSync(bytes, heap);
    expect(() => linkGuestSync(bytes, heap)).toThrow(
      "this guest and one that is in the memory already lie in the same place, at 0x400 to 0x1400",
    );
    expect(() => linkGuestSync(bytes, heap, { replace: true })).not.toThrow();
    expect(() => heapOptionsFor(bytes, guestAt(65536), guestAt(2048))).toThrow(
      /^guests 1 and 3 lie in the same place, at 0x400 to 0x1400 and at 0x800 to 0x1800: link one of them to another/,
    );
  });

  it("what is no module", () => {
    expect(() => readGuest(new TextEncoder().encode("<!doctype html>"))).toThrow(
      "no WebAssembly module: it begins with 3c 21 64 6f, not with 00 61 73 6d",
    );
    expect(() => readGuest(new Uint8Array())).toThrow("it begins with nothing");
    expect(() => readGuest(Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0))).toThrow("component");
    for (let length = 9; length < bytes.length; length += 7) {
      // Cut anywhere: an error that is one of ours or the engine's, or a module that ends between
      // two sections.
      try {
        linkGuestSync(bytes.slice(0, length), createHeapSync({ initialPages: 4 }));
      } catch (error) {
        expect(String(error)).toMatch(/the module ends too early|CompileError|no memory/);
      }
    }
    expect(() => linkGuestSync("guest.wasm", createHeapSync())).toThrow(
      'the guest must be bytes or a WebAssembly.Module, got "guest.wasm"',
    );
  });
});

describe("readGuest", () => {
  it("says what a guest is", () => {
    expect(readGuest(guestAt(1024))).toEqual({
      imports: ["malloc", "free"],
      memory: { initial: 2, maximum: undefined, shared: false, is64: false, isImported: false },
      dataBegin: 1024,
      staticEnd: 5120,
      end: 5120,
      ownAllocator: undefined,
    });
  });

  it("takes the end of the memory where __heap_base is not exported", () => {
    const bytes = assemble(`(module ${IMPORTS} (memory 3 7) (data (i32.const 16) "x"))`);
    expect(readGuest(bytes).end).toBe(3 * 65536);
    expect(heapOptionsFor(bytes)).toEqual({
      base: 3 * 65536,
      initialPages: 5,
      maximumPages: 7,
      tunables: {},
    });
    const small = assemble(`(module ${IMPORTS} (memory 3 4))`);
    expect(() => heapOptionsFor(small)).toThrow("the guests allow a memory of 4 pages");
  });

  it("reads what newer proposals put into modules", () => {
    const bytes = assemble(`(module (memory 1) (type $s (struct (field i32)))
      (global $g (ref $s) (struct.new $s (i32.const 7)))
      (global (export "__heap_base") i32 (i32.const 2048))
      (table 1 (ref null func)) (tag (export "t") (param i32)) (data "passive") (data (i32.const 8) "active"))`);
    // What comes after an expression that this reader does not know is not seen: the memory's end
    // counts.
    expect(readGuest(bytes)).toMatchObject({ dataBegin: 8, end: 65536 });
  });
});

it("slowCalls calls the same functions", () => {
  const calls: number[][] = [];
  const { f, n } = slowCalls({ f: (...args: number[]) => calls.push(args), n: 5 });
  (f as (...args: number[]) => void)(1, 2);
  expect(calls).toEqual([[1, 2]]);
  expect(n).toBe(5);
});
