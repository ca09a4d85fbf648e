// The region table, read from the kernel's tree of VMAs (assembly/kernel/tree.ts): in every build,
// without a call. What is hidden from /proc/self/maps, the model's own pages, is among them.

import { readStruct } from "../layout/struct.js";
import { VmaKind, type Vma } from "../layout/generated.js";
import { damage, type Damage } from "./damage.js";
import { hex, isInside, type HeapSource } from "./source.js";
import { mmOf } from "./words.js";

/** One region of the address space: whole pages, half-open. */
export interface VmaView {
  /** Absent: see {@link isDamage}. */
  readonly corrupt?: never;
  /** Where its struct lies. */
  readonly address: number;
  /** vm_start and vm_end. */
  readonly start: number;
  /** The first address behind it. */
  readonly end: number;
  /** vm_flags: VM bits. */
  readonly flags: number;
  /** Whose it is: a `VmaKind`. */
  readonly kind: number;
}

/** More levels than a balanced tree of 2^32 nodes has. */
const MOST_LEVELS = 48;

/**
 * Walks the region table, lowest address first, hidden regions included.
 * @returns a damage where a link leads nowhere; the walk goes on with what is left
 */
export function* walkRegions(source: HeapSource): Generator<VmaView | Damage, void, undefined> {
  const { vmaRoot } = mmOf(source);
  yield* below(source, source.places.mmStruct, vmaRoot, 0);
}

function* below(
  source: HeapSource,
  from: number,
  address: number,
  level: number,
): Generator<VmaView | Damage, void, undefined> {
  if (address === 0) return;
  const { Vma } = source.structs;
  if (level > MOST_LEVELS || !isInside(source, address, Vma.size)) {
    yield damage(from, `a link of the region table to ${hex(address)}: no node can be there`);
    return;
  }
  const node: Vma = readStruct(source.view(), address, Vma);
  yield* below(source, address, node.leftLink, level + 1);
  const { vmStart: start, vmEnd: end, vmFlags: flags, kind } = node;
  yield { address, start, end, flags, kind };
  yield* below(source, address, node.rightLink, level + 1);
}

/** @returns whether a program sees a region in /proc/self/maps */
export function isVisible({ kind }: VmaView): boolean {
  return kind !== VmaKind.HIDDEN;
}
