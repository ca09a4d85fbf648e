// A heap image in a file: how its pages get from the file to the memory and back.
//
//   0      header A │ each 4096 bytes; the whole one with the higher generation is in force
//   4096   header B │
//   8192   the pages from the base to the break, each at 8192 + its distance from the base
//   ...    journals, behind all pages
//
// An msync writes what changed to a journal, then the other header, which names it: that is the moment of the change. Only then do the pages
// go to their places. So a process can be killed at any write, and the file has the state of the last completed msync or of the
// one that was under way, whole. Which pages changed is known by their digests: WebAssembly tells nobody what is stored.

import type { RawExports } from "../host/exports.js";
import { PAGE_BYTES, WASM_PAGE_BYTES } from "../host/options.js";
import type { HostFile } from "../kernel/files/host-file.js";
import type { Abi } from "../layout/address.js";
import { HeapImageError } from "./errors.js";
import { PAGES_AT, SLOT_BYTES, encodeHeader, imageBytes, readHeader } from "./header.js";
import type { HeapImageHeader, StoredHeader } from "./header.js";
import { placeJournal, readJournal, writeJournal } from "./journal.js";
import type { Journal, Run } from "./journal.js";

/** What is to be in force after an msync: all of a header but what the file itself decides. */
export type ImageState = Omit<HeapImageHeader, "generation" | "journal">;

/** What an msync did. */
export interface MsyncResult {
  /** Pages of 4096 bytes that had changed. */
  readonly pages: number;
  /** Bytes that were written to the file for it: journal, header and pages. */
  readonly bytes: number;
}

/** How an image file is written. */
export interface ImageFileOptions {
  /** "full": wait for the disk, so that what an msync completed survives a power failure. "none": it survives the process. */
  readonly sync: "full" | "none";
  /** Whether changed pages go through a journal. */
  readonly journal: boolean;
}

/** No page of the file is known. */
const UNKNOWN = new BigUint64Array();

type ImageRaw = Pick<RawExports<Abi, "image">, "page_digest">;

/** The file of a heap image. */
export class ImageFile {
  readonly file: HostFile;
  readonly #options: ImageFileOptions;
  #stored: StoredHeader | undefined;
  /** The seal of a header whose writing failed: nobody knows whether it is in the file. */
  #attempted: bigint | undefined;
  /** What the pages in the file have, each in its place, as far as that is known: from the first page on. */
  #digests = UNKNOWN;
  #recoveredPages = 0;

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

  /**
   * Checks all that can be checked without a memory to load into.
   * @returns the journal, if there is one
   * @throws HeapImageError "truncated" or "corrupt-journal"
   */
  verify(header: HeapImageHeader): Journal | undefined {
    const { file } = this;
    const end = PAGES_AT + imageBytes(header);
    if (file.size() < end) {
      const rule = `the file has ${file.size()} bytes, its pages end at ${end}`;
      throw new HeapImageError("truncated", file.path, rule, { offset: file.size() });
    }
    return header.journal && readJournal(file, header, header.journal);
  }

  /**
   * Puts the image where it was in memory, which is made large enough. The file is not written to.
   * @throws HeapImageError "does-not-fit"
   */
  load(
    header: HeapImageHeader,
    journal: Journal | undefined,
    memory: WebAssembly.Memory,
    raw: ImageRaw,
  ): void {
    this.#cover(memory, header.end);
    const { base } = header;
    const image = new Uint8Array(memory.buffer, base, imageBytes(header));
    this.file.read(PAGES_AT, image);
    const digests = new BigUint64Array(image.length / PAGE_BYTES);
    for (let page = 0; page < digests.length; page++) digests[page] = digestOf(raw, base, page);
    journal?.index.forEach((page, index) => {
      const bytes = image.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      this.file.read(journal.pagesAt + index * PAGE_BYTES, bytes);
      if (digestOf(raw, base, page) !== digests[page]) this.#recoveredPages++;
    });
    this.#digests = digests;
  }

  #cover(memory: WebAssembly.Memory, end: number): void {
    const missing = Math.ceil((end - memory.buffer.byteLength) / WASM_PAGE_BYTES);
    if (missing <= 0) return;
    try {
      memory.grow(missing);
    } catch (cause) {
      const rule = `the memory of ${memory.buffer.byteLength} bytes cannot be grown to the image's end`;
      throw new HeapImageError("does-not-fit", this.file.path, rule, { address: end, cause });
    }
  }

  /**
   * Makes the file hold what is in memory.
   * @throws HeapImageError "changed-elsewhere" before anything is written; the file's own errors: what was in force before is
   *   still, or the new state is; never a mixture
   */
  commit(state: ImageState, memory: WebAssembly.Memory, raw: ImageRaw): MsyncResult {
    this.#assertUnchanged();
    const image = new Uint8Array(memory.buffer, state.base, imageBytes(state));
    const digests = new BigUint64Array(image.length / PAGE_BYTES);
    for (let page = 0; page < digests.length; page++) {
      digests[page] = digestOf(raw, state.base, page);
    }
    const runs = changedRuns(this.#digests, digests);
    if (runs.length === 0 && this.#holds(state)) return { pages: 0, bytes: 0 };
    const bytes = this.#write(state, image, runs);
    this.#digests = digests;
    return { pages: runs.reduce((sum, run) => sum + run.pages, 0), bytes };
  }

  /** Gives the journal up: its pages are in their places. The file ends behind them then. Before closing the file. */
  settle(): void {
    const stored = this.#stored;
    if (stored === undefined) return;
    const { header } = stored;
    if (header.journal !== undefined) {
      this.#sync();
      this.#putHeader({ ...header, generation: header.generation + 1, journal: undefined });
      this.#sync();
    }
    const size = PAGES_AT + imageBytes(header);
    if (this.file.size() > size) this.file.truncate(size);
  }

  /** Whether the header in force says the same as `state`. */
  #holds(state: ImageState): boolean {
    const { header } = this;
    return (
      header !== undefined &&
      (Object.keys(state) as (keyof ImageState)[]).every((name) => header[name] === state[name])
    );
  }

  /** @returns bytes written */
  #write(state: ImageState, image: Uint8Array, runs: readonly Run[]): number {
    let bytes = 0;
    if (this.#stored === undefined) {
      // An image of nothing: until it is replaced, nothing of what follows in the file counts.
      this.#putHeader({ ...state, end: state.base, generation: 0, journal: undefined });
      this.#sync();
      bytes += SLOT_BYTES;
    }
    const inForce = this.#stored!.header;
    const generation = inForce.generation + 1;
    // Without a journal nothing may be in one either.
    const isJournaled =
      inForce.generation > 0 && (this.#options.journal || inForce.journal !== undefined);
    if (isJournaled) {
      const pages = runs.reduce((sum, run) => sum + run.pages, 0);
      const position = placeJournal(pages, inForce, state.end);
      const written = writeJournal(this.file, position, runs, image);
      this.#sync();
      const journal = pages === 0 ? undefined : written.place;
      this.#putHeader({ ...state, generation, journal });
      this.#sync();
      bytes += written.bytes + this.#putPages(runs, image);
      if (!this.#options.journal) this.settle();
    } else {
      bytes += this.#putPages(runs, image);
      this.#sync();
      this.#putHeader({ ...state, generation, journal: undefined });
      this.#sync();
    }
    return bytes + SLOT_BYTES;
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

  /** Puts a header into the place that is not in force. From the moment that it is there, it is. */
  #putHeader(header: HeapImageHeader): void {
    const slot = this.#stored?.slot === 0 ? 1 : 0;
    const { bytes, seal } = encodeHeader(header);
    this.#attempted = seal;
    this.file.write(slot * SLOT_BYTES, bytes);
    this.#stored = { header, slot, seal };
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
    if (stored?.seal === this.#stored?.seal) return;
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
