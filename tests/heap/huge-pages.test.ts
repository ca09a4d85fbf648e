// glibc.malloc.hugetlb=1: malloc wants transparent huge pages for what it takes, and rounds what it
// asks for, as native glibc does (tests/oracle/record-huge-pages.mjs; native/hugepages.c makes the
// same calls).

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MAP, PROT, startKernelSync, type KernelOptions } from "../../src/kernel.js";
import { GOLDEN_GLIBCS } from "../support/glibcs.js";

const HUGE_PAGE_BYTES = 2 << 20;
const WANTED = {
  tunables: "glibc.malloc.hugetlb=1",
  hugePages: { transparent: HUGE_PAGE_BYTES },
};
const BLOCKS = 100;
const OTHERS = 900;
const M_MMAP_MAX = -4;
const BLOCK_BYTES = 100_000;

/** What native/hugepages.c does. @returns what malloc asked of the kernel, as the golden has it */
function run(options: KernelOptions): string {
  const kernel = startKernelSync(options);
  const { process } = kernel;
  const strace = kernel.startStrace({ filter: "trace=brk,madvise,mprotect,mremap" });
  const malloc = (bytes: number) => process.malloc(bytes);
  malloc(100);
  const blocks = Array.from({ length: BLOCKS }, () => malloc(BLOCK_BYTES));
  for (const block of blocks.slice(BLOCKS / 2).reverse()) process.free(block);
  process.free(process.realloc(malloc(3_000_000), 9_000_000));
  process.mallopt(M_MMAP_MAX, 0);
  process.free(malloc(20_000_000));
  malloc(7_000_000);
  kernel.sbrk(4096);
  malloc(30_000_000);
  const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED;
  kernel.mmap(kernel.sbrk(0), 4096, PROT.NONE, flags);
  for (let i = 0; i < BLOCKS; i++) malloc(BLOCK_BYTES);
  malloc(5_000_000);
  const thread = process.attachThreadSync();
  thread.malloc(100);
  const others = Array.from({ length: OTHERS }, () => thread.malloc(BLOCK_BYTES));
  for (const block of others.reverse()) thread.free(block);
  return told(strace.text());
}

/** As record-huge-pages.mjs has it. */
function told(text: string): string {
  const calls: string[] = [];
  let end: bigint | null = null;
  for (const line of text.split("\n")) {
    const now = /^brk\(.*= (0x\w+)/.exec(line)?.[1];
    if (now !== undefined) {
      if (end === null) calls.push(`start ${now}`);
      else if (BigInt(now) !== end) calls.push(`brk ${BigInt(now) - end}`);
      end = BigInt(now);
    }
    const [, lock] = /^mprotect\(\w+, (\d+), PROT_READ\|PROT_WRITE\)/.exec(line) ?? [];
    if (lock !== undefined) calls.push(`mprotect ${lock}`);
    const [, huge] = /^madvise\(\w+, (\d+), MADV_HUGEPAGE\) *= 0/.exec(line) ?? [];
    if (huge !== undefined) calls.push(`madvise ${huge}`);
    const [, from, to] = /^mremap\(\w+, (\d+), (\d+), MREMAP_MAYMOVE\)/.exec(line) ?? [];
    if (to !== undefined) calls.push(`mremap ${from} ${to}`);
  }
  return calls.join("\n") + "\n";
}

const RUNS = GOLDEN_GLIBCS.flatMap(({ glibc, option, root }) =>
  (["lp64", "ilp32"] as const).flatMap((abi) => {
    const file = new URL(`huge-pages.${abi}.txt`, root);
    return existsSync(file) ? [{ glibc, option, abi, file }] : [];
  }),
);

describe("glibc.malloc.hugetlb=1", () => {
  test.each(RUNS)("$glibc asks for what it asks for natively, $abi", ({ option, abi, file }) => {
    const expected = readFileSync(file, "utf8");
    const start = Number(/^start (0x\w+)/.exec(expected)![1]);
    // There is no such address here: as far from a huge page as there.
    const startBrk = 8 * HUGE_PAGE_BYTES + (start % HUGE_PAGE_BYTES);
    const asked = run({ abi, ...WANTED, startBrk, ...option });
    expect(asked.replace(/^start.*/, "")).toBe(expected.replace(/^start.*/, ""));
  });
});
