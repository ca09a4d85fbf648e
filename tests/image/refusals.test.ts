// What is wrong with a heap image is said by name and place, and nothing is written to it.

import { describe, expect, it } from "vitest";
import { MemoryFile, openHeapImageSync, readHeapImage } from "../../src/image.js";
import type { HeapImageOptions, HeapImageReason, HostFile } from "../../src/image.js";
import { FileKind, layouts } from "../../src/layout/generated.js";
import { encodeHeader } from "../../src/image/header.js";
import type { HeapImageHeader } from "../../src/image/header.js";
import { readHeader } from "../../src/image/slots.js";
import { abis, fileWith, open, refusal, store } from "./support.js";
import { xxh64 } from "./xxh64.js";

const PAGE = 4096;
const PAGES_AT = 8192;

/** A file, what to do to it, how to open it then, and what is to be said. */
interface Case {
  /** Leave the file with a journal. */
  isLeft?: boolean;
  harm: (file: MemoryFile) => void;
  options?: HeapImageOptions;
  says: RegExp;
  /** Where, bytes from the file's start; or of the header, and the place of the one in force. */
  offset?: number | ((header: HeapImageHeader, at: number) => number);
}

function poke(file: MemoryFile, position: number, ...bytes: number[]): void {
  file.write(position, new Uint8Array(bytes));
}

/** Where the header in force is, bytes from the file's start. */
const headerAt = (file: MemoryFile): number => readHeader(file)!.slot * PAGE;

/** Changes a byte in every copy of the header in force. */
function pokeCopies(file: MemoryFile, at: number, byte: number): void {
  const start = headerAt(file);
  for (let copy = 0; copy < PAGE; copy += 512) poke(file, start + copy + at, byte);
}

/** Writes the header in force anew, with some fields different and the right checksum. */
function rewrite(file: MemoryFile, changes: Partial<HeapImageHeader>): void {
  const { header, slot } = readHeader(file)!;
  file.write(slot * PAGE, encodeHeader({ ...header, ...changes }).bytes);
}

const text = (words: string): number[] => [...new TextEncoder().encode(words)];

const cases: Record<string, Case & { reason: HeapImageReason }> = {
  "a file with something else in it": {
    reason: "not-an-image",
    harm: (file) => {
      file.truncate(0);
      poke(file, 0, ...text("something else"));
    },
    says: /neither place for a header begins with the words of a heap image/,
    offset: 0,
  },
  "a file of zeros": {
    reason: "not-an-image",
    harm: (file) => {
      file.truncate(0);
      file.truncate(100_000);
    },
    says: /only with zeros \(a file of 100000 bytes; an empty one has none\)/,
    offset: 0,
  },
  "an empty file, and none may be made": {
    reason: "not-an-image",
    harm: (file) => file.truncate(0),
    options: { create: false },
    says: /nothing was ever completed in it, and the option "create" is false/,
  },
  "a later format": {
    reason: "newer-format",
    harm: (file) => pokeCopies(file, 24, 3),
    says: /at byte (24|4120): format version 3; this version reads up to 2/,
  },
  "other structs": {
    reason: "other-layout",
    harm: (file) => rewrite(file, { fingerprint: 1n }),
    says: /a version whose structs are laid out differently/,
  },
  "more kernel pages": {
    reason: "other-layout",
    harm: (file) => rewrite(file, { kernelBytes: 14 * PAGE }),
    says: /57344 bytes of the kernel's and libc's, this version 65536/,
  },
  "a file that ends too early": {
    reason: "truncated",
    harm: (file) => file.truncate(PAGES_AT + 5 * PAGE),
    says: /the file has 28672 bytes, its pages end at \d+/,
    offset: PAGES_AT + 5 * PAGE,
  },
  "a journal that ends too early": {
    reason: "truncated",
    isLeft: true,
    harm: (file) => file.truncate(file.size() - 1),
    says: /its journal ends at \d+/,
    offset: (header) => header.journal!.position,
  },
  "a damaged header": {
    reason: "corrupt-header",
    harm: (file) => pokeCopies(file, 32, 0xff),
    says: /header [AB] is damaged: no copy of it has the checksum that it should have/,
    offset: (_, at) => at,
  },
  "the header that is not in force damaged": {
    reason: "corrupt-header",
    harm: (file) => {
      const other = PAGE - headerAt(file);
      for (let copy = 0; copy < PAGE; copy += 512) poke(file, other + copy + 33, 0xff);
    },
    says: /header [AB] is damaged/,
    offset: (_, at) => PAGE - at,
  },
  "a place for a header that has only zeros": {
    reason: "corrupt-header",
    harm: (file) => file.write(headerAt(file), new Uint8Array(PAGE)),
    says: /header [AB] is damaged: there are only zeros/,
    offset: (_, at) => at,
  },
  "a header that cannot be": {
    reason: "corrupt-header",
    harm: (file) => rewrite(file, { end: 0x20001 }),
    says: /the header says end 131073 is not a multiple of 4096/,
  },
  "a header whose heap ends before it begins": {
    reason: "corrupt-header",
    harm: (file) => rewrite(file, { end: 0x10000 }),
    says: /the header says end 65536 is outside/,
  },
  "a header whose journal lies over the pages": {
    reason: "corrupt-header",
    harm: (file) => rewrite(file, { journal: { position: PAGES_AT, pages: 1, checksum: 0n } }),
    says: /a journal at byte 8192/,
  },
  "a header whose table lies over the pages": {
    reason: "corrupt-header",
    harm: (file) => rewrite(file, { table: { position: PAGES_AT, checksum: 0n } }),
    says: /a table at byte 8192/,
  },
  "a damaged page": {
    reason: "corrupt-page",
    harm: (file) => poke(file, PAGES_AT + 18 * PAGE + 100, 0x5a, 0xa5),
    says: /address 0x22000 is damaged: its XXH64 is 0x\w{16}, the table says 0x\w{16} \(/,
    offset: PAGES_AT + 18 * PAGE,
  },
  "damaged pages": {
    reason: "corrupt-page",
    harm: (file) => {
      for (const page of [3, 20, 21]) poke(file, PAGES_AT + page * PAGE, 0x5a, 0xa5);
    },
    says: /the page at address 0x13000 is damaged: .*; so are 2 more pages/,
    offset: PAGES_AT + 3 * PAGE,
  },
  "a page that is damaged in its place and in the journal": {
    reason: "corrupt-page",
    isLeft: true,
    harm: (file) => {
      const { position } = readHeapImage(file)!.journal!;
      const [page] = new Uint32Array(file.bytes().slice(position, position + 4).buffer);
      poke(file, PAGES_AT + page! * PAGE + 100, 0x5a, 0xa5);
      poke(file, position + PAGE + 100, 0xa5, 0x5a);
    },
    says: /is damaged: its XXH64 is/,
    offset: (header) => header.journal!.position + PAGE,
  },
  "a damaged table": {
    reason: "corrupt-table",
    harm: (file) => poke(file, readHeapImage(file)!.table!.position + 9, 0x5a, 0xa5),
    says: /the table of the pages' checksums has the CRC-32C 0x\w{8}, the header says 0x\w{8}/,
    offset: (header) => header.table!.position,
  },
  "an older page": {
    reason: "corrupt-page",
    isLeft: true,
    harm: (file) => {
      // As if one write of an earlier msync had never reached the disk, without a word.
      const { position } = readHeapImage(file)!.journal!;
      const [page] = new Uint32Array(file.bytes().slice(position, position + 4).buffer);
      const old = new Uint8Array(PAGE);
      file.write(PAGES_AT + page! * PAGE, old);
      file.write(position + PAGE, old);
    },
    says: /is damaged/,
  },
  "a damaged index of the journal": {
    reason: "corrupt-journal",
    isLeft: true,
    harm: (file) => poke(file, readHeapImage(file)!.journal!.position, 0x5a, 0xa5),
    says: /the journal's index has the CRC-32C 0x\w{8}, the header says 0x\w{8}/,
    offset: (header) => header.journal!.position,
  },
  "another base": {
    reason: "other-address",
    harm: () => undefined,
    options: { base: 0x20000 },
    says: /the image has base 65536, the option "base" says 131072/,
  },
  "another start of the heap": {
    reason: "other-address",
    harm: () => undefined,
    options: { startBrk: 0x30000 },
    says: /startBrk/,
  },
  "another limit": {
    reason: "other-address",
    harm: () => undefined,
    options: { taskSize: 0x1000000 },
    says: /taskSize/,
  },
  "another layout of mappings": {
    reason: "other-address",
    harm: () => undefined,
    options: { layout: "linux" },
    says: /the image has layout compact, the option "layout" says linux/,
  },
  "another place for mappings": {
    reason: "other-address",
    harm: () => undefined,
    options: { mmapBase: 0x100000 },
    says: /the image has mmapBase 0, the option "mmapBase" says 1048576/,
  },
  "other tunables": {
    reason: "other-tunables",
    harm: () => undefined,
    options: { tunables: { tcache_count: 3 } },
    says: /"tcache_count" is given as 3, which makes tcacheCount 3, but the image has 7/,
  },
  "other tunables, as text": {
    reason: "other-tunables",
    harm: () => undefined,
    options: { tunables: "glibc.malloc.tcache_count=7:glibc.malloc.perturb=9" },
    says: /"perturb" is given as 9, which makes perturbByte 9, but the image has 0/,
  },
  "more processors": {
    reason: "other-tunables",
    harm: () => undefined,
    options: { cores: 7 },
    says: /"cores" is given as 7, which makes cores 7, but the image has \d/,
  },
  "huge pages": {
    reason: "other-tunables",
    harm: () => undefined,
    options: { hugePages: { transparent: 2 ** 21 } },
    says: /"hugePages.transparent" is given as 2097152, which makes thpModelPagesize 2097152, but/,
  },
  "a memory that is too small": {
    reason: "does-not-fit",
    harm: () => undefined,
    options: { memory: new WebAssembly.Memory({ initial: 2, maximum: 3 }) },
    says: /the memory of 131072 bytes cannot be grown to the image's end/,
  },
};

describe.each(abis)("%s", (abi) => {
  it.each(Object.entries(cases))("%s", (_, { reason, isLeft, harm, options, says, offset }) => {
    const file = fileWith(300, { abi });
    if (isLeft) {
      const { heap, work } = open(file, { abi });
      work.runTo(310);
      heap.msync();
    }
    const header = readHeapImage(file)!;
    const at = headerAt(file);
    harm(file);
    const before = file.bytes();
    const error = refusal(() => openHeapImageSync(file, { abi, ...options }));
    expect(error).toMatchObject({ name: "HeapImageError", reason, path: "/heap.img" });
    expect(error.message).toMatch(says);
    expect(error.message).toMatch(new RegExp(`^/heap\\.img.*\\(${reason}\\)$`));
    if (offset !== undefined) {
      expect(error.offset).toBe(typeof offset === "number" ? offset : offset(header, at));
    }
    expect(Buffer.compare(file.bytes(), before)).toBe(0);
  });

  it("a heap of the other layout", () => {
    const other = abi === "ilp32" ? "lp64" : "ilp32";
    const error = refusal(() => openHeapImageSync(fileWith(10, { abi }), { abi: other }));
    expect(error.reason).toBe("other-abi");
    expect(error.message).toContain(`the image is of the layout ${abi}, the option "abi" says`);
  });

  it("a torn heap: which invariant does not hold, and at which block", () => {
    const file = fileWith(300, { abi });
    const { heap, root } = openHeapImageSync(file, { abi });
    const { Chunk } = layouts[abi];
    const chunk = root - Chunk.fields.fd.offset;
    const at = chunk + Chunk.fields.mchunkSize.offset - heap.process.base + PAGES_AT;
    store(file, at, 0x09);
    const error = refusal(() => openHeapImageSync(file, { abi }));
    expect(error).toMatchObject({ reason: "torn-heap", invariant: "CHUNK_SIZE", address: chunk });
    expect(error.message).toContain(`does not hold at 0x${chunk.toString(16)}`);
    const unchecked = openHeapImageSync(file, { abi, check: false });
    expect(unchecked.check()).toMatchObject({ invariant: "CHUNK_SIZE", address: chunk });
  });

  it.each(["startBrk", "taskSize", "brk"] as const)("a torn heap: mm_struct's %s", (field) => {
    const file = fileWith(300, { abi });
    const { base } = readHeapImage(file)!;
    const { offset } = layouts[abi].MmStruct.fields[field];
    store(file, PAGES_AT + offset + 1, 0x70);
    const error = refusal(() => openHeapImageSync(file, { abi }));
    expect(error).toMatchObject({ reason: "torn-heap", address: base + offset });
    expect(error.message).toContain(`${field} is`);
  });

  it("at msync: memory that is mapped outside the heap", () => {
    const file = new MemoryFile([], { path: "/heap.img" });
    const heap = openHeapImageSync(file, { abi, tunables: { mmap_threshold: 100_000 } });
    const block = heap.heap.malloc(200_000);
    const error = refusal(() => heap.msync());
    expect(error.reason).toBe("mapped-outside");
    expect(error.message).toMatch(/malloc has 1 of them with 20\d{4} bytes/);
    expect(file.size()).toBe(0);
    heap.heap.free(block);
    heap.msync();
    expect(file.size()).toBeGreaterThan(0);
  });

  it("at msync: a heap that is in use elsewhere", () => {
    const file = fileWith(300, { abi });
    const [ours, theirs] = [open(file, { abi }), open(file, { abi })];
    ours.work.runTo(310);
    theirs.work.runTo(320);
    theirs.heap.msync();
    const before = file.bytes();
    const error = refusal(() => ours.heap.msync());
    expect(error.reason).toBe("changed-elsewhere");
    expect(error.message).toContain(
      "this heap left the file at generation 1, now it is at generation 2",
    );
    expect(() => ours.heap.close()).toThrow("changed-elsewhere");
    expect(Buffer.compare(file.bytes(), before)).toBe(0);
    ours.heap.discard();
    theirs.heap.close();
    expect(open(file, { abi }).work.ops).toBe(320);
  });

  it("at msync: a file that two made, or that was emptied", () => {
    const file = new MemoryFile([], { path: "/heap.img" });
    const [ours, theirs] = [open(file, { abi }), open(file, { abi })];
    theirs.heap.msync();
    expect(refusal(() => ours.heap.msync()).reason).toBe("changed-elsewhere");
    file.truncate(0);
    const error = refusal(() => theirs.heap.msync());
    expect(error.reason).toBe("changed-elsewhere");
    expect(error.message).toContain("now it is empty");
    expect(file.size()).toBe(0);
  });
});

it("what is no regular file", () => {
  const pipe: HostFile = Object.create(new MemoryFile([], { path: "/pipe" }), {
    kind: { value: FileKind.PIPE },
  }) as HostFile;
  expect(refusal(() => openHeapImageSync(pipe)).reason).toBe("not-an-image");
});

it("a file of zeros is left alone", () => {
  for (const size of [1, 512, 4096, 8192]) {
    const file = new MemoryFile(new Uint8Array(size), { path: "/heap.img" });
    expect(refusal(() => openHeapImageSync(file)).reason).toBe("not-an-image");
    expect(file.size()).toBe(size);
  }
});

describe("with check: false, damaged pages are opened and named", () => {
  it.each(abis)("%s", (abi) => {
    const file = fileWith(300, { abi });
    const { base } = readHeapImage(file)!;
    poke(file, PAGES_AT + 20 * PAGE + 7, 0x5a, 0xa5);
    const heap = openHeapImageSync(file, { abi, check: false });
    const address = base + 20 * PAGE;
    expect(heap.damagedPages).toMatchObject([{ address, offset: PAGES_AT + 20 * PAGE }]);
    const page = new Uint8Array(heap.heap.memory.buffer, address, PAGE);
    expect(heap.damagedPages[0]!.found).toBe(xxh64(page));
    expect(refusal(() => openHeapImageSync(file, { abi })).damagedPages).toEqual(heap.damagedPages);
    expect(openHeapImageSync(fileWith(10, { abi }), { abi }).damagedPages).toEqual([]);
  });
});
