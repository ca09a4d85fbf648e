// What the JavaScript engine allocates itself, and the loop that does it without.

import { deedsOf, EngineRun, ownLoop, type Maker } from "../../engine/loop.js";
import { WAYS } from "../../engine/makers.js";
import type { Contestant, Group, Racer, RacerHeap } from "../contestant.js";
import { timedPass, timedSlices } from "../slices.js";

/** One block for all: what the loop costs by itself. */
class NoBlocks implements Maker<object> {
  readonly #block = {};

  make(): object {
    return this.#block;
  }

  resize(old: object): object {
    return old;
  }

  free(): void {
    // There is nothing.
  }
}

/** The engine's ways, and their control. */
export const engine: readonly Contestant[] = [
  ...Object.entries(WAYS).map(([name, { title, phrase, maker }]) =>
    contestant(`engine-${name}`, title, phrase, "engine", maker),
  ),
  contestant(
    "nothing-js",
    "no allocator (JavaScript)",
    "the loop itself: one object stands for every block",
    "control",
    () => new NoBlocks(),
  ),
];

function contestant(
  name: string,
  title: string,
  about: string,
  group: Group,
  maker: () => Maker<unknown>,
): Contestant {
  const loop = ownLoop();
  const racer: Racer = {
    version: `V8 ${process.versions.v8}`,
    code: null,
    start: ({ trace, outcome }) =>
      heap(trace.count, new EngineRun(loop, maker(), deedsOf(trace, outcome))),
  };
  return {
    name,
    title,
    group,
    about,
    source: "this JavaScript engine",
    abilities: ["frees", "from-js"],
    control: group === "control" ? null : "nothing-js",
    prepare: () => Promise.resolve(racer),
  };
}

function heap(operations: number, engine: EngineRun<unknown>): RacerHeap {
  let refused = 0;
  const run = (first: number, end: number): void => {
    refused += engine.run(first, end);
  };
  return {
    pass: () => timedPass(run, operations),
    drain: () => engine.drain(),
    slices: (count) => timedSlices(run, operations, count, null),
    get refused() {
      return refused;
    },
    close: () => undefined,
  };
}
