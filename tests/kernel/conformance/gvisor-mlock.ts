// The cases of gVisor's test/syscalls/linux/mlock.cc that need no second process. Their names are
// the originals'.

import { expect } from "vitest";
import { ERRNO, MADV, MAP, MCL, MREMAP, MS, PAGE, PROT, RLIMIT } from "./kit.js";
import type { Cases, Kit } from "./kit.js";

const LOCKED = MAP.PRIVATE | MAP.LOCKED;

/** A page that mlock locks, and that was not locked before. */
function lockedPage(k: Kit): number {
  const at = k.map(1);
  expect(k.isLocked(at)).toBe(false);
  k.ok("mlock", at, PAGE);
  expect(k.isLocked(at)).toBe(true);
  return at;
}

export const mlockCases: Cases = {
  "MlockTest.Basic": (k) => void lockedPage(k),
  "MlockTest.ProtNone": (k) => {
    const at = k.map(1, PROT.NONE);
    expect(k.isLocked(at)).toBe(false);
    k.fails("ENOMEM", "mlock", at, PAGE);
    expect(k.isLocked(at)).toBe(true);
  },
  "MlockTest.MadviseDontneed": (k) => {
    k.fails("EINVAL", "madvise", lockedPage(k), PAGE, MADV.DONTNEED);
  },
  "MlockTest.MsyncInvalidate": (k) => {
    const at = lockedPage(k);
    k.fails("EBUSY", "msync", at, PAGE, MS.ASYNC | MS.INVALIDATE);
    k.fails("EBUSY", "msync", at, PAGE, MS.SYNC | MS.INVALIDATE);
  },
  "MlockTest.RlimitMemlockZero": (k) => {
    k.lower(RLIMIT.MEMLOCK, 0);
    const at = k.map(1);
    k.fails("EPERM", "mlock", at, PAGE);
    expect(k.isLocked(at)).toBe(false);
  },
  "MlockTest.RlimitMemlockInsufficient": (k) => {
    k.lower(RLIMIT.MEMLOCK, PAGE);
    const at = k.map(2);
    k.fails("ENOMEM", "mlock", at, 2 * PAGE);
    expect(k.isLocked(at)).toBe(false);
  },
  "MunlockTest.Basic": (k) => {
    const at = lockedPage(k);
    k.ok("munlock", at, PAGE);
    expect(k.isLocked(at)).toBe(false);
  },
  "MunlockTest.NotLocked": (k) => {
    const at = k.map(1);
    k.ok("munlock", at, PAGE);
    expect(k.isLocked(at)).toBe(false);
  },
  "MlockallTest.Future": (k) => {
    const before = k.map(1);
    expect(k.isLocked(before)).toBe(false);
    k.ok("mlockall", MCL.FUTURE);
    const during = k.map(1, PROT.READ);
    expect(k.isLocked(during)).toBe(true);
    k.ok("munlockall");
    expect(k.isLocked(during)).toBe(false);
    expect(k.isLocked(k.map(1))).toBe(false);
  },
  "MunlockallTest.Basic": (k) => {
    const at = k.map(1, PROT.RW, LOCKED);
    expect(k.isLocked(at)).toBe(true);
    k.ok("munlockall");
    expect(k.isLocked(at)).toBe(false);
  },
  "Mlock2Test.NoFlags": (k) => {
    const at = k.map(1);
    k.ok("mlock2", at, PAGE, 0);
    expect(k.isLocked(at)).toBe(true);
    expect(k.resident(at, PAGE)).toEqual([1]);
  },
  "Mlock2Test.MlockOnfault": (k) => {
    const at = k.map(1);
    k.ok("mlock2", at, PAGE, 1);
    expect(k.isLocked(at)).toBe(true);
    expect(k.resident(at, PAGE)).toEqual([0]);
  },
  "Mlock2Test.UnknownFlags": (k) => k.fails("EINVAL", "mlock2", k.map(1), PAGE, -1),
  "MapLockedTest.Basic": (k) => {
    const at = k.map(1, PROT.RW, LOCKED);
    expect(k.isLocked(at)).toBe(true);
    k.ok("munlock", at, PAGE);
    expect(k.isLocked(at)).toBe(false);
  },
  "MapLockedTest.RlimitMemlockZero": (k) => {
    k.lower(RLIMIT.MEMLOCK, 0);
    k.mapFails("EPERM", PAGE, PROT.RW, LOCKED | MAP.ANONYMOUS);
  },
  "MapLockedTest.RlimitMemlockInsufficient": (k) => {
    k.lower(RLIMIT.MEMLOCK, PAGE);
    k.mapFails("EAGAIN", 2 * PAGE, PROT.RW, LOCKED | MAP.ANONYMOUS);
  },
  "MremapLockedTest.Basic": (k) => {
    const at = k.map(1, PROT.RW, LOCKED);
    const now = k.ok("mremap", at, PAGE, 2 * PAGE, MREMAP.MAYMOVE, 0);
    expect([k.isLocked(now), k.isLocked(now + PAGE)]).toEqual([true, true]);
    expect(k.m.mm("lockedVm")).toBe(2);
  },
  "MremapLockedTest.RlimitMemlockZero": (k) => {
    const at = k.map(1, PROT.RW, LOCKED);
    k.lower(RLIMIT.MEMLOCK, 0);
    k.fails("EAGAIN", "mremap", at, PAGE, 2 * PAGE, MREMAP.MAYMOVE, 0);
  },
  "MremapLockedTest.RlimitMemlockInsufficient": (k) => {
    const at = k.map(1, PROT.RW, LOCKED);
    k.lower(RLIMIT.MEMLOCK, PAGE);
    expect(k.m.call("mremap", at, PAGE, 2 * PAGE, MREMAP.MAYMOVE, 0)).toBe(-ERRNO.EAGAIN);
    expect(k.isLocked(at)).toBe(true);
  },
};
