// The format of heap images: headers, tables, journals, checksums; and what is left of format 1.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { startProcessSync } from "../../src/process/process.js";
import { crc32c } from "../../src/image/crc32c.js";
import { MemoryFile, readHeapImage } from "../../src/image.js";
import {
  PAGES_AT,
  SECTOR_BYTES,
  SLOT_BYTES,
  encodeHeader,
  fingerprintOf,
} from "../../src/image/header.js";
import type { HeapImageHeader } from "../../src/image/header.js";
import { layouts } from "../../src/layout/generated.js";
import { readHeader } from "../../src/image/slots.js";
import {
  fileEnd,
  placeTail,
  readJournal,
  readTail,
  writeJournal,
  writeTable,
} from "../../src/image/tail.js";
import { checksumV1, textChecksumV1 } from "../../src/image/version-1.js";
import { Prng } from "../support/prng.js";
import { SEED, abis, refusal } from "./support.js";
import { xxh64 } from "./xxh64.js";

const PAGE = 4096;

const header: HeapImageHeader = {
  version: 2,
  abi: "lp64",
  glibc: "2.43",
  generation: 2 ** 40 + 3,
  fingerprint: fingerprintOf(layouts.lp64),
  base: 0x10000,
  startBrk: 0x20000,
  mmapBase: 0x55555000,
  taskSize: 0xffff0000,
  layout: "top-down",
  end: 0x31000,
  root: 0x20310,
  kernelBytes: 15 * PAGE,
  journal: { position: 2 ** 33, pages: 77, checksum: 0xfedcba98n },
  table: { position: 2 ** 33 + PAGE, checksum: 0x76543210n },
};

function fileWith(...slots: (HeapImageHeader | undefined)[]): MemoryFile {
  const file = new MemoryFile(new Uint8Array(PAGES_AT), { path: "/heap.img" });
  slots.forEach((slot, index) => {
    if (slot !== undefined) file.write(index * SLOT_BYTES, encodeHeader(slot).bytes);
  });
  return file;
}

const next = { ...header, generation: header.generation + 1, root: 0 };

/** Changes one bit of a file. */
function flip(file: MemoryFile, at: number, bit = 4): void {
  const byte = new Uint8Array(1);
  file.read(at, byte);
  file.write(
    at,
    byte.map((value) => value ^ (1 << bit)),
  );
}

describe("headers", () => {
  it("say the same when they are read again", () => {
    expect(readHeapImage(fileWith(header, next))).toEqual(next);
    const clean = { ...next, journal: undefined, layout: "linux", abi: "ilp32" } as const;
    expect(readHeapImage(fileWith(header, clean))).toEqual(clean);
    expect(readHeapImage(fileWith(header, { ...clean, table: undefined }))).toMatchObject({
      table: undefined,
    });
  });

  it("take turns: the higher generation is in force, wherever it is", () => {
    expect(readHeader(fileWith(header, next))).toMatchObject({ slot: 1, header: next });
    expect(readHeader(fileWith(next, header))).toMatchObject({ slot: 0, header: next });
  });

  it("are there eight times: any wrong byte is found, and does no harm", () => {
    // All of a copy that is in force, all of one that is not, and some of all others.
    const isWhole = (at: number): boolean => [3, 9].includes(Math.floor(at / SECTOR_BYTES));
    for (let at = 0; at < PAGES_AT; at += isWhole(at) ? 1 : 64) {
      const file = fileWith(header, next);
      flip(file, at, at & 7);
      const damagedCopies = [at - (at % SECTOR_BYTES)];
      expect(readHeader(file), `byte ${at}`).toMatchObject({
        slot: 1,
        header: next,
        damagedCopies,
      });
    }
  });

  it("count where one sector of a place was written and where one was not", () => {
    const last = { ...next, generation: next.generation + 1 };
    const { bytes } = encodeHeader(last);
    for (let sector = 0; sector < 8; sector++) {
      const at = sector * SECTOR_BYTES;
      const torn = fileWith(header, next);
      torn.write(at, bytes.subarray(at, at + SECTOR_BYTES));
      expect(readHeader(torn)).toMatchObject({ slot: 0, header: last, damagedCopies: [] });
    }
  });

  it.each([0, 1])("a place without a whole copy is not passed over: %i", (slot) => {
    for (const zeroed of [false, true]) {
      const file = fileWith(header, next);
      for (let at = slot * SLOT_BYTES; at < (slot + 1) * SLOT_BYTES; at += SECTOR_BYTES) {
        if (zeroed) file.write(at, new Uint8Array(SECTOR_BYTES));
        else flip(file, at + 33);
      }
      const error = refusal(() => readHeader(file));
      expect(error).toMatchObject({ reason: "corrupt-header", offset: slot * SLOT_BYTES });
      expect(error.message).toContain(`header ${"AB"[slot]} is damaged`);
    }
  });

  it("have no place in an empty file; zeros are not an empty file", () => {
    expect(readHeader(new MemoryFile())).toBeUndefined();
    for (const size of [1, 100, SLOT_BYTES, PAGES_AT, 100_000]) {
      const error = refusal(() => readHeader(new MemoryFile(new Uint8Array(size))));
      expect(error.reason).toBe("not-an-image");
      expect(error.message).toContain(`only with zeros (a file of ${size} bytes`);
    }
  });

  it("of generation 0 say that nothing was completed", () => {
    const none = { ...header, generation: 0, end: header.base };
    const first = { ...none, journal: undefined, table: undefined };
    expect(readHeapImage(fileWith(first))).toBeUndefined();
    // Power failed while it was written.
    const torn = new MemoryFile(encodeHeader(first).bytes.subarray(0, 3 * SECTOR_BYTES));
    torn.write(0, new Uint8Array(SECTOR_BYTES));
    expect(readHeapImage(torn)).toBeUndefined();
  });

  it("are as docs/heap-image.md says", () => {
    const page = readFileSync(new URL("../../docs/heap-image.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| (\d+) \| (\d) \| `([\w.]+)` \|/gm)];
    const { bytes } = encodeHeader(header);
    const view = new DataView(bytes.buffer);
    for (const [, at, size, name] of rows) {
      const word =
        size === "8" ? view.getBigUint64(Number(at), true) : view.getUint32(Number(at), true);
      const path = name!.split(".");
      const value = path.reduce<unknown>((object, key) => (object as never)[key], header);
      expect(BigInt(word), name).toBe(BigInt(value as number));
    }
    expect(rows).toHaveLength(15);
  });

  it("tell the layouts of structs apart", () => {
    expect(fingerprintOf(layouts.ilp32)).not.toBe(fingerprintOf(layouts.lp64));
  });
});

describe("journals", () => {
  const image = new Uint8Array(64 * PAGE);
  const random = new Prng(SEED);
  image.forEach((_, index) => (image[index] = random.next()));
  const runs = [
    { first: 0, pages: 1 },
    { first: 7, pages: 20 },
    { first: 63, pages: 1 },
  ];
  const small = { ...header, end: header.base + image.length };

  it("hold pages by number", () => {
    const file = new MemoryFile([], { path: "/heap.img" });
    const place = writeJournal(file, 10 * PAGE, runs, image)!;
    expect(file.size()).toBe(33 * PAGE);
    const { index, pagesAt } = readJournal(file, small, place);
    expect([...index]).toEqual([0, ...Array.from({ length: 20 }, (_, i) => 7 + i), 63]);
    const page = new Uint8Array(PAGE);
    index.forEach((number, i) => {
      file.read(pagesAt + i * PAGE, page);
      expect(Buffer.compare(page, image.subarray(number * PAGE, (number + 1) * PAGE))).toBe(0);
    });
    expect(writeJournal(file, 0, [], image)).toBeUndefined();
  });

  it("are refused with any bit of their index wrong, or with a page that there is not", () => {
    const file = new MemoryFile([], { path: "/heap.img" });
    const place = writeJournal(file, 0, runs, image)!;
    for (let at = 0; at < PAGE; at += at < 100 ? 1 : 97) {
      flip(file, at, at & 7);
      const error = refusal(() => readJournal(file, small, place));
      expect(error).toMatchObject({ reason: "corrupt-journal", offset: 0 });
      expect(error.message).toMatch(/index has the CRC-32C 0x\w{8}, the header says 0x\w{8}/);
      flip(file, at, at & 7);
    }
    const shorter = { ...small, end: small.end - PAGE };
    const error = refusal(() => readJournal(file, shorter, place));
    expect(error.message).toContain("the journal has page 63 of an image of 63");
  });

  it("and tables go behind all pages, old and new, and not over what is in force", () => {
    const first = PAGES_AT + header.end - header.base;
    const clean = { ...header, journal: undefined, table: undefined };
    expect(placeTail(5, clean, header.end)).toBe(first);
    expect(placeTail(5, clean, header.end + PAGE)).toBe(first + PAGE);
    expect(placeTail(5, clean, header.end - PAGE)).toBe(first);
    const place = (pages: number, position: number) =>
      placeTail(
        (pages + 1) * PAGE,
        { ...clean, journal: { position, pages: 10, checksum: 0n } },
        header.end,
      );
    expect(place(5, first)).toBe(first + 11 * PAGE);
    expect(place(5, first + 6 * PAGE)).toBe(first);
    expect(place(6, first + 6 * PAGE)).toBe(first + 17 * PAGE);
    expect(place(6, first - 11 * PAGE)).toBe(first);
    expect(place(6, first - 10 * PAGE)).toBe(first + PAGE);
    // A table and a journal, and room between them.
    const inForce = {
      ...clean,
      table: { position: first, checksum: 0n },
      journal: { position: first + 3 * PAGE, pages: 1, checksum: 0n },
    };
    expect(placeTail(2 * PAGE, inForce, header.end)).toBe(first + PAGE);
    expect(placeTail(2 * PAGE + 1, inForce, header.end)).toBe(first + 5 * PAGE);
    expect(fileEnd(inForce)).toBe(first + 5 * PAGE);
    expect(fileEnd(clean)).toBe(first);
  });

  it("tables are refused with any bit wrong, and when the file ends before they do", () => {
    const position = PAGES_AT + image.length;
    const file = new MemoryFile([], { path: "/heap.img" });
    const sums = new BigUint64Array(64).map(() => BigInt(random.next()) << 31n);
    const table = writeTable(file, position, sums);
    const named = { ...small, journal: undefined, table };
    expect(readTail(file, named)).toEqual({ table: sums, journal: undefined });
    for (let at = position; at < position + PAGE; at += 61) {
      flip(file, at, at & 7);
      const error = refusal(() => readTail(file, named));
      expect(error).toMatchObject({ reason: "corrupt-table", offset: position });
      flip(file, at, at & 7);
    }
    file.truncate(file.size() - 1);
    expect(refusal(() => readTail(file, named))).toMatchObject({
      reason: "truncated",
      offset: position,
    });
  });
});

describe("checksums", () => {
  const text = (words: string): Uint8Array => new TextEncoder().encode(words);

  it("crc32c is CRC-32C (RFC 3720, B.4)", () => {
    expect(crc32c(text("123456789"))).toBe(0xe3069283);
    const zeros = new Uint8Array(32);
    expect(crc32c(zeros)).toBe(0x8a9136aa);
    expect(crc32c(zeros.fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(zeros.map((_, index) => index))).toBe(0x46dd794e);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  it("the reference for pages is XXH64", () => {
    expect(xxh64(text(""))).toBe(0xef46db3751d8e999n);
    expect(xxh64(text("abc"))).toBe(0x44bc2cf5ad770999n);
    expect(xxh64(text("Nobody inspects the spammish repetition"))).toBe(0xfbcea83c8a378bf1n);
  });

  it.each(abis)("page_digest is XXH64: %s", (abi) => {
    const { raw, memory } = startProcessSync({ abi, build: "image" });
    const at = 0x1000;
    const page = new Uint8Array(memory.buffer, at, PAGE);
    const random = new Prng(SEED);
    for (let round = 0; round < 20; round++) {
      expect(BigInt.asUintN(64, raw.page_digest(at))).toBe(xxh64(page));
      page.forEach((_, index) => (page[index] = random.next()));
    }
  });

  it("of format 1 are what they were", () => {
    const bytes = new Uint8Array(64).map((_, index) => index * 7);
    expect(checksumV1(bytes)).toBe(0x584cf46996951854n);
    expect(textChecksumV1("abcdefgh")).toBe(0x10acdf55b450fc74n);
  });
});
