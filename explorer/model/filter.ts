// Which chunks are meant: by size, state, bin, label, thread and lifetime.

import { isInUse, STATES } from "./states.js";
import { NONE, type ChunkTable, type Survey } from "./types.js";

/** A filter; what is absent does not matter. */
export interface Filter {
  /** Bytes of the chunk. */
  readonly least?: number | undefined;
  readonly most?: number | undefined;
  /** Names of states; empty: all. */
  readonly states?: readonly string[] | undefined;
  readonly bin?: number | undefined;
  readonly thread?: number | undefined;
  /** A part of the label of the call that made the block. */
  readonly label?: string | undefined;
  /** Operations that the block lives for. */
  readonly livesLeast?: number | undefined;
  readonly livesMost?: number | undefined;
}

/** @returns whether a filter lets everything through */
export function isOpen(filter: Filter): boolean {
  return Object.values(filter).every(
    (value) => value === undefined || value === "" || (Array.isArray(value) && value.length === 0),
  );
}

/** @returns a test of a chunk by its index in the table */
export function testOf(filter: Filter, chunks: ChunkTable, survey: Survey): (i: number) => boolean {
  if (isOpen(filter)) return () => true;
  const { least = 0, most = Infinity, bin, thread, livesLeast = 0, livesMost = Infinity } = filter;
  const states = new Set((filter.states ?? []).map((name) => STATES.indexOf(name as "used")));
  const label = (filter.label ?? "").toLowerCase();
  const labels = survey.labels.map((text) => text.toLowerCase().includes(label));
  const asksBlock = label !== "" || filter.livesLeast !== undefined || livesMost !== Infinity;
  return (i) => {
    const size = chunks.size[i]!;
    if (size < least || size > most) return false;
    if (states.size > 0 && !states.has(chunks.state[i]!)) return false;
    if (bin !== undefined && chunks.bin[i] !== bin) return false;
    if (thread !== undefined && chunks.thread[i] !== thread) return false;
    if (!asksBlock) return true;
    const birth = chunks.birth[i]!;
    if (!isInUse(chunks.state[i]!) || birth === NONE) return false;
    if (label !== "" && !labels[survey.label[birth]!]) return false;
    const lives = survey.death[birth]! - birth;
    return lives >= livesLeast && lives <= livesMost;
  };
}
