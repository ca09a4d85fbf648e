// The cases of LTP's testcases/kernel/syscalls/{mseal,remap_file_pages} and
// testcases/kernel/mem/vma, and what others of its folders ask of calls and flags that came later
// than the rest, named after the file and, where it has a table, the row.

import { expect } from "vitest";
import { bytesOf, KernelOption, MADV, MAP, MPOL, MREMAP, PAGE, PROT, RLIMIT } from "./kit.js";
import type { Cases, Kit } from "./kit.js";

type Case = [string, (k: Kit) => void];

/** Eight pages, the third of them sealed. */
function sealedThird(k: Kit, prot: number): number {
  const at = k.map(8, prot);
  k.ok("mseal", at + 2 * PAGE, PAGE, 0);
  return at;
}

/** Each refusal leaves the sealed page, and what is behind it, as it was. */
function isUntouched(k: Kit, at: number, prot: number): void {
  for (let page = 2; page < 8; page++)
    expect((k.regionOf(at + page * PAGE)?.flags ?? 0) & PROT.RW).toBe(prot);
}

const SEALED: readonly [string, number, (k: Kit, at: number) => void][] = [
  ["mprotect", PROT.RW, (k, at) => k.fails("EPERM", "mprotect", at, 8 * PAGE, PROT.NONE)],
  ["madvise", PROT.READ, (k, at) => k.fails("EPERM", "madvise", at, 8 * PAGE, MADV.DONTNEED)],
  ["munmap", PROT.RW, (k, at) => k.fails("EPERM", "munmap", at, 8 * PAGE)],
  [
    "mremap",
    PROT.RW,
    (k, at) => {
      const to = k.map(8, PROT.READ);
      const fixed = MREMAP.MAYMOVE | MREMAP.FIXED;
      k.fails("EPERM", "mremap", at, 8 * PAGE, 2 * PAGE, fixed, to);
    },
  ],
  [
    "mmap",
    PROT.RW,
    (k, at) => {
      const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED;
      k.mapFails("EPERM", 8 * PAGE, PROT.READ, flags, at);
    },
  ],
];

/** Four pages, of which the third is unmapped. */
function withHole(k: Kit): number {
  const at = k.map(4);
  k.ok("munmap", at + 2 * PAGE, PAGE);
  return at;
}

const sealCases: Cases = {
  ...Object.fromEntries(
    SEALED.map(([name, prot, refused]): Case => [
      `mseal01: ${name}`,
      (k) => {
        const at = sealedThird(k, prot);
        refused(k, at);
        isUntouched(k, at, prot);
      },
    ]),
  ),
  "mseal02: unknown flags": (k) => k.fails("EINVAL", "mseal", withHole(k), PAGE, -1),
  "mseal02: unaligned": (k) => k.fails("EINVAL", "mseal", withHole(k) + 1, PAGE, 0),
  // A 64-bit kernel has no overflow in a 32-bit program's numbers.
  "mseal02: overflow": (k) =>
    k.fails(k.m.abi === "lp64" ? "EINVAL" : "ENOMEM", "mseal", withHole(k), -PAGE + 1, 0),
  "mseal02: start in nothing": (k) =>
    k.fails("ENOMEM", "mseal", withHole(k) + 2 * PAGE, 2 * PAGE, 0),
  "mseal02: end in nothing": (k) => k.fails("ENOMEM", "mseal", withHole(k) + PAGE, 2 * PAGE, 0),
  "mseal02: a hole in between": (k) => {
    const at = withHole(k);
    k.fails("ENOMEM", "mseal", at, 4 * PAGE, 0);
    k.ok("munmap", at, 4 * PAGE);
  },
};

const remappingCases: Cases = {
  "remap_file_pages01: the same pages": (k) => {
    const at = k.map(16, PROT.RW, MAP.SHARED);
    for (let page = 0; page < 16; page++) k.fill(at + page * PAGE, 1, page);
    for (let page = 0; page < 16; page += 2)
      k.ok("remap_file_pages", at + page * PAGE, 2 * PAGE, 0, page, 0);
    for (let page = 0; page < 16; page++) expect(k.holds(at + page * PAGE, 1, page)).toBe(true);
    expect(k.pieces(at, 16)).toBe(1);
  },
  "remap_file_pages02: not shared": (k) =>
    k.fails("EINVAL", "remap_file_pages", k.map(32), PAGE, 0, 2, 0),
  "remap_file_pages02: nothing mapped": (k) => {
    const at = k.map(32, PROT.RW, MAP.SHARED);
    k.ok("munmap", at + 31 * PAGE, PAGE);
    k.fails("EINVAL", "remap_file_pages", at + 31 * PAGE, PAGE, 0, 2, 0);
  },
  "remap_file_pages02: beyond the mapping": (k) => {
    const at = k.map(32, PROT.RW, MAP.SHARED);
    k.ok("munmap", at + 31 * PAGE, PAGE);
    k.fails("EINVAL", "remap_file_pages", at, 32 * PAGE, 0, 0, 0);
  },
  "remap_file_pages02: protection": (k) => {
    const at = k.map(32, PROT.RW, MAP.SHARED);
    k.fails("EINVAL", "remap_file_pages", at, PAGE, -1, 2, 0);
  },
};

/** mbind with a mask of node 0, or, for the default policy, without one. */
function bind(k: Kit, at: number, pages: number, mode: number, flags = 0): void {
  const mask = k.scratch;
  k.m.process.view().setBigUint64(mask, 1n, true);
  const isDefault = mode === MPOL.DEFAULT;
  k.ok("mbind", at, pages * PAGE, mode, isDefault ? 0 : mask, isDefault ? 0 : 64, flags);
}

/** Six written pages between others of another kind. */
function sixPages(k: Kit): number {
  const at = k.map(8, PROT.NONE) + PAGE;
  k.map(6, PROT.RW, MAP.PRIVATE | MAP.FIXED, at);
  k.fill(at, 6, 0);
  return at;
}

/** The lengths of the regions that the six pages are in. */
const lengths = (k: Kit, at: number): number[] =>
  k.m.regions(at, at + 6 * PAGE).map(({ start, end }) => (end - start) / PAGE);

const B = MPOL.BIND;
const I = MPOL.INTERLEAVE;
const D = MPOL.DEFAULT;

/**
 * Each row: ranges (first page, pages, policy) that are bound one after the other, and the regions
 * that there are then.
 */
const POLICIES: readonly [string, readonly [number, number, number][], number[]][] = [
  ["vma04: case 4", [[0, 4, B], [2, 2, D]], [2, 4]], // prettier-ignore
  ["vma04: case 5", [[0, 2, B], [2, 2, B]], [4, 2]], // prettier-ignore
  ["vma04: case 6", [[0, 2, B], [4, 2, B], [2, 2, B]], [6]], // prettier-ignore
  ["vma04: case 7", [[0, 2, B], [4, 2, I], [2, 2, B]], [4, 2]], // prettier-ignore
  ["vma04: case 8", [[0, 2, B], [4, 2, I], [2, 2, I]], [2, 4]], // prettier-ignore
];

const policyCases: Cases = {
  vma02: (k) => {
    k.m.option(KernelOption.CAP_SYS_NICE, 1);
    const at = k.map(3, PROT.WRITE);
    k.fill(at, 3, 0);
    bind(k, at + PAGE, 1, MPOL.BIND, MPOL.MF_MOVE_ALL);
    expect(k.pieces(at, 3)).toBe(3);
    bind(k, at, 3, MPOL.DEFAULT);
    expect(k.pieces(at, 3)).toBe(1);
  },
  ...Object.fromEntries(
    POLICIES.map(([name, steps, regions]): Case => [
      name,
      (k) => {
        const at = sixPages(k);
        for (const [page, pages, mode] of steps) bind(k, at + page * PAGE, pages, mode);
        expect(lengths(k, at)).toEqual(regions);
      },
    ]),
  ),
};

const laterCases: Cases = {
  sbrk03: (k) => {
    // More than the rest of the address space: refused, and the break stays.
    expect(k.libcBrk(k.brk + 0x10000)).toBe(0);
    const before = k.brk;
    expect(k.libcSbrk(0x70000000)).toBe(-1);
    expect(k.brk).toBe(before);
  },
  "mmap22: what is written stays": (k) => {
    const at = k.map(64, PROT.RW, MAP.DROPPABLE);
    k.fill(at, 64, 0x41);
    expect(k.holds(at, 64, 0x41)).toBe(true);
    k.ok("munmap", at, 64 * PAGE);
  },
  "mmap22: a kernel without it": (k) => {
    k.m.option(KernelOption.KERNEL_VERSION, 6001);
    k.mapFails("EINVAL", 1, PROT.RW, MAP.ANONYMOUS | MAP.DROPPABLE);
  },
  "mremap07: MREMAP_DONTUNMAP": (k) => {
    const at = k.map(1);
    k.fill(at, 1, 7);
    const to = k.ok("mremap", at, PAGE, PAGE, MREMAP.MAYMOVE | MREMAP.DONTUNMAP, 0);
    expect(to).not.toBe(at);
    expect([k.holds(to, 1, 7), k.holds(at, 1, 0)]).toEqual([true, true]);
  },
  madvise05: (k) => {
    const pages = (32 * 2 ** 20) / PAGE;
    const at = k.map(pages, PROT.READ, MAP.PRIVATE | MAP.POPULATE);
    k.ok("mprotect", at, pages * PAGE, PROT.NONE);
    k.ok("madvise", at, pages * PAGE, MADV.WILLNEED);
    k.ok("munmap", at, pages * PAGE);
  },
  "mprotect04: PROT_EXEC": (k) => {
    const at = k.map(1);
    k.fill(at, 1, 0x90);
    k.ok("mprotect", at, PAGE, PROT.EXEC);
    expect(k.m.fetch(at, PAGE)).toBe(0);
  },
  "madvise09: not freed at once": (k) => {
    const at = k.map(128);
    k.fill(at, 128, 0x61);
    k.ok("madvise", at, 128 * PAGE, MADV.FREE);
    for (const page of [0, 10]) expect(k.write(at + page * PAGE, 0x62)).toBe(0);
    expect([k.read(at), k.read(at + 1), k.read(at + PAGE)]).toEqual([0x62, 0x61, 0x61]);
  },
  "setrlimit01: RLIMIT_NOFILE": (k) => {
    expect(k.setLimit(RLIMIT.NOFILE, 100, 100)).toBe(0);
    expect(k.limits(RLIMIT.NOFILE)).toEqual({ soft: 100n, hard: 100n });
  },
  "setrlimit01: RLIMIT_FSIZE": (k) => {
    expect(k.setLimit(RLIMIT.FSIZE, 10, 10)).toBe(0);
    const file = k.file(0);
    const fd = k.open(file);
    k.m.process.u8().set(bytesOf("abcdefghijklmnopqrstuvwxyz"), k.scratch);
    expect(k.ok("pwrite64", fd, k.scratch, 26, ...k.position(0))).toBe(10);
    expect(file.bytes).toEqual(bytesOf("abcdefghij"));
  },
  "setrlimit01: RLIMIT_NPROC": (k) => {
    expect(k.setLimit(RLIMIT.NPROC, 10, 10)).toBe(0);
    expect(k.limits(RLIMIT.NPROC)).toEqual({ soft: 10n, hard: 10n });
  },
};

export const ltpNewerCases: Cases = {
  ...sealCases,
  ...remappingCases,
  ...policyCases,
  ...laterCases,
};
