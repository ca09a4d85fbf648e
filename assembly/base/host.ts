// The whole host ABI: what an embedder must supply besides the memory.

/**
 * Reports that an integrity check failed. Must not return: glibc would print a message and abort the process.
 * `code` is a member of `Failure`, `address` the chunk (or list entry) that failed the check.
 */
export declare function fail(code: i32, address: usize): void;

/**
 * Reports a system call that has just been made, with its six arguments and its raw result. In the full build only, and only while
 * tracing is on.
 */
export declare function trace(
  nr: i32,
  a1: word,
  a2: word,
  a3: word,
  a4: word,
  a5: word,
  a6: word,
  result: word,
): void;
