// Where the transforms find what they treat apart: functions of assembly/ by a mark, files by
// their names. `npm run tidy` checks that marks stand on functions and that the files exist: what
// is moved or renamed is not left out unseen.

/**
 * Marks of functions, in their docstrings: one that must not be inlined into the short ways in
 * front of it, in this project's builds; one that must not be where the build is to be small; one
 * that asc is to inline in its users' programs, which have no transform.
 */
export const MARKS = { noinline: /@noinline\b/, shared: /@shared\b/, inline: /@inline\b/ };

/**
 * Whether the declaration at `start` in a source has a docstring with a mark.
 * @param {string} text
 * @param {number} start
 * @param {RegExp} mark
 */
export function isMarked(text, start, mark) {
  const head = text.slice(0, text.lastIndexOf("\n", start) + 1).trimEnd();
  const comment = head.slice(Math.max(head.lastIndexOf("/**"), 0));
  return comment.indexOf("*/") === comment.length - 2 && mark.test(comment);
}

/**
 * Whose stores the undo journal notes (tools/journal-transform.mjs): the kernel, and those parts of
 * malloc that change something together with it. Files, or folders with "/" at the end.
 */
export const JOURNALED = [
  "kernel/",
  "malloc/arena",
  "malloc/extend",
  "malloc/heap",
  "malloc/mapped",
  "malloc/segments",
  "malloc/trim",
];

/** Of these the journal's own stores, and those of its lock, are not noted. */
export const NOT_JOURNALED = ["kernel/journal", "kernel/mmap-lock"];

/** Where structs are that only the threaded builds use. */
export const THREADED = ["sync/", "kernel/journal", "malloc/estate", "malloc/repair"];

/** Where structs are that only the profile "throughput" uses. */
export const THROUGHPUT = ["malloc/throughput/"];

/** Where structs are that all but the profile "small" use. */
export const TCACHE = ["malloc/tcache-lists"];

/** Where structs are that only the full build uses. */
export const FILES = ["kernel/files/inode", "kernel/files/shmem"];

/**
 * Whether something of assembly/ is in one of these files and folders.
 * @param {readonly string[]} places
 * @param {string} name asc's for it: "assembly/kernel/calls/brk/moveBreak"
 */
export function isIn(places, name) {
  return places.some((one) => name.startsWith(`assembly/${one.replace(/\/?$/, "/")}`));
}
