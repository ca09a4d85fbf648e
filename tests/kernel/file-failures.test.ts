// Files that fail: an error of the host's reaches the program, and what was stored is not lost. And
// how long descriptors and files live.

import { describe, expect, it } from "vitest";
import {
  ERRNO,
  FileKind,
  Kit,
  MADV,
  MAP,
  MREMAP,
  MS,
  O,
  PAGE,
  PROT,
  RLIMIT,
  SIGSEGV,
} from "./conformance/kit.js";
import type { MemoryBytes } from "./conformance/kit.js";

const abis = ["ilp32", "lp64"] as const;
const FIXED = MREMAP.MAYMOVE | MREMAP.FIXED;

/** A file of two pages, mapped shared, with a byte stored in its second page. */
function stored(k: Kit): { file: MemoryBytes; fd: number; at: number } {
  const file = k.file(2 * PAGE);
  const fd = k.open(file);
  const at = k.mapFile(fd, 2 * PAGE, PROT.RW, MAP.SHARED);
  k.m.poke(at + PAGE, 77);
  return { file, fd, at };
}

/** How often the host was told to close a file. */
const closed = (k: Kit): number => k.files.calls.get("close") ?? 0;

/**
 * How many regions map a part of a file, and how many descriptors and regions refer to its
 * description.
 */
function references(k: Kit, at: number): number {
  const region = k.m.process.raw;
  for (let vma = region.first_vma() >>> 0; vma !== 0; vma = region.next_vma(vma) >>> 0) {
    if (k.m.region(vma).start === at)
      return k.m.field("OpenFile", k.m.field("Vma", vma, "vmFile"), "references");
  }
  throw new Error("no region");
}

describe.each(abis)("a host that cannot write, %s", (abi) => {
  type Call = [string, (k: Kit, at: number, fd: number) => number];
  const calls: readonly Call[] = [
    ["msync", (k, at) => k.m.call("msync", at, 2 * PAGE, MS.SYNC)],
    ["munmap", (k, at) => k.m.call("munmap", at, 2 * PAGE)],
    ["munmap of a part", (k, at) => k.m.call("munmap", at + PAGE, PAGE)],
    ["mremap that cuts", (k, at) => k.m.call("mremap", at, 2 * PAGE, PAGE, 0, 0)],
    ["mremap onto it", (k, at) => k.m.call("mremap", k.map(2), 2 * PAGE, 2 * PAGE, FIXED, at)],
    [
      "MAP_FIXED",
      (k, at) => k.m.call("mmap", at, 2 * PAGE, 0, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, -1, 0),
    ],
    ["fsync", (k, _at, fd) => k.m.call("fsync", fd)],
    ["pread", (k, _at, fd) => k.m.call("pread64", fd, k.scratch, 1, ...k.position(PAGE))],
    [
      "a private mapping",
      (k, _at, fd) => k.m.call("mmap", 0, 2 * PAGE, PROT.READ, MAP.PRIVATE, fd, 0),
    ],
  ];

  describe.each(["ENOSPC", "EIO"] as const)("%s", (error) => {
    it.each(calls)("fails %s, and nothing is lost", (_name, call) => {
      const k = new Kit(abi);
      const { file, fd, at } = stored(k);
      k.files.refuseWrites = ERRNO[error];
      expect(call(k, at, fd)).toBe(-ERRNO[error]);
      expect(k.pieces(at, 2)).toBe(1);
      expect([k.m.peek(at + PAGE), file.bytes[PAGE]]).toEqual([77, 0]);
      k.files.refuseWrites = 0;
      k.ok("munmap", at, 2 * PAGE);
      expect(file.bytes[PAGE]).toBe(77);
      expect(k.m.process.raw.check_kernel()).toBe(0);
    });

    it("fails close, which closes all the same", () => {
      const k = new Kit(abi);
      const { file, fd, at } = stored(k);
      k.files.refuseWrites = ERRNO[error];
      k.fails(error, "close", fd);
      k.fails("EBADF", "close", fd);
      expect([k.pieces(at, 2), file.bytes[PAGE], closed(k)]).toEqual([1, 0, 0]);
      k.fails(error, "munmap", at, 2 * PAGE);
      k.files.refuseWrites = 0;
      k.ok("munmap", at, 2 * PAGE);
      expect([file.bytes[PAGE], closed(k)]).toEqual([77, 1]);
    });

    it("leaves the break where it is", () => {
      const k = new Kit(abi);
      const at = Math.ceil(k.brk / PAGE) * PAGE;
      const file = k.file(PAGE);
      expect(k.ok("brk", at + 3 * PAGE)).toBe(at + 3 * PAGE);
      k.ok("mmap", at + PAGE, PAGE, PROT.RW, MAP.SHARED | MAP.FIXED, k.open(file), 0);
      k.m.poke(at + PAGE, 77);
      k.files.refuseWrites = ERRNO[error];
      expect(k.ok("brk", at)).toBe(at + 3 * PAGE);
      expect([k.pieces(at, 3), k.m.peek(at + PAGE)]).toEqual([3, 77]);
      k.files.refuseWrites = 0;
      expect(k.ok("brk", at)).toBe(at);
      expect(file.bytes[0]).toBe(77);
    });
  });

  it("writes what it can: a file that fails does not hold up the one before it", () => {
    const k = new Kit(abi);
    const first = k.file(PAGE);
    const at = k.map(2, PROT.NONE);
    const flags = MAP.SHARED | MAP.FIXED;
    k.ok("mmap", at, PAGE, PROT.RW, flags, k.open(first), 0);
    k.ok("mmap", at + PAGE, PAGE, PROT.RW, flags, k.openNew(PAGE), 0);
    k.m.poke(at, 77);
    k.m.poke(at + PAGE, 77);
    const write = first.write.bind(first);
    first.write = (position, from) => {
      write(position, from);
      k.files.refuseWrites = ERRNO.EIO;
    };
    k.fails("EIO", "munmap", at, 2 * PAGE);
    expect([first.bytes[0], k.pieces(at, 2)]).toEqual([77, 2]);
  });
});

describe.each(abis)("a host that cannot read, %s", (abi) => {
  it("leaves no mapping", () => {
    const k = new Kit(abi);
    const fd = k.openNew(4 * PAGE);
    const before = [k.m.mm("mapCount"), k.m.mm("totalVm")];
    k.files.refuseReads = ERRNO.EIO;
    for (const kind of [MAP.SHARED, MAP.PRIVATE])
      k.fails("EIO", "mmap", 0, 4 * PAGE, PROT.RW, kind, fd, 0);
    expect([k.m.mm("mapCount"), k.m.mm("totalVm")]).toEqual(before);
    // Nor what was there before.
    const at = k.map(4);
    k.fails("EIO", "mmap", at, 4 * PAGE, PROT.RW, MAP.SHARED | MAP.FIXED, fd, 0);
    expect(k.read(at)).toBe(-SIGSEGV);
    k.files.refuseReads = 0;
    k.mapFile(fd, 4 * PAGE, PROT.RW, MAP.SHARED);
  });

  it.each([MAP.SHARED, MAP.PRIVATE])("leaves a mapping (%i) that should grow as it was", (kind) => {
    const k = new Kit(abi);
    const room = k.map(4, PROT.NONE);
    const file = k.file(Uint8Array.from({ length: 4 * PAGE }, (_, i) => (i >> 12) + 1));
    const at = k.ok("mmap", room, PAGE, PROT.RW, kind | MAP.FIXED, k.open(file), 0);
    k.m.poke(at, 77);
    const promised = k.m.mm("committed");
    k.files.refuseReads = ERRNO.EIO;
    // To another place, then in its own.
    k.fails("EIO", "mremap", at, PAGE, 3 * PAGE, MREMAP.MAYMOVE, 0);
    k.ok("munmap", at + PAGE, 3 * PAGE);
    k.fails("EIO", "mremap", at, PAGE, 3 * PAGE, 0, 0);
    expect([k.pieces(at, 1), k.isMapped(at + PAGE), k.m.peek(at)]).toEqual([1, false, 77]);
    expect(k.m.mm("committed")).toBe(promised);
    k.files.refuseReads = 0;
    expect(k.ok("mremap", at, PAGE, 3 * PAGE, 0, 0)).toBe(at);
    expect([0, 1, 2].map((page) => k.read(at + page * PAGE))).toEqual([77, 2, 3]);
  });

  it("does not leave what was read before it failed to the next mapping", () => {
    const k = new Kit(abi);
    const file = k.file(new Uint8Array(4 * PAGE).fill(9));
    const at = k.mapFile(k.open(file), PAGE, PROT.RW, MAP.SHARED);
    const read = file.read.bind(file);
    file.read = (position, into) => {
      k.files.refuseReads = ERRNO.EIO;
      return read(position, into.subarray(0, PAGE));
    };
    k.fails("EIO", "mremap", at, PAGE, 4 * PAGE, MREMAP.MAYMOVE, 0);
    expect(k.holds(k.map(8), 8, 0)).toBe(true);
  });

  it("keeps private pages that madvise should give back", () => {
    const k = new Kit(abi);
    const at = k.mapFile(k.openNew(PAGE), PAGE, PROT.RW, MAP.PRIVATE);
    k.fill(at, 1, 77);
    k.files.refuseReads = ERRNO.EIO;
    k.fails("EIO", "madvise", at, PAGE, MADV.DONTNEED);
    expect(k.holds(at, 1, 77)).toBe(true);
  });

  it("keeps the mapping where a read ends early", () => {
    // Somebody cut the file between its size and its bytes.
    const k = new Kit(abi);
    const file = k.file(new Uint8Array(2 * PAGE).fill(9));
    const fd = k.open(file);
    const read = file.read.bind(file);
    file.read = (position, into) => {
      file.resize(PAGE + 5);
      return read(position, into);
    };
    const at = k.mapFile(fd, 2 * PAGE, PROT.READ, MAP.SHARED);
    expect([k.read(at + PAGE + 4), k.read(at + PAGE + 5)]).toEqual([9, 0]);
  });
});

describe.each(abis)("descriptors, %s", (abi) => {
  it("are the lowest free number, from 3 on", () => {
    const k = new Kit(abi);
    const fds = [0, 1, 2, 3].map(() => k.openNew(0));
    expect(fds).toEqual([3, 4, 5, 6]);
    k.ok("close", 5);
    k.ok("close", 4);
    expect([k.openNew(0), k.openNew(0), k.openNew(0)]).toEqual([4, 5, 7]);
  });

  it("end at 256", () => {
    const k = new Kit(abi);
    const file = k.file(0);
    for (let fd = 3; fd < 256; fd++) expect(k.open(file)).toBe(fd);
    expect(k.tryOpen(file)).toBe(-ERRNO.EMFILE);
    k.ok("close", 100);
    expect(k.open(file)).toBe(100);
  });

  it("end at RLIMIT_NOFILE", () => {
    const k = new Kit(abi);
    k.lower(RLIMIT.NOFILE, 5);
    expect([k.openNew(0), k.openNew(0), k.tryOpen(k.file(0))]).toEqual([3, 4, -ERRNO.EMFILE]);
    k.lower(RLIMIT.NOFILE, 0);
    k.ok("close", 3);
    expect(k.tryOpen(k.file(0))).toBe(-ERRNO.EMFILE);
  });

  it("that were never open or are not any more are EBADF", () => {
    const k = new Kit(abi);
    const fd = k.openNew(PAGE);
    k.ok("close", fd);
    for (const bad of [fd, 0, 255, 256, -1, 2 ** 31 - 1]) {
      k.fails("EBADF", "close", bad);
      k.fails("EBADF", "fsync", bad);
      k.fails("EBADF", "ftruncate", bad, 0);
      k.fails("EBADF", "mmap", 0, PAGE, PROT.READ, MAP.PRIVATE, bad, 0);
      k.fails("EBADF", "pread64", bad, k.scratch, 1, ...k.position(0));
    }
  });

  it("may be closed while the file is mapped; the last mapping closes it, once", () => {
    const k = new Kit(abi);
    const { file, fd, at } = stored(k);
    const other = k.mapFile(fd, PAGE, PROT.READ, MAP.PRIVATE);
    k.ok("close", fd);
    expect([closed(k), k.files.count, k.m.peek(at + PAGE)]).toEqual([0, 1, 77]);
    k.m.poke(at, 78);
    k.ok("munmap", at, 2 * PAGE);
    expect([file.bytes[0], closed(k), k.files.count]).toEqual([78, 0, 1]);
    k.ok("munmap", other, PAGE);
    expect([closed(k), k.files.count]).toEqual([1, 0]);
  });

  it("of one file share what is mapped, but not how it is open", () => {
    const k = new Kit(abi);
    const { file, fd, at } = stored(k);
    const reading = k.open(file, O.RDONLY);
    expect(k.pread(reading, 1, PAGE)).toEqual(Uint8Array.of(77));
    k.fails("EBADF", "pwrite64", reading, k.scratch, 1, ...k.position(0));
    k.fails("EINVAL", "ftruncate", reading, 0);
    k.ok("ftruncate", k.open(file, O.WRONLY), PAGE);
    expect(k.pieces(at, 2)).toBe(1);
    k.ok("close", fd);
    expect(k.files.count).toBe(3);
  });

  it("with O_APPEND write at the end", () => {
    const k = new Kit(abi);
    const file = k.file("abc");
    const fd = k.open(file, O.RDWR | O.APPEND);
    const at = k.mapFile(fd, PAGE, PROT.READ, MAP.SHARED);
    k.pwrite(fd, "def", 0);
    expect([file.bytes, k.get(at, 7)]).toEqual([k.file("abcdef").bytes, k.file("abcdef\0").bytes]);
  });
});

describe.each(abis)("a description, %s", (abi) => {
  it("is referred to by each piece of a mapping, and by as many when they are one again", () => {
    const k = new Kit(abi);
    const fd = k.openNew(8 * PAGE);
    const at = k.mapFile(fd, 8 * PAGE, PROT.RW, MAP.SHARED);
    expect(references(k, at)).toBe(2);
    k.ok("mprotect", at + 2 * PAGE, 2 * PAGE, PROT.READ);
    expect([k.pieces(at, 8), references(k, at)]).toEqual([3, 4]);
    k.ok("mprotect", at + 2 * PAGE, 2 * PAGE, PROT.RW);
    expect([k.pieces(at, 8), references(k, at)]).toEqual([1, 2]);
    k.ok("munmap", at + 4 * PAGE, PAGE);
    expect(references(k, at)).toBe(3);
    k.ok("close", fd);
    const moved = k.ok("mremap", at + 5 * PAGE, 3 * PAGE, 3 * PAGE, FIXED, k.map(3));
    expect(references(k, moved)).toBe(2);
    k.ok("munmap", moved, 3 * PAGE);
    k.ok("mremap", at, 4 * PAGE, PAGE, 0, 0);
    expect([references(k, at), closed(k)]).toEqual([1, 0]);
    k.ok("mmap", at, PAGE, PROT.NONE, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, -1, 0);
    expect([closed(k), k.files.count]).toEqual([1, 0]);
  });

  it("of /dev/zero lives as long as a private mapping of it, a shared one needs none", () => {
    const k = new Kit(abi);
    const fd = k.openNew(0, O.RDWR, FileKind.ZERO);
    const own = k.mapFile(fd, PAGE, PROT.RW, MAP.PRIVATE);
    const shared = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    k.ok("close", fd);
    expect(closed(k)).toBe(0);
    k.ok("munmap", own, PAGE);
    expect(closed(k)).toBe(1);
    expect(k.write(shared, 1)).toBe(0);
    k.ok("munmap", shared, PAGE);
    expect(closed(k)).toBe(1);
  });

  it("gives its nodes back", () => {
    const k = new Kit(abi);
    const at = k.map(1);
    const once = (): number => {
      const fd = k.openNew(PAGE);
      k.ok("mmap", at, PAGE, PROT.RW, MAP.SHARED | MAP.FIXED, fd, 0);
      k.ok("close", fd);
      k.ok("mmap", at, PAGE, PROT.RW, MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED, -1, 0);
      return k.m.mm("freeVmas");
    };
    const free = once();
    for (let i = 0; i < 1000; i++) once();
    expect([once(), k.files.count]).toEqual([free, 0]);
  });
});
