// The C functions that a heap is made of, and that a tracking heap puts its own in place of.

import type { MallocExports, SetupExports, Word } from "../binary/exports.js";
import type { Abi } from "../layout/address.js";

/**
 * The functions that a heap allocates with: C's, as {@link MallocExports} has them, and those for
 * many blocks of {@link SetupExports}.
 */
export type CFunctions<A extends Abi = Abi> = Pick<
  MallocExports<Word<A>>,
  | "malloc"
  | "calloc"
  | "realloc"
  | "reallocarray"
  | "free"
  | "memalign"
  | "aligned_alloc"
  | "posix_memalign"
  | "valloc"
  | "pvalloc"
  | "malloc_usable_size"
  | "malloc_trim"
> &
  Pick<SetupExports<Word<A>>, "malloc_many" | "free_many">;
