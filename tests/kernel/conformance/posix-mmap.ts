// The cases of mmap in LTP's testcases/open_posix_testsuite/conformance/interfaces, named after the
// file. A shared memory object is a file of the host's, as on Linux, where it is one of tmpfs.
// Children that only get the signal or look at the file are left away.

import { expect } from "vitest";
import {
  ERRNO,
  FileKind,
  KernelOption,
  MAP,
  MCL,
  MemoryBytes,
  MS,
  O,
  PAGE,
  PROT,
  RLIMIT,
  SIGBUS,
  SIGSEGV,
} from "./kit.js";
import type { Cases, Kit } from "./kit.js";

const KIB = 1024;
const HALF = PAGE / 2;
const MAX_POSITION = 2n ** 63n - 1n;
const PAGE_MASK = ~BigInt(PAGE - 1);

const A = 97;
const B = 98;

/** So many times the letter a. */
const letters = (length: number): string => "a".repeat(length);

/**
 * An open file or shared memory object that was made empty and got its size from ftruncate, and
 * what it holds.
 */
function truncated(k: Kit, size: number): { file: MemoryBytes; fd: number } {
  const file = k.file(0);
  const fd = k.open(file);
  k.ok("ftruncate", fd, size);
  return { file, fd };
}

/** A file of 1 KiB, open in this way. */
const oneKib = (k: Kit, flags: number): number => k.open(truncated(k, KIB).file, flags);

/** A file that knows when it was read and written to, in ticks of a clock that goes on at each. */
class TimedBytes extends MemoryBytes {
  #now = 0;
  atime = 0;
  /** st_ctime is the same: nothing but writing changes the file. */
  mtime = 0;

  override read(position: number, into: Uint8Array): number {
    this.atime = ++this.#now;
    return super.read(position, into);
  }

  override write(position: number, from: Uint8Array): void {
    this.mtime = ++this.#now;
    super.write(position, from);
  }
}

const mappingCases: Cases = {
  "mmap/1-1": (k) => {
    const fd = k.openNew(letters(KIB));
    const at = k.mapFile(fd, KIB, PROT.RW, MAP.SHARED);
    expect(k.read(at)).toBe(A);
    k.ok("close", fd);
    k.ok("munmap", at, KIB);
  },
  "mmap/1-2": (k) => {
    const size = 4 * KIB * KIB;
    const { fd } = truncated(k, size);
    const at = k.mapFile(fd, size, PROT.RW, MAP.SHARED);
    k.ok("close", fd);
    k.ok("munmap", at, size);
  },
  "mmap/3-1": (k) => {
    const size = PAGE + 2;
    const size2 = PAGE + 1;
    const first = k.openNew(new Uint8Array(2 * PAGE).fill(A));
    const second = k.openNew(new Uint8Array(2 * PAGE).fill(B));
    const at = k.mapFile(first, size, PROT.RW, MAP.SHARED);
    expect(k.read(at + size)).toBe(A);
    expect(k.ok("mmap", at, size2, PROT.RW, MAP.SHARED | MAP.FIXED, second, 0)).toBe(at);
    expect(k.read(at + size)).toBe(B);
    for (const fd of [first, second]) k.ok("close", fd);
    for (const length of [size, size2]) k.ok("munmap", at, length);
    expect(k.isMapped(at + PAGE)).toBe(false);
  },
  // The original wants no more than success. On x86 what may be written or executed may be read.
  "mmap/5-1": (k) => {
    const { fd } = truncated(k, KIB);
    for (const flags of [MAP.SHARED, MAP.PRIVATE])
      for (let prot = 0; prot <= (PROT.RW | PROT.EXEC); prot++) {
        const at = k.mapFile(fd, KIB, prot, flags);
        const signals = [k.m.touch(at, 1, false), k.m.touch(at, 1, true), k.m.fetch(at, 1)];
        const allowed = [prot !== PROT.NONE, prot & PROT.WRITE, prot & PROT.EXEC];
        expect(signals, `prot ${prot}`).toEqual(allowed.map((may) => (may ? 0 : SIGSEGV)));
        k.ok("munmap", at, KIB);
      }
  },
  "mmap/6-1": (k) => {
    const { file, fd } = truncated(k, KIB);
    const at = k.mapFile(fd, KIB, PROT.READ, MAP.SHARED);
    expect(k.write(at, B)).toBe(SIGSEGV);
    k.ok("munmap", at, KIB);
    expect(file.bytes).toEqual(new Uint8Array(KIB));
  },
  "mmap/6-2": (k) => {
    const at = k.mapFile(k.openNew(letters(KIB)), KIB, PROT.NONE, MAP.SHARED);
    expect(k.read(at)).toBe(-SIGSEGV);
  },
  // The file is empty, but the protection comes first.
  "mmap/6-3": (k) => {
    const at = k.mapFile(k.openNew(0), KIB, PROT.NONE, MAP.SHARED);
    expect(k.write(at, B)).toBe(SIGSEGV);
  },
  "mmap/6-4": (k) =>
    k.fails("EACCES", "mmap", 0, KIB, PROT.WRITE, MAP.SHARED, oneKib(k, O.RDONLY), 0),
  "mmap/6-5": (k) => {
    const fd = oneKib(k, O.RDONLY);
    const at = k.mapFile(fd, KIB, PROT.WRITE, MAP.PRIVATE);
    k.ok("munmap", at, KIB);
    k.ok("close", fd);
  },
  "mmap/6-6": (k) =>
    k.fails("EACCES", "mmap", 0, KIB, PROT.READ, MAP.PRIVATE, oneKib(k, O.WRONLY), 0),
};

/** Stores a letter through a mapping, unmaps, and maps once more: the letter that is there then. */
function storedAndMappedAnew(k: Kit, kind: number): number {
  const fd = k.openNew(letters(KIB));
  const at = k.mapFile(fd, KIB, PROT.RW, kind);
  expect(k.write(at, B)).toBe(0);
  k.ok("msync", at, KIB, MS.SYNC);
  k.ok("munmap", at, KIB);
  return k.read(k.mapFile(fd, KIB, PROT.RW, kind));
}

/**
 * Stores a letter in a mapping of an object of zeros: what a private mapping that is made then has
 * there.
 */
function storedAndMappedTwice(k: Kit, kind: number): number {
  const { fd } = truncated(k, KIB);
  const at = k.mapFile(fd, KIB, PROT.RW, kind);
  expect(k.write(at, A)).toBe(0);
  const other = k.mapFile(fd, KIB, PROT.RW, MAP.PRIVATE);
  expect(other).not.toBe(at);
  return k.read(other);
}

/**
 * Stores behind the end of an object of half a page, whose rest must be zeros before: its
 * descriptor, the mapping gone.
 */
function storedBehindEnd(k: Kit, sync: boolean): { file: MemoryBytes; fd: number } {
  const { file, fd } = truncated(k, HALF);
  const at = k.mapFile(fd, HALF, PROT.RW, MAP.SHARED);
  expect(k.get(at + HALF, HALF)).toEqual(new Uint8Array(HALF));
  expect(k.write(at + HALF + 1, B)).toBe(0);
  if (sync) k.ok("msync", at, HALF, MS.SYNC);
  k.ok("munmap", at, HALF);
  k.ok("close", fd);
  return { file, fd: k.open(file) };
}

/** 11-5 and 11-6: reading finds neither more than the object had nor what was stored behind it. */
function staysOutOfObject(k: Kit): void {
  const { file, fd } = storedBehindEnd(k, false);
  expect(k.pread(fd, PAGE, 0)).toEqual(new Uint8Array(HALF));
  expect(file.bytes).toEqual(new Uint8Array(HALF));
}

/** 11-2 and 11-3: a store to the page after the one where the object ends. */
function storesOnPageBehind(k: Kit): void {
  const at = k.mapFile(truncated(k, HALF).fd, 2 * PAGE, PROT.RW, MAP.SHARED);
  expect(k.write(at + PAGE + 1, 0)).toBe(SIGBUS);
}

const storingCases: Cases = {
  "mmap/7-1": (k) => expect(storedAndMappedAnew(k, MAP.SHARED)).toBe(B),
  "mmap/7-2": (k) => expect(storedAndMappedAnew(k, MAP.PRIVATE)).toBe(A),
  "mmap/7-3": (k) => expect(storedAndMappedTwice(k, MAP.PRIVATE)).toBe(0),
  "mmap/7-4": (k) => expect(storedAndMappedTwice(k, MAP.SHARED)).toBe(A),
  "mmap/11-2": storesOnPageBehind,
  "mmap/11-3": storesOnPageBehind,
  "mmap/11-4": (k) => {
    const { fd } = storedBehindEnd(k, true);
    const at = k.mapFile(fd, HALF, PROT.RW, MAP.SHARED);
    expect(k.read(at + HALF + 1)).toBe(0);
  },
  "mmap/11-5": staysOutOfObject,
  "mmap/11-6": staysOutOfObject,
  "mmap/12-1": (k) => {
    const { file, fd } = truncated(k, KIB);
    const at = k.mapFile(fd, KIB, PROT.RW, MAP.SHARED);
    k.ok("close", fd);
    const expected = Uint8Array.from({ length: KIB }, (_, i) => (13 * i) % 21);
    expect(k.put(at, expected)).toBe(0);
    k.ok("msync", at, KIB, MS.SYNC);
    expect(k.get(at, KIB)).toEqual(expected);
    expect(file.bytes).toEqual(expected);
    // The original cannot see that the reference goes with the mapping.
    expect(k.files.count).toBe(1);
    k.ok("munmap", at, KIB);
    expect(k.files.count).toBe(0);
  },
  // The times are the host's, which marks them when a file is read or written.
  "mmap/13-1": (k) => {
    const file = new TimedBytes();
    const fd = k.open(file);
    k.pwrite(fd, letters(KIB), 0);
    const before = file.atime;
    const at = k.mapFile(fd, KIB, PROT.RW, MAP.SHARED);
    expect(k.write(at, B)).toBe(0);
    k.ok("munmap", at, KIB);
    k.ok("fsync", fd);
    k.ok("close", fd);
    expect(file.atime).toBeGreaterThan(before);
  },
  "mmap/14-1": (k) => {
    const file = new TimedBytes();
    const fd = k.open(file);
    k.pwrite(fd, letters(KIB), 0);
    const written = file.mtime;
    const at = k.mapFile(fd, KIB, PROT.RW, MAP.SHARED);
    expect(file.mtime).toBe(written);
    expect(k.write(at, B)).toBe(0);
    k.ok("msync", at, KIB, MS.SYNC);
    expect(file.mtime).toBeGreaterThan(written);
    k.ok("munmap", at, KIB);
    k.ok("close", fd);
  },
};

const placingCases: Cases = {
  "mmap/9-1": (k) => {
    const { fd } = truncated(k, PAGE);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    expect(at % PAGE).toBe(0);
    k.ok("munmap", at, PAGE);
    // The original gives no type, which is an error, too.
    for (const type of [0, MAP.SHARED])
      k.fails("EINVAL", "mmap", at + 1, PAGE, PROT.RW, MAP.FIXED | type, fd, 0);
    k.ok("mmap", at, PAGE, PROT.RW, MAP.FIXED | MAP.SHARED, fd, 0);
  },
  // The original goes round 100,000 times.
  "mmap/10-1": (k) => {
    const { fd } = truncated(k, KIB);
    for (let i = 0; i < 10_000; i++) {
      const at = k.mapFile(fd, KIB, PROT.RW, MAP.SHARED);
      if (at === 0) expect.fail("a mapping at 0");
      k.ok("munmap", at, KIB);
    }
  },
  // libc's function: in i386's call the offset counts pages.
  "mmap/11-1": (k) => {
    const { fd } = truncated(k, 3 * PAGE);
    const [length, offset] = [PAGE, PAGE + 1].map((size) => k.m.word(size));
    const { raw } = k.m.process;
    const result = raw.mmap(k.m.word(0), length!, PROT.RW, MAP.SHARED, fd, offset!);
    expect([Number(result), k.errno]).toEqual([-1, ERRNO.EINVAL]);
    if (k.m.abi === "lp64") k.fails("EINVAL", "mmap", 0, PAGE, PROT.RW, MAP.SHARED, fd, PAGE + 1);
    k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED, PAGE);
  },
};

const failingCases: Cases = {
  "mmap/18-1": (k) => {
    const length = KIB * KIB;
    k.ok("mlockall", MCL.FUTURE);
    k.lower(RLIMIT.MEMLOCK, length / 2);
    const { fd } = truncated(k, KIB);
    const call = ["mmap", 0, length, PROT.RW, MAP.SHARED, fd, 0] as const;
    k.fails("EAGAIN", ...call);
    // Why the original first changes its user.
    k.m.option(KernelOption.CAP_IPC_LOCK, 1);
    k.ok(...call);
  },
  "mmap/19-1": (k) => k.fails("EBADF", "mmap", 0, KIB, PROT.RW, MAP.SHARED, -1, 0),
  "mmap/21-1": (k) => k.fails("EINVAL", "mmap", 0, KIB, PROT.RW, -1, truncated(k, KIB).fd, 0),
  "mmap/23-1": (k) => {
    const fd = k.openNew(0, O.RDONLY, FileKind.PIPE);
    k.fails("ENODEV", "mmap", 0, KIB, PROT.READ, MAP.SHARED, fd, 0);
  },
  // The original maps one object; it comes to the limit of mappings, too, which it lowers to 65530.
  "mmap/24-1: an object for each mapping": (k) => {
    const limit = 1000;
    k.m.option(KernelOption.MAX_MAP_COUNT, limit);
    for (let i = 0; i < limit + 2; i++) {
      const { fd } = truncated(k, KIB);
      const result = k.m.call("mmap", 0, KIB, PROT.RW, MAP.SHARED, fd, 0);
      k.ok("close", fd);
      if (result >= 0) continue;
      expect(result).toBe(-ERRNO.ENOMEM);
      expect(k.m.mm("mapCount")).toBe(limit + 1);
      return;
    }
    expect.fail("never out of mappings");
  },
  "mmap/24-2": (k) => {
    const { fd } = truncated(k, 2 * PAGE);
    const at = k.mapFile(fd, 2 * PAGE, PROT.RW, MAP.SHARED);
    const length = k.limits(RLIMIT.AS).soft & PAGE_MASK;
    k.fails("ENOMEM", "mmap", at, length, PROT.RW, MAP.SHARED | MAP.FIXED, fd, 0);
    expect(k.write(at, A)).toBe(0);
  },
  "mmap/27-1": (k) => {
    const { fd } = truncated(k, KIB);
    k.ok("munmap", k.mapFile(fd, KIB, PROT.RW, MAP.PRIVATE), KIB);
    const at = k.mapFile(fd, KIB, PROT.RW, MAP.SHARED);
    const fixed = MAP.SHARED | MAP.FIXED;
    expect(k.ok("mmap", at, KIB / 2, PROT.READ, fixed, fd, 0)).toBe(at);
    expect([k.read(at), k.write(at, A)]).toEqual([0, SIGSEGV]);
    k.ok("munmap", at, KIB);
  },
  // The original is for kernels of 32 bits, where the number of the last page does not fit a word.
  // With 64, it is the greatest size of a file that is exceeded.
  "mmap/31-1": (k) => {
    const { fd } = truncated(k, 0);
    const is64 = k.m.abi === "lp64";
    const offset = is64 ? (MAX_POSITION & PAGE_MASK) - BigInt(PAGE) : 0xffff_ffffn << 12n;
    const length = is64 ? 2 * PAGE : -PAGE;
    k.fails("EOVERFLOW", "mmap", 0, length, PROT.RW, MAP.SHARED, fd, offset);
    if (is64) k.ok("mmap", 0, PAGE, PROT.RW, MAP.SHARED, fd, offset);
  },
  "mmap/32-1": (k) => k.fails("EINVAL", "mmap", 0, 0, PROT.RW, MAP.SHARED, k.openNew(0), 0),
};

export const posixMmapCases: Cases = {
  ...mappingCases,
  ...storingCases,
  ...placingCases,
  ...failingCases,
};
