// A cache of byte strings by name that drops what was used least recently.

import { randomIntegers } from "../lab/random.js";
import type { Twice, Words } from "./words.js";

const CAPACITY = 3000;
const NAMES = 9000;
const REQUESTS = 40_000;
const SEED = 7;

interface Request {
  readonly name: string;
  /** Bytes of what is stored where the cache has it not. */
  readonly bytes: number;
}

/** Small numbers are asked for more often. */
const requests: readonly Request[] = (() => {
  const random = randomIntegers(SEED);
  return Array.from({ length: REQUESTS }, () => {
    const number = Math.floor((random(NAMES) * random(NAMES)) / NAMES);
    return { name: `/images/${number}/thumbnail.png`, bytes: 20 + random(580) };
  });
})();

class Entry {
  next: Entry = this;
  previous: Entry = this;
  readonly name: string;
  readonly value: Uint8Array;

  constructor(name: string, value: Uint8Array) {
    this.name = name;
    this.value = value;
  }
}

function unlink(entry: Entry): void {
  entry.previous.next = entry.next;
  entry.next.previous = entry.previous;
}

function linkFirst(entry: Entry, ring: Entry): void {
  entry.next = ring.next;
  entry.previous = ring;
  ring.next.previous = entry;
  ring.next = entry;
}

function onObjects(): number {
  const entries = new Map<string, Entry>();
  const ring = new Entry("", new Uint8Array());
  let sum = 0;
  for (const { name, bytes } of requests) {
    const known = entries.get(name);
    if (known !== undefined) {
      unlink(known);
      linkFirst(known, ring);
      sum += known.value[0]! + known.value.length;
      continue;
    }
    const entry = new Entry(name, new Uint8Array(bytes));
    entry.value[0] = bytes & 0xff;
    entries.set(name, entry);
    linkFirst(entry, ring);
    if (entries.size > CAPACITY) {
      entries.delete(ring.previous.name);
      unlink(ring.previous);
    }
  }
  return sum;
}

// An entry in the heap, words of 4 bytes: next, previous, next of its bucket, hash, length of the
// name, bytes of the value, then the name, then the value.
const NEXT = 0;
const PREVIOUS = 1;
const CHAIN = 2;
const HASH = 3;
const NAME_LENGTH = 4;
const VALUE_BYTES = 5;
const HEAD_BYTES = 24;
const BUCKETS = 4096;

/** FNV-1a of a name's letters. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function isNamed(words: Words, entry: number, name: string): boolean {
  if (words.u32[(entry >> 2) + NAME_LENGTH] !== name.length) return false;
  for (let i = 0; i < name.length; i++)
    if (words.u8[entry + HEAD_BYTES + i] !== name.charCodeAt(i)) return false;
  return true;
}

function lookUp(words: Words, table: number, hash: number, name: string): number {
  const { u32 } = words;
  let entry = u32[(table >> 2) + (hash % BUCKETS)]!;
  while (entry !== 0 && !(u32[(entry >> 2) + HASH] === hash && isNamed(words, entry, name)))
    entry = u32[(entry >> 2) + CHAIN]!;
  return entry;
}

function makeEntry(words: Words, table: number, hash: number, name: string, bytes: number): number {
  const entry = words.malloc(HEAD_BYTES + name.length + bytes);
  const { u8, u32 } = words;
  const bucket = (table >> 2) + (hash % BUCKETS);
  const at = entry >> 2;
  u32[at + CHAIN] = u32[bucket]!;
  u32[bucket] = entry;
  u32[at + HASH] = hash;
  u32[at + NAME_LENGTH] = name.length;
  u32[at + VALUE_BYTES] = bytes;
  const value = entry + HEAD_BYTES + name.length;
  for (let i = 0; i < name.length; i++) u8[entry + HEAD_BYTES + i] = name.charCodeAt(i);
  u8.fill(0, value, value + bytes);
  u8[value] = bytes & 0xff;
  return entry;
}

function unlinkBlock({ u32 }: Words, entry: number): void {
  const next = u32[(entry >> 2) + NEXT]!;
  const previous = u32[(entry >> 2) + PREVIOUS]!;
  u32[(previous >> 2) + NEXT] = next;
  u32[(next >> 2) + PREVIOUS] = previous;
}

function linkFirstBlock({ u32 }: Words, entry: number, ring: number): void {
  const second = u32[(ring >> 2) + NEXT]!;
  u32[(entry >> 2) + NEXT] = second;
  u32[(entry >> 2) + PREVIOUS] = ring;
  u32[(second >> 2) + PREVIOUS] = entry;
  u32[(ring >> 2) + NEXT] = entry;
}

function dropBlock(words: Words, table: number, entry: number): void {
  const { u32 } = words;
  unlinkBlock(words, entry);
  let place = (table >> 2) + (u32[(entry >> 2) + HASH]! % BUCKETS);
  while (u32[place] !== entry) place = (u32[place]! >> 2) + CHAIN;
  u32[place] = u32[(entry >> 2) + CHAIN]!;
  words.free(entry);
}

function onHeap(words: Words): number {
  const table = words.malloc(4 * BUCKETS);
  const ring = words.malloc(HEAD_BYTES);
  words.u32.fill(0, table >> 2, (table >> 2) + BUCKETS);
  words.u32[(ring >> 2) + NEXT] = words.u32[(ring >> 2) + PREVIOUS] = ring;
  let count = 0;
  let sum = 0;
  for (const { name, bytes } of requests) {
    const hash = hashOf(name);
    const known = lookUp(words, table, hash, name);
    if (known !== 0) {
      unlinkBlock(words, known);
      linkFirstBlock(words, known, ring);
      const value = words.u8[known + HEAD_BYTES + name.length]!;
      sum += value + words.u32[(known >> 2) + VALUE_BYTES]!;
      continue;
    }
    linkFirstBlock(words, makeEntry(words, table, hash, name, bytes), ring);
    if (++count > CAPACITY) dropBlock(words, table, words.u32[(ring >> 2) + PREVIOUS]!);
  }
  for (let at; (at = words.u32[(ring >> 2) + NEXT]!) !== ring;) dropBlock(words, table, at);
  words.free(ring);
  words.free(table);
  return sum;
}

/** A cache with strings for keys. */
export const lru: Twice = {
  name: "LRU cache",
  rationale:
    "Strings for keys, bytes for values: JavaScript has a Map and needs no hash of its own; the " +
    "heap has one block an entry in place of three objects.",
  operations: REQUESTS,
  onObjects,
  onHeap,
};
