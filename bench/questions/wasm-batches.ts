// What does a block cost a WebAssembly module when 256 of a size are alive at once?
//
// Rationale: past tcache's seven blocks of a size: fastbins, bins, splitting, consolidation, and
// the top going up and down; the same loop around each contestant, and in C around native glibc.
//
// Caveats: all blocks of one size; never fragmented; the order of freeing is that of allocation.
// AssemblyScript's stub forgets the whole batch at once instead of freeing it.

import { OURS, TLSF, loopAllocators } from "../contestants/allocators.js";
import { NATIVE_NAMES } from "../contestants/native.js";
import { ratio, scaled, type Question } from "../lab/question.js";
import { cellOf, raceSizes } from "../lab/sizes.js";
import { SIZES } from "../lab/workloads.js";

export const wasmBatches: Question = {
  name: "wasm-batches",
  question: "What does a block cost a WebAssembly module when 256 of a size are alive at once?",
  async answer(scale) {
    const names = loopAllocators.map(({ name }) => name);
    const effort = scaled({ rounds: 6, seconds: 0.06 }, scale);
    const rows = await raceSizes("batches in WebAssembly", names, SIZES, effort, (bytes) =>
      loopAllocators.flatMap((allocator) => allocator.contestant("batches", bytes) ?? []),
    );
    const ratios = SIZES.flatMap((size, at) => {
      const ours = cellOf(rows, OURS.ilp32, at);
      return [
        ...ratio(`${size} B: ours to TLSF`, ours, cellOf(rows, TLSF, at)),
        ...ratio(`${size} B: ours to native i386`, ours, cellOf(rows, NATIVE_NAMES.ilp32, at)),
        ...ratio(`${size} B: ours to native x86-64`, ours, cellOf(rows, NATIVE_NAMES.lp64, at)),
      ];
    });
    return {
      unit: "ns a block",
      columns: SIZES.map((size) => `${size} B`),
      rows,
      ratios,
      notes: [],
    };
  },
};
