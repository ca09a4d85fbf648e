// An index of numbers: a B-tree that is filled, asked, and thrown away.

import { randomIntegers } from "../lab/random.js";
import type { Twice, Words } from "./words.js";

const KEYS = 20_000;
const MOST = 31;
const MIDDLE = 15;
const SEED = 13;

const numbers: readonly number[] = (() => {
  const random = randomIntegers(SEED);
  return Array.from({ length: KEYS }, () => random(1 << 30));
})();

class Node {
  readonly keys: number[] = [];
  /** Empty in a leaf. */
  readonly children: Node[] = [];
}

/** @returns the first place whose key is not less */
function place(keys: readonly number[], key: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function splitChild(parent: Node, at: number): void {
  const left = parent.children[at]!;
  const right = new Node();
  right.keys.push(...left.keys.splice(MIDDLE + 1));
  right.children.push(...left.children.splice(MIDDLE + 1));
  parent.keys.splice(at, 0, left.keys.pop()!);
  parent.children.splice(at + 1, 0, right);
}

function insert(root: Node, key: number): void {
  let node = root;
  for (;;) {
    let at = place(node.keys, key);
    if (node.keys[at] === key) return;
    if (node.children.length === 0) {
      node.keys.splice(at, 0, key);
      return;
    }
    if (node.children[at]!.keys.length === MOST) {
      splitChild(node, at);
      if (node.keys[at] === key) return;
      if (node.keys[at]! < key) at++;
    }
    node = node.children[at]!;
  }
}

function onObjects(): number {
  let root = new Node();
  for (const key of numbers) {
    if (root.keys.length === MOST) {
      const old = root;
      root = new Node();
      root.children.push(old);
      splitChild(root, 0);
    }
    insert(root, key);
  }
  let sum = 0;
  for (let i = 0; i < KEYS; i++) {
    const key = numbers[i]! + (i & 1);
    let node: Node | undefined = root;
    for (let depth = 1; node !== undefined; depth++) {
      const at = place(node.keys, key);
      if (node.keys[at] === key) sum += depth * at + 1;
      node = node.keys[at] === key ? undefined : node.children[at];
    }
  }
  return sum;
}

// A node in the heap, words of 4 bytes: how many keys, whether it is a leaf, 31 keys, and in an
// inner node 32 children.
const COUNT = 0;
const IS_LEAF = 1;
const FIRST_KEY = 2;
const FIRST_CHILD = FIRST_KEY + MOST;
const LEAF_BYTES = 4 * FIRST_CHILD;
const INNER_BYTES = LEAF_BYTES + 4 * (MOST + 1);

function makeNode(words: Words, isLeaf: number): number {
  const node = words.malloc(isLeaf === 1 ? LEAF_BYTES : INNER_BYTES) >> 2;
  words.u32[node + COUNT] = 0;
  words.u32[node + IS_LEAF] = isLeaf;
  return node;
}

function placeIn(u32: Uint32Array, node: number, key: number): number {
  let low = 0;
  let high = u32[node + COUNT]!;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (u32[node + FIRST_KEY + middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function hasKey(u32: Uint32Array, node: number, at: number, key: number): boolean {
  return at < u32[node + COUNT]! && u32[node + FIRST_KEY + at] === key;
}

function splitBlock(words: Words, parent: number, at: number): void {
  const left = words.u32[parent + FIRST_CHILD + at]!;
  const isLeaf = words.u32[left + IS_LEAF]!;
  const right = makeNode(words, isLeaf);
  const { u32 } = words;
  const moved = MOST - MIDDLE - 1;
  const from = left + MIDDLE + 1;
  u32.copyWithin(right + FIRST_KEY, from + FIRST_KEY, from + FIRST_KEY + moved);
  if (isLeaf === 0)
    u32.copyWithin(right + FIRST_CHILD, from + FIRST_CHILD, from + FIRST_CHILD + moved + 1);
  u32[left + COUNT] = MIDDLE;
  u32[right + COUNT] = moved;
  const count = u32[parent + COUNT]!;
  const keys = parent + FIRST_KEY;
  const children = parent + FIRST_CHILD;
  u32.copyWithin(keys + at + 1, keys + at, keys + count);
  u32.copyWithin(children + at + 2, children + at + 1, children + count + 1);
  u32[keys + at] = u32[left + FIRST_KEY + MIDDLE]!;
  u32[children + at + 1] = right;
  u32[parent + COUNT] = count + 1;
}

function insertInto(words: Words, root: number, key: number): void {
  let node = root;
  for (;;) {
    let at = placeIn(words.u32, node, key);
    if (hasKey(words.u32, node, at, key)) return;
    if (words.u32[node + IS_LEAF] === 1) {
      const { u32 } = words;
      const keys = node + FIRST_KEY;
      const count = u32[node + COUNT]!;
      u32.copyWithin(keys + at + 1, keys + at, keys + count);
      u32[keys + at] = key;
      u32[node + COUNT] = count + 1;
      return;
    }
    if (words.u32[words.u32[node + FIRST_CHILD + at]! + COUNT] === MOST) {
      splitBlock(words, node, at);
      const middle = words.u32[node + FIRST_KEY + at]!;
      if (middle === key) return;
      if (middle < key) at++;
    }
    node = words.u32[node + FIRST_CHILD + at]!;
  }
}

function freeNode(words: Words, node: number): void {
  const { u32 } = words;
  if (u32[node + IS_LEAF] === 0)
    for (let i = 0; i <= u32[node + COUNT]!; i++) freeNode(words, u32[node + FIRST_CHILD + i]!);
  words.free(node << 2);
}

function onHeap(words: Words): number {
  let root = makeNode(words, 1);
  for (const key of numbers) {
    if (words.u32[root + COUNT] === MOST) {
      const old = root;
      root = makeNode(words, 0);
      words.u32[root + FIRST_CHILD] = old;
      splitBlock(words, root, 0);
    }
    insertInto(words, root, key);
  }
  const { u32 } = words;
  let sum = 0;
  for (let i = 0; i < KEYS; i++) {
    const key = numbers[i]! + (i & 1);
    for (let node = root, depth = 1; ; depth++) {
      const at = placeIn(u32, node, key);
      if (hasKey(u32, node, at, key)) {
        sum += depth * at + 1;
        break;
      }
      if (u32[node + IS_LEAF] === 1) break;
      node = u32[node + FIRST_CHILD + at]!;
    }
  }
  freeNode(words, root);
  return sum;
}

/** An index. */
export const btree: Twice = {
  name: "B-tree",
  rationale:
    "Nodes of 31 keys that split: arrays of numbers within objects, against one block a node. " +
    "Few allocations, much reading.",
  operations: 2 * KEYS,
  onObjects,
  onHeap,
};
