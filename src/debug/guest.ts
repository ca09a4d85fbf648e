// malloc and its family as a guest module imports them, over a tracker.

import type { CFunctions } from "../heap/c-functions.js";
import type { Word } from "../binary/exports.js";
import { PAGE_BYTES } from "../process/options.js";
import type { Process } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import type { Tracker } from "./tracker.js";
import { EINVAL, ENOMEM } from "../layout/generated.js";

/**
 * @returns functions that allocate with the tracker: signed words as the exports of the binary have
 *   them
 */
export function cFunctions<A extends Abi>(process: Process<A>, tracker: Tracker): CFunctions<A> {
  const number = (word: Word<A>) => process.fromWord(word);
  const word = (value: number) =>
    (process.abi === "ilp32" ? value | 0 : BigInt.asIntN(64, BigInt(value))) as Word<A>;
  return {
    malloc: (size) => word(tracker.malloc(number(size))),
    calloc: (count, size) => word(tracker.calloc(number(count), number(size))),
    realloc: (mem, size) => word(tracker.realloc(number(mem), number(size))),
    reallocarray: (mem, count, size) =>
      word(tracker.reallocarray(number(mem), number(count), number(size))),
    free: (mem) => tracker.free(number(mem)),
    memalign: (alignment, size) => word(tracker.memalign(number(alignment), number(size))),
    aligned_alloc: (alignment, size) => word(tracker.alignedAlloc(number(alignment), number(size))),
    valloc: (size) => word(tracker.memalign(PAGE_BYTES, number(size))),
    pvalloc: (size) => {
      const pages = Math.ceil(number(size) / PAGE_BYTES);
      return word(tracker.memalign(PAGE_BYTES, pages * PAGE_BYTES));
    },
    posix_memalign: (out, alignment, size) => {
      const bytes = number(alignment);
      const least = process.abi === "ilp32" ? 4 : 8;
      if (bytes < least || !Number.isInteger(Math.log2(bytes))) return EINVAL;
      const mem = tracker.memalign(bytes, number(size));
      if (mem === 0) return ENOMEM;
      const view = process.view();
      if (process.abi === "ilp32") view.setUint32(number(out), mem, true);
      else view.setBigUint64(number(out), BigInt(mem), true);
      return 0;
    },
    malloc_trim: (pad) => (process.raw as CFunctions<A>).malloc_trim(pad),
    malloc_many: (list, count) => {
      for (let at = list; at < list + 4 * count; at += 4) {
        const mem = tracker.malloc(process.view().getUint32(at, true));
        process.view().setUint32(at, mem, true);
      }
    },
    free_many: (list, count) => {
      for (let at = list; at < list + 4 * count; at += 4)
        tracker.free(process.view().getUint32(at, true));
    },
    malloc_usable_size: (mem) => word(tracker.usableSize(number(mem))),
  };
}
