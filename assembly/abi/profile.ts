// Which heap a build is: glibc's, address for address, or one that is made for speed. Whatever
// stands behind this constant costs the other profile nothing.

/**
 * Whether this is the profile "throughput": chunks, arenas and system calls are glibc's, and where
 * a block comes from is not (malloc/throughput/).
 */
export const IS_THROUGHPUT: bool = PROFILE == 1;

/**
 * Whether this is the profile "small": the same heap, with nothing kept for later and chunks packed
 * as densely as can be (malloc/small/).
 */
export const IS_SMALL: bool = PROFILE == 2;

/** Whether free chunks are in lists of classes at once, without fast bins or an unsorted bin. */
export const IS_CLASSED: bool = PROFILE != 0;
