// An asc transform that optimises before asc does, with inlining limits that asc has no options
// for. V8 pays for every call with a frame, a stack check and the reloading of what it kept in
// registers, and inlines nothing across WebAssembly functions. The limits are chosen by the replay
// benchmark (bench/questions/replay.ts) within the size budget of the core build: they take a fifth
// off a replay's time.

import assemblyscript from "assemblyscript";
import binaryen from "assemblyscript/binaryen";
import { Transform } from "assemblyscript/transform";
import { MARKS, isMarked } from "./places.mjs";

const { NodeKind } = assemblyscript;

// Sizes in nodes of Binaryen's tree: inlined always, if nothing argues against it, and when there
// is but one caller. What has the replay loop is raced. The core is to stay below 24 KiB, for which
// some versions of glibc have too much code. The full build is looked at rather than raced.
const REPLAY = { always: 120, flexible: 500 };
const FAST = { always: 80, flexible: 300 };
const CORE = { always: 40, flexible: 150 };
const SMALL = { always: 20, flexible: 60 };
const ONE_CALLER = 4000;

/** Versions of which the core is made as small as can be. */
const LARGE_VERSIONS = ["40", "41", "43"];

const REPLAY_ENTRY = "assembly/replay/index";

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
  /** Whether the replay loop is part of it. */
  #isReplay = false;

  afterParse(parser) {
    this.#isReplay = parser.sources.some(({ internalPath }) => internalPath === REPLAY_ENTRY);
    for (const { internalPath, text, statements } of parser.sources) {
      const marked = statements.filter(
        ({ kind, range }) =>
          kind === NodeKind.FunctionDeclaration &&
          (isMarked(text, range.start, MARKS.noinline) ||
            (!this.#isReplay && isMarked(text, range.start, MARKS.shared))),
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
    const isFull = this.#option("FULL") === "1";
    const { always, flexible } = this.#limits(isFull);
    binaryen.setAlwaysInlineMaxSize(always);
    binaryen.setFlexibleInlineMaxSize(flexible);
    binaryen.setOneCallerInlineMaxSize(ONE_CALLER);
    binaryen.setAllowInliningFunctionsWithLoops(true);
    module.optimize();
    if (isFull) exportState(module);
  }

  #option(name) {
    return this.program.options.globalAliases?.get(name);
  }

  #limits(isFull) {
    if (isFull || this.#option("PROFILE") === "2") return SMALL;
    if (this.#isReplay) return REPLAY;
    if (this.#option("PROFILE") !== "0" || this.#option("THREADS") !== "0") return FAST;
    return LARGE_VERSIONS.includes(this.#option("GLIBC")) ? SMALL : CORE;
  }
}
