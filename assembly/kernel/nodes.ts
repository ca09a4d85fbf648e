// Nodes of the region table (Vma), and of all else that fits one: those that nobody uses. The first
// come from the kernel's pages at the base, more from slabs (slab.ts).

import { noteRange } from "./journal";
import { JOURNAL_AT, MM_BYTES, mm } from "./mm";
import { NO_VMA, Vma } from "./vma";

/** What a node takes, bytes. */
export const NODE_BYTES: usize = (offsetof<Vma>() + 7) & ~7;

/** Makes the `bytes` at `start` the place of the next new nodes. */
export function giveNodes(start: usize, bytes: usize): void {
  const nodes = <i32>(bytes / NODE_BYTES);
  mm.nodeNext = <u32>start;
  mm.nodeRest = nodes;
  mm.freeVmas += nodes;
}

/** Makes the rest of the kernel's pages nodes. */
export function initNodes(): void {
  giveNodes(changetype<usize>(mm) + MM_BYTES, JOURNAL_AT - MM_BYTES);
}

/**
 * An unused node for [start, end), all else zero. There must be one (`reserveVmas`, slab.ts).
 * @noinline
 */
export function takeVma(start: usize, end: usize): Vma {
  let node = changetype<Vma>(<usize>mm.freeVma);
  if (node != NO_VMA) {
    mm.freeVma = node.rightLink;
  } else {
    node = changetype<Vma>(<usize>mm.nodeNext);
    mm.nodeNext += <u32>NODE_BYTES;
    mm.nodeRest--;
  }
  mm.freeVmas--;
  noteRange(changetype<usize>(node), offsetof<Vma>());
  memory.fill(changetype<usize>(node), 0, offsetof<Vma>());
  node.vmStart = <word>start;
  node.vmEnd = <word>end;
  return node;
}

/** Takes a node back. */
export function giveVma(node: Vma): void {
  node.rightLink = mm.freeVma;
  mm.freeVma = <u32>changetype<usize>(node);
  mm.freeVmas++;
}
