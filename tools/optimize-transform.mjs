// An asc transform that optimises before asc does, with inlining limits that asc has no options
// for. V8 pays for every call with a frame, a stack check and the reloading of what it kept in
// registers, and inlines nothing across WebAssembly functions. The limits are chosen by the replay
// benchmark (bench/questions/replay.ts) within the size budget of the core build: they take a fifth
// off a replay's time.

import binaryen from "assemblyscript/binaryen";
import { Transform } from "assemblyscript/transform";
import { OUT_OF_LINE } from "./places.mjs";

// Sizes in nodes of Binaryen's tree: inlined always, if nothing argues against it, and when there
// is but one caller. The full build is looked at rather than raced, and a fifth smaller so.
const FAST = { always: 80, flexible: 300 };
const SMALL = { always: 20, flexible: 60 };
const ONE_CALLER = 4000;

export default class OptimizeTransform extends Transform {
  afterCompile(module) {
    for (const pattern of OUT_OF_LINE) {
      binaryen.setPassArgument("no-inline", pattern);
      module.runPasses(["no-inline"]);
    }
    binaryen.setOptimizeLevel(4);
    binaryen.setShrinkLevel(0);
    const isFull = this.program.options.globalAliases?.get("FULL") === "1";
    const { always, flexible } = isFull ? SMALL : FAST;
    binaryen.setAlwaysInlineMaxSize(always);
    binaryen.setFlexibleInlineMaxSize(flexible);
    binaryen.setOneCallerInlineMaxSize(ONE_CALLER);
    binaryen.setAllowInliningFunctionsWithLoops(true);
    module.optimize();
  }
}
