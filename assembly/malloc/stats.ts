// mallinfo: a walk over every bin.

import { HAS_FASTBINS } from "../abi/version";
import { SIZE_SZ } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { MOST_ARENAS, lockArena, nextArena, unlockArena } from "./arena";
import { binAt } from "./bins";
import { Chunk, addressOf, isMisaligned, revealLink } from "./chunk";
import { fastbinAt, linkPlace } from "./fastbins";
import { followAside, mostChunks } from "./links";
import { MallocState, NBINS, NFASTBINS, mainArena, mp } from "./state";

/** What the allocator holds (struct mallinfo2). Bytes where not said otherwise. */
@unmanaged
export class Mallinfo2 {
  arena: word; // arena: bytes got from the kernel by the break, and for heaps of other arenas
  ordblks: word; // ordblks: number of free chunks that are not fast, top among them
  smblks: word; // smblks: number of fast chunks
  hblks: word; // hblks: number of mmapped chunks
  hblkhd: word; // hblkhd: bytes in mmapped chunks
  usmblks: word; // usmblks: always 0
  fsmblks: word; // fsmblks: bytes in fast chunks
  uordblks: word; // uordblks: bytes in use, with those in tcache
  fordblks: word; // fordblks: bytes free, with those in fast chunks
  keepcost: word; // keepcost: bytes of top of main_arena: what malloc_trim could give back
}

/** The same in ints (struct mallinfo). */
@unmanaged
export class Mallinfo {
  arena: i32;
  ordblks: i32;
  smblks: i32;
  hblks: i32;
  hblkhd: i32;
  usmblks: i32;
  fsmblks: i32;
  uordblks: i32;
  fordblks: i32;
  keepcost: i32;
}

/** Fields of either struct. */
const FIELDS: u32 = 10;

/** Fills `info` from all arenas and mp_ (mallinfo2). @noinline */
export function collectInfo(info: Mallinfo2): void {
  memory.fill(changetype<usize>(info), 0, offsetof<Mallinfo2>());
  let arena = mainArena;
  let left = MOST_ARENAS;
  do {
    lockArena(arena);
    addArena(arena, info);
    unlockArena(arena);
    arena = nextArena(arena, left--);
  } while (arena != mainArena);
  info.hblks = <word>mp.nMmaps;
  info.hblkhd = mp.mmappedMem;
  info.keepcost = arena.top.size;
}

/** Adds what one arena holds (int_mallinfo). */
function addArena(arena: MallocState, info: Mallinfo2): void {
  let blocks: word = 1;
  let free = arena.top.size + (HAS_FASTBINS ? countFast(arena, info) : 0);
  for (let index: u32 = 1; index < NBINS; index++) {
    const bin = binAt(arena, index);
    let left = mostChunks();
    let from = bin;
    for (let p = bin.bk; p != bin; p = p.bk) {
      left = followAside(from, p, left, Failure.SEGV_INFO_BIN);
      from = p;
      blocks++;
      free += p.size;
    }
  }
  info.ordblks += blocks;
  info.fordblks += free;
  info.arena += arena.systemMem;
  info.uordblks += arena.systemMem - free;
}

/** Adds the chunks in the fast bins. Their bytes. */
function countFast(arena: MallocState, info: Mallinfo2): word {
  let blocks: word = 0;
  let bytes: word = 0;
  for (let index: u32 = 0; index < NFASTBINS; index++) {
    let left = mostChunks();
    let from = changetype<Chunk>(fastbinAt(arena, index));
    let p = changetype<Chunk>(<usize>load<word>(addressOf(from)));
    while (addressOf(p) != 0) {
      if (isMisaligned(p.mem)) corrupted(Failure.MALLINFO_UNALIGNED, addressOf(p));
      left = followAside(from, p, left, Failure.SEGV_INFO_FASTBIN);
      from = p;
      blocks++;
      bytes += p.size;
      p = changetype<Chunk>(revealLink(linkPlace(p)));
    }
  }
  info.smblks += blocks;
  info.fsmblks += bytes;
  return bytes;
}

/** Copies `info` to `narrow`, cut to ints (mallinfo). */
export function narrowInfo(narrow: usize, info: usize): void {
  for (let field: u32 = 0; field < FIELDS; field++) {
    store<i32>(narrow + ((<usize>field) << 2), <i32>load<word>(info + <usize>field * SIZE_SZ));
  }
}

if (offsetof<Mallinfo2>() != <usize>FIELDS * SIZE_SZ || offsetof<Mallinfo>() != FIELDS * 4)
  ERROR("mallinfo differs from glibc's");
