// An asc transform that optimises before asc does, with inlining limits that asc has no options for. V8 pays for every call with a
// frame, a stack check and the reloading of what it kept in registers, and inlines nothing across WebAssembly functions. The
// limits are chosen by the replay benchmark (bench/questions/replay.ts) within the size budget of the core build: they take a
// fifth off a replay's time.

import binaryen from "assemblyscript/binaryen";
import { Transform } from "assemblyscript/transform";

/** Long ways that must not be inlined into the short ways in front of them. */
const OUT_OF_LINE = [
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
  "*/mayKeep",
  "*/emptyLarge",
  "*/queueRemote",
  "*/takeBack",
  "*/callBrk",
  "*/isNewsOfDirt",
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

// Sizes in nodes of Binaryen's tree: inlined always, if nothing argues against it, and when there is but one caller.
const ALWAYS = 80;
const FLEXIBLE = 300;
const ONE_CALLER = 4000;

export default class OptimizeTransform extends Transform {
  afterCompile(module) {
    for (const pattern of OUT_OF_LINE) {
      binaryen.setPassArgument("no-inline", pattern);
      module.runPasses(["no-inline"]);
    }
    binaryen.setOptimizeLevel(4);
    binaryen.setShrinkLevel(0);
    binaryen.setAlwaysInlineMaxSize(ALWAYS);
    binaryen.setFlexibleInlineMaxSize(FLEXIBLE);
    binaryen.setOneCallerInlineMaxSize(ONE_CALLER);
    binaryen.setAllowInliningFunctionsWithLoops(true);
    module.optimize();
  }
}
