// What does a block cost JavaScript when 256 of a size are alive at once?
//
// Rationale: past a pair, tcache's seven blocks a size run out and the bins work: fastbins up to 64
// bytes (of 32-bit chunks), then consolidation, splitting and the top. A batch is allocated, kept
// in a table, and freed in the order of allocation, as a request's or a frame's blocks are.
//
// Caveats: all blocks of one size; never fragmented. The engine's blocks are dropped by being
// overwritten in the table; their collection is inside the clock. AssemblyScript's stub does not
// free and is left out. An `empty Wasm call` stores what it is given, so its row holds the loop and
// the table too.

import { OURS, TLSF, jsAllocators, jsContestant } from "../contestants/allocators.js";
import { ratio, scaled, type Question } from "../lab/question.js";
import { cellOf, raceSizes } from "../lab/sizes.js";
import { SIZES } from "../lab/workloads.js";

export const jsBatches: Question = {
  name: "js-batches",
  question: "What does a block cost JavaScript when 256 of a size are alive at once?",
  async answer(scale) {
    const contestants = jsAllocators.filter(({ frees }) => frees);
    const names = contestants.map(({ name }) => name);
    const effort = scaled({ rounds: 6, seconds: 0.06 }, scale);
    const rows = await raceSizes("batches from JavaScript", names, SIZES, effort, (bytes) =>
      contestants
        .filter(({ sizes }) => sizes?.includes(bytes) ?? true)
        .map((allocator) => jsContestant(allocator, "batches", bytes)),
    );
    return {
      unit: "ns a block",
      columns: SIZES.map((size) => `${size} B`),
      rows,
      ratios: SIZES.flatMap((size, at) =>
        ratio(`${size} B: ours to TLSF`, cellOf(rows, OURS.ilp32, at), cellOf(rows, TLSF, at)),
      ),
      notes: [],
    };
  },
};
