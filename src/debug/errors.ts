// What a tracking heap reports.

import type { Mem } from "../layout/address.js";
import type { TrackedBlock } from "./block.js";
import type { LeakGroup } from "./leaks.js";
import { describeLeaks, describeMistake } from "./report.js";
import type { Stack } from "./stacks.js";

/** The kinds of mistakes. */
export type MistakeKind =
  /** Behind a block, in its redzone. */
  | "heap-buffer-overflow"
  /** Before a block, in its redzone. */
  | "heap-buffer-underflow"
  /** In a block that was freed. */
  | "heap-use-after-free"
  /** Where there is no block at all. */
  | "wild-access"
  /** A block was freed that had been freed before. */
  | "double-free"
  /** Something was freed that is no block's address. */
  | "invalid-free";

/** What was done wrong, where, and to which block. */
export interface Mistake {
  /** What kind of mistake. */
  readonly kind: MistakeKind;
  /** The first byte that it is about. */
  readonly address: Mem;
  /** What was going on: "read of 4 bytes by load". */
  readonly action: string;
  /** The block that the byte belongs to or is next to; undefined where there is none. */
  readonly block: TrackedBlock | undefined;
  /** What else the address is, where it is no block's. */
  readonly place: string | undefined;
  /** Who did it; of damage that is found later, who found it. */
  readonly stack: Stack;
}

/** The program used memory wrongly. The message has all that is known, with stacks. */
export class MemoryError extends Error {
  /** "MemoryError", also where a bundler has renamed the class. */
  override readonly name = "MemoryError";
  /** What kind of mistake. */
  readonly kind: MistakeKind;
  /** The first byte that it is about. */
  readonly address: Mem;
  /** All that is known. */
  readonly mistake: Mistake;

  /** @param mistake what was done wrong */
  constructor(mistake: Mistake) {
    super(describeMistake(mistake));
    this.kind = mistake.kind;
    this.address = mistake.address;
    this.mistake = mistake;
  }
}

/** Blocks were never freed. The message lists them by where they were allocated. */
export class LeakError extends Error {
  /** "LeakError", also where a bundler has renamed the class. */
  override readonly name = "LeakError";
  /** The blocks, by who allocated them, most bytes first. */
  readonly leaks: readonly LeakGroup[];

  /** @param leaks at least one */
  constructor(leaks: readonly LeakGroup[]) {
    super(describeLeaks(leaks));
    this.leaks = leaks;
  }
}
