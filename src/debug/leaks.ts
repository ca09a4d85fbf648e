// Blocks that were never freed, by where they came from.

import type { TrackedBlock } from "./block.js";
import type { Stack } from "./stacks.js";

/** Blocks that the same line of the program allocated. */
export interface LeakGroup {
  /** The function that allocated them. */
  readonly call: string;
  /** Who called that. */
  readonly stack: Stack;
  /** Bytes of all. */
  readonly bytes: number;
  /** The blocks, the oldest first. */
  readonly blocks: readonly TrackedBlock[];
}

/** @returns the blocks by call and stack, most bytes first */
export function groupLeaks(blocks: Iterable<TrackedBlock>): LeakGroup[] {
  const groups = new Map<string, TrackedBlock[]>();
  for (const block of blocks) {
    const key = `${block.call}\n${block.allocated.frames.join("\n")}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [block]);
    else group.push(block);
  }
  return [...groups.values()]
    .map((group) => ({
      call: group[0]!.call,
      stack: group[0]!.allocated,
      bytes: group.reduce((sum, { size }) => sum + size, 0),
      blocks: group,
    }))
    .sort((a, b) => b.bytes - a.bytes);
}
