// What is known of a tracked block.

import type { Mem } from "../layout/address.js";
import type { Stack } from "./stacks.js";

/** What has become of a block. */
export type BlockState =
  /** It is in use. */
  | "live"
  /** It was freed, and is kept from being used again. */
  | "quarantined"
  /** It was given back to malloc. */
  | "released";

/** A block that was allocated through a tracking heap. */
export interface TrackedBlock {
  /** Its first byte, as the program knows it. */
  readonly address: Mem;
  /** Bytes asked for. */
  readonly size: number;
  /** What has become of it. */
  readonly state: BlockState;
  /** The function that allocated it. */
  readonly call: string;
  /** Who allocated it. */
  readonly allocated: Stack;
  /** Who freed it; undefined while it is live. */
  readonly freed: Stack | undefined;
  /** Whether the collector found its handle unused, and nobody had freed it. */
  readonly isAbandoned: boolean;
}

/** The same, for the tracker: what it has around the block. */
export interface BlockRecord extends TrackedBlock {
  /** malloc's own block. */
  readonly base: Mem;
  /** The end of that, as far as it can be used. */
  readonly end: number;
  state: BlockState;
  freed: Stack | undefined;
  isAbandoned: boolean;
  isIgnored: boolean;
}
