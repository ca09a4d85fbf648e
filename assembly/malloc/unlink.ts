// Taking a free chunk out of its bin where the short ways do not lead: for realloc and trimming,
// whichever profile's bins there are.

import { IS_CLASSED } from "../abi/profile";
import { unlink } from "./bins";
import { Chunk } from "./chunk";
import { MallocState } from "./state";
import { remove } from "./classes/class-bins";

/** Takes a free chunk of `arena` out of the list that it is in. @noinline */
export function unlinkAside(arena: MallocState, p: Chunk): void {
  if (IS_CLASSED) remove(arena, p, p.size);
  else unlink(p);
}
