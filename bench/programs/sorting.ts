// Lists that are never changed: each step of a merge sort makes new arrays, each insertion into a
// sorted tree a new path.

import { random, seed } from "./random";

function mergeSort(items: i32[]): i32[] {
  if (items.length < 2) return items;
  const half = items.length >> 1;
  const left = mergeSort(items.slice(0, half));
  const right = mergeSort(items.slice(half));
  const merged: i32[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const isLeft = r == right.length || (l < left.length && left[l] <= right[r]);
    merged.push(isLeft ? left[l++] : right[r++]);
  }
  return merged;
}

class Path {
  constructor(
    public key: i32,
    public left: Path | null,
    public right: Path | null,
  ) {}
}

/** The tree with `key` in it: a new path from the root, the rest shared. */
function inserted(tree: Path | null, key: i32): Path {
  if (!tree) return new Path(key, null, null);
  if (key < tree.key) return new Path(tree.key, inserted(tree.left, key), tree.right);
  return new Path(tree.key, tree.left, inserted(tree.right, key));
}

function checksum(tree: Path | null, depth: i32): i32 {
  if (!tree) return 0;
  return tree.key * depth + checksum(tree.left, depth + 1) + checksum(tree.right, depth + 1);
}

/** `rounds` times 3,000 numbers sorted both ways. A checksum. */
export function sorting(rounds: i32): i32 {
  seed(11);
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    const items: i32[] = [];
    for (let i = 0; i < 3000; i++) items.push(random(100_000));
    const sorted = mergeSort(items);
    for (let i = 0; i < sorted.length; i += 100) sum = sum * 31 + sorted[i];
    let tree: Path | null = null;
    for (let i = 0; i < items.length; i++) tree = inserted(tree, items[i]);
    sum = sum * 31 + checksum(tree, 1);
  }
  return sum;
}
