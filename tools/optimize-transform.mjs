// An asc transform that optimises before asc does, with inlining limits that asc has no options
// for. V8 pays for every call with a frame, a stack check and the reloading of what it kept in
// registers, and inlines nothing across WebAssembly functions. The limits are chosen by the replay
// benchmark (bench/questions/replay.ts) within the size budget of the core build: they take a fifth
// off a replay's time.

import assemblyscript from "assemblyscript";
import binaryen from "assemblyscript/binaryen";
import { Transform } from "assemblyscript/transform";
import { DEFAULT_GLIBC } from "./builds.mjs";
import { MARKS, isMarked } from "./places.mjs";

const { NodeKind } = assemblyscript;

// Sizes in nodes of Binaryen's tree: inlined always, if nothing argues against it, and when there
// is but one caller. The full build is looked at rather than raced, and a fifth smaller so.
const FAST = { always: 80, flexible: 300 };
const SMALL = { always: 20, flexible: 60 };

// Later versions of glibc have more code in the same space; a twentieth of a replay's time.
const LATER = { always: 40, flexible: 150 };
const ONE_CALLER = 4000;

/**
 * Exports the variables of an instance, as "state0", "state1" and so on: with the memory they are
 * all that a thread is, and a checkpoint has both (src/process/checkpoint.ts).
 */
function exportState(module) {
  const names = [];
  for (let i = 0; i < module.getNumGlobals(); i++) {
    const { name, mutable } = binaryen.getGlobalInfo(module.getGlobalByIndex(i));
    if (mutable) names.push(name);
  }
  names.forEach((name, i) => module.addGlobalExport(name, `state${i}`));
}

export default class OptimizeTransform extends Transform {
  /** asc's names of the functions that stay out of line. @type {string[]} */
  #marked = [];

  afterParse(parser) {
    for (const { internalPath, text, statements } of parser.sources) {
      const marked = statements.filter(
        ({ kind, range }) =>
          kind === NodeKind.FunctionDeclaration && isMarked(text, range.start, MARKS.noinline),
      );
      this.#marked.push(...marked.map(({ name }) => `${internalPath}/${name.text}`));
    }
  }

  afterCompile(module) {
    for (const name of this.#marked) {
      binaryen.setPassArgument("no-inline", name);
      module.runPasses(["no-inline"]);
    }
    binaryen.setOptimizeLevel(4);
    binaryen.setShrinkLevel(0);
    const isFull = this.program.options.globalAliases?.get("FULL") === "1";
    const isSmall = this.program.options.globalAliases?.get("PROFILE") === "2";
    const isLater = this.program.options.globalAliases?.get("GLIBC") !== String(DEFAULT_GLIBC);
    const { always, flexible } = isFull || isSmall ? SMALL : isLater ? LATER : FAST;
    binaryen.setAlwaysInlineMaxSize(always);
    binaryen.setFlexibleInlineMaxSize(flexible);
    binaryen.setOneCallerInlineMaxSize(ONE_CALLER);
    binaryen.setAllowInliningFunctionsWithLoops(true);
    module.optimize();
    if (isFull) exportState(module);
  }
}
