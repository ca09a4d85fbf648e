// The journal of a heap image: changed pages, written as a whole where they harm nobody before any of them goes to its place. An
// index of page numbers (32 bits each, padded to a page) comes first, then the pages in that order. The header that names a
// journal makes its pages part of the image: until they are in place, they are to be read here.

import { PAGE_BYTES } from "../host/options.js";
import type { HostFile } from "../kernel/files/host-file.js";
import { Checksum } from "./checksum.js";
import { HeapImageError } from "./errors.js";
import { PAGES_AT, imageBytes } from "./header.js";
import type { HeapImageHeader, JournalPlace } from "./header.js";

/** Pages that follow each other, by number from the base. */
export interface Run {
  readonly first: number;
  readonly pages: number;
}

/** Bytes that are read at once while a journal is checked. */
const PART_BYTES = 256 * PAGE_BYTES;

function indexBytes(pages: number): number {
  return Math.ceil((pages * 4) / PAGE_BYTES) * PAGE_BYTES;
}

function journalBytes(pages: number): number {
  return indexBytes(pages) + pages * PAGE_BYTES;
}

/**
 * Where a new journal can go: behind the pages of both the state in force and the new one, and not over the journal that belongs to the
 * state in force.
 */
export function placeJournal(
  pages: number,
  inForce: Pick<HeapImageHeader, "base" | "end" | "journal">,
  newEnd: number,
): number {
  const first = PAGES_AT + Math.max(inForce.end, newEnd) - inForce.base;
  const { journal } = inForce;
  if (journal === undefined) return first;
  const journalEnd = journal.position + journalBytes(journal.pages);
  const fits = first + journalBytes(pages) <= journal.position || first >= journalEnd;
  return fits ? first : journalEnd;
}

/**
 * Writes a journal.
 * @param image the bytes from the base on
 * @returns where it is now, and the bytes that were written
 */
export function writeJournal(
  file: HostFile,
  position: number,
  runs: readonly Run[],
  image: Uint8Array,
): { place: JournalPlace; bytes: number } {
  const pages = runs.reduce((sum, run) => sum + run.pages, 0);
  const index = new Uint32Array(indexBytes(pages) / 4);
  let count = 0;
  for (const { first, pages } of runs) {
    for (let page = first; page < first + pages; page++) index[count++] = page;
  }
  const head = new Uint8Array(index.buffer);
  const checksum = new Checksum().update(head);
  file.write(position, head);
  let at = position + head.length;
  for (const { first, pages } of runs) {
    const part = image.subarray(first * PAGE_BYTES, (first + pages) * PAGE_BYTES);
    checksum.update(part);
    file.write(at, part);
    at += part.length;
  }
  return { place: { position, pages, checksum: checksum.value() }, bytes: at - position };
}

/** A journal that was found to be whole. */
export interface Journal {
  /** The number of each page, counted from the base. */
  readonly index: Uint32Array;
  /** Where the first page is, bytes from the file's start. */
  readonly pagesAt: number;
}

/**
 * Reads a journal's index and checks all of it.
 * @throws HeapImageError "truncated" or "corrupt-journal"
 */
export function readJournal(file: HostFile, header: HeapImageHeader, place: JournalPlace): Journal {
  const { position, pages } = place;
  const end = position + journalBytes(pages);
  if (file.size() < end) {
    const rule = `the file has ${file.size()} bytes, its journal ends at ${end}`;
    throw new HeapImageError("truncated", file.path, rule, { offset: position });
  }
  const index = new Uint32Array(indexBytes(pages) / 4);
  const head = new Uint8Array(index.buffer);
  file.read(position, head);
  const checksum = new Checksum().update(head);
  const buffer = new Uint8Array(PART_BYTES);
  const pagesAt = position + head.length;
  for (let at = pagesAt; at < end; at += PART_BYTES) {
    const part = buffer.subarray(0, Math.min(PART_BYTES, end - at));
    file.read(at, part);
    checksum.update(part);
  }
  if (checksum.value() !== place.checksum) {
    const rule = `the journal's ${pages} pages do not have the checksum that the header names`;
    throw new HeapImageError("corrupt-journal", file.path, rule, { offset: position });
  }
  const numbers = index.subarray(0, pages);
  const limit = imageBytes(header) / PAGE_BYTES;
  const wrong = numbers.findIndex((page) => page >= limit);
  if (wrong >= 0) {
    const rule = `the journal has page ${numbers[wrong]} of an image of ${limit}`;
    throw new HeapImageError("corrupt-journal", file.path, rule, { offset: position + wrong * 4 });
  }
  return { index: numbers, pagesAt };
}
