// Traces for contestants, as `ptmalloc-wasm bench` gives them.

import { labTrace as labTraceOf } from "../../../src/cli/bench/lab-trace.js";
import { layouts } from "../../../src/layout/generated.js";
import { encodeOps } from "../../../src/trace/encode.js";
import { parseTrace } from "../../../src/trace/parse.js";
import type { LabTrace } from "../../../src/cli/bench/contestant.js";
import { Prng } from "../../support/prng.js";

/** @returns a trace of these lines, with what it comes to */
export function labTrace(lines: readonly string[], name = "test.rep"): LabTrace {
  return labTraceOf(parseTrace(Buffer.from(`${lines.join("\n")}\n`), name), name);
}

/** @returns the same trace with another outcome, everything asked for that it asks for */
export function withOutcome(lab: LabTrace, outcome: LabTrace["outcome"]): LabTrace {
  const ops: LabTrace["ops"] = (abi) => new Uint8Array(encodeOps(lab.trace, abi, layouts[abi].Op));
  return { ...lab, outcome, ops };
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
