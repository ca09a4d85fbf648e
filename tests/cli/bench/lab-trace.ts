// Traces for contestants, as `ptmalloc-wasm bench` gives them.

import { encodeOps } from "../../../src/trace/encode.js";
import { layouts } from "../../../src/layout/generated.js";
import { observe } from "../../../src/trace/measure.js";
import { parseTrace } from "../../../src/trace/parse.js";
import type { LabTrace } from "../../../src/cli/bench/contestant.js";
import { Prng } from "../../support/prng.js";

/** @returns a trace of these lines, with what it comes to */
export function labTrace(lines: readonly string[], name = "test.rep"): LabTrace {
  const trace = parseTrace(Buffer.from(`${lines.join("\n")}\n`), name);
  return {
    name,
    trace,
    outcome: observe(trace, {}),
    ops: (abi) => new Uint8Array(encodeOps(trace, abi, layouts[abi].Op)),
  };
}

/** Operations of {@link mixture}. */
const STEPS = 3000;
/** Ids that it uses; some are live at its end. */
const IDS = 120;

/**
 * @param seed whatever is printed with a failure
 * @returns all five kinds, with blocks that grow, shrink and end by realloc, and alignments
 */
export function mixture(seed: number): string[] {
  const prng = new Prng(seed);
  const live = new Set<number>();
  const size = (): number => prng.int(0, prng.chance(0.05) ? 300_000 : 600);
  return Array.from({ length: STEPS }, () => {
    const id = prng.int(0, IDS - 1);
    if (!live.has(id)) {
      live.add(id);
      return prng.pick([
        `a ${id} ${size()}`,
        `c ${id} ${prng.int(0, 20)} ${prng.int(0, 50)}`,
        `m ${id} ${8 << prng.int(0, 6)} ${size()}`,
        `r ${id} ${size()}`,
      ]);
    }
    if (prng.chance(0.4)) return `r ${id} ${size() + 1}`;
    live.delete(id);
    return prng.chance(0.2) ? `r ${id} 0` : `f ${id}`;
  });
}
