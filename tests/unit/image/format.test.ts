// The format of heap images: headers, journals, checksums.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Checksum, textChecksum } from "../../../src/image/checksum.js";
import { MemoryFile, readHeapImage } from "../../../src/image/index.js";
import {
  PAGES_AT,
  SLOT_BYTES,
  encodeHeader,
  fingerprintOf,
  readHeader,
} from "../../../src/image/header.js";
import type { HeapImageHeader } from "../../../src/image/header.js";
import { placeJournal, readJournal, writeJournal } from "../../../src/image/journal.js";
import { Prng } from "../../support/prng.js";
import { SEED, refusal } from "./support.js";

const PAGE = 4096;

const header: HeapImageHeader = {
  abi: "lp64",
  generation: 2 ** 40 + 3,
  fingerprint: fingerprintOf("lp64"),
  base: 0x10000,
  startBrk: 0x20000,
  mmapBase: 0x55555000,
  taskSize: 0xffff0000,
  layout: "top-down",
  end: 0x31000,
  root: 0x20310,
  kernelBytes: 15 * PAGE,
  journal: { position: 2 ** 33, pages: 77, checksum: 0xfedcba9876543210n },
};

function fileWith(...slots: (HeapImageHeader | undefined)[]): MemoryFile {
  const file = new MemoryFile(new Uint8Array(PAGES_AT), { path: "/heap.img" });
  slots.forEach((slot, index) => {
    if (slot !== undefined) file.write(index * SLOT_BYTES, encodeHeader(slot).bytes);
  });
  return file;
}

describe("headers", () => {
  it("say the same when they are read again", () => {
    expect(readHeapImage(fileWith(header))).toEqual(header);
    const clean = { ...header, journal: undefined, layout: "linux", abi: "ilp32" } as const;
    expect(readHeapImage(fileWith(undefined, clean))).toEqual(clean);
  });

  it("take turns: the higher generation is in force, wherever it is", () => {
    const next = { ...header, generation: header.generation + 1, root: 0 };
    expect(readHeader(fileWith(header, next))).toMatchObject({ slot: 1, header: next });
    expect(readHeader(fileWith(next, header))).toMatchObject({ slot: 0, header: next });
  });

  it("count only when they are whole, whichever byte is wrong", () => {
    const next = { ...header, generation: header.generation + 1 };
    for (let at = 0; at < 120; at++) {
      const file = fileWith(header, next);
      const byte = new Uint8Array(1);
      file.read(SLOT_BYTES + at, byte);
      // The version's byte would say that the format is a later one.
      if (at >= 24 && at < 28) continue;
      file.write(
        SLOT_BYTES + at,
        byte.map((value) => value ^ 0x10),
      );
      expect(readHeader(file), `byte ${at}`).toMatchObject({ slot: 0, header });
    }
  });

  it("have no place in a file that is empty, or of zeros that a first header left", () => {
    expect(readHeader(new MemoryFile())).toBeUndefined();
    expect(readHeader(new MemoryFile(new Uint8Array(SLOT_BYTES)))).toBeUndefined();
    expect(() => readHeader(new MemoryFile(new Uint8Array(PAGES_AT)))).toThrow("not-an-image");
    const none = { ...header, generation: 0, end: header.base, journal: undefined };
    expect(readHeapImage(fileWith(none))).toBeUndefined();
  });

  it("are as docs/heap-image.md says", () => {
    const page = readFileSync(new URL("../../../docs/heap-image.md", import.meta.url), "utf8");
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
    expect(rows).toHaveLength(12);
  });

  it("tell the layouts of structs apart", () => {
    expect(fingerprintOf("ilp32")).not.toBe(fingerprintOf("lp64"));
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
    const { place, bytes } = writeJournal(file, 10 * PAGE, runs, image);
    expect(bytes).toBe(23 * PAGE);
    const { index, pagesAt } = readJournal(file, small, place);
    expect([...index]).toEqual([0, ...Array.from({ length: 20 }, (_, i) => 7 + i), 63]);
    const page = new Uint8Array(PAGE);
    index.forEach((number, i) => {
      file.read(pagesAt + i * PAGE, page);
      expect(Buffer.compare(page, image.subarray(number * PAGE, (number + 1) * PAGE))).toBe(0);
    });
  });

  it("are refused with any byte wrong, or with a page that the image does not have", () => {
    const file = new MemoryFile([], { path: "/heap.img" });
    const { place } = writeJournal(file, 0, runs, image);
    for (let round = 0; round < 50; round++) {
      const at = random.int(0, file.size() - 1);
      const byte = new Uint8Array(1);
      file.read(at, byte);
      file.write(
        at,
        byte.map((value) => value ^ (1 << (round & 7))),
      );
      expect(refusal(() => readJournal(file, small, place)).reason).toBe("corrupt-journal");
      file.write(at, byte);
    }
    const shorter = { ...small, end: small.end - PAGE };
    const error = refusal(() => readJournal(file, shorter, place));
    expect(error.message).toContain("the journal has page 63 of an image of 63");
  });

  it("go behind all pages, old and new, and not over the one in force", () => {
    const first = PAGES_AT + header.end - header.base;
    const inForce = (journal: HeapImageHeader["journal"]) => ({ ...header, journal });
    const place = (pages: number, position: number) =>
      placeJournal(pages, inForce({ position, pages: 10, checksum: 0n }), header.end);
    expect(placeJournal(5, inForce(undefined), header.end)).toBe(first);
    expect(placeJournal(5, inForce(undefined), header.end + PAGE)).toBe(first + PAGE);
    expect(placeJournal(5, inForce(undefined), header.end - PAGE)).toBe(first);
    expect(place(5, first)).toBe(first + 11 * PAGE);
    expect(place(5, first + 6 * PAGE)).toBe(first);
    expect(place(6, first + 6 * PAGE)).toBe(first + 17 * PAGE);
    expect(place(6, first - 11 * PAGE)).toBe(first);
    expect(place(6, first - 10 * PAGE)).toBe(first + PAGE);
  });
});

describe("checksums", () => {
  it("are the same for the same bytes, however they come", () => {
    const bytes = new Uint8Array(1024).map((_, index) => index * 7);
    const whole = new Checksum().update(bytes).value();
    const parts = new Checksum().update(bytes.subarray(0, 16)).update(bytes.subarray(16));
    expect(parts.value()).toBe(whole);
    expect(() => new Checksum().update(bytes.subarray(0, 15))).toThrow(RangeError);
  });

  it("differ in both halves for any bit that differs, and for bytes in another order", () => {
    const bytes = new Uint8Array(64);
    const seen = new Set<bigint>([new Checksum().update(bytes).value()]);
    const halves = new Set([...seen].flatMap((sum) => [sum >> 32n, sum & 0xffffffffn]));
    for (let bit = 0; bit < 512; bit++) {
      const other = bytes.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      const sum = new Checksum().update(other).value();
      seen.add(sum);
      halves.add(sum >> 32n).add(sum & 0xffffffffn);
    }
    expect(seen.size).toBe(513);
    expect(halves.size).toBe(2 * 513);
    expect(textChecksum("abcdefgh")).not.toBe(textChecksum("hgfedcba"));
  });
});
