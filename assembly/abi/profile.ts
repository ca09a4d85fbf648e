// Which heap a build is: glibc's, address for address, or one that is made for speed. Whatever
// stands behind this constant costs the other profile nothing.

/**
 * Whether this is the profile "throughput": chunks, arenas and system calls are glibc's, and where
 * a block comes from is not (malloc/throughput/).
 */
export const IS_THROUGHPUT: bool = PROFILE == 1;
