// Which arena a chunk belongs to. Chunks of main_arena have the A bit clear; the others lie in heaps of HEAP_MAX_SIZE, aligned to
// it, whose heap_info names the arena.

import { Chunk, addressOf } from "./chunk";
import { HEAP_MAX_SIZE, HeapInfo, MallocState, mainArena } from "./state";

/** The heap that a chunk with the A bit lies in (heap_for_ptr). */
export function heapFor(p: Chunk): HeapInfo {
  return changetype<HeapInfo>(addressOf(p) & ~(HEAP_MAX_SIZE - 1));
}

/** The arena of a chunk that is not mmapped (arena_for_chunk). */
export function arenaFor(p: Chunk): MallocState {
  return p.isNonMain ? changetype<MallocState>(<usize>heapFor(p).arPtr) : mainArena;
}
