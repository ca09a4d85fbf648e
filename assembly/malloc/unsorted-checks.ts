// What malloc looks at before it takes a chunk out of the unsorted bin.

import { Failure, corrupted } from "../base/failure";
import { Chunk, PREV_INUSE, SIZE_BITS, addressOf } from "./chunk";
import { refuse } from "./links";
import { CHUNK_HDR_SZ } from "./sizes";
import { MallocState } from "./state";

/** The checks on a chunk of the unsorted bin. */
export function checkUnsorted(
  arena: MallocState,
  bin: Chunk,
  victim: Chunk,
  behind: Chunk,
  size: word,
): void {
  const limit = arena.systemMem;
  if (size <= CHUNK_HDR_SZ || size > limit) refuse(Failure.UNSORTED_SIZE, addressOf(victim));
  const next = victim.at(size);
  const nextHead = next.mchunkSize;
  if (nextHead < CHUNK_HDR_SZ || nextHead > limit)
    corrupted(Failure.UNSORTED_NEXT_SIZE, addressOf(victim));
  if ((next.mchunkPrevSize & ~SIZE_BITS) != size)
    corrupted(Failure.UNSORTED_PREV_SIZE, addressOf(victim));
  if (behind.fd != victim || victim.fd != bin) corrupted(Failure.UNSORTED_LIST, addressOf(victim));
  if (nextHead & PREV_INUSE) corrupted(Failure.UNSORTED_PREV_INUSE, addressOf(victim));
}
