// The header of a heap image: its fields, and how they lie in a sector of 512 bytes. slots.ts says
// which of the headers in a file is in force. docs/heap-image.md has the table of fields.

import { needed } from "../base/realm.js";
import { MAX_TASK_SIZE, PAGE_BYTES } from "../process/options.js";
import type { AddressLayout } from "../process/options.js";
import { describeStruct, type Structs } from "../layout/structs.js";
import { GLIBC_VERSIONS, type GlibcVersion } from "../binary/glibc.js";
import type { Abi } from "../layout/address.js";
import { DEFAULT_GLIBC } from "../layout/generated.js";
import { crc32c } from "./crc32c.js";
import { checksumV1, textChecksumV1 } from "./version-1.js";

/** The version of the format that this code writes, and the latest that it reads. */
export const FORMAT_VERSION = 2;

/** Bytes that each of the two places for a header takes. */
export const SLOT_BYTES = 4096;

/** What disks write as a whole, bytes: a header fills one, and a place for it has eight copies. */
export const SECTOR_BYTES = 512;

/** Where the image's pages begin, bytes from the file's start. */
export const PAGES_AT = 2 * SLOT_BYTES;

/** Pages that are on their way to their places. */
export interface JournalPlace {
  /** Bytes from the file's start; a multiple of 4096. */
  readonly position: number;
  /** How many, of 4096 bytes each. */
  readonly pages: number;
  /** The CRC-32C of the journal's index; in format 1 a checksum of the index and the pages. */
  readonly checksum: bigint;
}

/** The checksums of all pages: the XXH64 of each, 64 bits. */
export interface TablePlace {
  /** Bytes from the file's start; a multiple of 4096. */
  readonly position: number;
  /** The CRC-32C of the table. */
  readonly checksum: bigint;
}

/** What a heap image says of itself. Addresses and sizes are bytes. */
export interface HeapImageHeader {
  /** The version of the format that the image was written in: 1 or 2. */
  readonly version: number;
  /** The memory layout. */
  readonly abi: Abi;
  /** Which glibc's heap it is; the default's in those of the profiles for speed and size, too. */
  readonly glibc: GlibcVersion;
  /** Grows with each msync that changed something; 0: nothing was ever completed. */
  readonly generation: number;
  /** A checksum of the layouts of the structs that the image holds. */
  readonly fingerprint: bigint;
  /** The address of the first page. */
  readonly base: number;
  /** Where the heap begins. */
  readonly startBrk: number;
  /** Where the search for room for mappings begins; 0: not decided. */
  readonly mmapBase: number;
  /** The end of the address space. */
  readonly taskSize: number;
  /** Where mappings go. */
  readonly layout: AddressLayout;
  /** The address behind the last page: the break, rounded up. */
  readonly end: number;
  /** The address that the program left to find its data by; 0: none. */
  readonly root: number;
  /** Bytes from the base that are the kernel's and libc's. */
  readonly kernelBytes: number;
  /** Pages that an msync was killed with on their way; undefined when all are in their places. */
  readonly journal: JournalPlace | undefined;
  /**
   * Where the pages' checksums are. Undefined in format 1, which has none, and when an msync
   * without a journal was killed while it wrote pages.
   */
  readonly table: TablePlace | undefined;
}

const MAGIC = Uint8Array.from("ptmalloc-wasm heap image", (letter) => letter.charCodeAt(0));
const LAYOUTS: readonly AddressLayout[] = ["linux", "top-down", "compact"];

/** Byte offsets of the fields, little-endian; the magic comes first. */
const AT = {
  version: 24,
  wordBytes: 28,
  generation: 32,
  fingerprint: 40,
  base: 48,
  startBrk: 52,
  mmapBase: 56,
  taskSize: 60,
  layout: 64,
  end: 68,
  root: 72,
  kernelBytes: 76,
  journalPosition: 80,
  journalPages: 88,
  journalChecksum: 92,
  tablePosition: 96,
  tableChecksum: 104,
  glibc: 108,
  seal: SECTOR_BYTES - 4,
} as const;

/** Where version 1 has its checksums, of 64 bits each. */
const AT_V1 = { journalChecksum: 96, seal: 112 } as const;

const NUMBERS = ["base", "startBrk", "mmapBase", "taskSize", "end", "root", "kernelBytes"] as const;

/** The structs whose bytes are in an image and mean something when it is opened again. */
const KEPT = [
  "MmStruct",
  "LibcData",
  "MallocPar",
  "MallocState",
  "Chunk",
  "TcachePerthreadStruct",
  "TcacheEntry",
  "ClassCache",
] as const;

/** Fields that have another name in the text of which the checksum is made: a link is a word. */
const LINKS = /\b(fd|bk|fdNextsize|bkNextsize|top|lastRemainder)\b/g;

/**
 * The checksum of the layouts of the structs that an image holds.
 * @param structs as the binary has them
 * @param version of the format, which says by which rule
 * @param glibc the binary's: what two versions lay out alike they do not use alike
 */
export function fingerprintOf(
  structs: Structs,
  version = FORMAT_VERSION,
  glibc: GlibcVersion = DEFAULT_GLIBC,
): bigint {
  // Each profile has its own kind of cache.
  const lines = KEPT.filter((name) => structs[name] !== undefined).map((name) =>
    describeStruct(name, structs[name]),
  );
  if (glibc !== DEFAULT_GLIBC) lines.push(`glibc ${glibc}`);
  const text = lines.join("\n").replace(LINKS, "$1Word");
  return version === 1
    ? textChecksumV1(text)
    : BigInt(crc32c(new (needed("TextEncoder"))().encode(text)));
}

/** A version as a header has it: the number behind the dot, and nothing for the default. */
function numberOf(glibc: GlibcVersion): number {
  return glibc === DEFAULT_GLIBC ? 0 : Number(glibc.slice(glibc.indexOf(".") + 1));
}

/** @returns the version of a number in a header; undefined where there is none */
function versionOf(number: number): GlibcVersion | undefined {
  return GLIBC_VERSIONS.find((glibc) => numberOf(glibc) === number);
}

/** Bytes of the pages that a header speaks of. */
export function imageBytes(header: Pick<HeapImageHeader, "base" | "end">): number {
  return header.end - header.base;
}

/**
 * A header as it is written into its place, and its seal: the CRC-32C of what comes before it in
 * each copy. The version that it says is taken for the present one.
 */
export function encodeHeader(header: HeapImageHeader): {
  bytes: Uint8Array<ArrayBuffer>;
  seal: bigint;
} {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  const { journal, table } = header;
  const u32 = (at: number, value: number): void => view.setUint32(at, value, true);
  const u64 = (at: number, value: number | bigint): void =>
    view.setBigUint64(at, BigInt(value), true);
  bytes.set(MAGIC);
  u32(AT.version, FORMAT_VERSION);
  u32(AT.wordBytes, header.abi === "ilp32" ? 4 : 8);
  u32(AT.glibc, numberOf(header.glibc));
  u64(AT.generation, header.generation);
  u64(AT.fingerprint, header.fingerprint);
  for (const name of NUMBERS) u32(AT[name], header[name]);
  u32(AT.layout, LAYOUTS.indexOf(header.layout));
  u64(AT.journalPosition, journal?.position ?? 0);
  u32(AT.journalPages, journal?.pages ?? 0);
  u32(AT.journalChecksum, Number(journal?.checksum ?? 0));
  u64(AT.tablePosition, table?.position ?? 0);
  u32(AT.tableChecksum, Number(table?.checksum ?? 0));
  const seal = crc32c(bytes.subarray(0, AT.seal));
  u32(AT.seal, seal);
  for (let at = SECTOR_BYTES; at < SLOT_BYTES; at *= 2) bytes.copyWithin(at, 0, at);
  return { bytes, seal: BigInt(seal) };
}

/** What is in a sector. */
export type Sector =
  /** Nothing but zeros. */
  | { readonly state: "blank" }
  /** Something else, or a header whose checksum is wrong. */
  | { readonly state: "damaged"; readonly hasMagic: boolean; readonly version: number }
  | { readonly state: "whole"; readonly header: HeapImageHeader; readonly seal: bigint };

/**
 * Reads a sector of a place for headers.
 * @param bytes 512 of them, 4-aligned in their buffer
 * @throws RangeError for a header with the right checksum that says what cannot be
 */
export function decodeSector(bytes: Uint8Array): Sector {
  if (bytes.every((byte) => byte === 0)) return { state: "blank" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint32(AT.version, true);
  const hasMagic = MAGIC.every((byte, index) => bytes[index] === byte);
  const [stored, computed] =
    version === 1
      ? [view.getBigUint64(AT_V1.seal, true), checksumV1(bytes.subarray(0, AT_V1.seal))]
      : [BigInt(view.getUint32(AT.seal, true)), BigInt(crc32c(bytes.subarray(0, AT.seal)))];
  if (!hasMagic || version < 1 || version > FORMAT_VERSION || stored !== computed) {
    return { state: "damaged", hasMagic, version };
  }
  const header = decode(view, version);
  const oddity = oddityOf(view, header);
  if (oddity !== undefined) throw new RangeError(`the header says ${oddity}`);
  return { state: "whole", header, seal: stored };
}

function decode(view: DataView, version: number): HeapImageHeader {
  const u32 = (at: number): number => view.getUint32(at, true);
  const u64 = (at: number): bigint => view.getBigUint64(at, true);
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, u32(AT[name])])) as Record<
    (typeof NUMBERS)[number],
    number
  >;
  const isFirst = version === 1;
  const pages = u32(AT.journalPages);
  const checksum = isFirst ? u64(AT_V1.journalChecksum) : BigInt(u32(AT.journalChecksum));
  const journal = { pages, position: Number(u64(AT.journalPosition)), checksum };
  const position = isFirst ? 0 : Number(u64(AT.tablePosition));
  return {
    ...numbers,
    version,
    abi: u32(AT.wordBytes) === 8 ? "lp64" : "ilp32",
    glibc: (!isFirst && versionOf(u32(AT.glibc))) || DEFAULT_GLIBC,
    generation: Number(u64(AT.generation)),
    fingerprint: u64(AT.fingerprint),
    layout: LAYOUTS[u32(AT.layout)] ?? "linux",
    journal: pages === 0 ? undefined : journal,
    table: position === 0 ? undefined : { position, checksum: BigInt(u32(AT.tableChecksum)) },
  };
}

/** What a header says that cannot be, although its checksum is right. */
function oddityOf(view: DataView, header: HeapImageHeader): string | undefined {
  const { base, startBrk, mmapBase, taskSize, end, kernelBytes, journal, table } = header;
  const addresses = { base, startBrk, mmapBase, taskSize, end };
  for (const [name, address] of Object.entries(addresses)) {
    if (address % PAGE_BYTES !== 0) return `${name} ${address} is not a multiple of ${PAGE_BYTES}`;
  }
  const wordBytes = view.getUint32(AT.wordBytes, true);
  if (wordBytes !== 4 && wordBytes !== 8) return `words of ${wordBytes} bytes`;
  const glibc = header.version === 1 ? 0 : view.getUint32(AT.glibc, true);
  if (versionOf(glibc) === undefined) return `glibc number ${glibc}`;
  const layout = view.getUint32(AT.layout, true);
  if (layout >= LAYOUTS.length) return `layout number ${layout}`;
  if (base === 0 || base + kernelBytes > startBrk || taskSize > MAX_TASK_SIZE) {
    return `base ${base}, startBrk ${startBrk}, taskSize ${taskSize}`;
  }
  const low = header.generation === 0 ? base : startBrk;
  if (end < low || end > taskSize) return `end ${end} is outside [${low}, ${taskSize}]`;
  for (const [name, place] of Object.entries({ journal, table })) {
    if (place === undefined) continue;
    const { position } = place;
    if (position % PAGE_BYTES !== 0 || position < PAGES_AT + imageBytes(header)) {
      return `a ${name} at byte ${position}`;
    }
  }
  return undefined;
}
