// What the builds differ in on the kernel's side, known at compile time: whatever stands behind
// `IS_FULL` costs the others nothing. The calls hardly look at it themselves. They ask what only
// the full build can say yes to: `asksFor` here, members of Vma and MmStruct, `isLocked`, `isFile`.
// And they call functions that in the others let everything pass: limits.ts, files/, mmap-kinds.ts.

/**
 * Whether this is the full build: all system calls, limits, residency, tracing. The others have
 * what malloc needs.
 */
export const IS_FULL: bool = FULL != 0;

/**
 * Whether a call's flags ask for something that only the full build has. The others do not look at
 * these bits, or have refused them before.
 */
export function asksFor(flags: i32, bits: i32): bool {
  return IS_FULL && (flags & bits) != 0;
}
