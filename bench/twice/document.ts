// Documents as JSON has them: built, walked, edited, thrown away.

import { randomIntegers } from "../lab/random.js";
import type { Twice, Words } from "./words.js";

const DOCUMENTS = 40;
const DEPTH = 5;
const FAN = 5;
const SEED = 17;
const NAMES = ["id", "title", "items", "price", "tags", "author", "next", "size"] as const;

type Value = number | string | Value[] | { [name: string]: Value };
type Random = (limit: number) => number;

function build(random: Random, depth: number): Value {
  const kind = depth === 0 ? random(2) : 2 + random(2);
  if (kind === 0) return random(1000);
  if (kind === 1) return "x".repeat(1 + random(40));
  const length = 1 + random(FAN);
  if (kind === 2) return Array.from({ length }, () => build(random, depth - 1));
  const made: { [name: string]: Value } = {};
  for (let i = 0; i < length; i++) made[NAMES[i]!] = build(random, depth - 1);
  return made;
}

function walk(value: Value): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") return value.length + value.charCodeAt(0);
  let sum = 1;
  if (Array.isArray(value)) for (const one of value) sum += walk(one);
  else for (const name in value) sum += name.length + walk(value[name]!);
  return sum;
}

/** Every number in it becomes a string of so many letters. */
function edit(value: Value): Value {
  if (typeof value === "number") return "y".repeat(1 + (value % 16));
  if (typeof value === "string") return value;
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) value[i] = edit(value[i]!);
  else for (const name in value) value[name] = edit(value[name]!);
  return value;
}

function onObjects(): number {
  const random = randomIntegers(SEED);
  let sum = 0;
  for (let i = 0; i < DOCUMENTS; i++) {
    const document = build(random, DEPTH);
    sum += walk(document);
    sum += walk(edit(document));
  }
  return sum;
}

// A value in the heap, words of 4 bytes: kind, number or length or first child, next sibling, index
// of its name or -1; a string's letters behind that.
const KIND = 0;
const CONTENT = 1;
const SIBLING = 2;
const NAME = 3;
const HEAD_BYTES = 16;
const NUMBER = 0;
const STRING = 1;
const LIST = 2;
const NO_NAME = 0xffff_ffff;

function makeValue(words: Words, kind: number, content: number, letters = 0): number {
  const value = words.malloc(HEAD_BYTES + letters);
  const { u32 } = words;
  u32[(value >> 2) + KIND] = kind;
  u32[(value >> 2) + CONTENT] = content;
  u32[(value >> 2) + SIBLING] = 0;
  u32[(value >> 2) + NAME] = NO_NAME;
  return value;
}

function makeString(words: Words, letter: number, length: number): number {
  const value = makeValue(words, STRING, length, length);
  words.u8.fill(letter, value + HEAD_BYTES, value + HEAD_BYTES + length);
  return value;
}

function buildBlocks(words: Words, random: Random, depth: number): number {
  const kind = depth === 0 ? random(2) : 2 + random(2);
  if (kind === NUMBER) return makeValue(words, NUMBER, random(1000));
  if (kind === STRING) return makeString(words, 0x78, 1 + random(40));
  const length = 1 + random(FAN);
  const parent = makeValue(words, kind, 0);
  let place = (parent >> 2) + CONTENT;
  for (let i = 0; i < length; i++) {
    const child = buildBlocks(words, random, depth - 1);
    if (kind !== LIST) words.u32[(child >> 2) + NAME] = i;
    words.u32[place] = child;
    place = (child >> 2) + SIBLING;
  }
  return parent;
}

function walkBlocks(words: Words, value: number): number {
  const { u32, u8 } = words;
  const content = u32[(value >> 2) + CONTENT]!;
  const kind = u32[(value >> 2) + KIND]!;
  if (kind === NUMBER) return content;
  if (kind === STRING) return content + u8[value + HEAD_BYTES]!;
  let sum = 1;
  for (let child = content; child !== 0; child = u32[(child >> 2) + SIBLING]!) {
    const name = u32[(child >> 2) + NAME]!;
    if (name !== NO_NAME) sum += NAMES[name]!.length;
    sum += walkBlocks(words, child);
  }
  return sum;
}

/** @returns what the value is now: another block where it was a number */
function editBlocks(words: Words, value: number): number {
  const kind = words.u32[(value >> 2) + KIND]!;
  const content = words.u32[(value >> 2) + CONTENT]!;
  if (kind === STRING) return value;
  if (kind === NUMBER) {
    const made = makeString(words, 0x79, 1 + (content % 16));
    const { u32 } = words;
    u32[(made >> 2) + SIBLING] = u32[(value >> 2) + SIBLING]!;
    u32[(made >> 2) + NAME] = u32[(value >> 2) + NAME]!;
    words.free(value);
    return made;
  }
  for (let place = (value >> 2) + CONTENT, child = content; child !== 0;) {
    child = editBlocks(words, child);
    words.u32[place] = child;
    place = (child >> 2) + SIBLING;
    child = words.u32[place]!;
  }
  return value;
}

function freeBlocks(words: Words, value: number): void {
  const { u32 } = words;
  let child = u32[(value >> 2) + KIND]! < LIST ? 0 : u32[(value >> 2) + CONTENT]!;
  while (child !== 0) {
    const next = u32[(child >> 2) + SIBLING]!;
    freeBlocks(words, child);
    child = next;
  }
  words.free(value);
}

function onHeap(words: Words): number {
  const random = randomIntegers(SEED);
  let sum = 0;
  for (let i = 0; i < DOCUMENTS; i++) {
    let document = buildBlocks(words, random, DEPTH);
    sum += walkBlocks(words, document);
    document = editBlocks(words, document);
    sum += walkBlocks(words, document);
    freeBlocks(words, document);
  }
  return sum;
}

/** Documents of several kinds of values. */
export const document: Twice = {
  name: "documents",
  rationale:
    "Values of every kind in trees: the engine's hidden classes, strings and arrays at their " +
    "best, against blocks with a tag.",
  operations: DOCUMENTS,
  onObjects,
  onHeap,
};
