// A heap to look at: its bytes, how its structs are laid out, and where the first of them are. All
// that is shown of a heap is read through this, wherever the bytes come from.

import type { GlibcVersion } from "../binary/glibc.js";
import type { Profile } from "../binary/profile.js";
import { wordBytes, type Abi } from "../layout/address.js";
import { SIZE_BITS } from "../layout/generated.js";
import type { Structs } from "../layout/structs.js";
import { failureCode, HeapAbort, type FailureName } from "../process/failures.js";
import type { Places } from "../layout/places.js";

export type { Places } from "../layout/places.js";

/**
 * A heap to look at: a process (`heap.process`, or what `startProcess` gave) is one, and
 * `bytesSource` makes one of bytes. No thread may be inside a call meanwhile.
 */
export interface HeapSource {
  /** The memory layout. */
  readonly abi: Abi;
  /** Which heap it is. */
  readonly profile: Profile;
  /** Which glibc it is: for people; readers ask `structs`. Absent: not known. */
  readonly glibc?: GlibcVersion | undefined;
  /** How its structs are laid out, as the binary tells it. */
  readonly structs: Structs;
  /** Where the kernel's and libc's data begin. */
  readonly base: number;
  /** Where the structs are that lead to all others. */
  readonly places: Places;
  /** A view of all bytes; address 0 is its first. */
  view(): DataView;
  /** The same bytes. */
  u8(): Uint8Array;
  /** The size_t at `address`, unsigned; in lp64 a value above 2^53 is rounded. */
  readWord(address: number): number;
  /**
   * Ends a walk that a function of glibc's would not survive.
   * @throws HeapAbort always
   */
  abort(failure: FailureName, address: number): never;
}

/**
 * Somebody who only looks: what glibc would not survive is thrown, and the process lives on.
 * @returns the same heap
 */
export function onlooker(source: HeapSource): HeapSource {
  const { abi, profile, glibc, structs, base, places } = source;
  return {
    ...{ abi, profile, glibc, structs, base, places },
    view: () => source.view(),
    u8: () => source.u8(),
    readWord: (address) => source.readWord(address),
    abort: lost,
  };
}

function lost(failure: FailureName, address: number): never {
  throw new HeapAbort(failureCode(failure), address);
}

/** What {@link bytesSource} needs besides the bytes. */
export type SourceFacts = Pick<
  HeapSource,
  "abi" | "profile" | "glibc" | "structs" | "base" | "places"
>;

/**
 * A heap of bytes that nobody runs any more: a snapshot, an image, a core dump.
 * @param bytes all of the memory, from address 0
 */
export function bytesSource(facts: SourceFacts, bytes: Uint8Array): HeapSource {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    ...facts,
    view: () => view,
    u8: () => bytes,
    readWord: (address) =>
      facts.abi === "ilp32"
        ? view.getUint32(address, true)
        : Number(view.getBigUint64(address, true)),
    abort: lost,
  };
}

/** @returns whether `bytes` bytes at `address` lie in the source's memory, above the base */
export function isInside(source: HeapSource, address: number, bytes: number): boolean {
  return address >= source.base && address + bytes <= source.u8().length;
}

/** @returns a number as C prints a pointer: `0x5555`, `0x0` */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** @returns the word at `address`, as a C size_t */
export function sizeAt(source: HeapSource, address: number): bigint {
  const view = source.view();
  return wordBytes(source.abi) === 8
    ? view.getBigUint64(address, true)
    : BigInt(view.getUint32(address, true));
}

/** @returns the word at `address`, exactly, as C prints a pointer */
export function hexWord(source: HeapSource, address: number): string {
  return hex(sizeAt(source, address));
}

/** A size field: the chunk's bytes and the three bits below. */
export interface Head {
  /** Bytes (chunksize); above 2^53 rounded. */
  readonly size: number;
  /** The A, M and P bits. */
  readonly flags: number;
}

/** @returns the size field at `address`, taken apart; inexact only above 2^53 bytes */
export function readHead(source: HeapSource, address: number): Head {
  const view = source.view();
  const low = view.getUint32(address, true);
  const high = wordBytes(source.abi) === 8 ? view.getUint32(address + 4, true) : 0;
  return { size: high * 2 ** 32 + ((low & ~SIZE_BITS) >>> 0), flags: low & SIZE_BITS };
}
