// The whole host ABI: what an embedder must supply besides the memory.

/**
 * Reports that an integrity check failed. Must not return: glibc would print a message and abort the process.
 * `code` is a member of `Failure`, `address` the chunk (or list entry) that failed the check.
 */
export declare function fail(code: i32, address: usize): void;
