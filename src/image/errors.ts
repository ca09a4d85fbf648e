// What can be wrong with a heap image, by name.

import type { InvariantName } from "../process/failures.js";

/** Why an image is refused. docs/heap-image.md has a line on each. */
export type HeapImageReason =
  /** No heap image at all; or nothing is there, and nothing may be made. */
  | "not-an-image"
  /** Written by a later version of the format. */
  | "newer-format"
  /** Of the other memory layout (ilp32, lp64). */
  | "other-abi"
  /** Of another version of glibc's. */
  | "other-glibc"
  /** Written by a version whose structs lie elsewhere. */
  | "other-layout"
  /** The file ends before the image does. */
  | "truncated"
  /** No header is whole, or what it says cannot be. */
  | "corrupt-header"
  /** The table of the pages' checksums is damaged. */
  | "corrupt-table"
  /** The journal's index is damaged; in format 1, any of it. */
  | "corrupt-journal"
  /** Pages have other contents than they were written with. */
  | "corrupt-page"
  /** The caller wants it at another address than it has. */
  | "other-address"
  /** The caller wants other tunables than are in force in it. */
  | "other-tunables"
  /** The memory cannot be grown to hold it. */
  | "does-not-fit"
  /** At msync: the program has memory that an image does not hold. */
  | "mapped-outside"
  /** At msync: the file is not as this heap left it. */
  | "changed-elsewhere"
  /** The pages are not of one moment, or were damaged: the checker says where. */
  | "torn-heap";

/** A page that has not the contents that it was written with. */
export interface DamagedPage {
  /** Its address in memory. */
  readonly address: number;
  /** Where it is, in its place or in the journal: bytes from the file's start. */
  readonly offset: number;
  /** The XXH64 that it was written with. */
  readonly expected: bigint;
  /** The XXH64 that it has. */
  readonly found: bigint;
}

/** Where something is wrong, as far as it can be said. */
export interface HeapImagePlace {
  /** Bytes from the file's start. */
  offset?: number;
  /** An address in the memory: of the block, or of the field, that is wrong. */
  address?: number;
  /** Which of the checker's invariants does not hold there. */
  invariant?: InvariantName;
  /** Pages that are not as they were written. */
  damagedPages?: readonly DamagedPage[];
  /** The error underneath. */
  cause?: unknown;
}

/** A heap image that cannot be opened, or not be written. Nothing was changed in the file. */
export class HeapImageError extends Error {
  /** "HeapImageError", also where a bundler has renamed the class. */
  override readonly name = "HeapImageError";
  /** Why the image is refused. */
  readonly reason: HeapImageReason;
  /** The file. */
  readonly path: string;
  /** Bytes from the file's start, where the reason has a place in the file. */
  readonly offset: number | undefined;
  /** An address in the memory, unsigned, where the reason has one. */
  readonly address: number | undefined;
  /** The invariant that does not hold at `address`, for "torn-heap". */
  readonly invariant: InvariantName | undefined;
  /** All pages that are damaged, for "corrupt-page"; else there are none here. */
  readonly damagedPages: readonly DamagedPage[];

  /**
   * @param rule which rule is broken, and by what; the path is put in front
   * @internal
   */
  constructor(reason: HeapImageReason, path: string, rule: string, place: HeapImagePlace = {}) {
    const at = place.offset === undefined ? "" : ` at byte ${place.offset}`;
    super(
      `${path}${at}: ${rule} (${reason})`,
      place.cause === undefined ? {} : { cause: place.cause },
    );
    this.reason = reason;
    this.path = path;
    this.offset = place.offset;
    this.address = place.address;
    this.invariant = place.invariant;
    this.damagedPages = place.damagedPages ?? [];
  }
}
