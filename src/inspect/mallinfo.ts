// mallinfo2(3) without a call: the sums that int_mallinfo makes, from the structs and lists as they
// are. It survives what glibc's would not.

import type { Mallinfo2 } from "../layout/generated.js";
import { readMallocPar } from "./arenas.js";
import type { HeapView } from "./chunks.js";
import { isDamage, type Damage } from "./damage.js";
import { binCount, fastbinsOf, walkBin, walkFastbin, type Entry } from "./lists.js";
import { readHead } from "./source.js";

/** What a list holds: chunks, and their bytes. */
function tally(walk: Iterable<Entry | Damage>): { count: number; bytes: number } {
  let [count, bytes] = [0, 0];
  for (const one of walk) {
    if (isDamage(one)) continue;
    count++;
    bytes += one.size;
  }
  return { count, bytes };
}

/**
 * What `mallinfo2()` would say, bytes and counts (man 3 mallinfo2); of damaged lists, what can be
 * reached.
 */
export function mallinfoOf({ source, arenas }: HeapView): Mallinfo2 {
  const { nMmaps: hblks, mmappedMem: hblkhd } = readMallocPar(source);
  const sums = { arena: 0, ordblks: 0, smblks: 0, fsmblks: 0, fordblks: 0, uordblks: 0 };
  let keepcost = 0;
  for (const arena of arenas) {
    const fast = fastbinsOf(arena).map((_, i) => tally(walkFastbin(source, arena, i)));
    const bins = Array.from({ length: binCount(source) - 1 }, (_, i) =>
      tally(walkBin(source, arena.address, i + 1)),
    );
    const { offset } = source.structs.Chunk.fields.mchunkSize;
    const top = readHead(source, arena.state.top + offset).size;
    const fastBytes = fast.reduce((sum, { bytes }) => sum + bytes, 0);
    const free = bins.reduce((sum, { bytes }) => sum + bytes, fastBytes + top);
    sums.arena += arena.state.systemMem;
    sums.smblks += fast.reduce((sum, { count }) => sum + count, 0);
    sums.fsmblks += fastBytes;
    sums.ordblks += bins.reduce((sum, { count }) => sum + count, 1);
    sums.fordblks += free;
    sums.uordblks += arena.state.systemMem - free;
    if (arena.address === source.places.mainArena) keepcost = top;
  }
  return { ...sums, hblks, hblkhd, usmblks: 0, keepcost };
}
