// Where the transforms find what they treat apart: functions and files of assembly/, by their
// names. `npm run tidy` checks that each of these exists: what is moved or renamed is not left out
// unseen.

/**
 * Long ways that must not be inlined into the short ways in front of them: functions by name, with
 * the file's name where the function's alone says too little.
 */
export const OUT_OF_LINE = [
  "*/mallocUncached",
  "*/freeUncached",
  "*/moveBreak",
  "*/mapRegion",
  "*/unmapRegion",
  "*/remapRegion",
  "*/placeRegion",
  "*/unmappedArea",
  "*/enterRegion",
  "*/removeRegions",
  "*/cutEdges",
  "*/splitVma",
  "*/erase",
  "*/isMapped",
  "*/lookupVma",
  "*/takeVma",
  "*/reserveVmas",
  "*/newSlab",
  "*/accountPages",
  "*/clearDirty",
  "*/tree/refresh",
  "*/tree/lift",
  "*/tree/settle",
  "*/tree/link",
  "*/tree/unlink",
  "*/tree/neighbour",
  "*/tree/findVma",
  "*/tree/lastBelow",
  "*/tree/lowestGap",
  "*/tree/highestGap",
  "*/coverPages",
  "*/noticeForeignGrowth",
  "*/mapChunk",
  "*/unmapChunk",
  "*/systemMalloc",
  "*/unlinkSize",
  "*/unlinkAside",
  "*/allocateAligned",
  "*/allocate/allocate",
  "*/mergeChunk",
  "*/collectInfo",
  "*/arenaOfHeap",
  "*/giveBack",
  "*/initTcache",
  "*/askForArena",
  "*/findArena",
  "*/otherArena",
  "*/attach",
  "*/newArena",
  "*/initArena",
  "*/newHeap",
  "*/mapHeap",
  "*/reserveAligned",
  "*/extendHeap",
  "*/trimHeap",
  "*/heapMaxSize",
  "*/callMmap",
  "*/takeThread",
  "*/freeMapped",
  "*/journal/note",
  "*/acquireSlowly",
  "*/mutex/sleep",
  "*/mutex/look",
  "*/tryKeep",
  "*/emptyLarge",
  "*/tryQueue",
  "*/takeBack",
  "*/callBrk",
  "*/isNewlyDirty",
  "*/knownZeroFrom",
  "*/moveDown",
  "*/detach",
  "*/setErrno",
  "*/protectRegion",
  "*/links/followAside",
  "*/links/refuseAside",
  "*/links/mustBeMapped",
  "*/isReadable",
  "*/tree/childOf",
  "*/tree/parentOf",
  "*/tree/climb",
  "*/mm/isWild",
  "*/mustBeArena",
  "*/belongsAside",
];

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
export const THREADED = ["sync/", "kernel/journal", "malloc/repair"];

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
