// Everybody who can take part in `ptmalloc-wasm bench`, and the names that `--against` takes.

import { isNear } from "../../base/checks.js";
import { UsageError } from "../io.js";
import type { Contestant } from "./contestant.js";
import { assemblyScript } from "./contestants/assemblyscript.js";
import { cModules } from "./contestants/c-modules.js";
import { engine } from "./contestants/engine.js";
import { fromJsContestants } from "./contestants/from-js.js";
import { nativeContestants } from "./contestants/native.js";
import { ours, versions } from "./contestants/ours.js";
import { rustContestants } from "./contestants/rust.js";
import { twins } from "./contestants/twin.js";

/** All contestants, in the order of tables. */
export const contestants: readonly Contestant[] = [
  ...ours,
  ...versions,
  ...assemblyScript,
  ...cModules,
  ...rustContestants,
  ...twins,
  ...fromJsContestants,
  ...engine,
  ...nativeContestants,
];

/** Whether it is another version of glibc, here or native, which is raced when it is asked for. */
const isVersion = ({ name }: Contestant): boolean => name.startsWith("glibc-2.");

/** Names for several at a time, besides the groups' own. */
const TOGETHER: Readonly<Record<string, (contestant: Contestant) => boolean>> = {
  all: () => true,
  ours: (one) => one.group === "ours" && !isVersion(one),
  engine: ({ group }) => group === "engine",
  native: (one) => one.group === "native" && !isVersion(one),
  versions: isVersion,
  "from-js": ({ group }) => group === "from-js",
  controls: ({ group }) => group === "control",
  dlmalloc: ({ name }) => /^dlmalloc-(emscripten|wasi)$/.test(name),
  mimalloc: ({ name, group }) => name.startsWith("mimalloc") && group === "wasm",
  rust: ({ source }) => /rustc|crates\.io/.test(source),
  npm: (one) => /^(this package|this JavaScript engine|npm )/.test(one.source) && !isVersion(one),
};

/** @returns the names that {@link find} takes for several contestants at a time */
export function groupNames(): string[] {
  return Object.keys(TOGETHER);
}

/**
 * Finds contestants.
 * @param names of contestants and of several together (`engine`, `native`, `dlmalloc`, `all` …)
 * @param among whom
 * @returns whom they name, each once, in the order of the names
 * @throws UsageError that lists what there is, for a name that nobody has
 */
export function find(
  names: readonly string[],
  among: readonly Contestant[] = contestants,
): Contestant[] {
  const found = names.flatMap((name) => {
    const one = among.filter((contestant) => contestant.name === name);
    const matches = one.length > 0 ? one : among.filter(TOGETHER[name] ?? (() => false));
    if (matches.length === 0) throw new UsageError(unknown(name, among));
    return matches;
  });
  return [...new Set(found)];
}

function unknown(name: string, among: readonly Contestant[]): string {
  const known = among.map((contestant) => contestant.name);
  const all = [...known, ...groupNames()];
  const near = all.find((one) => isMeant(one, name));
  return (
    `there is no contestant "${name}"${near === undefined ? "" : ` (did you mean ${near}?)`}; ` +
    `there are ${known.join(", ")}; and for several together ${groupNames().join(", ")}`
  );
}

/** Most changes that make a name of another, for both to be near. */
const NEAR_CHANGES = 2;

/** Whether one is the beginning of the other, or few letters are different. */
function isMeant(known: string, given: string): boolean {
  if (given.length > 2 && (known.startsWith(given) || given.startsWith(known))) return true;
  return isNear(known, given.toLowerCase(), Math.min(NEAR_CHANGES, given.length - 1));
}
