import { describe, expect, it } from "vitest";
import { HeapAbort } from "../../src/process/failures.js";
import { MAX_TASK_SIZE } from "../../src/process/options.js";
import { startProcessSync } from "../../src/process/process.js";

const abis = ["ilp32", "lp64"] as const;
const firstBlock = { ilp32: 0x1a0, lp64: 0x2a0 } as const;
const firstBreak = { ilp32: 0x22000, lp64: 0x21000 } as const;

describe.each(abis)("a process, %s", (abi) => {
  it("starts with an empty heap; the first malloc makes the tcache and moves the break", () => {
    const process = startProcessSync({ abi });
    expect(process.mm().startBrk).toBe(0x21000);
    expect(process.breakOffset()).toBe(0);
    expect(process.mallinfo2().arena).toBe(0);
    expect(process.malloc(1)).toBe(0x21000 + firstBlock[abi]);
    expect(process.breakOffset()).toBe(firstBreak[abi]);
    expect(process.mallinfo2().arena).toBe(firstBreak[abi]);
  });

  it("wraps the whole family, numbers in and out", () => {
    const process = startProcessSync({ abi });
    const a = process.malloc(100);
    process.u8().fill(7, a, a + 100);
    const b = process.realloc(a, 5000);
    expect(process.u8().slice(b, b + 100)).toEqual(new Uint8Array(100).fill(7));
    expect(process.usableSize(b)).toBeGreaterThanOrEqual(5000);
    const c = process.calloc(10, 10);
    expect(process.u8().slice(c, c + 100)).toEqual(new Uint8Array(100));
    expect(process.reallocarray(0, 4, 25) % 16).toBe(0);
    expect(process.memalign(256, 10) % 256).toBe(0);
    expect(process.alignedAlloc(512, 10) % 512).toBe(0);
    expect(process.valloc(10) % 4096).toBe(0);
    expect(process.usableSize(process.pvalloc(10))).toBeGreaterThanOrEqual(4096);
    const { error, address } = process.posixMemalign(1024, 10);
    expect([error, address % 1024]).toEqual([0, 0]);
    expect(process.posixMemalign(24, 10)).toEqual({ error: 22, address: 0 });
    process.free(b);
    expect(process.usableSize(0)).toBe(0);
    expect(process.mallopt(-6, 0)).toBe(true);
    expect(process.trim()).toBeTypeOf("boolean");
  });

  it("an impossible request gives 0 and ENOMEM", () => {
    const process = startProcessSync({ abi });
    const most = abi === "ilp32" ? 0xffffffff : 2n ** 64n - 1n;
    expect(process.malloc(most)).toBe(0);
    expect(process.errno).toBe(12);
  });

  it("tunables reach malloc", () => {
    const process = startProcessSync({ abi, tunables: "glibc.malloc.tcache_count=0" });
    const a = process.malloc(24);
    process.malloc(24);
    process.free(a);
    // No tcache: the block lies in a fast bin, which mallinfo2 counts as free.
    expect(process.mallinfo2().smblks).toBe(1);
    const other = startProcessSync({ abi, tunables: { top_pad: 0 } });
    other.malloc(1);
    expect(other.breakOffset()).toBeLessThan(firstBreak[abi]);
  });

  it("the top of the address space is the caller's word", () => {
    const process = startProcessSync({ abi, maximumPages: 32 });
    expect(process.mm().taskSize).toBe(32 * 65536);
    expect(process.malloc(3 * 2 ** 20)).toBe(0);
    expect(process.errno).toBe(12);
    expect(process.malloc(100_000)).not.toBe(0);
  });

  it("a failed check throws a HeapAbort through the raw functions too", () => {
    const process = startProcessSync({ abi });
    const a = process.malloc(24);
    process.free(a);
    expect(process.aborted).toBeUndefined();
    const raw = process.raw as { free(mem: number | bigint): void };
    expect(() => raw.free(process.toWord(a))).toThrow(HeapAbort);
    expect(process.aborted).toMatchObject({
      failure: "FREE_TCACHE_DOUBLE",
      abortMessage: "free(): double free detected in tcache 2",
    });
  });
});

describe("layouts of the address space", () => {
  const big = 1_000_000;

  it("linux: mappings go up from a third", () => {
    const process = startProcessSync({ maximumPages: 4096 });
    const third = Math.ceil((4096 * 65536) / 3 / 4096) * 4096;
    expect(process.malloc(big)).toBe(third + 16);
  });

  it("top-down: mappings go down from near the end", () => {
    const process = startProcessSync({ layout: "top-down", maximumPages: 4096 });
    const end = process.mm().mmapBase;
    const a = process.malloc(big);
    const b = process.malloc(big);
    expect(a).toBeLessThan(end);
    expect(end - a).toBeLessThan(big + 8192);
    expect(b).toBeLessThan(a);
  });

  it("compact: mappings go where the memory ends", () => {
    const process = startProcessSync({ layout: "compact" });
    process.malloc(big);
    expect(process.memory.buffer.byteLength).toBeLessThan(4 * 2 ** 20);
    expect(process.taskSize).toBe(MAX_TASK_SIZE);
  });

  it("randomised: another place each time, the same program", () => {
    const places = new Set(
      Array.from({ length: 8 }, () => {
        const process = startProcessSync({ randomize: true });
        const a = process.malloc(24);
        expect(a - process.mm().startBrk).toBe(firstBlock.ilp32);
        process.free(a);
        return a;
      }),
    );
    expect(places.size).toBeGreaterThan(1);
  });
});

describe("starting", () => {
  it("refuses a heap that would lie on the kernel's data", () => {
    expect(() => startProcessSync({ base: 65536, startBrk: 65536 + 4096 })).toThrow(
      /option "startBrk" must be at least \d+ above base 65536, got 69632/,
    );
  });

  it("refuses a memory that cannot grow to the heap's start", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    expect(() => startProcessSync({ memory })).toThrow(
      /cannot grow from 65536 bytes to startBrk 135168/,
    );
  });

  it("refuses numbers that a 32-bit size_t cannot hold", () => {
    const process = startProcessSync();
    expect(() => process.malloc(2 ** 32)).toThrow(/4294967296 does not fit a 32-bit size_t/);
  });
});
