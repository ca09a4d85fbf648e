// The header of a heap image. The file has two places for it, and each msync writes the one that is not in force: the header that
// is whole and has the higher generation is the file's state. docs/heap-image.md has the table of fields.

import { MAX_TASK_SIZE, PAGE_BYTES } from "../host/options.js";
import type { AddressLayout } from "../host/options.js";
import { describeStruct } from "../host/structs.js";
import type { StructLayout } from "../host/struct.js";
import type { HostFile } from "../kernel/files/host-file.js";
import type { Abi } from "../layout/address.js";
import { FileKind, layouts } from "../layout/generated.js";
import { Checksum, textChecksum } from "./checksum.js";
import { HeapImageError } from "./errors.js";

/** The version of the format that this code writes, and the latest that it reads. */
export const FORMAT_VERSION = 1;

/** Bytes that each of the two headers takes. */
export const SLOT_BYTES = 4096;

/** Where the image's pages begin, bytes from the file's start. */
export const PAGES_AT = 2 * SLOT_BYTES;

/** Pages that are on their way to their places. */
export interface JournalPlace {
  /** Bytes from the file's start; a multiple of 4096. */
  readonly position: number;
  /** How many, of 4096 bytes each. */
  readonly pages: number;
  /** A checksum of them all. */
  readonly checksum: bigint;
}

/** What a heap image says of itself. Addresses and sizes are bytes. */
export interface HeapImageHeader {
  /** The memory layout. */
  readonly abi: Abi;
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
}

/** A header, and which of the two places it is in. */
export interface StoredHeader {
  readonly header: HeapImageHeader;
  readonly slot: 0 | 1;
  /** Its checksum: two headers with the same one are the same. */
  readonly seal: bigint;
}

const MAGIC = new TextEncoder().encode("ptmalloc-wasm heap image");
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
  journalChecksum: 96,
  seal: 112,
} as const;

/** The structs whose bytes are in an image and mean something when it is opened again. */
const KEPT = [
  "MmStruct",
  "LibcData",
  "MallocPar",
  "MallocState",
  "Chunk",
  "TcachePerthreadStruct",
  "TcacheEntry",
] as const;

/** The checksum of the layouts of the structs that an image holds, as this version has them. */
export function fingerprintOf(abi: Abi): bigint {
  const structs: Readonly<Record<(typeof KEPT)[number], StructLayout>> = layouts[abi];
  return textChecksum(KEPT.map((name) => describeStruct(name, structs[name])).join("\n"));
}

/** Bytes of the pages that a header speaks of. */
export function imageBytes(header: Pick<HeapImageHeader, "base" | "end">): number {
  return header.end - header.base;
}

/** A header as it is written: `SLOT_BYTES` bytes, and its seal. */
export function encodeHeader(header: HeapImageHeader): {
  bytes: Uint8Array<ArrayBuffer>;
  seal: bigint;
} {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(AT.version, FORMAT_VERSION, true);
  view.setUint32(AT.wordBytes, header.abi === "ilp32" ? 4 : 8, true);
  view.setBigUint64(AT.generation, BigInt(header.generation), true);
  view.setBigUint64(AT.fingerprint, header.fingerprint, true);
  for (const name of NUMBERS) view.setUint32(AT[name], header[name], true);
  view.setUint32(AT.layout, LAYOUTS.indexOf(header.layout), true);
  const { journal } = header;
  if (journal !== undefined) {
    view.setBigUint64(AT.journalPosition, BigInt(journal.position), true);
    view.setUint32(AT.journalPages, journal.pages, true);
    view.setBigUint64(AT.journalChecksum, journal.checksum, true);
  }
  const seal = sealOf(bytes);
  view.setBigUint64(AT.seal, seal, true);
  return { bytes, seal };
}

const NUMBERS = ["base", "startBrk", "mmapBase", "taskSize", "end", "root", "kernelBytes"] as const;

function sealOf(bytes: Uint8Array): bigint {
  return new Checksum().update(bytes.subarray(0, AT.seal)).value();
}

function decodeHeader(view: DataView): HeapImageHeader {
  const u32 = (at: number): number => view.getUint32(at, true);
  const u64 = (at: number): bigint => view.getBigUint64(at, true);
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, u32(AT[name])])) as Record<
    (typeof NUMBERS)[number],
    number
  >;
  const pages = u32(AT.journalPages);
  return {
    ...numbers,
    abi: u32(AT.wordBytes) === 8 ? "lp64" : "ilp32",
    generation: Number(u64(AT.generation)),
    fingerprint: u64(AT.fingerprint),
    layout: LAYOUTS[u32(AT.layout)] ?? "linux",
    journal:
      pages === 0
        ? undefined
        : {
            pages,
            position: Number(u64(AT.journalPosition)),
            checksum: u64(AT.journalChecksum),
          },
  };
}

/** What a header says that cannot be, although its checksum is right. */
function oddityOf(view: DataView, header: HeapImageHeader): string | undefined {
  const { base, startBrk, mmapBase, taskSize, end, kernelBytes, journal } = header;
  const addresses = { base, startBrk, mmapBase, taskSize, end };
  for (const [name, address] of Object.entries(addresses)) {
    if (address % PAGE_BYTES !== 0) return `${name} ${address} is not a multiple of ${PAGE_BYTES}`;
  }
  const wordBytes = view.getUint32(AT.wordBytes, true);
  if (wordBytes !== 4 && wordBytes !== 8) return `words of ${wordBytes} bytes`;
  const layout = view.getUint32(AT.layout, true);
  if (layout >= LAYOUTS.length) return `layout number ${layout}`;
  if (base === 0 || base + kernelBytes > startBrk || taskSize > MAX_TASK_SIZE) {
    return `base ${base}, startBrk ${startBrk}, taskSize ${taskSize}`;
  }
  const low = header.generation === 0 ? base : startBrk;
  if (end < low || end > taskSize) return `end ${end} is outside [${low}, ${taskSize}]`;
  if (journal === undefined) return undefined;
  const { position } = journal;
  return position % PAGE_BYTES !== 0 || position < PAGES_AT + imageBytes(header)
    ? `a journal at byte ${position}`
    : undefined;
}

/** What is in one of the two places. */
type Slot = { state: "absent" | "torn" } | { state: "whole"; stored: StoredHeader };

function readSlot(path: string, bytes: Uint8Array, slot: 0 | 1): Slot {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) return { state: "absent" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const offset = slot * SLOT_BYTES;
  const version = view.getUint32(AT.version, true);
  if (version > FORMAT_VERSION) {
    const rule = `format version ${version}; this version reads up to ${FORMAT_VERSION}`;
    throw new HeapImageError("newer-format", path, rule, { offset: offset + AT.version });
  }
  const seal = view.getBigUint64(AT.seal, true);
  if (seal !== sealOf(bytes)) return { state: "torn" };
  const header = decodeHeader(view);
  const oddity = oddityOf(view, header);
  if (oddity !== undefined) {
    throw new HeapImageError("corrupt-header", path, `the header says ${oddity}`, { offset });
  }
  return { state: "whole", stored: { header, slot, seal } };
}

/**
 * The header in force.
 * @returns undefined when there is nothing in the file
 * @throws HeapImageError "not-an-image", "newer-format" or "corrupt-header"
 */
export function readHeader(file: HostFile): StoredHeader | undefined {
  const { path } = file;
  if (file.kind !== FileKind.REGULAR) {
    throw new HeapImageError("not-an-image", path, "a heap image is a regular file");
  }
  const bytes = new Uint8Array(PAGES_AT);
  file.read(0, bytes);
  // One header of zeros is what a power failure can leave of the first one.
  if (file.size() <= SLOT_BYTES && bytes.every((byte) => byte === 0)) return undefined;
  const slots = ([0, 1] as const).map((slot) =>
    readSlot(path, bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES), slot),
  );
  let latest: StoredHeader | undefined;
  for (const slot of slots) {
    if (slot.state !== "whole") continue;
    if (latest === undefined || slot.stored.header.generation > latest.header.generation) {
      latest = slot.stored;
    }
  }
  if (latest !== undefined) return latest;
  if (slots.every(({ state }) => state === "absent")) {
    const rule = "neither place for a header begins with the words of a heap image";
    throw new HeapImageError("not-an-image", path, rule, { offset: 0 });
  }
  const rule = "no header has the checksum that it should have";
  throw new HeapImageError("corrupt-header", path, rule, { offset: 0 });
}
