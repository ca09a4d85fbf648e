// Arenas: which one a chunk belongs to, and which one a thread allocates from. The first thread
// uses main_arena. Every other takes an arena that nobody uses any more, or makes one as long as
// there may be more, or shares one. It stays with it, until that arena cannot serve a request.

import { IS_SMALL } from "../abi/profile";
import { LIMITS_ARENAS_BY_TEST } from "../abi/version";
import { ILP32, MALLOC_ALIGNMENT, MALLOC_ALIGN_MASK } from "../abi/word";
import { Failure, corrupted } from "../base/failure";
import { acquire, isIdle, release } from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import { Chunk, PREV_INUSE, addressOf } from "./chunk";
import { heapFor, newHeap } from "./heap";
import { clearQueue } from "./extensions/queue";
import { CHUNK_HDR_SZ } from "./sizes";
import {
  HeapInfo,
  MallocState,
  initArena,
  libc,
  mainArena,
  mp,
  sharedState,
  thread,
} from "./state";
import { enterKernel, isWild, leaveKernel } from "./system";

/** Arenas that there may be for each processor (NARENAS_FROM_NCORES). */
const ARENAS_A_CORE: word = ILP32 ? 2 : 8;

/** No arena. */
export const NO_ARENA: MallocState = changetype<MallocState>(0);

/** The arena of a chunk that is not mmapped (arena_for_chunk). */
export function arenaFor(p: Chunk): MallocState {
  return !IS_SMALL && p.isNonMain ? arenaOfHeap(p) : mainArena;
}

/** @noinline */
function arenaOfHeap(p: Chunk): MallocState {
  return changetype<MallocState>(<usize>heapFor(p).arPtr);
}

/**
 * Ends the call where `arena`, which the header of the chunk's heap names, is nowhere: before it is
 * looked at.
 * @noinline
 */
export function mustBeArena(arena: MallocState, p: Chunk): void {
  if (IS_SMALL) {
    if (p.isNonMain) corrupted(Failure.SEGV_HEAP_ARENA, addressOf(p));
    return;
  }
  const address = changetype<usize>(arena);
  if (isWild(address)) corrupted(Failure.SEGV_HEAP_ARENA, changetype<usize>(heapFor(p)));
}

/** The address of an arena's mutex, its first field. */
export function arenaPlace(arena: MallocState): usize {
  return changetype<usize>(arena);
}

/** The address of the list lock. */
export function listPlace(): usize {
  return changetype<usize>(sharedState());
}

/** Takes an arena's mutex; none for no arena. */
export function lockArena(arena: MallocState): void {
  if (IS_THREADED) {
    if (arena != NO_ARENA) acquire(arenaPlace(arena));
  }
}

/** Gives an arena's mutex back. */
export function unlockArena(arena: MallocState): void {
  if (IS_THREADED) {
    if (arena != NO_ARENA) release(arenaPlace(arena));
  }
}

/**
 * Takes the lock of what all arenas have in common: the ring, the free list, which thread uses
 * which (list_lock, free_list_lock).
 */
export function lockList(): void {
  if (IS_THREADED) acquire(listPlace());
}

/** Gives it back. */
export function unlockList(): void {
  if (IS_THREADED) release(listPlace());
}

/**
 * More arenas than there can be: a walk along their ring that meets so many goes round in a circle
 * without main_arena. @host
 */
export const MOST_ARENAS: u32 = 0x10000;

/** The arena that follows in the ring of all (next). `left`: how many steps a walk may yet take. */
export function nextArena(arena: MallocState, left: u32): MallocState {
  if (left == 0 || isWild(<usize>arena.next))
    corrupted(Failure.SEGV_ARENAS, changetype<usize>(arena));
  return changetype<MallocState>(<usize>arena.next);
}

/**
 * The arena for this thread's calls, or none when that is to be asked. It is thread_arena
 * (ThreadData.arena), but while there is one thread only, calls go to main_arena whatever
 * thread_arena is.
 */
let callArena: MallocState = changetype<MallocState>(0);

/** thread_arena: this thread's arena, or none before its first allocation. */
export function threadArena(): MallocState {
  return changetype<MallocState>(<usize>thread.arena);
}

/** Makes `arena`, or none, this thread's, without counting. */
export function setThreadArena(arena: MallocState): void {
  thread.arena = <u32>changetype<usize>(arena);
  callArena = libc.hasThreads || arena == mainArena ? arena : NO_ARENA;
}

/**
 * This thread's arena, locked; its first call finds it one, preferably with room for `bytes`. None
 * when there is no memory (arena_get).
 */
export function arenaGet(bytes: word): MallocState {
  const arena = threadArena();
  return arena != NO_ARENA ? locked(arena, bytes) : findArena(bytes);
}

/** Locks `arena`; if it turns out that nobody is to use it any more, another one. */
function locked(arena: MallocState, bytes: word): MallocState {
  lockArena(arena);
  return IS_THREADED && arena != NO_ARENA && arena.isRetired ? leaveRetired(arena, bytes) : arena;
}

function leaveRetired(arena: MallocState, bytes: word): MallocState {
  unlockArena(arena);
  return findArena(bytes);
}

/**
 * The arena for a request of C's, locked: main_arena while there is one thread only, else this
 * thread's.
 */
export function arenaForCall(bytes: word): MallocState {
  const arena = callArena;
  return arena != NO_ARENA ? locked(arena, bytes) : askForArena(bytes);
}

/** @noinline */
function askForArena(bytes: word): MallocState {
  if (!libc.hasThreads) return mainArena;
  const arena = arenaGet(bytes);
  callArena = arena;
  return arena;
}

/**
 * Another arena than `arena`, which could not serve `bytes` and is unlocked; this thread may stay
 * with it (arena_get_retry).
 * @noinline
 */
export function otherArena(arena: MallocState, bytes: word): MallocState {
  unlockArena(arena);
  if (arena == mainArena || mainArena.isRetired) return findArena(bytes);
  lockArena(mainArena);
  return mainArena;
}

/**
 * An arena for this thread, locked: one that is free, a new one, or one that is in use; or none
 * (arena_get2).
 * @noinline
 */
function findArena(bytes: word): MallocState {
  lockList();
  const arena = chooseArena(bytes);
  unlockList();
  return locked(arena, bytes);
}

function chooseArena(bytes: word): MallocState {
  if (IS_SMALL) return attach(mainArena);
  const free = changetype<MallocState>(<usize>libc.freeList);
  if (free != NO_ARENA) {
    libc.freeList = <u32>free.nextFree;
    if (free.attachedThreads != 0) corrupted(Failure.ASSERT_ARENA_FREE, changetype<usize>(free));
    return attach(free);
  }
  if (libc.narenasLimit == 0) {
    if (mp.arenaMax != 0) libc.narenasLimit = mp.arenaMax;
    else if (LIMITS_ARENAS_BY_TEST) {
      if (libc.narenas >= mp.arenaTest) libc.narenasLimit = max(<word>libc.cores, mp.arenaTest);
    } else if (libc.narenas > mp.arenaTest) {
      libc.narenasLimit = <word>libc.cores * ARENAS_A_CORE;
    }
  }
  // No limit yet counts as the highest.
  if (libc.narenas <= libc.narenasLimit - 1) return newArena(bytes);
  const shared = busyArena();
  if (shared == NO_ARENA) return NO_ARENA;
  libc.nextToUse = <u32>shared.next;
  return attach(shared);
}

/**
 * The next arena in turn, or the first after it in which nobody is right now (reused_arena). None
 * when all are retired.
 */
function busyArena(): MallocState {
  const first = libc.nextToUse != 0 ? changetype<MallocState>(<usize>libc.nextToUse) : mainArena;
  return IS_THREADED ? firstIdle(first) : first;
}

function firstIdle(first: MallocState): MallocState {
  let arena = first;
  let fallback = NO_ARENA;
  let left = MOST_ARENAS;
  do {
    if (!arena.isRetired) {
      if (isIdle(arenaPlace(arena))) return arena;
      if (fallback == NO_ARENA) fallback = arena;
    }
    arena = nextArena(arena, left--);
  } while (arena != first);
  return fallback;
}

/** Makes `arena` this thread's, in place of the one that it had. @noinline */
function attach(arena: MallocState): MallocState {
  detach(Failure.ASSERT_ARENA_REPLACED);
  arena.attachedThreads++;
  setThreadArena(arena);
  return arena;
}

/**
 * Counts this thread out of its arena (detach_arena); `failure` is what to say when the arena knows
 * of no thread.
 * @noinline
 */
function detach(failure: Failure): void {
  const arena = threadArena();
  if (arena == NO_ARENA) return;
  if (arena.attachedThreads == 0) corrupted(failure, changetype<usize>(arena));
  arena.attachedThreads--;
}

/**
 * A new arena, in a heap of its own with room for `bytes` if that can be; or none (_int_new_arena).
 * @noinline
 */
function newArena(bytes: word): MallocState {
  enterKernel();
  const arena = makeArena(bytes);
  leaveKernel();
  if (arena == NO_ARENA) return NO_ARENA;
  detach(Failure.ASSERT_ARENA_REPLACED);
  setThreadArena(arena);
  return arena;
}

/** Makes an arena and enters it in the ring. */
function makeArena(bytes: word): MallocState {
  const overhead = offsetof<HeapInfo>() + offsetof<MallocState>() + MALLOC_ALIGNMENT;
  let heap = newHeap(overhead + bytes);
  if (changetype<usize>(heap) == 0) heap = newHeap(overhead);
  if (changetype<usize>(heap) == 0) return NO_ARENA;
  const start = changetype<usize>(heap) + offsetof<HeapInfo>();
  const arena = changetype<MallocState>(start);
  memory.fill(start, 0, offsetof<MallocState>());
  heap.arPtr = <word>start;
  initArena(arena);
  arena.setNoncontiguous();
  if (IS_THREADED) clearQueue(arena);
  arena.systemMem = heap.size;
  arena.maxSystemMem = heap.size;
  const first =
    ((start + offsetof<MallocState>() + <usize>CHUNK_HDR_SZ + MALLOC_ALIGN_MASK) &
      ~MALLOC_ALIGN_MASK) -
    <usize>CHUNK_HDR_SZ;
  const top = changetype<Chunk>(first);
  arena.top = top;
  top.setHead(heap.size - <word>(first - changetype<usize>(heap)), PREV_INUSE);
  arena.next = mainArena.next;
  mainArena.next = <word>start;
  libc.narenas++;
  return arena;
}

/**
 * This thread's arena, at its exit: free for others when no other thread uses it
 * (__malloc_arena_thread_freeres).
 */
export function leaveArena(): void {
  const arena = threadArena();
  if (arena == NO_ARENA) return;
  detach(Failure.ASSERT_ARENA_LEFT);
  setThreadArena(NO_ARENA);
  if (!IS_SMALL && arena.attachedThreads == 0) putOnFreeList(arena);
}

/** Offers an arena that no thread uses to the next one that looks for one. */
export function putOnFreeList(arena: MallocState): void {
  if (IS_THREADED && arena.isRetired) return;
  arena.nextFree = <word>libc.freeList;
  libc.freeList = <u32>changetype<usize>(arena);
}
