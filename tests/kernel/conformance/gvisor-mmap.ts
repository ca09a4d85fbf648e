// The cases of gVisor's test/syscalls/linux/mmap.cc that need neither files nor processes. Their
// names are the originals'.

import { expect } from "vitest";
import { Machine } from "../support/machine.js";
import { ADDRESS, ERRNO, MAP, PAGE, PROT, RLIM_INFINITY, RLIMIT, SIGSEGV } from "./kit.js";
import type { Cases, Kit } from "./kit.js";

const MIB = 2 ** 20;

/** brk with a data limit of 0, set by `limit`: refused, and libc says ENOMEM. */
function exceedsDataLimit(k: Kit): void {
  const before = k.brk;
  expect(k.setLimit(RLIMIT.DATA, 0)).toBe(0);
  expect(k.libcBrk(before + 8192)).toBe(-1);
  expect(k.errno).toBe(ERRNO.ENOMEM);
  expect(k.setLimit(RLIMIT.DATA, RLIM_INFINITY)).toBe(0);
  expect(k.libcBrk(before + 8192)).toBe(0);
}

/** Memory with this protection can be written, and read back. */
function isWritable(k: Kit, at: number): void {
  k.fill(at, 1, 42);
  expect(k.holds(at, 1, 42)).toBe(true);
}

export const mmapCases: Cases = {
  "MMapTest.MapAnything": (k) => {
    expect(k.map(1, PROT.NONE)).toBeGreaterThan(0);
  },
  "MMapTest.SmallMap": (k) => {
    k.ok("mmap", 0, 128, PROT.NONE, MAP.PRIVATE | MAP.ANONYMOUS, -1, 0);
  },
  "MMapTest.HintAddress": (k) => {
    expect(k.map(1, PROT.NONE, MAP.PRIVATE, ADDRESS)).toBe(ADDRESS);
  },
  "MMapTest.MapFixed": (k) => {
    expect(k.map(1, PROT.NONE, MAP.PRIVATE | MAP.FIXED, ADDRESS)).toBe(ADDRESS);
  },
  // Addresses end at 4 GiB here, so this is about those that no signed 32-bit number holds.
  "MMapTest.MapFixed64/beyond 2 GiB": (k) => {
    const m = new Machine({ abi: k.m.abi, taskSize: 0xd0000000 });
    const at = 0xc0000000;
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED;
    expect(m.call("mmap", at, PAGE, PROT.RW, flags, -1, 0)).toBe(at);
    expect(m.regions(at, at + PAGE)).toMatchObject([{ start: at, end: at + PAGE }]);
    expect([m.touch(at, PAGE, true), m.touch(at + PAGE, 1, false)]).toEqual([0, SIGSEGV]);
  },
  "MMapTest.MapFixedNoReplaceEmpty": (k) => {
    expect(k.map(1, PROT.NONE, MAP.PRIVATE | MAP.FIXED_NOREPLACE, ADDRESS)).toBe(ADDRESS);
  },
  "MMapTest.MapFixedNoReplaceExisting": (k) => {
    k.map(1, PROT.RW, MAP.PRIVATE | MAP.FIXED, ADDRESS);
    k.write(ADDRESS, 0xde);
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED_NOREPLACE;
    k.mapFails("EEXIST", PAGE, PROT.NONE, flags, ADDRESS);
    expect(k.read(ADDRESS)).toBe(0xde);
  },
  "MMapTest.MapFixedNoReplacePartialOverlap": (k) => {
    k.map(1, PROT.NONE, MAP.PRIVATE | MAP.FIXED, ADDRESS + PAGE);
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED_NOREPLACE;
    k.mapFails("EEXIST", 2 * PAGE, PROT.NONE, flags, ADDRESS);
    expect(k.isMapped(ADDRESS)).toBe(false);
  },
  "MMapTest.MapFixedNoReplaceWithMapFixed": (k) => {
    k.map(1, PROT.NONE, MAP.PRIVATE | MAP.FIXED, ADDRESS);
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED | MAP.FIXED_NOREPLACE;
    k.mapFails("EEXIST", PAGE, PROT.NONE, flags, ADDRESS);
  },
  "MMapTest.MapFixedNoReplaceAlignment": (k) => {
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED_NOREPLACE;
    k.mapFails("EINVAL", PAGE, PROT.NONE, flags, ADDRESS + 1);
  },
  "MMapTest.MapStack": (k) => {
    k.map(1, PROT.NONE, MAP.PRIVATE | MAP.STACK);
  },
  "MMapTest.MapLocked": (k) => {
    k.map(1, PROT.NONE, MAP.PRIVATE | MAP.LOCKED);
  },
  "MMapTest.NotPrivateOrShared": (k) => {
    k.mapFails("EINVAL", PAGE, PROT.NONE, MAP.ANONYMOUS);
  },
  "MMapTest.PrivateAndShared": (k) => {
    k.mapFails("EINVAL", PAGE, PROT.NONE, MAP.PRIVATE | MAP.SHARED | MAP.ANONYMOUS);
  },
  "MMapTest.FixedAlignment": (k) => {
    const flags = MAP.PRIVATE | MAP.FIXED | MAP.ANONYMOUS;
    k.mapFails("EINVAL", PAGE, PROT.NONE, flags, ADDRESS + 1);
  },
  "MMapTest.NonFixedAlignment": (k) => {
    expect(k.map(1, PROT.NONE, MAP.PRIVATE, ADDRESS + 1)).toBe(ADDRESS);
  },
  "MMapTest.InvalidLength": (k) => {
    k.mapFails("EINVAL", 0, PROT.NONE);
  },
  "MMapTest.BadFd": (k) => {
    k.fails("EBADF", "mmap", 0, PAGE, PROT.NONE, MAP.PRIVATE, 999, 0);
  },
  "MMapTest.ProtWrite": (k) => {
    isWritable(k, k.map(1, PROT.RW));
  },
  "MMapTest.ProtWriteOnly": (k) => {
    isWritable(k, k.map(1, PROT.WRITE));
  },
  "MMapTest.ProtWriteOnlyReadable": (k) => {
    expect(k.holds(k.map(1, PROT.WRITE), 1, 0)).toBe(true);
  },
  "MMapTest.ProtectProtWrite": (k) => {
    const at = k.map(1, PROT.NONE);
    k.ok("mprotect", at, PAGE, PROT.RW);
    isWritable(k, at);
  },
  "MMapTest.ProtNoneDeath": (k) => {
    expect(k.read(k.map(1, PROT.NONE))).toBe(-SIGSEGV);
  },
  "MMapTest.ReadOnlyDeath": (k) => {
    expect(k.write(k.map(1, PROT.READ), 42)).toBe(SIGSEGV);
  },
  "MMapTest.MprotectReadOnlyDeath": (k) => {
    const at = k.map(1);
    expect(k.write(at, 42)).toBe(0);
    k.ok("mprotect", at, PAGE, PROT.READ);
    expect(k.write(at, 0)).toBe(SIGSEGV);
    expect(k.read(at)).toBe(42);
  },
  "MMapTest.MprotectNotPageAligned": (k) => {
    k.fails("EINVAL", "mprotect", k.map(1) + 1, PAGE - 1, PROT.READ);
  },
  "MMapTest.MprotectProtNone": (k) => {
    const at = k.map(1);
    k.write(at, 1);
    k.ok("mprotect", at, PAGE, PROT.NONE);
    expect(k.read(at)).toBe(-SIGSEGV);
    // SEGV_ACCERR, not SEGV_MAPERR: something is mapped there.
    expect(k.isMapped(at)).toBe(true);
  },
  "MMapNoFixtureTest.UnmappedIsMapErr": (k) => {
    const at = k.map(1);
    k.ok("munmap", at, PAGE);
    expect([k.read(at), k.write(at, 1)]).toEqual([-SIGSEGV, SIGSEGV]);
    expect(k.isMapped(at)).toBe(false);
  },
  "MMapNoFixtureTest.WriteReadOnlyIsAccErr": (k) => {
    const at = k.map(1, PROT.READ);
    expect(k.write(at, 1)).toBe(SIGSEGV);
    expect(k.isMapped(at)).toBe(true);
  },
  "MMapTest.MprotectHugeLength": (k) => {
    k.fails("ENOMEM", "mprotect", k.map(1), -1, PROT.READ);
  },
  // No machine code runs here: fetching it is an access that can be asked about like the others.
  "MMapTest.ProtExec": (k) => {
    const at = k.map(1);
    k.fill(at, 1, 0x90);
    k.ok("mprotect", at, PAGE, PROT.READ | PROT.EXEC);
    expect([k.m.fetch(at, 1), k.write(at, 1)]).toEqual([0, SIGSEGV]);
  },
  "MMapTest.NoProtExecDeath": (k) => {
    const at = k.map(1);
    k.fill(at, 1, 0x90);
    expect(k.m.fetch(at, 1)).toBe(SIGSEGV);
  },
  "MMapTest.NoExceedLimitData": (k) => {
    expect(k.setLimit(RLIMIT.DATA, RLIM_INFINITY)).toBe(0);
    expect(k.libcBrk(k.brk + 1)).toBe(0);
  },
  "MMapTest.ExceedLimitData": exceedsDataLimit,
  "MMapTest.ExceedLimitDataPrlimit": exceedsDataLimit,
  "MMapTest.ExceedLimitDataPrlimitPID": (k) => {
    const before = k.brk;
    const limits = k.scratch;
    k.m.process.view().setBigUint64(limits, 0n, true);
    k.m.process.view().setBigUint64(limits + 8, RLIM_INFINITY, true);
    k.ok("prlimit64", k.ok("gettid"), RLIMIT.DATA, limits, 0);
    expect(k.libcBrk(before + 8192)).toBe(-1);
    expect(k.errno).toBe(ERRNO.ENOMEM);
    k.fails("ESRCH", "prlimit64", k.ok("getpid") + 1, RLIMIT.DATA, 0, 0);
  },
  "MMapTest.NoExceedLimitAS": (k) => {
    expect(k.setLimit(RLIMIT.AS, k.m.mm("totalVm") * PAGE + 120 * MIB)).toBe(0);
    k.map((100 * MIB) / PAGE, PROT.NONE);
  },
  "MMapTest.ExceedLimitAS": (k) => {
    expect(k.setLimit(RLIMIT.AS, k.m.mm("totalVm") * PAGE + 20 * MIB)).toBe(0);
    k.mapFails("ENOMEM", 100 * MIB, PROT.NONE);
  },
  "MMapTest.SettingProtNoneDoesntFreeMemory": (k) => {
    const at = k.map(1);
    k.fill(at, 1, 42);
    k.ok("mprotect", at, PAGE, PROT.NONE);
    k.ok("mprotect", at, PAGE, PROT.RW);
    expect(k.holds(at, 1, 42)).toBe(true);
  },
  "MMapTest.HugeLength": (k) => {
    k.mapFails("ENOMEM", -PAGE + 1, PROT.NONE);
  },
  "MMapTest.NoReserve": (k) => {
    const pages = (10 * MIB) / PAGE;
    const at = k.map(pages, PROT.RW, MAP.PRIVATE | MAP.NORESERVE);
    for (let i = 0; i < pages; i++) {
      expect(k.read(at + i * PAGE)).toBe(0);
      expect(k.write(at + i * PAGE, i & 255)).toBe(0);
    }
  },
  "MMapNoFixtureTest.Map32Bit": (k) => {
    expect(k.map(1, PROT.NONE, MAP.PRIVATE | MAP.BIT32) + PAGE).toBeLessThanOrEqual(2 ** 32);
  },
};
