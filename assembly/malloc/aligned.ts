// memalign: a block from the long way, with room to spare, of which the misaligned start and the
// end are given back.

import { IS_SMALL } from "../abi/profile";
import {
  HAS_FASTBINS,
  MAPPED_HAS_TRAILER,
  MERGES_CUT_PARTS,
  MERGES_SMALL_ENDS,
} from "../abi/version";
import { Failure, corrupted } from "../base/failure";
import { allocate } from "./allocate";
import { Chunk, PREV_INUSE, addressOf } from "./chunk";
import { moveMapped } from "./mapped";
import { freeChunk, freeLead, freePart, freeTail } from "./release";
import { CHUNK_HDR_SZ, MINSIZE, checkedRequestToSize } from "./sizes";
import { MallocState, setErrno } from "./state";
import { Step, note } from "./steps";
import { ENOMEM } from "./system";
import { arenaBit } from "./top";

/**
 * A block of `bytes` bytes at a multiple of `alignment`, a power of two of at least MINSIZE, or 0
 * with errno ENOMEM (_int_memalign).
 * @noinline
 */
export function allocateAligned(arena: MallocState, alignment: word, bytes: word): usize {
  const size = checkedRequestToSize(bytes);
  const padded = size + alignment + MINSIZE;
  if (size == 0 || padded < alignment) {
    setErrno(ENOMEM);
    return 0;
  }
  note(Step.ALIGN, alignment, padded);
  const mem = allocate(arena, padded);
  if (mem == 0) return 0;
  let p = Chunk.ofMem(mem);
  if (((<word>mem) & (alignment - 1)) != 0) {
    const aligned = alignedSpot(p, alignment, MAPPED_HAS_TRAILER && p.isMmapped ? 0 : MINSIZE);
    const lead = <word>(addressOf(aligned) - addressOf(p));
    const rest = p.size - lead;
    if (p.isMmapped) return moveMapped(p, lead).mem;
    giveBackLead(arena, p, aligned, lead, rest);
    if (rest < size || ((<word>aligned.mem) & (alignment - 1)) != 0) {
      corrupted(Failure.ASSERT_MEMALIGN_SIZE, addressOf(aligned));
    }
    p = aligned;
  }
  if (!p.isMmapped) giveBackTail(arena, p, size);
  return p.mem;
}

/**
 * Where the aligned chunk begins: at least `least` bytes from `p`, so that the start can be a chunk
 * of its own.
 */
function alignedSpot(p: Chunk, alignment: word, least: word): Chunk {
  const mem = (<word>p.mem + alignment - 1) & ~(alignment - 1);
  const spot = mem - CHUNK_HDR_SZ;
  return changetype<Chunk>(<usize>(spot - <word>addressOf(p) < least ? spot + alignment : spot));
}

/** Frees the `lead` bytes in front of the aligned chunk, which has `rest` bytes. */
function giveBackLead(arena: MallocState, p: Chunk, aligned: Chunk, lead: word, rest: word): void {
  aligned.setHead(rest, PREV_INUSE | arenaBit(arena));
  aligned.markInuseAt(rest);
  p.setHeadSize(lead | arenaBit(arena));
  if (!MERGES_CUT_PARTS) freeChunk(arena, p, true);
  else if (HAS_FASTBINS) freeLead(arena, p, lead);
  else freePart(arena, p);
}

/** Frees what the chunk has beyond `size` bytes, if that is more than MINSIZE. */
function giveBackTail(arena: MallocState, p: Chunk, size: word): void {
  const have = p.size;
  if (MERGES_CUT_PARTS) {
    mergeTail(arena, p, have, size);
    return;
  }
  if (IS_SMALL ? have < size + MINSIZE : have <= size + MINSIZE) return;
  const remainder = p.at(size);
  remainder.setHead(have - size, PREV_INUSE | arenaBit(arena));
  p.setHeadSize(size);
  freeChunk(arena, remainder, true);
}

/**
 * Merges what the chunk has beyond `size` bytes with what lies behind it, if that makes a chunk:
 * where it may be small, because there is a free one behind.
 */
function mergeTail(arena: MallocState, p: Chunk, have: word, size: word): void {
  const rest = have - size;
  if (rest == 0) return;
  const next = p.at(have);
  const isTaken = next != arena.top && next.at(next.size).prevInuse;
  if (rest < MINSIZE && (!MERGES_SMALL_ENDS || isTaken)) return;
  p.setHeadSize(size);
  freeTail(arena, p.at(size), rest, next);
}
