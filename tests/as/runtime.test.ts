// What AssemblyScript's library and its hosts ask of a runtime, and what happens when somebody asks
// for too much.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHeapSync } from "../../src/heap/create.js";
import type { Mem } from "../../src/layout/address.js";
import { Prng } from "../support/prng.js";
import { PROFILES, ProgramAbort, RUNTIMES, Workshop } from "../support/assemblyscript.js";
import { instantiate } from "../support/assemblyscript.js";

const SOURCE = `
import { check_heap, mallinfo2, malloc, free, mallopt, malloc_usable_size, Mallinfo2, scratch_info } from "./parts";
export { check_heap, mallopt, malloc_usable_size };
export function c_malloc(bytes: usize): usize { return malloc(bytes); }
export function c_free(block: usize): void { free(block); }
export function alloc(bytes: usize): usize { return heap.alloc(bytes); }
export function realloc(block: usize, bytes: usize): usize { return heap.realloc(block, bytes); }
export function release(block: usize): void { heap.free(block); }
export function used(): usize { return scratch_info().uordblks; }

/**
 * Grows arrays of elements of \`size\` bytes one by one, side by side; whether each kept what it
 * had.
 */
export function growArrays(steps: i32): i32 {
  const bytes: Uint8Array[] = [];
  const words: i32[][] = [];
  const small: i16[][] = [];
  const longs: f64[][] = [];
  for (let i = 0; i < 8; i++) {
    words.push([]);
    small.push([]);
    longs.push([]);
  }
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < 8; i++) {
      words[i].push(step * i);
      small[i].push(<i16>(step ^ i));
      longs[i].push(step / (i + 1.0));
      if (step % 7 == i) bytes.push(new Uint8Array(step));
    }
    if (step % 16 == 0 && check_heap() != 0) return -1;
  }
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < 8; i++) {
      if (words[i][step] != step * i || small[i][step] != <i16>(step ^ i)) return step;
      if (longs[i][step] != step / (i + 1.0)) return step;
    }
  }
  for (let i = 0; i < bytes.length; i++)
    for (let j = 0; j < bytes[i].length; j++) if (bytes[i][j] != 0) return i;
  return check_heap();
}

const fixed: i32[] = [1, 2, 3];
/** Grows a static array, whose buffer is none of the heap's. */
export function growStatic(): i32 {
  for (let i = 4; i <= 100; i++) fixed.push(i);
  return fixed.reduce<i32>((sum, value) => sum + value, 0);
}

/** Lengthens and shortens an array; whether what it gains is zero. */
export function growZeroes(): i32 {
  let wrong = 0;
  for (let round = 1; round < 60; round++) {
    const list = new Array<i32>(round);
    for (let i = 0; i < round; i++) list[i] = -1;
    const before = list.length;
    list.length = before * 3 + 5;
    for (let i = before; i < list.length; i++) if (list[i] != 0) wrong++;
  }
  return wrong;
}

/** Whether new objects are zero where others have been. */
export function newZeroes(): i32 {
  let wrong = 0;
  for (let round = 1; round < 600; round++) {
    const typed = new Int32Array(round % 70);
    for (let i = 0; i < typed.length; i++) if (typed[i] != 0) wrong++;
    typed.fill(-1);
  }
  return wrong;
}

class Ring { next: Ring | null = null; weight: StaticArray<u8> = new StaticArray<u8>(1000); }
/** Rings of objects that nothing points at any more. */
export function rings(count: i32): i32 {
  for (let i = 0; i < count; i++) {
    const first = new Ring();
    const second = new Ring();
    first.next = second;
    second.next = first;
  }
  return memory.size();
}

let kept: StaticArray<u8>[] = [];
export function keep(pieces: i32, bytes: i32): i32 {
  for (let i = 0; i < pieces; i++) {
    const piece = new StaticArray<u8>(bytes);
    piece[bytes - 1] = <u8>i;
    kept.push(piece);
  }
  return memory.size();
}
export function keptSum(): i32 {
  let sum = 0;
  for (let i = 0; i < kept.length; i++) sum += kept[i][kept[i].length - 1];
  return sum;
}
export function forget(): void { kept = []; }
`;

const PARTS = `
import { Mallinfo2, mallinfo2 } from "ptmalloc-wasm/assembly";
export { check_heap, mallinfo2, malloc, free, mallopt, malloc_usable_size, Mallinfo2 } from "ptmalloc-wasm/assembly";
const place: usize = memory.data(64, 16);
export function scratch_info(): Mallinfo2 {
  mallinfo2(place);
  return changetype<Mallinfo2>(place);
}
`;

const workshop = new Workshop();
const modules = new Map<string, WebAssembly.Module>();
afterAll(() => workshop.remove());

beforeAll(async () => {
  workshop.write("parts.ts", PARTS);
  const compile = async (name: string, ...options: string[]): Promise<void> => {
    const all = ["-O1", "--exportRuntime", "--use", "PTMALLOC_CHECK=1", ...options];
    modules.set(name, await workshop.compile(name, SOURCE, ...all));
  };
  const small = ["--runtime", RUNTIMES.incremental, "--maximumMemory", "64"];
  await Promise.all([
    compile("incremental", "--runtime", RUNTIMES.incremental),
    compile("minimal", "--runtime", RUNTIMES.minimal),
    compile("incremental, throughput", "--runtime", RUNTIMES.incremental, ...PROFILES.throughput),
    compile("minimal, throughput", "--runtime", RUNTIMES.minimal, ...PROFILES.throughput),
    compile("small", ...small),
    compile("small, throughput", ...small, ...PROFILES.throughput),
    compile("defaults", "--runtime", RUNTIMES.incremental, "--use", "PTMALLOC_DEFAULTS=1"),
  ]);
});

describe.each([
  "incremental",
  "minimal",
  "incremental, throughput",
  "minimal, throughput",
  "defaults",
])("the runtime %s", (name) => {
  const isThroughput = name.includes("throughput");
  const start = (): ReturnType<typeof instantiate> => instantiate(modules.get(name)!);

  it("serves heap.alloc, heap.realloc and heap.free: aligned, kept, and NULL nowhere", () => {
    const exports = start();
    const a = exports["alloc"]!(0);
    const b = exports["alloc"]!(1000);
    expect(a % 16).toBe(0);
    expect(b % 16).toBe(0);
    expect(a).not.toBe(0);
    new Uint8Array(exports.memory.buffer, b, 1000).fill(7);
    const c = exports["realloc"]!(b, 100_000);
    expect([...new Uint8Array(exports.memory.buffer, c, 1000)].every((byte) => byte === 7)).toBe(
      true,
    );
    const d = exports["realloc"]!(c, 0);
    expect(d).not.toBe(0);
    exports["release"]!(d);
    exports["release"]!(a);
    const e = exports["realloc"]!(0, 50);
    expect(e).not.toBe(0);
    exports["release"]!(0);
    expect(exports["check_heap"]!()).toBe(0);
  });

  it("keeps arrays that grow side by side apart from each other", () => {
    expect(start()["growArrays"]!(300)).toBe(0);
  });

  it("moves static arrays into the heap when they grow", () => {
    expect(start()["growStatic"]!()).toBe(5050);
  });

  it("hands out objects that are zero", () => {
    const exports = start();
    for (let round = 0; round < 4; round++) {
      expect(exports["newZeroes"]!()).toBe(0);
      exports["__collect"]!();
    }
  });

  it("collects rings", () => {
    const exports = start();
    const rounds = Array.from({ length: 20 }, () => {
      const pages = exports["rings"]!(500);
      if (name.startsWith("minimal")) exports["__collect"]!();
      return pages;
    });
    // 20 MiB were asked for.
    expect(rounds.at(-1)).toBeLessThan(64);
    expect(exports["check_heap"]!()).toBe(0);
  });

  it("grows beyond 100 MiB, gives all of it back, and uses it again", () => {
    const exports = start();
    const pages = exports["keep"]!(1200, 100_000);
    expect(pages * 65_536).toBeGreaterThan(120_000_000);
    expect(exports["keptSum"]!()).toBe(
      Array.from({ length: 1200 }, (_, i) => i & 255).reduce((sum, value) => sum + value),
    );
    exports["forget"]!();
    exports["__collect"]!();
    exports["keep"]!(30_000, 3000);
    exports["forget"]!();
    exports["__collect"]!();
    expect(exports["keep"]!(100, 300)).toBeLessThanOrEqual(pages * 1.3);
    expect(exports["check_heap"]!()).toBe(0);
  });

  it("is the heap that the library's malloc uses", () => {
    const exports = start();
    const before = exports["used"]!();
    const blocks = Array.from({ length: 100 }, () => exports["c_malloc"]!(5000));
    expect(exports["used"]!() - before).toBeGreaterThanOrEqual(500_000);
    expect(exports["malloc_usable_size"]!(blocks[0]!)).toBe(isThroughput ? 5116 : 5004);
    expect(exports["growArrays"]!(40)).toBe(0);
    for (const block of blocks) exports["c_free"]!(block);
    expect(exports["check_heap"]!()).toBe(0);
  });

  it("refuses mappings, whose blocks a collector would take for larger than they are", () => {
    expect(start()["mallopt"]!(-4, 100)).toBe(0);
    expect(start()["mallopt"]!(-4, 0)).toBe(1);
  });

  it("says glibc's message when a block is freed twice", () => {
    const exports = start();
    const block = exports["alloc"]!(40);
    exports["release"]!(block);
    expect(() => exports["release"]!(block)).toThrow(ProgramAbort);
    const again = start();
    const [large, guard] = [again["alloc"]!(4000), again["alloc"]!(40)];
    again["release"]!(large);
    const message = isThroughput
      ? "free(): double free detected in tcache 2, at 0x"
      : `double free or corruption (!prev), at 0x${(large - 8).toString(16)} (ptmalloc-wasm)`;
    expect(() => again["release"]!(large)).toThrow(message);
    expect(guard).toBeGreaterThan(large);
  });

  it("notices that a program has written over the end of a block", () => {
    const exports = start();
    const [block, next] = [exports["alloc"]!(600), exports["alloc"]!(600)];
    exports["alloc"]!(600);
    new Uint8Array(exports.memory.buffer, block, next - block).fill(0);
    expect(() => exports["release"]!(next)).toThrow("free(): invalid pointer, at 0x");
  });
});

describe.each(["minimal", "minimal, throughput"])("the runtime %s", (name) => {
  // AssemblyScript's incremental collector leaves the last bytes of a block as they were, with its
  // own allocator, too.
  it("clears what an object gains", () => {
    const exports = instantiate(modules.get(name)!);
    for (let round = 0; round < 4; round++) {
      expect(exports["growZeroes"]!()).toBe(0);
      exports["__collect"]!();
    }
  });
});

describe.each(["small", "small, throughput"])("a memory that cannot grow, %s", (name) => {
  it("ends the program with a message, after everything else was tried", () => {
    const exports = instantiate(modules.get(name)!);
    expect(() => exports["keep"]!(100, 100_000)).toThrow(
      "out of memory: no room for a block of bytes: 100016 (ptmalloc-wasm)",
    );
    expect(exports["check_heap"]!()).toBe(0);
    const again = instantiate(modules.get(name)!);
    for (let round = 0; round < 20; round++) {
      expect(again["keep"]!(18, 100_000)).toBeLessThanOrEqual(64);
      again["forget"]!();
      again["__collect"]!();
    }
    expect(again["check_heap"]!()).toBe(0);
  });

  it("merges what is cached before it gives up", () => {
    const exports = instantiate(modules.get(name)!);
    // Not above the size from which on the heap counts as large, where nothing is cached.
    const blocks = Array.from({ length: 4000 }, () => exports["alloc"]!(480));
    for (const block of blocks) exports["release"]!(block);
    const large = exports["alloc"]!(3_500_000);
    expect(large).toBeGreaterThan(0);
    expect(exports["check_heap"]!()).toBe(0);
  });
});

describe("glibc's defaults", () => {
  it("give the addresses of the core build for the same calls", () => {
    const exports = instantiate(modules.get("defaults")!);
    const heap = createHeapSync();
    const random = new Prng(2026);
    const live: [number, Mem][] = [];
    let offset: number | undefined;
    for (let call = 0; call < 4000; call++) {
      if (random.int(0, 4) < 3 || live.length === 0) {
        const bytes = random.int(0, 19) === 0 ? random.int(0, 199999) : random.int(0, 699);
        const block: [number, Mem] = [exports["alloc"]!(bytes), heap.malloc(bytes)];
        offset ??= block[0] - block[1];
        expect(block[0] - block[1]).toBe(offset);
        live.push(block);
      } else {
        const [[ours, theirs]] = live.splice(random.int(0, live.length - 1), 1) as [[number, Mem]];
        exports["release"]!(ours);
        heap.free(theirs);
      }
    }
    expect(exports["check_heap"]!()).toBe(0);
  });
});
