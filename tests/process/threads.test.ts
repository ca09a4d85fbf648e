// Simulated threads: several instances over one unshared memory. What they allocate is in
// tests/conformance/threads.test.ts.

import { describe, expect, it } from "vitest";
import { readArenas } from "../../src/inspect/arenas.js";
import { startProcess, startProcessSync } from "../../src/process/process.js";
import { mallocInfo, mallocStats } from "../../src/inspect/malloc-info.js";
import { Invariant } from "../../src/layout/generated.js";

const HEAP_BYTES = { ilp32: 2 ** 20, lp64: 2 ** 26 } as const;

describe.each(["ilp32", "lp64"] as const)("threads of a process, %s", (abi) => {
  it("have an arena each, in a heap of its own", async () => {
    const process = await startProcess({ abi });
    const thread = await process.attachThread();
    expect([process.thread, thread.thread]).toEqual([0, 1]);
    const mine = process.malloc(100);
    const other = thread.malloc(100);
    expect(mine).toBeLessThan(process.mm().brk);
    const [main, second] = readArenas(process);
    expect(main!.heaps).toHaveLength(0);
    expect(second!.heaps.map(({ address }) => address)).toEqual([
      other - (other % HEAP_BYTES[abi]),
    ]);
    expect(second!.state.attachedThreads).toBe(1);
  });

  it("free each other's blocks into the owner's arena", () => {
    const process = startProcessSync({ abi, tunables: "glibc.malloc.tcache_count=0" });
    const thread = process.attachThreadSync();
    const block = thread.malloc(40);
    process.free(block);
    // The fast bin of the thread's arena has it.
    expect(readArenas(process).map(({ state }) => state.fastbinsY?.some(Boolean))).toEqual([
      false,
      true,
    ]);
    expect(thread.malloc(40)).toBe(block);
  });

  it("have an errno each", () => {
    const process = startProcessSync({ abi });
    const thread = process.attachThreadSync();
    const most = abi === "ilp32" ? 0xffffffff : 2n ** 64n - 1n;
    expect(thread.malloc(most)).toBe(0);
    expect([process.errno, thread.errno]).toEqual([0, 12]);
  });

  it("leave their arena to the next thread, and what tcache held to the arena", () => {
    const process = startProcessSync({ abi, build: "checked" });
    const thread = process.attachThreadSync();
    const block = thread.malloc(2000);
    thread.free(thread.malloc(100));
    thread.exitThread();
    expect(readArenas(process).map(({ state }) => state.attachedThreads)).toEqual([1, 0]);
    const next = process.attachThreadSync();
    next.malloc(24);
    expect(readArenas(process).map(({ state }) => state.attachedThreads)).toEqual([1, 1]);
    process.free(block);
    thread.rejoin();
    expect(thread.thread).toBe(2);
    expect(process.raw.check_heap()).toBe(Invariant.HOLDS);
  });

  it("end although there was no room for an arena: then even tcache is mmapped", () => {
    const process = startProcessSync({ abi, build: "checked", maximumPages: 14 });
    const thread = process.attachThreadSync();
    const block = thread.malloc(24);
    expect(readArenas(process)).toHaveLength(1);
    expect(process.mallinfo2().hblks).toBe(2);
    thread.free(block);
    thread.exitThread();
    expect(process.mallinfo2().hblks).toBe(0);
  });

  it("share arenas when there may be no more", () => {
    const process = startProcessSync({ abi, cores: 1, tunables: "glibc.malloc.arena_test=1" });
    const limit = abi === "ilp32" ? 2 : 8;
    const threads = Array.from({ length: limit + 3 }, () => process.attachThreadSync());
    for (const thread of threads) thread.malloc(1);
    const arenas = readArenas(process);
    expect(arenas).toHaveLength(limit);
    const attached = arenas.map(({ state }) => state.attachedThreads);
    expect(attached.reduce((sum, n) => sum + n)).toBe(threads.length + 1);
  });

  it("are at most 128", () => {
    const process = startProcessSync({ abi });
    const threads = Array.from({ length: 127 }, () => process.attachThreadSync());
    expect(() => process.attachThreadSync()).toThrow(/as many threads as it can have/);
    threads[5]!.exitThread();
    expect(process.attachThreadSync().thread).toBe(6);
  });

  it("die together", () => {
    const process = startProcessSync({ abi });
    const thread = process.attachThreadSync();
    const block = thread.malloc(24);
    thread.free(block);
    expect(() => thread.free(block)).toThrow("free(): double free detected in tcache 2");
    expect(process.aborted).toBe(thread.aborted);
    expect(process.aborted).toBeDefined();
  });
});

describe("malloc_info and malloc_stats", () => {
  // The texts of busy heaps are compared with glibc's in tests/conformance/threads.test.ts.
  it("of a process that has not allocated", () => {
    const process = startProcessSync();
    expect(mallocStats(process)).toContain("Arena 0:\nsystem bytes     =          0\n");
    expect(mallocInfo(process)).toMatch(
      /^<malloc version="1">\n<heap nr="0">\n<sizes>\n<\/sizes>\n/,
    );
  });
});

describe("where memory must not be overcommitted", () => {
  it("a heap that shrinks is mapped anew without access", () => {
    for (const mode of [0, 2]) {
      const process = startProcessSync({ build: "full" });
      process.raw.set_kernel_option(0, mode);
      const thread = process.attachThreadSync();
      const blocks = Array.from({ length: 8 }, () => thread.malloc(100_000));
      for (const block of blocks) thread.free(block);
      const [heap] = readArenas(process)[1]!.heaps;
      expect(heap!.size).toBeLessThan(300_000);
      expect(heap!.mprotectSize === heap!.size).toBe(mode === 2);
    }
  });
});
