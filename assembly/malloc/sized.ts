// free's two variants of C23, which glibc has from 2.43 on. It looks at neither size nor alignment.

import { free } from "./api";

/** free_sized(3): free of a block that was asked for with `bytes` bytes. */
export function freeSized(address: word, _bytes: word): void {
  free(address);
}

/** free_aligned_sized(3): free of a block that was asked for with `alignment` and `bytes`. */
export function freeAlignedSized(address: word, _alignment: word, _bytes: word): void {
  free(address);
}
