// The cases of munmap, mlock, munlock, mlockall and munlockall in LTP's
// testcases/open_posix_testsuite/conformance/interfaces, named after the file. Each runs as another
// user than root: without CAP_IPC_LOCK.

import { expect } from "vitest";
import { KernelOption, MAP, MCL, MS, O, PAGE, PROT, RLIMIT, SIGSEGV } from "./kit.js";
import type { Cases, Kit, MemoryBytes } from "./kit.js";

const KIB = 1024;
const A = 97;
const B = 98;

/** A block of malloc's, as most of the originals lock. */
const block = (k: Kit, size: number): number => k.m.process.malloc(size);

const pageOf = (address: number): number => address - (address % PAGE);

/** The page in which LONG_MAX lies, where the originals expect nothing. */
const lastPositivePage = (k: Kit): bigint => (k.m.abi === "lp64" ? 2n ** 63n : 2n ** 31n) - 4096n;

/** A shared mapping of a byte more than one page of a file of two. */
function mapTwoPages(k: Kit): { at: number; length: number; fd: number; file: MemoryBytes } {
  const file = k.file(0);
  const fd = k.open(file);
  k.ok("ftruncate", fd, 2 * PAGE);
  const length = PAGE + 1;
  return { at: k.mapFile(fd, length, PROT.RW, MAP.SHARED), length, fd, file };
}

/** 1-1 and 1-2: a byte of the mapping can be stored to, and not any more when it is gone. */
function unmapsWhatIsAt(k: Kit, offset: number): void {
  const { at, length, fd, file } = mapTwoPages(k);
  expect(k.write(at + offset, B)).toBe(0);
  k.ok("close", fd);
  k.ok("munmap", at, length);
  expect(k.write(at + offset, A)).toBe(SIGSEGV);
  expect(file.bytes[offset]).toBe(B);
}

const munmapCases: Cases = {
  // Behind the length, but on its last page.
  "munmap/1-1": (k) => unmapsWhatIsAt(k, PAGE + 2),
  "munmap/1-2": (k) => unmapsWhatIsAt(k, 0),
  // What the original unmaps is mapped; the second time it is not.
  "munmap/2-1": (k) => {
    const buffer = block(k, 2 * PAGE);
    const at = pageOf(buffer) + PAGE;
    k.ok("munmap", at, PAGE);
    const before = k.m.regions();
    k.ok("munmap", at, PAGE);
    expect(k.m.regions()).toEqual(before);
    expect(k.isMapped(at)).toBe(false);
    k.m.process.free(buffer);
  },
  "munmap/3-1": (k) => {
    const { at, length, fd } = mapTwoPages(k);
    k.ok("close", fd);
    k.fails("EINVAL", "munmap", at + 1, length);
    expect(k.pieces(at, 2)).toBe(1);
  },
  "munmap/4-1": (k) => {
    const fd = k.openNew("a".repeat(KIB));
    const at = k.mapFile(fd, KIB, PROT.RW, MAP.PRIVATE);
    expect(k.write(at, B)).toBe(0);
    k.ok("msync", at, KIB, MS.SYNC);
    k.ok("munmap", at, KIB);
    expect(k.read(k.mapFile(fd, KIB, PROT.RW, MAP.PRIVATE))).toBe(A);
  },
  "munmap/8-1": (k) => k.fails("EINVAL", "munmap", -1, 1),
  "munmap/9-1": (k) => {
    const { at, fd } = mapTwoPages(k);
    k.ok("close", fd);
    k.fails("EINVAL", "munmap", at, 0);
    expect(k.isMapped(at)).toBe(true);
  },
};

const BLOCK = 8;

/** An address that is not a page's, in a block of a page. */
function unaligned(k: Kit): number {
  const at = block(k, PAGE);
  return at % PAGE === 0 ? at + 1 : at;
}

/** With a limit of nothing, a block cannot be locked. */
function lockingIsDenied(k: Kit, hard: bigint): void {
  expect(k.setLimit(RLIMIT.MEMLOCK, 0, hard)).toBe(0);
  const at = block(k, BLOCK);
  k.fails("EPERM", "mlock", at, BLOCK);
  expect(k.isLocked(pageOf(at))).toBe(false);
}

const mlockCases: Cases = {
  "mlock/5-1": (k) => {
    const at = block(k, BLOCK);
    expect(k.ok("mlock", at, BLOCK)).toBe(0);
    expect(k.isLocked(pageOf(at))).toBe(true);
  },
  "mlock/8-1": (k) => k.fails("ENOMEM", "mlock", lastPositivePage(k), BLOCK),
  // POSIX allows EINVAL; Linux rounds down.
  "mlock/10-1": (k) => {
    const at = unaligned(k);
    expect(k.ok("mlock", at, PAGE - 1)).toBe(0);
    expect(k.isLocked(pageOf(at))).toBe(true);
  },
  "mlock/12-1": (k) => lockingIsDenied(k, 0n),
  // The same file, in another folder.
  "mlock/speculative/12-1": (k) => lockingIsDenied(k, 0n),
};

const munlockCases: Cases = {
  "munlock/7-1": (k) => {
    const at = block(k, BLOCK);
    k.ok("mlock", at, BLOCK);
    expect(k.ok("munlock", at, BLOCK)).toBe(0);
    expect(k.isLocked(pageOf(at))).toBe(false);
  },
  "munlock/10-1": (k) => k.fails("ENOMEM", "munlock", lastPositivePage(k), BLOCK),
  "munlock/11-1": (k) => {
    const at = unaligned(k);
    k.ok("mlock", at, PAGE - 1);
    expect(k.ok("munlock", at, PAGE - 1)).toBe(0);
    expect(k.m.mm("lockedVm")).toBe(0);
  },
};

/** mlockall locks what is mapped at an address, as msync says. */
function locksMapped(k: Kit, at: number): void {
  k.ok("msync", at, PAGE, MS.SYNC | MS.INVALIDATE);
  k.ok("mlockall", MCL.CURRENT);
  k.fails("EBUSY", "msync", at, PAGE, MS.SYNC | MS.INVALIDATE);
}

const mlockallCases: Cases = {
  "mlockall/3-6": (k) => {
    const fd = k.openNew(0);
    k.ok("ftruncate", fd, BLOCK);
    locksMapped(k, k.mapFile(fd, BLOCK, PROT.WRITE, MAP.SHARED));
  },
  "mlockall/3-7": (k) => {
    const fd = k.openNew("a".repeat(3 * KIB), O.RDONLY);
    locksMapped(k, k.mapFile(fd, PAGE, PROT.READ, MAP.SHARED));
  },
  "mlockall/8-1": (k) => {
    expect(k.ok("mlockall", MCL.CURRENT)).toBe(0);
    expect(k.m.mm("lockedVm")).toBe(k.m.mm("totalVm"));
  },
  "mlockall/13-1": (k) => k.fails("EINVAL", "mlockall", 0),
  "mlockall/13-2": (k) => k.fails("EINVAL", "mlockall", ~(MCL.CURRENT | MCL.FUTURE)),
  // The original leaves the limit alone: before Linux 2.6.9 only root could lock. Now that is so
  // with a limit of nothing, and with another one a process may do it.
  "mlockall/15-1": (k) => {
    const { soft, hard } = k.limits(RLIMIT.MEMLOCK);
    k.lower(RLIMIT.MEMLOCK, 0);
    k.fails("EPERM", "mlockall", MCL.CURRENT);
    expect(k.setLimit(RLIMIT.MEMLOCK, soft, hard)).toBe(0);
    k.ok("mlockall", MCL.CURRENT);
  },
  "mlockall/speculative/15-1": (k) => {
    expect(k.setLimit(RLIMIT.MEMLOCK, 0, 0)).toBe(0);
    k.fails("EPERM", "mlockall", MCL.CURRENT);
    k.m.option(KernelOption.CAP_IPC_LOCK, 1);
    k.ok("mlockall", MCL.CURRENT);
  },
};

const munlockallCases: Cases = {
  "munlockall/5-1": (k) => {
    expect(k.ok("munlockall")).toBe(0);
    k.ok("mlockall", MCL.CURRENT);
    expect(k.ok("munlockall")).toBe(0);
    expect(k.m.mm("lockedVm")).toBe(0);
  },
};

export const posixOtherCases: Cases = {
  ...munmapCases,
  ...mlockCases,
  ...munlockCases,
  ...mlockallCases,
  ...munlockallCases,
};
