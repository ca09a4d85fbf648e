// What createHeap and its like can be asked: each option is checked by name, kind and range.

import { describe, expect, it } from "vitest";
import { createDebugHeapSync } from "../../src/debug/create.js";
import { createHeapSync as createCoreHeapSync } from "../../src/heap/core-create.js";
import { createHeap, createHeapSync } from "../../src/heap/create.js";
import { attachHeapSync, createThreadedHeapSync } from "../../src/heap/threads/create.js";
import { startProcess, startProcessSync } from "../../src/process/process.js";
import { MemoryFile } from "../../src/kernel/files/memory-file.js";
import { openHeapImageSync } from "../../src/image/open.js";
import { startKernel, startKernelSync } from "../../src/kernel/kernel.js";
import * as threads from "../../src/threads.js";

const wasm = createHeapSync().process.module;
const handle = createThreadedHeapSync().handle();

/** Every function that takes an object of options, without what else it takes. */
const MAKERS: Readonly<Record<string, (options: never) => unknown>> = {
  createHeapSync,
  startProcessSync,
  startKernelSync,
  createDebugHeapSync,
  createCoreHeapSync,
  "createHeapSync of threads": threads.createHeapSync,
  attachHeapSync: (options: never) => attachHeapSync(handle, options),
  openHeapImageSync: (options: never) => openHeapImageSync(new MemoryFile(), options),
};

function tell(make: (options: never) => unknown, options: unknown): unknown {
  try {
    return make(options as never);
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

describe.each(Object.entries(MAKERS))("%s", (name, make) => {
  it.each([[null], [5], ["x"], [true], [[]], [new Map()], [new Uint8Array(8)], [() => 1]])(
    "wants an object: %o",
    (options) => {
      expect(tell(make, options)).toMatch(/^TypeError: options must be an object, got /);
    },
  );

  it("knows its options", () => {
    const message = tell(make, { qwertz: 1 });
    expect(message).toMatch(/^TypeError: there is no option "qwertz": there are \w+, \w+/);
    expect(tell(make, { toString: 1, constructor: 2 })).toMatch(/no option "(toString|constr)/);
    expect(tell(make, Object.create({ qwertz: 1 }))).toBe(message);
    const isAttached = name === "attachHeapSync";
    const [typo, meant] = isAttached ? ["out_of_memory", "outOfMemory"] : ["tunable", "tunables"];
    expect(tell(make, { [typo]: 1 })).toBe(
      `TypeError: there is no option "${typo}": did you mean "${meant}"?`,
    );
  });

  it("says no more than is needed of what is long", () => {
    const long = "x".repeat(1_000_000);
    expect((tell(make, { [long]: 1 }) as string).length).toBeLessThan(700);
    const option = name === "attachHeapSync" ? "outOfMemory" : "abi";
    expect((tell(make, { [option]: long }) as string).length).toBeLessThan(200);
  });

  it("takes an option that is undefined for one that is not given", () => {
    const options = { abi: undefined, outOfMemory: undefined, nothing: undefined, wasm };
    if (name === "attachHeapSync") Reflect.deleteProperty(options, "wasm");
    if (name.startsWith("createHeapSync of")) options.wasm = handle.module;
    if (/Kernel|Image/.test(name)) Reflect.deleteProperty(options, "wasm");
    expect(tell(make, options)).toBeTypeOf("object");
  });
});

describe("an option of createHeap", () => {
  it.each<[Record<string, unknown>, string | RegExp]>([
    [{ tunables: 5 }, 'TypeError: option "tunables" must be a string or an object, got 5'],
    [{ tunables: null }, /must be a string or an object, got null/],
    [{ tunables: ["check=1"] }, /must be a string or an object, got \[object Array\]/],
    [{ fresh: 1 }, 'TypeError: option "fresh" must be a boolean, got 1'],
    [{ randomize: "yes" }, 'TypeError: option "randomize" must be a boolean, got "yes"'],
    [{ stableViews: null }, 'TypeError: option "stableViews" must be a boolean, got null'],
    [{ build: "replay" }, /option "build" must be one of "core", "checked", "image", "full", "th/],
    [{ abi: null }, /option "abi" must be one of "ilp32", "lp64", got null/],
    [
      { profile: "fast" },
      'TypeError: option "profile" must be one of "glibc", "throughput", "small", got "fast"',
    ],
    [{ profil: "throughput" }, /no option "profil": did you mean "profile"\?/],
    [
      { profile: "small", threads: true },
      'TypeError: option "profile": the build "threads" has "glibc", "throughput"',
    ],
    [{ layout: "compakt" }, /option "layout" must be one of .*, got "compakt"/],
    [{ outOfMemory: "trow" }, /option "outOfMemory" must be one of "null", "throw", got "trow"/],
    [{ base: NaN }, 'TypeError: option "base" must be an integer, got NaN'],
    [{ base: 10n ** 400n }, /must be an integer, got 10{59}\.\.\.$/],
    [{ startBrk: null }, 'TypeError: option "startBrk" must be an integer, got null'],
    [{ initialPages: 0 }, 'RangeError: option "initialPages" must be from 1 to 65536, got 0'],
    [{ cores: 1.5 }, 'TypeError: option "cores" must be an integer, got 1.5'],
    [{ hugePages: 4096 }, 'TypeError: option "hugePages" must be an object, got 4096'],
    [
      { hugePages: { transparant: 4096 } },
      'TypeError: there is no option "hugePages.transparant": did you mean "transparent"?',
    ],
    [{ hugePages: { free: 1 } }, 'TypeError: option "hugePages.free" must be a boolean, got 1'],
    [{ trace: {} }, /option "trace" must be a function, got \[object Object\]/],
    [{ wasm: "A".repeat(31_000) }, /^TypeError: option "wasm": "A{60}\.\.\." is no URL$/],
    [{ tunables: { tcache_count: 1e9 } }, /^RangeError: tunable "tcache_count" must be from 0 to/],
  ])("%o", (options, expected) => {
    expect(tell(createHeapSync as never, options)).toMatch(expected);
  });

  it("is quoted as it was written: no tunable that nobody gave", () => {
    const message = tell(createHeapSync, { tunables: "tcache_count=0" });
    expect(message).toMatch(/^SyntaxError: tunables "tcache_count=0", position 0: /);
  });

  it("is refused before anything has happened, also where there is waiting", async () => {
    await expect(createHeap(null as never)).rejects.toThrow("options must be an object, got null");
    await expect(startProcess({ outOfMemory: "throw" } as never)).rejects.toThrow("no option");
    await expect(startKernel({ build: "core" } as never)).rejects.toThrow('no option "build"');
    await expect(threads.createHeap(5 as never)).rejects.toThrow("must be an object, got 5");
    await expect(threads.createHeap({ threads: false } as never)).rejects.toThrow("must be true");
  });

  it("may be long: tunables are read once, from left to right", () => {
    const one = "glibc.malloc.check=1:";
    const tunables = `${one.repeat(10_000)}glibc.malloc.chek=1`;
    expect(tell(createHeapSync as never, { tunables })).toMatch(
      /^RangeError: tunables "[^"]{60}\.\.\.", position 210000: .* no tunable "glibc.malloc.chek"/,
    );
    expect(createHeapSync({ tunables: one.repeat(10_000) }).malloc(8)).toBeGreaterThan(0);
  });
});

describe("other arguments", () => {
  it("a struct inside itself is told of, with the way to it", () => {
    const heap = createHeapSync();
    const cyclic: Record<string, unknown> = { id: "u32" };
    cyclic.next = { value: "u8", back: cyclic };
    const list: unknown[] = [];
    list.push(list, 2);
    expect(() => heap.struct(cyclic as never)).toThrow(
      new TypeError(
        'struct: field "next": field "back": a type cannot be inside itself: its size would be endless',
      ),
    );
    expect(() => heap.struct({ list } as never)).toThrow(/field "list"\[\]: a type cannot be/);
    const twice = { x: "u32" } as const;
    expect(heap.struct({ one: twice, other: [twice, 3] }).size).toBe(16);
  });

  it("of system calls are integers", () => {
    const kernel = startKernelSync();
    for (const call of [
      () => kernel.mmap(NaN, 4096, 3, 0x22),
      () => kernel.syscall(NaN),
      () => kernel.munmap(null as never, 1),
      () => kernel.setOption("FOO" as never, 1),
      () => kernel.setOption("SWAP_PAGES", NaN),
    ])
      expect(call).toThrow(/(integer|whole numbers), got (NaN|null)|no kernel option "FOO"/);
    expect(kernel.syscall(-1)).toBe(-38);
  });
});
