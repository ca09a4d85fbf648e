// What the calls of C have in common: this thread's tcache, which the first of them makes, and the
// arena that serves them.

import { IS_SMALL } from "../abi/profile";
import { MAKES_TCACHE_LATE } from "../abi/version";
import { queuesFrees } from "../sync/mutex";
import { IS_THREADED } from "../sync/tier";
import { allocate } from "./allocate";
import { NO_ARENA, arenaFor, arenaForCall, arenaGet, otherArena, unlockArena } from "./arena";
import { Chunk } from "./chunk";
import { takeBack } from "./release";
import { MallocState, libc } from "./state";
import { adoptTcache, bytesOfTcache, tcache } from "./tcache";

/** Makes this thread's tcache on its first call that needs one (MAYBE_INIT_TCACHE). */
export function maybeInitTcache(): void {
  if (!IS_SMALL && !MAKES_TCACHE_LATE && tcache == 0) initTcache();
}

/** Makes this thread's tcache in its arena, or in another one (tcache_init). @noinline */
function initTcache(): void {
  const bytes = bytesOfTcache();
  let arena = arenaGet(bytes);
  let mem = allocate(arena, bytes);
  if (mem == 0 && arena != NO_ARENA) {
    arena = otherArena(arena, bytes);
    mem = allocate(arena, bytes);
  }
  unlockArena(arena);
  if (mem != 0) adoptTcache(mem);
}

/** The arena for a request of C's, locked, and with what others have queued for it. */
export function openArena(bytes: word): MallocState {
  const arena = arenaForCall(bytes);
  if (IS_THREADED && queuesFrees) takeBack(arena, true);
  return arena;
}

/** Whether a request that `arena` could not serve is worth another try elsewhere. */
export function mayRetry(mem: usize, arena: MallocState): bool {
  return !IS_SMALL && mem == 0 && libc.hasThreads && arena != NO_ARENA;
}

/** Whether a chunk just served belongs to `arena`: glibc asserts it of every result. */
export function belongsTo(mem: usize, arena: MallocState): bool {
  if (IS_SMALL || mem == 0) return true;
  const p = Chunk.ofMem(mem);
  return p.isMmapped || arenaFor(p) == arena;
}

/** The same by a call: for functions other than malloc. @noinline */
export function belongsAside(mem: usize, arena: MallocState): bool {
  return belongsTo(mem, arena);
}
