// The cases of LTP's testcases/kernel/syscalls/{mmap,mremap,mprotect,madvise,msync,mincore,mlock}
// and testcases/kernel/mem/vma that map files, named after the file and, where it has a table, the
// row. Children that only look at the file are left away.

import { expect } from "vitest";
import { PageMark } from "../../../src/layout/generated.js";
import {
  ERRNO,
  FileKind,
  KernelOption,
  MADV,
  MAP,
  MREMAP,
  MS,
  O,
  PAGE,
  PROT,
  SIGBUS,
  SIGSEGV,
} from "./kit.js";
import type { Cases, Kit } from "./kit.js";

type Case = [string, (k: Kit) => void];

const KIB = 1024;

/** A text again and again, up to a number of bytes. */
const repeated = (text: string, length: number): string =>
  text.repeat(Math.ceil(length / text.length)).slice(0, length);

/** A new file of a page of "A", open in this way. */
const pageOfA = (k: Kit, flags: number): number => k.openNew(repeated("A", PAGE), flags);

const mmapCases: Cases = {
  mmap01: (k) => {
    const text = "hello world\n";
    const file = k.file(text);
    const at = k.mapFile(k.open(file), PAGE, PROT.RW, MAP.SHARED);
    expect(k.get(at + text.length, PAGE - text.length)).toEqual(new Uint8Array(PAGE - text.length));
    expect(k.put(at + text.length, "XYZ")).toBe(0);
    k.ok("msync", at, PAGE, MS.SYNC);
    expect(file.bytes).toEqual(k.file(text).bytes);
    k.ok("munmap", at, PAGE);
    expect(file.bytes).toEqual(k.file(text).bytes);
  },
  mmap02: (k) => {
    const fd = pageOfA(k, O.RDONLY);
    const at = k.mapFile(fd, PAGE, PROT.READ, MAP.SHARED);
    expect(k.get(at, PAGE)).toEqual(k.pread(fd, PAGE, 0));
    k.ok("munmap", at, PAGE);
  },
  mmap03: (k) => {
    const fd = pageOfA(k, O.RDONLY);
    const at = k.mapFile(fd, PAGE, PROT.EXEC, MAP.SHARED);
    // On x86 what may be executed may be read.
    expect(k.get(at, PAGE)).toEqual(k.pread(fd, PAGE, 0));
  },
  mmap05: (k) => {
    const at = k.mapFile(pageOfA(k, O.RDONLY), PAGE, PROT.NONE, MAP.SHARED);
    expect(k.read(at)).toBe(-SIGSEGV);
    k.ok("munmap", at, PAGE);
  },
  ...Object.fromEntries(
    (["WRITE", "READ", "RW"] as const).flatMap((prot) =>
      (["PRIVATE", "SHARED"] as const).map((kind): Case => [
        `mmap06: PROT_${prot}, MAP_${kind}, not open for reading`,
        (k) => {
          const fd = pageOfA(k, O.WRONLY);
          k.fails("EACCES", "mmap", 0, KIB, PROT[prot], MAP[kind], fd, 0);
        },
      ]),
    ),
  ),
  "mmap06: length 0, of a file": (k) =>
    k.fails("EINVAL", "mmap", 0, 0, PROT.RW, MAP.SHARED, pageOfA(k, O.WRONLY), 0),
  "mmap06: neither MAP_PRIVATE nor MAP_SHARED, of a file": (k) =>
    k.fails("EINVAL", "mmap", 0, KIB, PROT.RW, 0, pageOfA(k, O.WRONLY), 0),
  mmap09: (k) => {
    const size = 16 * KIB;
    const file = k.file(size);
    const fd = k.open(file);
    const at = k.mapFile(fd, size, PROT.RW, MAP.SHARED);
    k.fill(at, size / PAGE, 65);
    for (const newSize of [size - 8 * KIB, size + KIB, 0]) {
      k.ok("ftruncate", fd, newSize);
      expect(file.bytes.length).toBe(newSize);
    }
    expect(k.read(at)).toBe(-SIGBUS);
  },
  "mmap10: /dev/zero": (k) => {
    const size = 5 * KIB * KIB;
    const fd = k.openNew(0, O.RDWR, FileKind.ZERO);
    const at = k.mapFile(fd, 2 * size - PAGE, PROT.RW, MAP.PRIVATE);
    expect(k.write(at + size, 0)).toBe(0);
    k.ok("munmap", at + size + PAGE, size - 2 * PAGE);
    expect([k.read(at + size), k.read(at + size + PAGE)]).toEqual([0, -SIGSEGV]);
    k.ok("munmap", at, 2 * size - PAGE);
    expect(k.isMapped(at)).toBe(false);
  },
  mmap13: (k) => {
    const at = k.mapFile(k.openNew(PAGE / 2), 2 * PAGE, PROT.RW, MAP.SHARED);
    expect(k.write(at + PAGE + 1, 0)).toBe(SIGBUS);
  },
  // Where there is no room for what was stored, that must not go unnoticed. Linux refuses at the
  // store, with a SIGBUS.
  mmap16: (k) => {
    const fd = k.openNew(repeated("a", KIB));
    const room = k.map(2);
    k.ok("munmap", room, 2 * PAGE);
    const at = k.ok("mmap", room, KIB, PROT.RW, MAP.SHARED, fd, 0);
    k.write(at, 97);
    k.ok("ftruncate", fd, 2 * PAGE);
    expect(k.ok("mremap", at, KIB, 2 * PAGE, 0, 0)).toBe(at);
    k.files.refuseWrites = ERRNO.ENOSPC;
    for (let offset = KIB; offset < PAGE; offset += KIB) k.write(at + offset, 97);
    k.fails("ENOSPC", "munmap", at, 2 * PAGE);
    expect([1, 2, 3].map((block) => k.read(at + block * KIB))).toEqual([97, 97, 97]);
  },
  mmap19: (k) => {
    const length = 64;
    const texts = ["testing 123", "my test mem"];
    const files = texts.map((text) => k.openNew(text));
    const places = files.map((fd) => k.mapFile(fd, length, PROT.READ, MAP.PRIVATE));
    const seen = (from: number[]): string[] =>
      from.map((at) => new TextDecoder().decode(k.get(at, texts[0]!.length)));
    expect(seen(places)).toEqual(texts);
    for (const at of places) k.ok("munmap", at, length);
    const swapped = files.map((fd, i) =>
      k.ok("mmap", places[1 - i]!, length, PROT.READ, MAP.PRIVATE, fd, 0),
    );
    expect(swapped).toEqual([...places].reverse());
    expect(seen(swapped)).toEqual(texts);
  },
  mmap20: (k) => {
    const fd = k.openNew(repeated("a", KIB));
    const map = (flag: number) =>
      ["mmap", 0, KIB, PROT.RW, flag | MAP.SHARED_VALIDATE, fd, 0] as const;
    k.fails("EOPNOTSUPP", ...map(1 << 9));
    // The original's flag became one that exists: MAP_ABOVE4G, since 6.6.
    k.m.option(KernelOption.KERNEL_VERSION, 6001);
    k.fails("EOPNOTSUPP", ...map(1 << 7));
    k.m.option(KernelOption.KERNEL_VERSION, 6018);
    k.ok(...map(1 << 7));
  },
  // The original stores in a child.
  mmap21: (k) => {
    const size = 1000 * PAGE;
    const file = k.file(size + 1);
    const at = k.mapFile(k.open(file), size, PROT.WRITE, MAP.SHARED);
    const expected = Uint8Array.from({ length: size }, (_, i) => i);
    expect(k.put(at, expected)).toBe(0);
    k.ok("msync", at, size, MS.SYNC);
    expect(file.bytes.length).toBe(size + 1);
    expect(Buffer.compare(file.bytes.subarray(0, size), expected)).toBe(0);
  },
};

/** mremap06: a page of the middle moves away and back, and each page is still the file's. */
function movesBack(k: Kit, incompatible?: number): void {
  const fd = k.openNew(4 * PAGE);
  const marked = k.mapFile(fd, 4 * PAGE, PROT.RW, MAP.SHARED);
  for (let page = 0; page < 4; page++) k.write(marked + page * PAGE, 0x30 + page);
  k.ok("munmap", marked, 4 * PAGE);
  const at = k.mapFile(fd, 4 * PAGE, PROT.RW, MAP.SHARED);
  const aside = at + 3 * PAGE;
  const fixed = MREMAP.MAYMOVE | MREMAP.FIXED;
  expect(k.ok("mremap", at + PAGE, PAGE, PAGE, fixed, aside)).toBe(aside);
  if (incompatible !== undefined) k.ok("mprotect", at + incompatible * PAGE, PAGE, PROT.READ);
  expect(k.ok("mremap", aside, PAGE, PAGE, fixed, at + PAGE)).toBe(at + PAGE);
  expect([0, 1, 2].map((page) => k.read(at + page * PAGE))).toEqual([0x30, 0x31, 0x32]);
  expect(k.pieces(at, 3)).toBe(incompatible === undefined ? 1 : 2);
  k.ok("munmap", at, 3 * PAGE);
}

const changingCases: Cases = {
  mremap01: (k) => {
    const size = 1000 * PAGE;
    const file = k.file(size + 1);
    const fd = k.open(file);
    const from = k.mapFile(fd, size, PROT.WRITE, MAP.SHARED);
    k.pwrite(fd, 1, 2 * size);
    const at = k.ok("mremap", from, size, 2 * size, MREMAP.MAYMOVE, 0);
    const expected = Uint8Array.from({ length: 2 * size }, (_, i) => i);
    expect(k.put(at, expected)).toBe(0);
    k.ok("msync", at, 2 * size, MS.SYNC);
    expect(Buffer.compare(file.bytes.subarray(0, 2 * size), expected)).toBe(0);
  },
  "mremap06: all alike": (k) => movesBack(k),
  "mremap06: the third page differs": (k) => movesBack(k, 2),
  "mremap06: the first page differs": (k) => movesBack(k, 0),
  "mprotect01: writing to what is open for reading": (k) => {
    const at = k.mapFile(pageOfA(k, O.RDONLY), PAGE, PROT.READ, MAP.SHARED);
    k.fails("EACCES", "mprotect", at, PAGE, PROT.WRITE);
  },
  // The original is for 32 bits only: with 64 no number of a page comes near the end.
  "mem/vma vma03": (k) => {
    const offset = k.m.abi === "ilp32" ? 0xffff_fffen << 12n : 0x7fff_ffff_ffff_e000n;
    const at = k.mapFile(k.openNew(0), PAGE, PROT.RW, MAP.PRIVATE, offset);
    if (k.m.abi === "ilp32") k.fails("EINVAL", "mremap", at, PAGE, 2 * PAGE, 0, 0);
    else k.ok("mremap", at, PAGE, 2 * PAGE, MREMAP.MAYMOVE, 0);
  },
};

const LINE = "abcdefghijklmnopqrstuvwxyz12345\n";

/** A shared mapping of a file of lines, 40 KiB, and its size. */
function linesShared(k: Kit): [at: number, size: number] {
  const size = 40 * KIB;
  return [k.mapFile(k.openNew(repeated(LINE, size)), size, PROT.RW, MAP.SHARED), size];
}

/** The advice that succeeds on a shared file. */
const ACCEPTED = [
  ...(["NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED", "DONTNEED", "REMOVE"] as const),
  ...(["DONTFORK", "DOFORK", "MERGEABLE", "UNMERGEABLE", "DONTDUMP", "DODUMP"] as const),
];

/** A mapping of a file of 16 pages of lines that can be read, and its size. */
function linesReadable(k: Kit, kind: number): [at: number, size: number] {
  const size = 16 * PAGE;
  return [k.mapFile(k.openNew(repeated(LINE, size)), size, PROT.READ, kind), size];
}

/** A row of madvise02: advice that a mapping of a file is refused. */
const refusedRow = (
  name: string,
  advice: number,
  kind: "PRIVATE" | "SHARED",
  prepare: (k: Kit, at: number, size: number) => void = () => undefined,
): Case => [
  `madvise02: ${name}`,
  (k) => {
    const [at, size] = linesReadable(k, MAP[kind]);
    prepare(k, at, size);
    k.fails("EINVAL", "madvise", at, size, advice);
  },
];

const lock = (k: Kit, at: number, size: number): void => void k.ok("mlock", at, size);

const adviceCases: Cases = {
  ...Object.fromEntries(
    ACCEPTED.map((name): Case => [
      `madvise01: MADV_${name}, shared file`,
      (k) => void k.ok("madvise", ...linesShared(k), MADV[name]),
    ]),
  ),
  "madvise02: MADV_NORMAL unaligned, shared file": (k) => {
    const [at, size] = linesReadable(k, MAP.SHARED);
    k.fails("EINVAL", "madvise", at + 100, size, MADV.NORMAL);
  },
  ...Object.fromEntries([
    refusedRow("unknown advice, shared file", 1212, "SHARED"),
    refusedRow("MADV_REMOVE of locked pages, shared file", MADV.REMOVE, "SHARED", lock),
    refusedRow("MADV_DONTNEED of locked pages, shared file", MADV.DONTNEED, "SHARED", lock),
    refusedRow("MADV_FREE, shared file", MADV.FREE, "SHARED"),
    refusedRow("MADV_WIPEONFORK, shared file", MADV.WIPEONFORK, "SHARED"),
    refusedRow("MADV_WIPEONFORK, private file", MADV.WIPEONFORK, "PRIVATE"),
    ...(["NORMAL", "WILLNEED"] as const).map((name): Case => [
      `madvise02: MADV_${name} over a hole, shared file`,
      (k) => {
        const [at, size] = linesReadable(k, MAP.SHARED);
        k.ok("munmap", at + size - PAGE, PAGE);
        k.fails("ENOMEM", "madvise", at, size, MADV[name]);
      },
    ]),
  ]),
  // As it was until 2022.
  ...Object.fromEntries(
    (["DONTFORK", "DOFORK"] as const).map((name): Case => [
      `madvise03: shared file, MADV_${name}`,
      (k) => {
        const [at, size] = linesShared(k);
        k.ok("madvise", at, size / 2, MADV[name]);
        expect(k.pieces(at, size / PAGE)).toBe(name === "DONTFORK" ? 2 : 1);
        k.ok("munmap", at, size);
      },
    ]),
  ),
};

const DIRTY = PageMark.DIRTY;

const syncingCases: Cases = {
  msync01: (k) => {
    const file = k.file(PAGE);
    const fd = k.open(file);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    const ones = new Uint8Array(256).fill(1);
    k.put(at + 100, ones);
    k.ok("msync", at, PAGE, MS.ASYNC);
    expect(k.pread(fd, 256, 100)).toEqual(ones);
    expect(file.bytes.slice(100, 356)).toEqual(ones);
  },
  msync02: (k) => {
    const fd = k.openNew(PAGE);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    k.pwrite(fd, "Testing", 100);
    k.ok("msync", at, PAGE, MS.INVALIDATE);
    expect(new TextDecoder().decode(k.get(at + 100, 7))).toBe("Testing");
  },
  "msync03: MS_INVALIDATE of locked pages, shared file": (k) => {
    const fd = k.openNew(repeated("a", PAGE));
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED | MAP.LOCKED);
    k.fails("EBUSY", "msync", at, PAGE, MS.INVALIDATE);
    k.fails("EINVAL", "msync", at, PAGE, MS.ASYNC | MS.SYNC);
    k.fails("EINVAL", "msync", at, PAGE, -1);
    k.fails("EINVAL", "msync", at + 1, PAGE, MS.SYNC);
  },
  msync04: (k) => {
    const file = k.file("AAAAAAAAAA");
    const fd = k.open(file);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    k.ok("close", fd);
    const isDirty = (): boolean => (k.m.process.raw.page_marks(at) & DIRTY) !== 0;
    k.write(at + 8, 66);
    expect(isDirty()).toBe(true);
    k.ok("msync", at, PAGE, MS.SYNC);
    expect(isDirty()).toBe(false);
    expect(file.bytes).toEqual(k.file("AAAAAAAABA").bytes);
    expect(k.files.calls.get("sync")).toBe(1);
  },
  mincore02: (k) => {
    const fd = k.openNew(new Uint8Array(4 * PAGE).fill(42));
    const at = k.mapFile(fd, 4 * PAGE, PROT.RW | PROT.EXEC, MAP.SHARED);
    k.ok("mlock", at, 4 * PAGE);
    expect(k.resident(at, 4 * PAGE)).toEqual([1, 1, 1, 1]);
  },
  mlock04: (k) => {
    const size = 40 * KIB;
    const at = k.mapFile(k.openNew(size), size, PROT.WRITE, MAP.SHARED);
    k.ok("mlock", at, size);
    expect(k.m.mm("lockedVm")).toBe(size / PAGE);
    k.ok("munlock", at, size);
    k.ok("munmap", at, size);
    expect(k.m.mm("lockedVm")).toBe(0);
  },
};

export const ltpFileCases: Cases = {
  ...mmapCases,
  ...changingCases,
  ...adviceCases,
  ...syncingCases,
};
