// A stack that many threads push onto at the same time and one at a time takes as a whole (R. K.
// Treiber, 1986). A node is any piece of memory; its first four bytes hold the address of the node
// below, 0 for the last. Nobody pops a single node, so no node can come back between two looks at
// the top. In the threaded build only.

import { see } from "./mutex";

/**
 * Pushes `node` onto the stack whose top is at `place`. What was the top: 0 when the stack was
 * empty.
 */
export function push(place: usize, node: usize): usize {
  see(place);
  let top: u32;
  do {
    top = atomic.load<u32>(place);
    store<u32>(node, top);
  } while (atomic.cmpxchg<u32>(place, top, <u32>node) != top);
  return <usize>top;
}

/** The top of the stack at `place`, or 0. */
export function topOf(place: usize): usize {
  see(place);
  return <usize>atomic.load<u32>(place);
}

/** Empties the stack at `place` if its top still is `top`. Whether it was. */
export function takeAll(place: usize, top: usize): bool {
  return atomic.cmpxchg<u32>(place, <u32>top, 0) == <u32>top;
}

/** The node below `node`, or 0. */
export function below(node: usize): usize {
  return <usize>load<u32>(node);
}
