// The whole host ABI: what an embedder must supply besides the memory.

/**
 * Reports that an integrity check failed. Must not return: glibc would print a message and abort
 * the process. `code` is a member of `Failure`, `address` the chunk (or list entry) that failed the
 * check.
 */
export declare function fail(code: i32, address: usize): void;

/**
 * Reports a system call that has just been made, with its six arguments and its raw result. In the
 * full build only, and only while tracing is on.
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

/**
 * Reports a decision of malloc's or free's: `what` is a member of `Step`. In the full build only,
 * and only while `tell_steps` has it so.
 */
export declare function step(what: i32, first: word, second: word): void;

// Files, in the full build only. `file` is the number that the host gave with open_file; positions
// and sizes are bytes, as numbers that a double holds exactly. Failures are -errno.

/**
 * Reads up to `length` bytes at `position` to `address`. How many: fewer only at the end of the
 * file.
 */
export declare function file_read(file: i32, position: f64, address: usize, length: usize): i32;

/** Writes `length` bytes from `address` at `position`. `length`: all of them. */
export declare function file_write(file: i32, position: f64, address: usize, length: usize): i32;

/** The file's size. */
export declare function file_size(file: i32): f64;

/** Makes the file `size` bytes long. 0. */
export declare function file_truncate(file: i32, size: f64): i32;

/**
 * Waits until what was written is on the disk, with `isDataOnly` without what else is known of the
 * file. 0.
 */
export declare function file_sync(file: i32, isDataOnly: i32): i32;

/** Says that nobody uses the file any more: the number is free. 0. */
export declare function file_close(file: i32): i32;
