// Rot: single bits of heap images change, anywhere in the file. Each is told by name and place, or
// does no harm: then what is opened is what was written, byte for byte, and it is known why.
//
//   PTMALLOC_STRESS=full npx vitest run tests/image/image-rot.test.ts      17,000 flips

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { PAGES_AT, imageBytes } from "../../src/image/header.js";
import type { HeapImageHeader } from "../../src/image/header.js";
import { HeapImageError, openHeapImageSync, readHeapImage } from "../../src/image.js";
import type { HeapImageReason, MemoryFile } from "../../src/image.js";
import { readHeader } from "../../src/image/slots.js";
import { readJournal, tableBytes } from "../../src/image/tail.js";
import type { Abi } from "../../src/layout/address.js";
import { campaign } from "../support/campaign.js";
import { Prng } from "../support/prng.js";
import { SEED, abis, fileWith, open } from "./support.js";

const PAGE = 4096;
const FLIPS = campaign({ short: 4, ci: 8, full: 500 });
const tally = new Map<string, number>();

/** A part of the file, and what a changed bit in it leads to. */
interface Part {
  name: string;
  start: number;
  end: number;
  /** How it is told; undefined: it does no harm. */
  told: HeapImageReason | undefined;
}

/** All parts of a file, by its header. @param isPlaced whether the journal's pages are in place */
function partsOf(file: MemoryFile, header: HeapImageHeader, isPlaced: boolean): Part[] {
  const parts: Part[] = [];
  let at = 0;
  const add = (name: string, end: number, told?: HeapImageReason): void => {
    if (end > at) parts.push({ name, start: at, end, told });
    at = end;
  };
  add("headers: of each there are other copies", PAGES_AT);
  const journal = header.journal && readJournal(file, header, header.journal);
  const waiting = new Set(journal?.index ?? []);
  for (let page = 0; page < imageBytes(header) / PAGE; page++) {
    const end = PAGES_AT + (page + 1) * PAGE;
    if (waiting.has(page)) add("pages in their places that the journal has, too", end);
    else add("pages", end, "corrupt-page");
  }
  const { position } = header.table!;
  add("unused, before the table", position);
  add("table", position + tableBytes(header), "corrupt-table");
  if (header.journal !== undefined && journal !== undefined) {
    add("unused, before the journal", header.journal.position);
    add("index", journal.pagesAt, "corrupt-journal");
    const end = at + waiting.size * PAGE;
    if (isPlaced) add("pages in the journal that are in their places, too", end);
    else add("pages in the journal", end, "corrupt-page");
  }
  add("unused, behind all", file.size());
  return parts;
}

/** A file as it is closed; as it is left; and as an msync leaves it that was killed. */
const scenes: Record<string, (abi: Abi) => { file: MemoryFile; isPlaced: boolean }> = {
  closed: (abi) => ({ file: fileWith(200, { abi }), isPlaced: true }),
  left: (abi) => {
    const file = fileWith(200, { abi });
    const { heap, work } = open(file, { abi });
    for (const ops of [205, 210]) {
      work.runTo(ops);
      heap.msync();
    }
    return { file, isPlaced: true };
  },
  killed: (abi) => {
    const file = fileWith(200, { abi });
    const { heap, work } = open(file, { abi });
    work.runTo(205);
    heap.msync();
    work.runTo(210);
    heap.msync();
    // None of the last pages reached its place.
    const { header } = readHeader(file)!;
    for (const page of readJournal(file, header, header.journal!).index) {
      file.write(PAGES_AT + page * PAGE, new Uint8Array(PAGE).fill(0x55));
    }
    return { file, isPlaced: false };
  },
};

afterAll(() => {
  const lines = [...tally].map(([name, count]) => `${count} ${name}`);
  console.log(`image-rot, seed ${SEED}:\n  ${lines.sort().join("\n  ")}`);
});

describe.each(abis)("%s", (abi) => {
  const build = new URL(`../../build/image.${abi}.wasm`, import.meta.url);
  const wasm = new WebAssembly.Module(readFileSync(build));
  const stateOf = (file: MemoryFile) => {
    const { heap, root, generation } = openHeapImageSync(file, { abi, wasm });
    const { base } = heap.process;
    const bytes = new Uint8Array(heap.memory.buffer, base, heap.mm.brk - base);
    return { root, generation, bytes };
  };

  it.each(Object.entries(scenes))("a file that was %s", { timeout: 1_200_000 }, (_, scene) => {
    const { file, isPlaced } = scene(abi);
    const sound = stateOf(file);
    const header = readHeapImage(file)!;
    const parts = partsOf(file, header, isPlaced);
    expect(parts.at(-1)!.end).toBe(file.size());
    const random = new Prng(SEED);
    for (const name of new Set(parts.map((part) => part.name))) {
      const places = parts.filter((part) => part.name === name);
      for (let flip = 0; flip < FLIPS; flip++) {
        const { start, end, told } = random.pick(places);
        const at = random.int(start, end - 1);
        const byte = new Uint8Array(1);
        file.read(at, byte);
        const bit = random.int(0, 7);
        file.write(
          at,
          byte.map((value) => value ^ (1 << bit)),
        );
        expectTold(file, { name, start, end, told }, at, () => stateOf(file), sound);
        file.write(at, byte);
        tally.set(name, (tally.get(name) ?? 0) + 1);
      }
    }
  });
});

/** What is said of a changed bit, or that it does no harm. */
function expectTold<T extends { root: number; generation: number; bytes: Uint8Array }>(
  file: MemoryFile,
  { name, start, told }: Part,
  at: number,
  read: () => T,
  sound: T,
): void {
  const where = `${name}: byte ${at}`;
  let seen: HeapImageError | T;
  try {
    seen = read();
  } catch (error) {
    if (!(error instanceof HeapImageError)) throw error;
    seen = error;
  }
  if (seen instanceof HeapImageError) {
    expect(seen.reason, where).toBe(told);
    const offset = told === "corrupt-page" ? at - (at % PAGE) : start;
    expect(seen.offset, where).toBe(offset);
    return;
  }
  expect(told, where).toBeUndefined();
  expect(seen).toMatchObject({ root: sound.root, generation: sound.generation });
  expect(Buffer.compare(seen.bytes, sound.bytes), where).toBe(0);
  if (at < PAGES_AT) {
    expect(readHeader(file)!.damagedCopies, where).toEqual([at - (at % 512)]);
  }
}
