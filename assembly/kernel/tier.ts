// What the builds differ in on the kernel's side, known at compile time: whatever stands behind
// `IS_FULL` costs the others nothing.

/**
 * Whether this is the full build: all system calls, limits, residency, tracing. The others have
 * what malloc needs.
 */
export const IS_FULL: bool = FULL != 0;
