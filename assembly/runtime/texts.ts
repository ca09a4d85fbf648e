// How a program that has the heap compiled in learns of failures. tools/build-as.mjs puts the
// functions themselves here, since they need texts, which the sources must not have.

/**
 * Aborts the program with glibc's message for `code`, a member of `Failure` or `Invariant`, and the
 * `address` of the chunk.
 */
export declare function fail(code: i32, address: usize): void;

/** Aborts the program because no block of `bytes` bytes could be had. */
export declare function noMemory(bytes: usize): void;
