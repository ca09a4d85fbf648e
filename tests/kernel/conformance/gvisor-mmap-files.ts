// The cases of gVisor's test/syscalls/linux/mmap.cc that map files and devices. Their names are the
// originals'; what is parametrised there has its parameter behind the name.

import { expect } from "vitest";
import { FileKind, MAP, MS, O, PAGE, PROT, SIGBUS, SIGSEGV } from "./kit.js";
import type { Cases, Kit, MemoryBytes } from "./kit.js";

const HALF = PAGE / 2;
const TEXT = "Hello World!";
const MAX_POSITION = 2n ** 63n - 1n;
const PAGE_MASK = ~BigInt(PAGE - 1);

/** Bytes that are all this letter. */
const letters = (letter: string, count: number): string => letter.repeat(count);

/** Memory, or a file's contents, as text. */
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const textAt = (k: Kit, at: number, length: number): string => textOf(k.get(at, length));

/** What the host's file holds, as text. */
const textIn = (file: MemoryBytes): string => textOf(file.bytes);

/** A file of half a page of zeros, open for both, as the originals have it. */
function halfPage(k: Kit): { file: MemoryBytes; fd: number } {
  const file = k.file(HALF);
  return { file, fd: k.open(file) };
}

/**
 * A file of this many pages, each of its own letter, and a shared mapping of all of it that can be
 * read.
 */
function lettered(k: Kit, text: string): { file: MemoryBytes; fd: number; at: number } {
  const file = k.file([...text].map((letter) => letters(letter, PAGE)).join(""));
  const fd = k.open(file);
  return { file, fd, at: k.mapFile(fd, text.length * PAGE, PROT.READ, MAP.SHARED) };
}

/** Writes more than a page, page by page. */
function overwrite(k: Kit, fd: number, text: string): void {
  for (let done = 0; done < text.length; done += PAGE)
    k.pwrite(fd, text.slice(done, done + PAGE), done);
}

const PROTECTIONS = {
  PROT_READ: PROT.READ,
  PROT_WRITE: PROT.WRITE,
  "PROT_READ|PROT_WRITE": PROT.RW,
} as const;

/** A case for each protection, shared and private. */
function eachKind(name: string, run: (k: Kit, prot: number, flags: number) => void): Cases {
  return Object.fromEntries(
    Object.entries(PROTECTIONS).flatMap(([protection, prot]) =>
      (["SHARED", "PRIVATE"] as const).map((kind): [string, (k: Kit) => void] => [
        `MMapFileParamTest.${name}/${protection}, MAP_${kind}`,
        (k) => run(k, prot, MAP[kind]),
      ]),
    ),
  );
}

/**
 * Stores the text at an address where that is allowed, and loads as much from it where not: the
 * signal, or 0.
 */
const use = (k: Kit, at: number, prot: number): number =>
  prot & PROT.WRITE ? k.put(at, TEXT) : k.m.touch(at, TEXT.length, false);

const openZero = (k: Kit): number => k.openNew(0, O.RDWR, FileKind.ZERO);

/** Two shared mappings of /dev/zero know nothing of each other. */
function areIndependent(k: Kit, fd: number, otherFd: number): void {
  const [at, other] = [fd, otherFd].map((from) => k.mapFile(from, PAGE, PROT.RW, MAP.SHARED));
  expect(other).not.toBe(at);
  expect(k.holds(at!, 1, 0)).toBe(true);
  k.fill(at!, 1, 0xff);
  expect(k.holds(at!, 1, 0xff)).toBe(true);
  expect(k.holds(other!, 1, 0)).toBe(true);
}

const deviceCases: Cases = {
  "MMapTest.MapPipe": (k) => {
    const reading = k.openNew(0, O.RDONLY, FileKind.PIPE);
    const writing = k.openNew(0, O.WRONLY, FileKind.PIPE);
    k.fails("ENODEV", "mmap", 0, PAGE, PROT.READ, MAP.PRIVATE, reading, 0);
    k.fails("EACCES", "mmap", 0, PAGE, PROT.READ, MAP.PRIVATE, writing, 0);
    k.ok("close", reading);
    k.ok("close", writing);
  },
  "MMapTest.MapDevZeroShared": (k) => void k.mapFile(openZero(k), PAGE, PROT.RW, MAP.SHARED),
  "MMapTest.MapDevZeroPrivate": (k) => void k.mapFile(openZero(k), PAGE, PROT.RW, MAP.PRIVATE),
  "MMapTest.MapDevZeroNoPersistence": (k) => areIndependent(k, openZero(k), openZero(k)),
  "MMapTest.MapDevZeroSharedMultiplePages": (k) => {
    const at = k.mapFile(openZero(k), 2 * PAGE, PROT.RW, MAP.PRIVATE);
    expect(k.holds(at, 2, 0)).toBe(true);
    k.fill(at, 2, 0xff);
    expect(k.holds(at, 2, 0xff)).toBe(true);
  },
  "MMapTest.MapDevZeroSharedFdNoPersistence": (k) => {
    const fd = openZero(k);
    areIndependent(k, fd, fd);
  },
  "MMapTest.MapDevZeroSegfaultAfterUnmap": (k) => {
    const at = k.mapFile(openZero(k), PAGE, PROT.RW, MAP.SHARED);
    k.ok("munmap", at, PAGE);
    expect(k.write(at, 0xff)).toBe(SIGSEGV);
  },
  "MMapTest.MapDevZeroUnaligned": (k) => {
    const fd = openZero(k);
    for (const kind of [MAP.SHARED, MAP.PRIVATE]) {
      const at = k.mapFile(fd, PAGE + HALF, PROT.RW, kind);
      expect(k.holds(at, 2, 0)).toBe(true);
      k.ok("munmap", at, PAGE + HALF);
    }
  },
  "MMapTest.MapCharDevice": (k) => {
    const fd = k.openNew(0, O.RDONLY, FileKind.CHARACTER);
    k.fails("ENODEV", "mmap", 0, PAGE, PROT.READ, MAP.PRIVATE, fd, 0);
  },
  "MMapTest.MapDirectory": (k) => {
    const fd = k.openNew(0, O.RDONLY, FileKind.DIRECTORY);
    k.fails("ENODEV", "mmap", 0, PAGE, PROT.READ, MAP.PRIVATE, fd, 0);
  },
};

/** Maps a page of a file at this offset; i386 passes it as a number of pages, which has no sign. */
function mapsAt(k: Kit, offset: bigint, error?: "EOVERFLOW"): void {
  const args = [0, PAGE, PROT.READ, MAP.SHARED, halfPage(k).fd, offset] as const;
  if (error === undefined) k.ok("mmap", ...args);
  else k.fails(error, "mmap", ...args);
}

const is32Bit = (k: Kit): boolean => k.m.abi === "ilp32";

const openingCases: Cases = {
  ...eachKind("MapPopulate", (k, prot, flags) => {
    k.mapFile(halfPage(k).fd, PAGE, prot, flags | MAP.POPULATE);
  }),
  ...eachKind("MapPopulateShort", (k, prot, flags) => {
    k.mapFile(halfPage(k).fd, 2 * PAGE, prot, flags | MAP.POPULATE);
  }),
  "MMapFileTest.Read": (k) => {
    const { fd } = halfPage(k);
    k.pwrite(fd, TEXT, 0);
    expect(textAt(k, k.mapFile(fd, PAGE, PROT.READ, MAP.PRIVATE), TEXT.length)).toBe(TEXT);
  },
  "MMapFileTest.MapOffset": (k) => {
    const { fd } = halfPage(k);
    k.pwrite(fd, TEXT, PAGE);
    const at = k.mapFile(fd, PAGE, PROT.READ, MAP.PRIVATE, PAGE);
    expect(textAt(k, at, TEXT.length)).toBe(TEXT);
  },
  "MMapFileTest.MapOffsetBeyondEnd": (k) => {
    const at = k.mapFile(halfPage(k).fd, PAGE, PROT.RW, MAP.PRIVATE, 10 * PAGE);
    expect(k.put(at, TEXT)).toBe(SIGBUS);
  },
  // The last offsets there are: on i386 those that 32 bits of page number reach.
  "MMapFileTest.MapSecondToLastPositivePage": (k) =>
    mapsAt(k, is32Bit(k) ? 0xffff_fffen << 12n : (MAX_POSITION - BigInt(PAGE)) & PAGE_MASK),
  "MMapFileTest.MapLastPositivePage": (k) =>
    mapsAt(k, is32Bit(k) ? 0xffff_ffffn << 12n : MAX_POSITION & PAGE_MASK, "EOVERFLOW"),
  // A negative long is a page like any other to mmap2.
  "MMapFileTest.MapFirstNegativePage": (k) =>
    is32Bit(k) ? mapsAt(k, 2n ** 31n) : mapsAt(k, -(2n ** 63n), "EOVERFLOW"),
  "MMapFileTest.MapSecondToLastNegativePage": (k) =>
    is32Bit(k) ? mapsAt(k, 2n ** 32n - 8192n) : mapsAt(k, -8192n, "EOVERFLOW"),
  "MMapFileTest.MapLastNegativePage": (k) =>
    is32Bit(k) ? mapsAt(k, 2n ** 32n - 4096n) : mapsAt(k, -4096n, "EOVERFLOW"),
  "MMapFileTest.WritePrivateOnReadOnlyFd": (k) => {
    const at = k.mapFile(k.openNew(HALF, O.RDONLY), PAGE, PROT.RW, MAP.PRIVATE);
    expect(k.put(at, TEXT)).toBe(0);
  },
  "MMapFileTest.WriteSharedOnReadOnlyFd": (k) => {
    const fd = k.openNew(HALF, O.RDONLY);
    k.fails("EACCES", "mmap", 0, PAGE, PROT.RW, MAP.SHARED, fd, 0);
  },
  "MMapFileTest.MmapFileWithOpath": (k) => {
    const fd = k.openNew(0, O.PATH);
    k.fails("EBADF", "mmap", 0, PAGE, PROT.READ, MAP.PRIVATE, fd, 0);
  },
  ...eachKind("WriteOnlyFd", (k, prot, flags) => {
    k.fails("EACCES", "mmap", 0, PAGE, prot, flags, k.openNew(HALF, O.WRONLY), 0);
  }),
  "MMapNoFixtureTest.MapReadOnlyAfterCreateWriteOnly": (k) => {
    const file = k.file(0);
    const reading = k.open(file, O.RDONLY);
    k.ok("ftruncate", k.open(file, O.WRONLY), PAGE);
    expect(k.holds(k.mapFile(reading, PAGE, PROT.READ, MAP.SHARED), 1, 0)).toBe(true);
  },
};

const sharingCases: Cases = {
  "MMapFileTest.ReadSharedConsistentWithOverwrite": (k) => {
    const { fd, at } = lettered(k, "ab");
    expect(textAt(k, at, 2 * PAGE)).toBe(letters("a", PAGE) + letters("b", PAGE));
    const swapped = letters("b", PAGE) + letters("a", PAGE);
    overwrite(k, fd, swapped);
    expect(textAt(k, at, 2 * PAGE)).toBe(swapped);
  },
  "MMapFileTest.ReadSharedConsistentWithPartialOverwrite": (k) => {
    const { fd, at } = lettered(k, "ab");
    overwrite(k, fd, letters("c", PAGE + HALF));
    expect(textAt(k, at, 2 * PAGE)).toBe(letters("c", PAGE + HALF) + letters("b", HALF));
  },
  "MMapFileTest.ReadSharedConsistentWithWriteAndFile": (k) => {
    const fd = k.openNew(letters("a", 2 * PAGE));
    const at = k.mapFile(fd, PAGE, PROT.READ, MAP.SHARED);
    overwrite(k, fd, letters("b", 2 * PAGE));
    expect(textAt(k, at, PAGE)).toBe(letters("b", PAGE));
    for (const position of [0, PAGE])
      expect(textOf(k.pread(fd, PAGE, position))).toBe(letters("b", PAGE));
  },
  "MMapFileTest.WriteShared": (k) => {
    const { file, fd } = halfPage(k);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    expect(k.put(at, TEXT)).toBe(0);
    k.ok("munmap", at, PAGE);
    expect(textOf(k.pread(fd, TEXT.length, 0))).toBe(TEXT);
    expect(textIn(file)).toBe(TEXT.padEnd(HALF, "\0"));
  },
  "MMapFileTest.WriteSharedBeyondEnd": (k) => {
    const { file, fd } = halfPage(k);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    expect(k.put(at, letters("A", HALF) + letters("B", HALF))).toBe(0);
    k.ok("munmap", at, PAGE);
    expect(textOf(k.pread(fd, PAGE, 0))).toBe(letters("A", HALF));
    expect(textIn(file)).toBe(letters("A", HALF));
  },
  "MMapFileTest.WritePrivate": (k) => {
    const { file, fd } = halfPage(k);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.PRIVATE);
    expect(k.put(at, TEXT)).toBe(0);
    k.ok("munmap", at, PAGE);
    expect(k.pread(fd, TEXT.length, 0)).toEqual(new Uint8Array(TEXT.length));
    expect(file.bytes).toEqual(new Uint8Array(HALF));
  },
  "MMapFileTest.ReadingWritableSharedFilePageSucceeds": (k) => {
    const at = k.mapFile(halfPage(k).fd, 2 * PAGE, PROT.RW, MAP.SHARED);
    expect(k.get(at, TEXT.length)).toEqual(new Uint8Array(TEXT.length));
  },
  "MMapFileTest.Bug38498194": (k) => {
    const size = 4 * 2 ** 20;
    const { file, fd } = halfPage(k);
    k.ok("ftruncate", fd, size);
    const at = k.mapFile(fd, size, PROT.RW, MAP.SHARED);
    k.fill(at, size / PAGE, 97);
    k.ok("munmap", at, size);
    expect(file.bytes.length).toBe(size);
    expect(file.bytes.every((byte) => byte === 97)).toBe(true);
  },
  "MMapFileTest.SelfRead": (k) => {
    const { fd } = halfPage(k);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    expect(k.ok("pread64", fd, at, HALF, ...k.position(0))).toBe(HALF);
  },
  "MMapFileTest.SelfWrite": (k) => {
    const { fd } = halfPage(k);
    const at = k.mapFile(fd, PAGE, PROT.READ, MAP.SHARED);
    expect(k.ok("pwrite64", fd, at, HALF, ...k.position(HALF))).toBe(HALF);
  },
};

/** A file of one page of "a", mapped shared to be read. */
const onePage = (k: Kit): { file: MemoryBytes; fd: number; at: number } => lettered(k, "a");

const truncatingCases: Cases = {
  "MMapFileTest.WriteSharedTruncateUp": (k) => {
    const { file, fd } = halfPage(k);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    k.put(at, letters("A", HALF));
    k.ok("ftruncate", fd, PAGE);
    k.put(at + HALF, letters("B", HALF));
    k.ok("munmap", at, PAGE);
    expect(textOf(k.pread(fd, PAGE, 0))).toBe(letters("A", HALF) + letters("B", HALF));
    expect(file.bytes.length).toBe(PAGE);
  },
  "MMapFileTest.ReadSharedTruncateDownThenUp": (k) => {
    const { fd, at } = onePage(k);
    expect(k.holds(at, 1, 97)).toBe(true);
    k.ok("ftruncate", fd, 0);
    k.ok("ftruncate", fd, PAGE);
    expect(k.holds(at, 1, 0)).toBe(true);
    k.ok("msync", at, PAGE, MS.SYNC);
    expect(k.pread(fd, PAGE, 0)).toEqual(new Uint8Array(PAGE));
  },
  "MMapFileTest.WriteSharedTruncateDownThenUp": (k) => {
    const { file, fd } = halfPage(k);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    k.put(at, letters("A", HALF));
    k.ok("ftruncate", fd, 0);
    k.ok("ftruncate", fd, PAGE);
    expect(k.holds(at, 1, 0)).toBe(true);
    k.ok("munmap", at, PAGE);
    expect(k.pread(fd, PAGE, 0)).toEqual(new Uint8Array(PAGE));
    expect(file.bytes).toEqual(new Uint8Array(PAGE));
  },
  "MMapFileTest.ReadSharedTruncateSIGBUS": (k) => {
    const { fd, at } = onePage(k);
    expect(k.holds(at, 1, 97)).toBe(true);
    k.ok("ftruncate", fd, 0);
    expect(k.read(at)).toBe(-SIGBUS);
  },
  "MMapFileTest.WriteSharedTruncateSIGBUS": (k) => {
    const { fd } = halfPage(k);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    expect(k.put(at, TEXT)).toBe(0);
    k.ok("ftruncate", fd, 0);
    expect(k.put(at, TEXT)).toBe(SIGBUS);
  },
  "MMapFileTest.ReadSharedTruncatePartialPage": (k) => {
    const { fd, at } = onePage(k);
    k.ok("ftruncate", fd, HALF);
    expect(textAt(k, at, PAGE)).toBe(letters("a", HALF).padEnd(PAGE, "\0"));
  },
  "MMapFileTest.WriteSharedTruncatePartialPage": (k) => {
    const fd = k.openNew(PAGE);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    k.fill(at, 1, 65);
    k.ok("ftruncate", fd, HALF);
    expect(textAt(k, at, PAGE)).toBe(letters("A", HALF).padEnd(PAGE, "\0"));
  },
  "MMapDeathTest.TruncateAfterCOWBreak": (k) => {
    const fd = k.openNew(PAGE);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.PRIVATE);
    k.fill(at, 1, 97);
    k.ok("ftruncate", fd, 0);
    expect(k.read(at)).toBe(-SIGBUS);
  },
  ...eachKind("SigBusDeath", (k, prot, flags) => {
    const at = k.mapFile(halfPage(k).fd, 2 * PAGE, prot, flags);
    expect(use(k, at + PAGE, prot)).toBe(SIGBUS);
  }),
  ...eachKind("NoSigBusOnPagesBeforeEOF", (k, prot, flags) => {
    const at = k.mapFile(halfPage(k).fd, 2 * PAGE, prot, flags);
    expect(use(k, at, prot)).toBe(0);
  }),
  ...eachKind("NoSigBusOnPageContainingEOF", (k, prot, flags) => {
    const at = k.mapFile(halfPage(k).fd, 2 * PAGE, prot, flags);
    expect(use(k, at + HALF + 1, prot)).toBe(0);
  }),
  // The kernel itself meets the end of the file: an error, not a signal. The originals write to a
  // pipe and read from /dev/zero.
  "MMapFileTest.InternalSigBus": (k) => {
    const at = k.mapFile(halfPage(k).fd, 2 * PAGE, PROT.RW, MAP.PRIVATE);
    k.fails("EFAULT", "pwrite64", k.openNew(0), at + PAGE, PAGE, ...k.position(0));
  },
  "MMapFileTest.InternalSigBusZeroing": (k) => {
    const at = k.mapFile(halfPage(k).fd, 2 * PAGE, PROT.RW, MAP.SHARED);
    k.fails("EFAULT", "pread64", openZero(k), at + PAGE, PAGE, ...k.position(0));
  },
};

export const mmapFileCases: Cases = {
  ...deviceCases,
  ...openingCases,
  ...sharingCases,
  ...truncatingCases,
};
