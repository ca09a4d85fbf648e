// Many blocks in one call, for hosts whose calls into WebAssembly cost more than malloc does.

import { freeUncached, mallocUncached } from "./malloc/api";
import { verifyHeap } from "./malloc/checker/invariants";

/**
 * malloc(3) for each of the `count` sizes at `list`, of 32 bits each and 4-aligned, whose places
 * the addresses take: 0 where there was no memory, and errno is ENOMEM then.
 */
export function mallocMany(list: usize, count: u32): void {
  verifyHeap();
  for (const end = list + ((<usize>count) << 2); list < end; list += 4)
    store<u32>(list, <u32>mallocUncached(<word>load<u32>(list)));
}

/**
 * free(3) for each of the `count` addresses at `list`, of 32 bits each and 4-aligned, in their
 * order.
 */
export function freeMany(list: usize, count: u32): void {
  verifyHeap();
  for (const end = list + ((<usize>count) << 2); list < end; list += 4) {
    const mem = <usize>load<u32>(list);
    if (mem != 0) freeUncached(mem);
  }
}
