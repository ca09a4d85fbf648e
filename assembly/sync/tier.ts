// What the builds differ in where threads run at the same time, known at compile time: whatever
// stands behind `IS_THREADED` costs the others nothing.

/**
 * Whether this is a threaded build: shared memory, atomics, locks. In the others threads take
 * turns.
 */
export const IS_THREADED: bool = THREADS != 0;

/**
 * Whether locks count how many this thread holds: for the build that knows where a thread can die.
 */
export const COUNTS_HELD: bool = CRASH_POINTS != 0;
