// What images of format version 1 are read with, and no longer written: a checksum of its own, four
// lanes of XXH32's rounds and two different sums of them, over headers and journals. Version 1 has
// none of the pages. An image of version 1 becomes one of the present version at its next msync.

import { needed } from "../base/realm.js";
import type { HostFile } from "../kernel/files/host-file.js";

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;

/** Bytes that one step takes in. */
const STEP = 16;

/** Bytes of a file that are read at once. */
const PART_BYTES = 1 << 20;

function round(lane: number, input: number): number {
  const sum = (lane + Math.imul(input, PRIME_2)) | 0;
  return Math.imul((sum << 13) | (sum >>> 19), PRIME_1);
}

function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** The lanes before anything was taken in. */
const START: readonly number[] = [PRIME_1 | 0, PRIME_2 | 0, PRIME_3 | 0, PRIME_4 | 0];

function update(lanes: readonly number[], bytes: Uint8Array): number[] {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let [a, b, c, d] = lanes as [number, number, number, number];
  for (let i = 0; i < words.length; i += 4) {
    a = round(a, words[i]!);
    b = round(b, words[i + 1]!);
    c = round(c, words[i + 2]!);
    d = round(d, words[i + 3]!);
  }
  return [a, b, c, d];
}

function valueOf(lanes: readonly number[]): bigint {
  const [a, b, c, d] = lanes as [number, number, number, number];
  const low = mixed(rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18));
  const high = mixed(
    rotated(a, 25) ^ Math.imul(b, PRIME_4) ^ rotated(c, 9) ^ Math.imul(d, PRIME_1),
  );
  return (BigInt(high) << 32n) | BigInt(low);
}

/**
 * Version 1's checksum of bytes.
 * @param bytes 4-aligned in their buffer, a multiple of 16 in length
 */
export function checksumV1(bytes: Uint8Array): bigint {
  return valueOf(update(START, bytes));
}

/** Version 1's checksum of a text, such as a description of structs. */
export function textChecksumV1(text: string): bigint {
  const bytes = new (needed("TextEncoder"))().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / STEP) * STEP);
  padded.set(bytes);
  return checksumV1(padded);
}

/**
 * Version 1's checksum of a part of a file, such as a journal with its index and pages.
 * @param start bytes from the file's start
 * @param end where it ends; a multiple of 16 behind `start`
 */
export function fileChecksumV1(file: HostFile, start: number, end: number): bigint {
  let lanes = START;
  const buffer = new Uint8Array(PART_BYTES);
  for (let at = start; at < end; at += PART_BYTES) {
    const part = buffer.subarray(0, Math.min(PART_BYTES, end - at));
    file.read(at, part);
    lanes = update(lanes, part);
  }
  return valueOf(lanes);
}
