// Images of format 1 open as they did, and become images of the present format at their next msync.

import { describe, expect, it } from "vitest";
import { MemoryFile, openHeapImageSync, readHeapImage } from "../../src/image.js";
import { SLOT_BYTES } from "../../src/image/header.js";
import type { HeapImageHeader } from "../../src/image/header.js";
import { damagedBlocks } from "../support/image-workload.mjs";
import { Reference, abis, fileWith, open, refusal, tableOf } from "./support.js";
import { encodeV1, toVersion1 } from "./version-1.js";

/** As version 0.1.0 wrote it: bytes 0 to 119 of 4096, the others 0. */
const WRITTEN =
  "70746d616c6c6f632d7761736d206865617020696d61676501000000080000000300000000010000" +
  "f0debc9a785634120000010000000200005055550000ffff01000000001003001003020000f00000" +
  "00000000020000004d000000000000001032547698badcfe00000000000000008b85401c20487dbf";

/** Makes a file of format 1, with a journal whose pages are not in their places. */
function journaled(abi: "ilp32" | "lp64"): MemoryFile {
  const file = fileWith(300, { abi });
  const { heap, work } = open(file, { abi });
  const before = file.bytes();
  work.runTo(310);
  heap.msync();
  const { end, base } = readHeapImage(file)!;
  file.write(8192, before.subarray(8192, 8192 + end - base));
  toVersion1(file);
  return file;
}

it("a header is read as it was written", () => {
  const bytes = new Uint8Array(SLOT_BYTES);
  bytes.set(Buffer.from(WRITTEN, "hex"));
  const file = new MemoryFile();
  file.write(0, bytes);
  file.write(SLOT_BYTES, bytes);
  const header: HeapImageHeader = {
    ...{
      version: 1,
      abi: "lp64",
      glibc: "2.36",
      generation: 2 ** 40 + 3,
      fingerprint: 0x123456789abcdef0n,
    },
    ...{ base: 0x10000, startBrk: 0x20000, mmapBase: 0x55555000, taskSize: 0xffff0000 },
    ...{ layout: "top-down", end: 0x31000, root: 0x20310, kernelBytes: 15 * 4096 },
    journal: { position: 2 ** 33, pages: 77, checksum: 0xfedcba9876543210n },
    table: undefined,
  };
  expect(readHeapImage(file)).toEqual(header);
  // What the other tests here make is the same.
  expect(Buffer.compare(encodeV1(header), bytes)).toBe(0);
});

describe.each(abis)("%s", (abi) => {
  const reference = new Reference({ abi });

  it("opens, with what waits in its journal, and stays as it is until the next msync", () => {
    const table = reference.tableAt(310);
    const file = journaled(abi);
    const before = file.bytes();
    const heap = openHeapImageSync(file, { abi });
    expect(heap.recoveredPages).toBeGreaterThan(0);
    expect(tableOf(heap)).toEqual(table);
    expect(damagedBlocks(heap.heap, table)).toEqual([]);
    heap.discard();
    expect(Buffer.compare(file.bytes(), before)).toBe(0);
    expect(readHeapImage(file)).toMatchObject({ version: 1, table: undefined });
  });

  it.each([true, false])("is of format 2 after an msync, with a journal: %s", (journal) => {
    const file = fileWith(300, { abi });
    toVersion1(file);
    const heap = openHeapImageSync(file, { abi, journal });
    // Hardly anything changed but the format.
    expect(heap.msync().pages).toBeLessThan(5);
    expect(readHeapImage(file)).toMatchObject({ version: 2, table: expect.anything() as object });
    heap.close();
    const next = openHeapImageSync(file, { abi });
    expect(damagedBlocks(next.heap, tableOf(next))).toEqual([]);
    file.write(8192 + 100_000, new Uint8Array([0x77]));
    expect(refusal(() => openHeapImageSync(file, { abi })).reason).toBe("corrupt-page");
  });

  it("is damaged where it says so: a header, a journal", () => {
    const harmed = (at: number): MemoryFile => {
      const file = journaled(abi);
      const byte = new Uint8Array(1);
      file.read(at, byte);
      file.write(
        at,
        byte.map((value) => value ^ 0x10),
      );
      return file;
    };
    const reasonOf = (file: MemoryFile) => refusal(() => openHeapImageSync(file, { abi })).reason;
    for (const at of [3, 40, 90, 115, SLOT_BYTES + 50]) {
      expect(reasonOf(harmed(at))).toBe("corrupt-header");
    }
    const { position, pages } = readHeapImage(journaled(abi))!.journal!;
    for (const at of [position, position + 5000, position + pages * 4096]) {
      expect(reasonOf(harmed(at))).toBe("corrupt-journal");
    }
  });
});
