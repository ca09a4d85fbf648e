// Where an arena's queue of remote frees (remote-frees.ts) begins: in the pad of its first heap's
// header, which glibc leaves alone; main_arena's in SharedState. In the threaded build only.

import { SharedState } from "../../sync/mutex";
import { HeapInfo, MallocState, mainArena, sharedState } from "../state";

/** Where the top of an arena's queue is. */
export function queuePlace(arena: MallocState): usize {
  if (arena == mainArena)
    return changetype<usize>(sharedState()) + offsetof<SharedState>("mainQueue");
  return changetype<usize>(arena) - offsetof<HeapInfo>() + offsetof<HeapInfo>("pad");
}

/** Makes the queue of a new arena empty. */
export function clearQueue(arena: MallocState): void {
  store<u32>(queuePlace(arena), 0);
}
