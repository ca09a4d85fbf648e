// What does it cost JavaScript to get one block and give it back?
//
// Rationale: the commonest life of a block is short, and an embedder calls malloc across the border
// between JavaScript and WebAssembly. The border itself is a contestant (`empty Wasm call`: the
// same signatures, nothing done), so that what is the allocator's can be told from what is the
// call's. What the engine offers instead stands beside it.
//
// Caveats: the best case of every allocator with a cache, as the same block comes back each time;
// the engine's buffers are cleared, malloc's blocks are not; of the engine's blocks the last 16
// stay reachable, the rest is garbage whose collection is inside the clock; V8 versions after Node
// 20's inline the empty functions away. lp64 passes BigInts.

import { EMPTY, OURS, TLSF, jsAllocators, pairContestant } from "../contestants/allocators.js";
import { ratio, scaled, type Question } from "../lab/question.js";
import { cellOf, raceSizes } from "../lab/sizes.js";
import { SIZES } from "../lab/workloads.js";

const UNIT_SIZE = 64;

export const jsPairs: Question = {
  name: "js-pairs",
  question: "What does it cost JavaScript to get one block and give it back?",
  isQuick: true,
  async answer(scale) {
    const allocators = jsAllocators();
    const names = allocators.map(({ name }) => name);
    const effort = scaled({ rounds: 6, seconds: 0.06 }, scale);
    const rows = await raceSizes("pairs from JavaScript", names, SIZES, effort, (bytes) =>
      allocators
        .filter(({ sizes }) => sizes?.includes(bytes) ?? true)
        .map((allocator) => pairContestant(allocator, bytes)),
    );
    const at = SIZES.indexOf(UNIT_SIZE);
    const ours = cellOf(rows, OURS.ilp32, at);
    return {
      unit: "ns a pair",
      columns: SIZES.map((size) => `${size} B`),
      rows,
      ratios: [
        ...ratio(`${UNIT_SIZE} B: ours to an empty call pair`, ours, cellOf(rows, EMPTY, at), 2.2),
        ...ratio(`${UNIT_SIZE} B: ours to TLSF`, ours, cellOf(rows, TLSF, at)),
        ...ratio(
          `${UNIT_SIZE} B: ours to new Uint8Array`,
          ours,
          cellOf(rows, "new Uint8Array(n)", at),
        ),
      ],
      notes: [],
    };
  },
};
