// What lies behind an image's pages: the table with the checksum of each page, and a journal, with
// changed pages before any of them goes to its place. A journal begins with an index of page
// numbers (32 bits each, padded to a page as the table is); the pages follow in that order. The
// header that names a table and a journal makes both part of the image. Neither is ever written
// over one that is in force, so an msync that is killed leaves the state in force as it was.

import { PAGE_BYTES } from "../process/options.js";
import type { HostFile } from "../kernel/files/host-file.js";
import { crc32c } from "./crc32c.js";
import { HeapImageError } from "./errors.js";
import { PAGES_AT, imageBytes } from "./header.js";
import type { HeapImageHeader, JournalPlace, TablePlace } from "./header.js";
import { fileChecksumV1 } from "./version-1.js";

/** Pages that follow each other, by number from the base. */
export interface Run {
  readonly first: number;
  readonly pages: number;
}

/** How many pages there are in runs. */
export function pagesOf(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.pages, 0);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/** Bytes of the table of an image's pages, padded. */
export function tableBytes(header: Pick<HeapImageHeader, "base" | "end">): number {
  return padded((imageBytes(header) / PAGE_BYTES) * 8);
}

/** Bytes of a journal with so many pages. */
export function journalBytes(pages: number): number {
  return padded(pages * 4) + pages * PAGE_BYTES;
}

/** Where the image's last byte is: behind its pages, its table and its journal. */
export function fileEnd(header: HeapImageHeader): number {
  const pagesEnd = PAGES_AT + imageBytes(header);
  return Math.max(pagesEnd, ...extentsOf(header).map(({ end }) => end));
}

/** What is in force behind the pages. */
function extentsOf(header: Pick<HeapImageHeader, "base" | "end" | "journal" | "table">) {
  const { journal, table } = header;
  return [
    ...(table ? [{ start: table.position, end: table.position + tableBytes(header) }] : []),
    ...(journal
      ? [{ start: journal.position, end: journal.position + journalBytes(journal.pages) }]
      : []),
  ];
}

/**
 * The first place for `bytes` bytes behind the pages of both the state in force and the new one
 * that is not over anything that belongs to the state in force.
 */
export function placeTail(
  bytes: number,
  inForce: Pick<HeapImageHeader, "base" | "end" | "journal" | "table">,
  newEnd: number,
): number {
  const first = PAGES_AT + Math.max(inForce.end, newEnd) - inForce.base;
  const taken = extentsOf(inForce);
  const isFree = (at: number): boolean =>
    taken.every(({ start, end }) => at + bytes <= start || at >= end);
  const places = [first, ...taken.map(({ end }) => end)].filter((at) => at >= first);
  return Math.min(...places.filter(isFree));
}

/**
 * Writes the checksums of all pages.
 * @param checksums one for each page
 * @returns where they are now; the file has `tableBytes` more
 */
export function writeTable(
  file: HostFile,
  position: number,
  checksums: BigUint64Array,
): TablePlace {
  const table = new Uint8Array(padded(checksums.byteLength));
  table.set(new Uint8Array(checksums.buffer, checksums.byteOffset, checksums.byteLength));
  file.write(position, table);
  return { position, checksum: BigInt(crc32c(table)) };
}

/**
 * Writes a journal.
 * @param image the bytes from the base on
 * @returns where it is now; undefined when there are no pages. The file has `journalBytes` more
 */
export function writeJournal(
  file: HostFile,
  position: number,
  runs: readonly Run[],
  image: Uint8Array,
): JournalPlace | undefined {
  const pages = pagesOf(runs);
  if (pages === 0) return undefined;
  const index = new Uint32Array(padded(pages * 4) / 4);
  let count = 0;
  for (const { first, pages } of runs) {
    for (let page = first; page < first + pages; page++) index[count++] = page;
  }
  const head = new Uint8Array(index.buffer);
  file.write(position, head);
  let at = position + head.length;
  for (const { first, pages } of runs) {
    const part = image.subarray(first * PAGE_BYTES, (first + pages) * PAGE_BYTES);
    file.write(at, part);
    at += part.length;
  }
  return { position, pages, checksum: BigInt(crc32c(head)) };
}

/** A journal whose index was found to be whole. */
export interface Journal {
  /** The number of each page, counted from the base. */
  readonly index: Uint32Array;
  /** Where the first page is, bytes from the file's start. */
  readonly pagesAt: number;
}

/** What lies behind an image's pages, as far as there is any of it. */
export interface Tail {
  /** The checksums of all pages. */
  readonly table: BigUint64Array | undefined;
  readonly journal: Journal | undefined;
}

/**
 * Reads the table and the journal's index, and checks that the file has all that its header names.
 * @throws HeapImageError "truncated", "corrupt-table" or "corrupt-journal"
 */
export function readTail(file: HostFile, header: HeapImageHeader): Tail {
  const { table, journal } = header;
  assertReaches(file, "pages end", PAGES_AT + imageBytes(header));
  if (table) assertReaches(file, "table ends", table.position + tableBytes(header), table.position);
  return {
    table: table && readTable(file, header, table),
    journal: journal && readJournal(file, header, journal),
  };
}

function assertReaches(file: HostFile, what: string, end: number, offset = file.size()): void {
  if (file.size() >= end) return;
  const rule = `the file has ${file.size()} bytes, its ${what} at ${end}`;
  throw new HeapImageError("truncated", file.path, rule, { offset });
}

function readTable(file: HostFile, header: HeapImageHeader, place: TablePlace): BigUint64Array {
  const bytes = new Uint8Array(tableBytes(header));
  file.read(place.position, bytes);
  assertSum(file, "corrupt-table", "the table of the pages' checksums", bytes, place);
  return new BigUint64Array(bytes.buffer, 0, imageBytes(header) / PAGE_BYTES);
}

function assertSum(
  file: HostFile,
  reason: "corrupt-table" | "corrupt-journal",
  what: string,
  bytes: Uint8Array,
  { position, checksum }: TablePlace,
): void {
  const found = BigInt(crc32c(bytes));
  if (found === checksum) return;
  const rule = `${what} has the CRC-32C ${hex(found, 8)}, the header says ${hex(checksum, 8)}`;
  throw new HeapImageError(reason, file.path, rule, { offset: position });
}

/** A checksum as text. @param digits how many, at least */
export function hex(value: bigint, digits = 16): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/**
 * Reads a journal's index and checks it; that of format 1 with all pages.
 * @throws HeapImageError "truncated" or "corrupt-journal"
 */
export function readJournal(file: HostFile, header: HeapImageHeader, place: JournalPlace): Journal {
  const { position, pages } = place;
  const end = position + journalBytes(pages);
  assertReaches(file, "journal ends", end, position);
  const bytes = new Uint8Array(padded(pages * 4));
  file.read(position, bytes);
  if (header.version > 1) {
    assertSum(file, "corrupt-journal", "the journal's index", bytes, place);
  } else if (fileChecksumV1(file, position, end) !== place.checksum) {
    const rule = `the journal's ${pages} pages do not have the checksum that the header names`;
    throw new HeapImageError("corrupt-journal", file.path, rule, { offset: position });
  }
  const index = new Uint32Array(bytes.buffer, 0, pages);
  const limit = imageBytes(header) / PAGE_BYTES;
  const wrong = index.findIndex((page) => page >= limit);
  if (wrong >= 0) {
    const rule = `the journal has page ${index[wrong]} of an image of ${limit}`;
    throw new HeapImageError("corrupt-journal", file.path, rule, { offset: position + wrong * 4 });
  }
  return { index, pagesAt: position + bytes.length };
}
