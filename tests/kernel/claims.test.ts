import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  Errno,
  FAILED,
  MAP,
  PROT,
  RLIMIT,
  startKernelSync,
  SystemCallError,
  type Kernel,
} from "../../src/kernel.js";
import { layouts } from "../../src/layout/generated.js";
import { readStruct } from "../../src/layout/struct.js";

// One test for each row of docs/claims.md, of the same number.

const root = fileURLToPath(new URL("../../", import.meta.url));
const abis = ["ilp32", "lp64"] as const;
const PAGE = 4096;
const MIB = 2 ** 20;

const kernels = (): Kernel[] => abis.map((abi) => startKernelSync<typeof abi>({ abi }));

/** Lines that strace shows of what `call` does. */
function straced(kernel: Kernel, call: () => void): string[] {
  const log = kernel.startStrace();
  call();
  kernel.stopStrace();
  return log.lines;
}

function fieldsOf(struct: "HeapInfo" | "MallocState" | "LibcData"): string[][] {
  return abis.map((abi) => Object.keys(layouts[abi][struct].fields));
}

function arena(kernel: Kernel) {
  const { process } = kernel;
  const at = process.raw.main_arena() >>> 0;
  return readStruct(process.view(), at, layouts[process.abi].MallocState);
}

const claims: Readonly<Record<number, () => void>> = {
  1: () => {
    for (const kernel of kernels()) {
      const start = kernel.sbrk(PAGE);
      kernel.setrlimit(RLIMIT.DATA, { cur: MIB, max: Infinity });
      expect(kernel.syscall("brk", start + 2 * MIB)).toBe(start + PAGE);
      expect(kernel.brk(start + 2 * MIB)).toBe(-1);
      expect(kernel.errno).toBe(Errno.ENOMEM);
    }
  },
  2: () => {
    for (const kernel of kernels()) {
      const start = kernel.mm.startBrk;
      expect(kernel.syscall("brk", start + PAGE)).toBe(start + PAGE);
      expect(kernel.brk(start + 2 * PAGE)).toBe(0);
      expect(kernel.sbrk(PAGE)).toBe(start + 2 * PAGE);
    }
  },
  3: () => {
    for (const kernel of kernels()) {
      const before = kernel.sbrk(PAGE) + PAGE;
      expect(kernel.brk(1)).toBe(0);
      expect(kernel.currentBreak()).toBe(before);
    }
  },
  4: () => {
    for (const kernel of kernels()) {
      const mmap = kernel.process.abi === "ilp32" ? "mmap2" : "mmap";
      const args = [0, 0, PROT.READ, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0];
      expect(kernel.syscall(mmap, ...args)).toBe(-Errno.EINVAL);
      expect(kernel.mmap(0, 0)).toBe(FAILED);
      expect(kernel.errno).toBe(Errno.EINVAL);
      expect(() => kernel.orThrow.mmap(0, 0)).toThrow(SystemCallError);
    }
  },
  5: () => {
    for (const fields of fieldsOf("HeapInfo")) {
      expect(fields).toEqual(["arPtr", "prev", "size", "mprotectSize", "pagesize", "pad"]);
    }
  },
  6: () => {
    expect(abis.map((abi) => layouts[abi].HeapInfo.size)).toEqual([24, 48]);
  },
  7: () => {
    for (const fields of fieldsOf("MallocState")) expect(fields.join()).not.toMatch(/max_?fast/i);
    for (const fields of fieldsOf("LibcData")) expect(fields).toContain("globalMaxFast");
  },
  8: () => {
    for (const kernel of kernels()) {
      const { process } = kernel;
      const blocks = Array.from({ length: 40 }, () => process.malloc(100_000));
      const { systemMem, maxSystemMem } = arena(kernel);
      expect(maxSystemMem).toBe(systemMem);
      blocks.reverse().forEach((block) => process.free(block));
      process.trim();
      expect(arena(kernel).maxSystemMem).toBe(maxSystemMem);
      expect(arena(kernel).systemMem).toBeLessThan(systemMem);
      // More than ever before: nothing holds it back.
      for (let i = 0; i < 60; i++) expect(process.malloc(100_000)).not.toBe(0);
      expect(arena(kernel).maxSystemMem).toBeGreaterThan(maxSystemMem);
    }
  },
  9: () => {
    const tests = kernels().map(({ process }) => {
      const at = process.raw.malloc_par() >>> 0;
      return readStruct(process.view(), at, layouts[process.abi].MallocPar).arenaTest;
    });
    expect(tests).toEqual([2, 8]);
  },
  10: () => {
    const sources = ["assembly", "src"].flatMap((folder) =>
      readdirSync(root + folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")),
    );
    expect(sources.filter((text) => text.includes("mmap_sem"))).toEqual([]);
  },
  11: () => {
    for (const kernel of kernels()) {
      expect(straced(kernel, () => kernel.sbrk(0))).toHaveLength(1);
      const lines = straced(kernel, () => {
        kernel.sbrk(0);
        kernel.sbrk(PAGE);
        kernel.sbrk(0);
      });
      expect(lines).toHaveLength(1);
    }
  },
  12: () => {
    for (const kernel of kernels()) {
      const { process } = kernel;
      const mapped = process.malloc(200_000);
      const small = process.malloc(50_000);
      process.malloc(24);
      expect(straced(kernel, () => process.free(mapped)).join()).toMatch(/^munmap\(/);
      expect(straced(kernel, () => process.free(small))).toEqual([]);
      const large = [1, 2, 3, 4, 5].map(() => process.malloc(180_000));
      const ends = straced(kernel, () => large.reverse().forEach((block) => process.free(block)));
      expect(ends.length).toBeGreaterThan(0);
      expect(ends.join()).toMatch(/^brk\(/);
    }
  },
};

describe("docs/claims.md", () => {
  const rows = [
    ...readFileSync(`${root}docs/claims.md`, "utf8").matchAll(/^\| (\d+) \| (.*?) \|/gm),
  ];

  it("has a test for each row, and a row for each test", () => {
    expect(rows.map(([, number]) => number)).toEqual(Object.keys(claims));
  });

  it.each(rows.map(([, number, text]) => [Number(number), text] as const))(
    "%i: not so: %s",
    (number) => claims[number]?.(),
  );
});
