// The cases of LTP's testcases/kernel/syscalls/{brk,sbrk,mmap,munmap,mremap,mprotect}, named after
// the file and, where it has a table, the row. Rows that need files are in left-out.ts.

import { expect } from "vitest";
import { ADDRESS, ERRNO, KernelOption, MAP, MREMAP, PAGE, PROT, SIGSEGV } from "./kit.js";
import type { Cases, Kit } from "./kit.js";

const FIXED = MREMAP.MAYMOVE | MREMAP.FIXED;
const NOREPLACE = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED_NOREPLACE;

/** 33 moves of the break: up by two pages less a byte more, the same again, down. */
function brkSteps(k: Kit, move: (address: number) => void): void {
  const step = 2 * PAGE - 1;
  for (let i = 0; i < 33; i++) {
    const wanted = k.brk + [step, 0, -step][i % 3]!;
    move(wanted);
    expect(k.brk).toBe(wanted);
    if (i % 3 === 0) expect(k.write(wanted - 1, 1)).toBe(0);
  }
}

const PERMISSIONS: readonly [string, number, string][] = [
  ["PROT_NONE", PROT.NONE, "---"],
  ["PROT_READ", PROT.READ, "r--"],
  ["PROT_WRITE", PROT.WRITE, "-w-"],
  ["PROT_EXEC", PROT.EXEC, "--x"],
  ["PROT_READ|PROT_WRITE", PROT.RW, "rw-"],
  ["PROT_READ|PROT_EXEC", PROT.READ | PROT.EXEC, "r-x"],
  ["PROT_READ|PROT_WRITE|PROT_EXEC", PROT.RW | PROT.EXEC, "rwx"],
];

/** What maps says of a region's permissions. */
function permissions(k: Kit, at: number): string {
  const flags = k.regionOf(at)?.flags ?? 0;
  const letters = (flags & 1 ? "r" : "-") + (flags & 2 ? "w" : "-") + (flags & 4 ? "x" : "-");
  return letters + (flags & 8 ? "s" : "p");
}

const mmap04: Cases = Object.fromEntries(
  PERMISSIONS.flatMap(([name, prot, letters]) =>
    (["PRIVATE", "SHARED"] as const).map((kind): [string, (k: Kit) => void] => [
      `mmap04: ${name}, MAP_${kind}`,
      (k) =>
        expect(permissions(k, k.map(2, prot, MAP[kind]))).toBe(
          letters + (kind === "SHARED" ? "s" : "p"),
        ),
    ]),
  ),
);

/** Lets a table have `room` more regions. */
function leaveRoom(k: Kit, room: number): void {
  k.m.option(KernelOption.MAX_MAP_COUNT, k.m.mm("mapCount") + room);
}

const breakCases: Cases = {
  "brk01: libc": (k) => brkSteps(k, (address) => expect(k.libcBrk(address)).toBe(0)),
  "brk01: raw": (k) => brkSteps(k, (address) => expect(k.ok("brk", address)).toBe(address)),
  brk02: (k) => {
    const start = k.brk;
    expect(k.libcBrk(start + 2 * PAGE)).toBe(0);
    k.ok("mprotect", start, PAGE, PROT.NONE);
    expect(k.libcBrk(start + 4 * PAGE)).toBe(0);
    k.ok("mprotect", start + 2 * PAGE, 2 * PAGE, PROT.READ | PROT.EXEC);
    // Down over a region of its own, which goes altogether.
    expect(k.libcBrk(start + PAGE)).toBe(0);
    expect(k.isMapped(start + PAGE)).toBe(false);
    expect(k.libcBrk(start)).toBe(0);
    expect(k.isMapped(start)).toBe(false);
  },
  sbrk01: (k) => {
    const start = k.brk;
    expect([k.libcSbrk(0), k.libcSbrk(8192), k.libcSbrk(-8192)]).toEqual([
      start,
      start,
      start + 8192,
    ]);
    expect(k.brk).toBe(start);
  },
  sbrk02: (k) => {
    const step = 256 * 2 ** 20;
    let result = 0;
    for (let i = 0; i < 20 && result !== -1; i++) result = k.libcSbrk(step);
    expect([result, k.errno]).toEqual([-1, ERRNO.ENOMEM]);
  },
};

const mmapCases: Cases = {
  ...mmap04,
  "mmap06: length 0": (k) => k.mapFails("EINVAL", 0, PROT.RW),
  "mmap06: neither MAP_PRIVATE nor MAP_SHARED": (k) =>
    k.mapFails("EINVAL", PAGE, PROT.READ, MAP.ANONYMOUS),
  mmap08: (k) => k.fails("EBADF", "mmap", 0, PAGE, PROT.WRITE, MAP.SHARED, 77, 0),
  mmap11: (k) => {
    // Unmapping does not need room in the table.
    const at = k.map(3);
    leaveRoom(k, 0);
    k.ok("munmap", at, 3 * PAGE);
  },
  mmap12: (k) => {
    const at = k.map(16, PROT.RW, MAP.PRIVATE | MAP.POPULATE);
    expect(k.resident(at, 16 * PAGE)).toEqual(Array<number>(16).fill(1));
  },
  mmap14: (k) => {
    const before = k.m.mm("lockedVm");
    k.map(16, PROT.RW, MAP.PRIVATE | MAP.LOCKED);
    expect(k.m.mm("lockedVm") - before).toBe(16);
  },
  "mmap15: MAP_FIXED beyond the end": (k) => {
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED;
    k.mapFails("ENOMEM", PAGE, PROT.READ, flags, k.taskSize);
    k.mapFails("ENOMEM", 2 * PAGE, PROT.READ, flags, k.taskSize - PAGE);
  },
  mmap17: (k) => {
    const at = k.map(4, PROT.NONE, MAP.PRIVATE, ADDRESS);
    for (const [from, pages] of [
      [-1, 2],
      [0, 4],
      [1, 1],
      [3, 4],
      [-1, 6],
    ] as const)
      k.mapFails("EEXIST", pages * PAGE, PROT.NONE, NOREPLACE, at + from * PAGE);
    expect(k.ok("mmap", at + 4 * PAGE, PAGE, PROT.NONE, NOREPLACE, -1, 0)).toBe(at + 4 * PAGE);
  },
  "mmap18: grows": (k) => {
    const at = k.map(1, PROT.RW, MAP.PRIVATE | MAP.GROWSDOWN | MAP.FIXED, ADDRESS);
    expect(k.isMapped(at - PAGE)).toBe(false);
    expect(k.write(at - 3 * PAGE, 1)).toBe(0);
    expect(k.pieces(at - 3 * PAGE, 4)).toBe(1);
  },
  "mmap18: not into the gap above another mapping": (k) => {
    const at = k.map(1, PROT.RW, MAP.PRIVATE | MAP.GROWSDOWN | MAP.FIXED, ADDRESS);
    k.map(1, PROT.RW, MAP.PRIVATE | MAP.FIXED, ADDRESS - 200 * PAGE);
    expect(k.write(at - PAGE, 1)).toBe(SIGSEGV);
  },
};

const unmappingCases: Cases = {
  "munmap01: whole": (k) => {
    const at = k.map(2);
    k.ok("munmap", at, 2 * PAGE);
    expect(k.write(at, 1)).toBe(SIGSEGV);
  },
  "munmap01: part": (k) => {
    const at = k.map(3);
    k.ok("munmap", at + PAGE, 2 * PAGE);
    expect([k.write(at, 1), k.write(at + PAGE, 1)]).toEqual([0, SIGSEGV]);
  },
  "munmap03: beyond the address space": (k) => k.fails("EINVAL", "munmap", k.taskSize + PAGE, PAGE),
  "munmap03: length 0": (k) => k.fails("EINVAL", "munmap", k.map(1), 0),
  "munmap03: unaligned": (k) => k.fails("EINVAL", "munmap", k.map(1) + 1, PAGE),
  munmap04: (k) => {
    const at = k.map(3);
    leaveRoom(k, 0);
    k.fails("ENOMEM", "munmap", at + PAGE, PAGE);
    expect(k.pieces(at, 3)).toBe(1);
  },
};

const remappingCases: Cases = {
  mremap02: (k) => k.fails("EINVAL", "mremap", k.map(1) + 4, PAGE, 2 * PAGE, MREMAP.MAYMOVE, 0),
  mremap03: (k) => {
    const at = k.map(1);
    k.ok("munmap", at, PAGE);
    k.fails("EFAULT", "mremap", at, PAGE, 2 * PAGE, MREMAP.MAYMOVE, 0);
  },
  mremap04: (k) => {
    const at = k.map(2, PROT.RW, MAP.SHARED);
    k.ok("munmap", at + PAGE, PAGE);
    k.map(1, PROT.READ, MAP.PRIVATE | MAP.FIXED, at + PAGE);
    k.fails("ENOMEM", "mremap", at, PAGE, 2 * PAGE, 0, 0);
  },
  "mremap05: MREMAP_FIXED needs MREMAP_MAYMOVE": (k) => {
    const [from, to] = [k.map(1), k.map(1)];
    k.fails("EINVAL", "mremap", from, PAGE, PAGE, MREMAP.FIXED, to);
  },
  "mremap05: unaligned new address": (k) => {
    const [from, to] = [k.map(1), k.map(1)];
    k.fails("EINVAL", "mremap", from, PAGE, PAGE, FIXED, to + 1);
  },
  "mremap05: overlap": (k) => {
    const at = k.map(3);
    k.fails("EINVAL", "mremap", at, 2 * PAGE, 2 * PAGE, FIXED, at + PAGE);
  },
  "mremap05: to a mapped place": (k) => {
    const [from, to] = [k.map(1), k.map(1)];
    k.fill(from, 1, 5);
    k.fill(to, 1, 6);
    expect(k.ok("mremap", from, PAGE, PAGE, FIXED, to)).toBe(to);
    expect(k.holds(to, 1, 5)).toBe(true);
    expect(k.read(from)).toBe(-SIGSEGV);
  },
  "mremap05: to a free place": (k) => {
    const [from, to] = [k.map(1), k.map(1)];
    k.fill(from, 1, 5);
    k.ok("munmap", to, PAGE);
    expect(k.ok("mremap", from, PAGE, PAGE, FIXED, to)).toBe(to);
    expect(k.holds(to, 1, 5)).toBe(true);
  },
};

const protectionCases: Cases = {
  "mprotect01: nothing mapped": (k) => k.fails("ENOMEM", "mprotect", 0, PAGE, PROT.READ),
  "mprotect01: unaligned": (k) => k.fails("EINVAL", "mprotect", k.map(1) + 1, PAGE, PROT.READ),
  mprotect02: (k) => {
    const at = k.map(1, PROT.READ);
    expect(k.write(at, 1)).toBe(SIGSEGV);
    k.ok("mprotect", at, PAGE, PROT.WRITE);
    expect(k.write(at, 1)).toBe(0);
  },
  mprotect03: (k) => {
    const at = k.map(1);
    expect(k.write(at, 1)).toBe(0);
    k.ok("mprotect", at, PAGE, PROT.READ);
    expect(k.write(at, 1)).toBe(SIGSEGV);
  },
  "mprotect04: PROT_NONE": (k) => {
    const at = k.map(1);
    k.ok("mprotect", at, PAGE, PROT.NONE);
    expect([k.read(at), k.write(at, 1)]).toEqual([-SIGSEGV, SIGSEGV]);
  },
  mprotect05: (k) => {
    const at = k.map(5, PROT.RW, MAP.PRIVATE | MAP.FIXED, ADDRESS);
    expect(k.pieces(at, 5)).toBe(1);
    k.ok("mprotect", at + PAGE, PAGE, PROT.NONE);
    k.ok("mprotect", at + 3 * PAGE, PAGE, PROT.NONE);
    expect(k.pieces(at, 5)).toBe(5);
    // What lies between two alike becomes like them: one again.
    k.ok("mprotect", at + PAGE, 3 * PAGE, PROT.RW);
    expect(k.pieces(at, 5)).toBe(1);
  },
};

export const ltpMappingCases: Cases = {
  ...breakCases,
  ...mmapCases,
  ...unmappingCases,
  ...remappingCases,
  ...protectionCases,
};
