// Mappings of files: when stores reach the file, what is written and what is not, what others do
// meanwhile, and what is refused. Stores are raw: the model does not see them, as it does not see a
// program's. What fails is in file-failures.test.ts.

import { describe, expect, it } from "vitest";
import {
  Kit,
  MAP,
  MADV,
  MemoryBytes,
  MREMAP,
  MS,
  O,
  PAGE,
  PROT,
  SIGBUS,
} from "./conformance/kit.js";

const abis = ["ilp32", "lp64"] as const;
const FIXED = MREMAP.MAYMOVE | MREMAP.FIXED;

/** A file of this many pages, open, and all of it mapped shared. Page n is filled with n + 1. */
function mapped(k: Kit, pages: number): { file: MemoryBytes; fd: number; at: number } {
  const file = k.file(Uint8Array.from({ length: pages * PAGE }, (_, i) => (i >> 12) + 1));
  const fd = k.open(file);
  return { file, fd, at: k.mapFile(fd, pages * PAGE, PROT.RW, MAP.SHARED) };
}

/** The first byte of each page of a file. */
const firsts = (file: MemoryBytes): number[] =>
  Array.from({ length: Math.ceil(file.size / PAGE) }, (_, i) => file.bytes[i * PAGE] ?? -1);

/** What `mapped` does, at a place in the heap, whose break is returned with it. */
function mappedInHeap(k: Kit): { file: MemoryBytes; at: number; brk: number } {
  const brk = k.brk;
  const at = Math.ceil(brk / PAGE) * PAGE;
  k.ok("brk", at + 4 * PAGE);
  const file = k.file(PAGE);
  k.ok("mmap", at + PAGE, PAGE, PROT.RW, MAP.SHARED | MAP.FIXED, k.open(file), 0);
  return { file, at: at + PAGE, brk };
}

describe.each(abis)("stores in a shared mapping, %s", (abi) => {
  type Ending = (k: Kit, at: number, fd: number) => unknown;
  const map = (k: Kit, at: number, flags: number): number =>
    k.ok("mmap", at, 2 * PAGE, PROT.RW, flags | MAP.ANONYMOUS, -1, 0);
  const endings: Readonly<Record<string, Ending>> = {
    "msync with MS_SYNC": (k, at) => k.ok("msync", at, 2 * PAGE, MS.SYNC),
    "msync with MS_ASYNC": (k, at) => k.ok("msync", at, 2 * PAGE, MS.ASYNC),
    "msync without flags": (k, at) => k.ok("msync", at, 2 * PAGE, 0),
    munmap: (k, at) => k.ok("munmap", at, 2 * PAGE),
    close: (k, _at, fd) => k.ok("close", fd),
    "MAP_FIXED over it": (k, at) => map(k, at, MAP.PRIVATE | MAP.FIXED),
    "mremap that cuts it": (k, at) => k.ok("mremap", at, 2 * PAGE, PAGE, 0, 0),
    "mremap onto it": (k, at) => k.ok("mremap", k.map(2), 2 * PAGE, 2 * PAGE, FIXED, at),
    fsync: (k, _at, fd) => k.ok("fsync", fd),
    fdatasync: (k, _at, fd) => k.ok("fdatasync", fd),
    "pread of that part": (k, _at, fd) => k.pread(fd, 1, PAGE),
    "a private mapping of that part": (k, _at, fd) =>
      k.mapFile(fd, PAGE, PROT.READ, MAP.PRIVATE, PAGE),
  };

  it.each(Object.entries(endings))("are in the file after %s, not before", (_name, end) => {
    const k = new Kit(abi);
    const { file, fd, at } = mapped(k, 2);
    k.m.poke(at + PAGE, 77);
    expect(firsts(file)).toEqual([1, 2]);
    end(k, at, fd);
    expect(firsts(file)).toEqual([1, 77]);
  });

  it("are in the file after the break has gone below them, not before", () => {
    const k = new Kit(abi);
    const { file, at, brk } = mappedInHeap(k);
    k.m.poke(at, 77);
    expect(firsts(file)).toEqual([0]);
    expect(k.ok("brk", brk)).toBe(brk);
    expect(firsts(file)).toEqual([77]);
  });

  it("are nobody's business while calls are about something else", () => {
    const k = new Kit(abi);
    const { file, fd, at } = mapped(k, 2);
    k.m.poke(at, 77);
    k.ok("mprotect", at, PAGE, PROT.READ);
    k.ok("madvise", at, 2 * PAGE, MADV.DONTNEED);
    k.ok("mlock", at, 2 * PAGE);
    k.ok("munlock", at, 2 * PAGE);
    k.ok("close", k.openNew(PAGE));
    k.pread(fd, 1, PAGE);
    k.ok("msync", at + PAGE, PAGE, MS.SYNC);
    const moved = k.ok("mremap", at, PAGE, PAGE, FIXED, k.map(1));
    expect([k.m.peek(moved), firsts(file), k.files.written]).toEqual([77, [1, 2], 0]);
  });

  it("are written page by page, and only what changed", () => {
    const k = new Kit(abi);
    const { file, at } = mapped(k, 8);
    for (const page of [2, 3, 6]) k.m.poke(at + page * PAGE + page, 77);
    // Somebody else writes to a page that is clean here, and to one that is not.
    file.bytes[4 * PAGE] = 99;
    file.bytes[6 * PAGE] = 99;
    k.ok("msync", at, 8 * PAGE, MS.SYNC);
    expect(k.files.written).toBe(3 * PAGE);
    expect(firsts(file)).toEqual([1, 2, 3, 4, 99, 6, 7, 8]);
    k.m.poke(at, 1);
    k.ok("munmap", at, 8 * PAGE);
    expect(k.files.written).toBe(3 * PAGE);
  });

  it("behind the end of the file stay out of it", () => {
    const k = new Kit(abi);
    const file = k.file(PAGE + 10);
    const at = k.mapFile(k.open(file), 4 * PAGE, PROT.RW, MAP.SHARED);
    k.m.process.u8().fill(77, at, at + 4 * PAGE);
    k.ok("munmap", at, 4 * PAGE);
    expect([file.size, k.files.written]).toEqual([PAGE + 10, PAGE + 10]);
    expect(file.bytes.every((byte) => byte === 77)).toBe(true);
  });

  it("of a private mapping never get there", () => {
    const k = new Kit(abi);
    const file = k.file(PAGE);
    const fd = k.open(file);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.PRIVATE);
    k.m.poke(at, 77);
    k.ok("msync", at, PAGE, MS.SYNC);
    k.ok("close", fd);
    k.ok("munmap", at, PAGE);
    expect([firsts(file), k.files.written]).toEqual([[0], 0]);
  });
});

describe.each(abis)("what others do to the file, %s", (abi) => {
  it("comes in at MS_INVALIDATE", () => {
    const k = new Kit(abi);
    const { file, at } = mapped(k, 3);
    const own = k.mapFile(k.open(file), PAGE, PROT.READ, MAP.PRIVATE);
    k.m.poke(at + 2 * PAGE, 77);
    file.bytes[0] = 99;
    k.ok("msync", at, 3 * PAGE, MS.SYNC);
    expect(k.m.peek(at)).toBe(1);
    k.ok("msync", at, 3 * PAGE, MS.SYNC | MS.INVALIDATE);
    expect([0, 1, 2].map((page) => k.m.peek(at + page * PAGE))).toEqual([99, 2, 77]);
    // A private mapping stays as it was when it was made.
    k.ok("msync", own, PAGE, MS.INVALIDATE);
    expect(k.m.peek(own)).toBe(1);
  });

  it("is noticed at msync when they cut it", () => {
    const k = new Kit(abi);
    const { file, at } = mapped(k, 3);
    for (const page of [0, 1, 2]) k.m.poke(at + page * PAGE, 77);
    file.resize(PAGE + 10);
    k.ok("msync", at, 3 * PAGE, MS.SYNC);
    expect([file.size, firsts(file)]).toEqual([PAGE + 10, [77, 77]]);
    expect([k.read(at + PAGE + 10), k.read(at + 2 * PAGE)]).toEqual([0, -SIGBUS]);
  });

  it.each(["munmap", "close", "fsync", "pread"])("is not undone by %s when they cut it", (name) => {
    const k = new Kit(abi);
    const { file, fd, at } = mapped(k, 3);
    for (const page of [0, 1, 2]) k.m.poke(at + page * PAGE, 77);
    file.resize(PAGE + 10);
    if (name === "munmap") k.ok("munmap", at, 3 * PAGE);
    else if (name === "pread") k.pread(fd, 10, 0);
    else k.ok(name as "close", fd);
    expect(file.size).toBe(PAGE + 10);
  });

  it("is noticed at msync when they make it longer", () => {
    const k = new Kit(abi);
    const file = k.file(10);
    const at = k.mapFile(k.open(file), 2 * PAGE, PROT.RW, MAP.SHARED);
    // What is stored behind the end is no part of the file when there is more of it.
    k.m.poke(at + 5, 77);
    k.m.poke(at + 20, 78);
    file.resize(PAGE + 1);
    file.bytes[PAGE] = 99;
    k.ok("msync", at, 2 * PAGE, MS.SYNC);
    expect([5, 20, PAGE].map((offset) => k.read(at + offset))).toEqual([77, 0, 99]);
    expect([5, 20, PAGE].map((offset) => file.bytes[offset])).toEqual([77, 0, 99]);
  });

  it("survives in the page that ftruncate ends in", () => {
    const k = new Kit(abi);
    const { file, fd, at } = mapped(k, 2);
    k.ok("ftruncate", fd, PAGE + 10);
    file.bytes[PAGE] = 99;
    k.ok("msync", at, 2 * PAGE, MS.SYNC);
    expect([firsts(file), k.files.written]).toEqual([[1, 99], 0]);
  });

  it("is seen by ftruncate before it changes the size", () => {
    const k = new Kit(abi);
    const { file, fd, at } = mapped(k, 2);
    file.resize(0);
    k.ok("ftruncate", fd, 2 * PAGE);
    expect(k.holds(at, 2, 0)).toBe(true);
    expect(firsts(file)).toEqual([0, 0]);
  });
});

describe.each(abis)("a page of a file, %s", (abi) => {
  const refused = (k: Kit, fd: number, page = 0, pages = 1, prot: number = PROT.RW): void =>
    k.fails("EOPNOTSUPP", "mmap", 0, pages * PAGE, prot, MAP.SHARED, fd, page * PAGE);

  it("is in one shared mapping at most", () => {
    const k = new Kit(abi);
    const file = k.file(8 * PAGE);
    const fd = k.open(file);
    const at = k.mapFile(fd, 2 * PAGE, PROT.RW, MAP.SHARED, 2 * PAGE);
    refused(k, fd, 2);
    refused(k, fd, 3, 5);
    refused(k, fd, 0, 3);
    refused(k, fd, 0, 8);
    refused(k, k.open(file), 2);
    refused(k, k.open(file, O.RDONLY), 2, 1, PROT.READ);
    k.mapFile(fd, 2 * PAGE, PROT.RW, MAP.SHARED);
    k.mapFile(fd, 4 * PAGE, PROT.RW, MAP.SHARED, 4 * PAGE);
    k.openNew(PAGE);
    k.mapFile(k.openNew(4 * PAGE), 4 * PAGE, PROT.RW, MAP.SHARED);
    for (let i = 0; i < 3; i++) k.mapFile(fd, 8 * PAGE, PROT.RW, MAP.PRIVATE);
    k.ok("munmap", at, PAGE);
    refused(k, fd, 2, 2);
    k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED, 2 * PAGE);
  });

  it("may take its own place", () => {
    const k = new Kit(abi);
    const { file, fd, at } = mapped(k, 4);
    k.m.poke(at + PAGE, 77);
    const over = (page: number, pages: number, from: number) =>
      [at + page * PAGE, pages * PAGE, PROT.RW, MAP.SHARED | MAP.FIXED, fd, from * PAGE] as const;
    k.ok("mmap", ...over(0, 4, 0));
    k.ok("mmap", ...over(1, 2, 1));
    expect([k.m.peek(at + PAGE), firsts(file)[1], k.pieces(at, 4)]).toEqual([77, 77, 1]);
    k.fails("EOPNOTSUPP", "mmap", ...over(1, 2, 2));
    k.fails("EOPNOTSUPP", "mmap", ...over(1, 1, 0));
    k.ok("mmap", ...over(0, 4, 4));
  });

  it("does not come into a mapping that grows while another has it", () => {
    const k = new Kit(abi);
    const fd = k.openNew(4 * PAGE);
    const at = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED);
    const other = k.mapFile(fd, PAGE, PROT.RW, MAP.SHARED, 2 * PAGE);
    k.fails("EOPNOTSUPP", "mremap", at, PAGE, 3 * PAGE, MREMAP.MAYMOVE, 0);
    const grown = k.ok("mremap", at, PAGE, 2 * PAGE, MREMAP.MAYMOVE, 0);
    k.ok("munmap", other, PAGE);
    k.ok("mremap", grown, 2 * PAGE, 4 * PAGE, MREMAP.MAYMOVE, 0);
  });

  it("is not copied by mremap", () => {
    const k = new Kit(abi);
    const { at } = mapped(k, 2);
    k.fails("EOPNOTSUPP", "mremap", at, 0, PAGE, MREMAP.MAYMOVE, 0);
    k.fails("EOPNOTSUPP", "mremap", at, 0, PAGE, FIXED, k.map(1));
    const dontUnmap = MREMAP.MAYMOVE | MREMAP.DONTUNMAP;
    k.fails("EOPNOTSUPP", "mremap", at, 2 * PAGE, 2 * PAGE, dontUnmap, 0);
  });
});

describe.each(abis)("far into a file, %s", (abi) => {
  /** A file that is all zeros but for a few pages. */
  class SparseBytes extends MemoryBytes {
    readonly pages = new Map<number, Uint8Array>();
    #size: number;

    constructor(size: number) {
      super();
      this.#size = size;
    }

    override get size(): number {
      return this.#size;
    }

    override read(position: number, into: Uint8Array): number {
      const length = Math.max(0, Math.min(into.length, this.#size - position));
      for (let done = 0; done < length; done += PAGE) {
        const page = this.pages.get((position + done) / PAGE) ?? new Uint8Array(PAGE);
        into.set(page.subarray(0, length - done), done);
      }
      return length;
    }

    override write(position: number, from: Uint8Array): void {
      for (let done = 0; done < from.length; done += PAGE)
        this.pages.set((position + done) / PAGE, from.slice(done, done + PAGE));
      this.#size = Math.max(this.#size, position + from.length);
    }

    override resize(size: number): void {
      this.#size = size;
    }
  }

  it.each([3, 5, 4096])("at %i GiB", (gib) => {
    const k = new Kit(abi);
    const start = gib * 2 ** 30;
    const file = new SparseBytes(start + 2 * PAGE + 10);
    file.write(start + PAGE, new Uint8Array(PAGE).fill(9));
    const fd = k.open(file);
    const at = k.mapFile(fd, 4 * PAGE, PROT.RW, MAP.SHARED, start);
    expect(k.m.regions(at, at + 1)[0]?.pgoff).toBe(start / PAGE);
    expect([0, 1, 2, 3].map((page) => k.read(at + page * PAGE))).toEqual([0, 9, 0, -SIGBUS]);
    k.m.poke(at + 2 * PAGE + 5, 77);
    k.ok("msync", at, 4 * PAGE, MS.SYNC);
    expect([file.size, k.files.written]).toEqual([start + 2 * PAGE + 10, 10]);
    expect(file.pages.get(start / PAGE + 2)?.[5]).toBe(77);
    k.pwrite(fd, "far", start + 3 * PAGE);
    expect(k.get(at + 3 * PAGE, 3)).toEqual(new TextEncoder().encode("far"));
    k.fails("EOPNOTSUPP", "mmap", 0, PAGE, PROT.READ, MAP.SHARED, fd, start + 3 * PAGE);
    // The same page number but for its upper bits is another page.
    k.mapFile(fd, PAGE, PROT.READ, MAP.SHARED, start % 2 ** 30);
    const length = abi === "lp64" ? [start] : k.position(start);
    k.ok(abi === "lp64" ? "ftruncate" : ("ftruncate64" as "ftruncate"), fd, ...length);
    expect(k.read(at)).toBe(-SIGBUS);
  });
});
