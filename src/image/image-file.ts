// A heap image in a file: how its pages get from the file to the memory and back.
//
//   0      header A │ each 4096 bytes; the one with the higher generation is in force
//   4096   header B │
//   8192   the pages from the base to the break, each at 8192 + its distance from the base
//   ...    tables of the pages' checksums, and journals, behind all pages
//
// An msync writes all checksums and what changed behind the pages, then the other header, which
// names them: that is the moment of the change. Only then do the pages go to their places. So a
// process can be killed at any write, and the file has the state of the last completed msync or of
// the one that was under way, whole. Which pages changed is known by their checksums.

import type { RawExports } from "../binary/exports.js";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "../process/options.js";
import type { HostFile } from "../kernel/files/host-file.js";
import type { Abi } from "../layout/address.js";
import { HeapImageError } from "./errors.js";
import type { DamagedPage } from "./errors.js";
import { FORMAT_VERSION, PAGES_AT, SLOT_BYTES, encodeHeader, imageBytes } from "./header.js";
import type { HeapImageHeader } from "./header.js";
import { readHeader } from "./slots.js";
import type { StoredHeader } from "./slots.js";
import {
  fileEnd,
  hex,
  journalBytes,
  pagesOf,
  placeTail,
  readTail,
  tableBytes,
  writeJournal,
  writeTable,
} from "./tail.js";
import type { Run, Tail } from "./tail.js";

/** What is to be in force after an msync: all of a header but what the file itself decides. */
export type ImageState = Omit<HeapImageHeader, "version" | "generation" | "journal" | "table">;

/** What an msync did. */
export interface MsyncResult {
  /** Pages of 4096 bytes that had changed. */
  readonly pages: number;
  /** Bytes that were written to the file for it: checksums, journal, header and pages. */
  readonly bytes: number;
}

/** How an image file is written. */
export interface ImageFileOptions {
  /**
   * "full": wait for the disk, so that what an msync completed survives a power failure. "none": it
   * survives the process.
   */
  readonly sync: "full" | "none";
  /** Whether changed pages go through a journal. */
  readonly journal: boolean;
}

/** What a header says that names neither a table nor a journal. */
const NOTHING_BEHIND = { table: undefined, journal: undefined };

/** No page of the file is known. */
const UNKNOWN: BigUint64Array<ArrayBuffer> = new BigUint64Array();

type ImageRaw = Pick<RawExports<Abi, "image">, "page_digest">;

/** The file of a heap image. */
export class ImageFile {
  readonly file: HostFile;
  readonly #options: ImageFileOptions;
  #stored: StoredHeader | undefined;
  /** The seal of a header whose writing failed: nobody knows whether it is in the file. */
  #attempted: bigint | undefined;
  /** The checksums of what is in each page's place, as far as known: from the first page on. */
  #digests = UNKNOWN;
  #recoveredPages = 0;
  #damagedPages: readonly DamagedPage[] = [];

  /** @throws HeapImageError "not-an-image", "newer-format" or "corrupt-header" */
  constructor(file: HostFile, options: ImageFileOptions) {
    this.file = file;
    this.#options = options;
    this.#stored = readHeader(file);
  }

  /** The header in force; undefined while no msync was ever completed. */
  get header(): HeapImageHeader | undefined {
    const header = this.#stored?.header;
    return header?.generation === 0 ? undefined : header;
  }

  /** The generation in force; 0: none. */
  get generation(): number {
    return this.#stored?.header.generation ?? 0;
  }

  /** Pages that `load` found in the journal and not, or older, in their places. */
  get recoveredPages(): number {
    return this.#recoveredPages;
  }

  /** Pages that `load` found to have other checksums than the table says. */
  get damagedPages(): readonly DamagedPage[] {
    return this.#damagedPages;
  }

  /**
   * Checks all that can be checked without a memory to load into.
   * @returns the checksums of the pages, and the journal, if there are any
   * @throws HeapImageError "truncated", "corrupt-table" or "corrupt-journal"
   */
  verify(header: HeapImageHeader): Tail {
    return readTail(this.file, header);
  }

  /**
   * Puts the image where it was in memory, which is made large enough. The file is not written to.
   * @param isChecked whether a page that has not its checksum is refused
   * @throws HeapImageError "does-not-fit" or "corrupt-page"
   */
  load(
    header: HeapImageHeader,
    { table, journal }: Tail,
    memory: WebAssembly.Memory,
    raw: ImageRaw,
    isChecked: boolean,
  ): void {
    this.#cover(memory, header.end);
    const { base } = header;
    const image = new Uint8Array(memory.buffer, base, imageBytes(header));
    this.file.read(PAGES_AT, image);
    const inPlace = digestsOf(raw, base, image.length / PAGE_BYTES);
    const digests = inPlace.slice();
    const offsets = new Map<number, number>();
    journal?.index.forEach((page, index) => {
      // What has its checksum in its place is there already.
      if (inPlace[page] === table?.[page]) return;
      const offset = journal.pagesAt + index * PAGE_BYTES;
      this.file.read(offset, image.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
      digests[page] = digestOf(raw, base, page);
      offsets.set(page, offset);
      if (digests[page] !== inPlace[page]) this.#recoveredPages++;
    });
    this.#digests = inPlace;
    if (table !== undefined) this.#damagedPages = damagedPages(base, table, digests, offsets);
    if (isChecked && this.#damagedPages.length > 0) throw this.#corruptPage();
  }

  #corruptPage(): HeapImageError {
    const damaged = this.#damagedPages;
    const { address, offset, expected, found } = damaged[0]!;
    const others = damaged.length === 1 ? "" : `; so are ${damaged.length - 1} more pages`;
    const rule =
      `the page at address 0x${address.toString(16)} is damaged: its XXH64 is ${hex(found)}, ` +
      `the table says ${hex(expected)}${others}`;
    const place = { address, offset, damagedPages: damaged };
    return new HeapImageError("corrupt-page", this.file.path, rule, place);
  }

  #cover(memory: WebAssembly.Memory, end: number): void {
    const missing = Math.ceil((end - memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing <= 0) return;
    try {
      memory.grow(missing);
    } catch (cause) {
      const bytes = memory.buffer.byteLength;
      const rule = `the memory of ${bytes} bytes cannot be grown to the image's end`;
      throw new HeapImageError("does-not-fit", this.file.path, rule, { address: end, cause });
    }
  }

  /**
   * Makes the file hold what is in memory.
   * @throws HeapImageError "changed-elsewhere" before anything is written; the file's own errors:
   *   what was in force before is
   *   still, or the new state is; never a mixture
   */
  commit(state: ImageState, memory: WebAssembly.Memory, raw: ImageRaw): MsyncResult {
    this.#assertUnchanged();
    const image = new Uint8Array(memory.buffer, state.base, imageBytes(state));
    const digests = digestsOf(raw, state.base, image.length / PAGE_BYTES);
    const runs = changedRuns(this.#digests, digests);
    if (runs.length === 0 && this.#holds(state)) return { pages: 0, bytes: 0 };
    const bytes = this.#write(state, image, runs, digests);
    this.#digests = digests;
    return { pages: pagesOf(runs), bytes };
  }

  /**
   * Gives the journal up: its pages are in their places. The file ends behind their checksums then.
   * After an msync, before closing the file.
   */
  settle(): void {
    let { header } = this.#stored!;
    const table = header.table!;
    const bytes = new Uint8Array(tableBytes(header));
    const position = Math.min(table.position, placeTail(bytes.length, header, header.end));
    if (position !== table.position || header.journal !== undefined) {
      if (position !== table.position) {
        this.file.read(table.position, bytes);
        this.file.write(position, bytes);
      }
      this.#sync();
      header = { ...header, table: { ...table, position }, journal: undefined };
      this.#putHeader(header);
      this.#sync();
    }
    const size = fileEnd(header);
    if (this.file.size() > size) this.file.truncate(size);
  }

  /** Whether the header in force says the same as `state`, in the present format. */
  #holds(state: ImageState): boolean {
    const { header } = this;
    return (
      header?.table !== undefined &&
      (Object.keys(state) as (keyof ImageState)[]).every((name) => header[name] === state[name])
    );
  }

  /** @returns bytes written */
  #write(
    state: ImageState,
    image: Uint8Array,
    runs: readonly Run[],
    digests: BigUint64Array,
  ): number {
    const before = this.#stored?.header;
    const isNew = before === undefined || before.generation === 0;
    // Without a journal nothing may be in one either.
    const isJournaled = !isNew && (this.#options.journal || before.journal !== undefined);
    let bytes = 0;
    if (before === undefined) {
      // An image of nothing: until it is replaced, nothing of what follows in the file counts.
      bytes += this.#putHeader({ ...state, ...NOTHING_BEHIND, end: state.base });
      this.#sync();
    } else if (!isJournaled && before.table !== undefined && runs.length > 0) {
      // What the table says is not so from here on.
      bytes += this.#putHeader({ ...before, ...NOTHING_BEHIND });
      this.#sync();
    }
    if (!isJournaled) bytes += this.#putPages(runs, image);
    const inForce = this.#stored!.header;
    const tail = this.#putTail(inForce, state, isJournaled ? runs : [], image, digests);
    this.#sync();
    bytes += tail.bytes + this.#putHeader({ ...inForce, ...state, ...tail.places });
    this.#sync();
    // The first header of all says that nothing counts: nobody must ever have to go by it again.
    if (isNew) bytes += this.#repeatHeader();
    if (isJournaled) {
      bytes += this.#putPages(runs, image);
      if (!this.#options.journal) this.settle();
    }
    return bytes;
  }

  /** Writes what a new header is to name: the table, unless the one in force will do, a journal. */
  #putTail(
    inForce: HeapImageHeader,
    state: ImageState,
    runs: readonly Run[],
    image: Uint8Array,
    digests: BigUint64Array,
  ): { places: Pick<HeapImageHeader, "table" | "journal">; bytes: number } {
    if (runs.length === 0 && inForce.table !== undefined && inForce.end === state.end) {
      return { places: { table: inForce.table, journal: undefined }, bytes: 0 };
    }
    const [ofTable, pages] = [tableBytes(state), pagesOf(runs)];
    const bytes = ofTable + journalBytes(pages);
    const position = placeTail(bytes, inForce, state.end);
    const table = writeTable(this.file, position, digests);
    const journal = writeJournal(this.file, position + ofTable, runs, image);
    return { places: { table, journal }, bytes };
  }

  #putPages(runs: readonly Run[], image: Uint8Array): number {
    // Should a write fail, nobody knows what is in the file: then the next msync writes all pages.
    this.#digests = UNKNOWN;
    let bytes = 0;
    for (const { first, pages } of runs) {
      const part = image.subarray(first * PAGE_BYTES, (first + pages) * PAGE_BYTES);
      this.file.write(PAGES_AT + first * PAGE_BYTES, part);
      bytes += part.length;
    }
    return bytes;
  }

  /**
   * Puts a header of the next generation into the place that is not in force. From the moment that
   * it is there, it is. The first of all has the generation 0.
   * @returns bytes written
   */
  #putHeader(given: Omit<HeapImageHeader, "version" | "generation">): number {
    const stored = this.#stored;
    const slot = stored?.slot === 0 ? 1 : 0;
    const generation = stored === undefined ? 0 : stored.header.generation + 1;
    const header = { ...given, generation, version: FORMAT_VERSION };
    const { bytes, seal } = encodeHeader(header);
    this.#attempted = seal;
    this.file.write(slot * SLOT_BYTES, bytes);
    this.#stored = { header, slot, seal, damagedCopies: [] };
    return bytes.length;
  }

  /** Puts the header in force into the other place, too. @returns bytes written */
  #repeatHeader(): number {
    const { header, slot } = this.#stored!;
    const { bytes } = encodeHeader(header);
    this.file.write((1 - slot) * SLOT_BYTES, bytes);
    this.#sync();
    return bytes.length;
  }

  #sync(): void {
    if (this.#options.sync === "none") return;
    try {
      this.file.sync(true);
    } catch (error) {
      // What was written may be lost, and not be written again by a later sync that succeeds.
      this.#digests = UNKNOWN;
      throw error;
    }
  }

  #assertUnchanged(): void {
    const stored = readHeader(this.file);
    const ours = this.#stored;
    const isOurs = stored?.header.generation === ours?.header.generation;
    if (isOurs && stored?.seal === ours?.seal) return;
    if (stored !== undefined && stored.seal === this.#attempted) {
      this.#stored = stored;
      return;
    }
    const now = stored === undefined ? "empty" : `at generation ${stored.header.generation}`;
    const rule = `this heap left the file at generation ${this.generation}, now it is ${now}`;
    throw new HeapImageError("changed-elsewhere", this.file.path, rule);
  }
}

function digestOf(raw: ImageRaw, base: number, page: number): bigint {
  return BigInt.asUintN(64, raw.page_digest(base + page * PAGE_BYTES));
}

function digestsOf(raw: ImageRaw, base: number, pages: number): BigUint64Array<ArrayBuffer> {
  const digests = new BigUint64Array(pages);
  for (let page = 0; page < pages; page++) digests[page] = digestOf(raw, base, page);
  return digests;
}

/**
 * @param offsets where pages that are not in their places come from, bytes from the file's start
 */
function damagedPages(
  base: number,
  table: BigUint64Array,
  digests: BigUint64Array,
  offsets: ReadonlyMap<number, number>,
): DamagedPage[] {
  const damaged: DamagedPage[] = [];
  table.forEach((expected, page) => {
    const found = digests[page]!;
    if (found === expected) return;
    const place = page * PAGE_BYTES;
    const offset = offsets.get(page) ?? PAGES_AT + place;
    damaged.push({ address: base + place, offset, expected, found });
  });
  return damaged;
}

/** The pages whose digest is not the one that they had, or that had none. */
function changedRuns(old: BigUint64Array, now: BigUint64Array): Run[] {
  const runs: Run[] = [];
  let first = -1;
  for (let page = 0; page <= now.length; page++) {
    const isChanged = page < now.length && (page >= old.length || old[page] !== now[page]);
    if (isChanged && first < 0) first = page;
    if (isChanged || first < 0) continue;
    runs.push({ first, pages: page - first });
    first = -1;
  }
  return runs;
}
