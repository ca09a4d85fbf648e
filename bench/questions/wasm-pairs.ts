// What does it cost a WebAssembly module to get one block and give it back?
//
// Rationale: the allocator's fast path alone, called from the module that it is compiled into, no
// border in the way; the same loop (bench/assembly/loops.ts) around each, and the same loop in C
// around native glibc.
//
// Caveats: the best case of every cache. asc may inline what it sees, and does so to whoever is
// small enough; glibc is behind a PLT. TLSF is compiled without its assertions (--noAssert), as
// everything here.

import { OURS, TLSF, loopAllocators } from "../contestants/allocators.js";
import { NATIVE_NAMES } from "../contestants/native.js";
import { ratio, scaled, type Question } from "../lab/question.js";
import { cellOf, raceSizes } from "../lab/sizes.js";
import { SIZES } from "../lab/workloads.js";

const TARGETS: Readonly<Record<number, number>> = { 64: 1 };

export const wasmPairs: Question = {
  name: "wasm-pairs",
  question: "What does it cost a WebAssembly module to get one block and give it back?",
  isQuick: true,
  async answer(scale) {
    const names = loopAllocators.map(({ name }) => name);
    const effort = scaled({ rounds: 6, seconds: 0.06 }, scale);
    const rows = await raceSizes("pairs in WebAssembly", names, SIZES, effort, (bytes) =>
      loopAllocators.flatMap((allocator) => allocator.contestant("pairs", bytes) ?? []),
    );
    const ratios = SIZES.flatMap((size, at) => {
      const ours = cellOf(rows, OURS.ilp32, at);
      const target = TARGETS[size];
      return [
        ...ratio(`${size} B: ours to TLSF`, ours, cellOf(rows, TLSF, at), target),
        ...ratio(`${size} B: ours to native i386`, ours, cellOf(rows, NATIVE_NAMES.ilp32, at)),
        ...ratio(`${size} B: ours to native x86-64`, ours, cellOf(rows, NATIVE_NAMES.lp64, at)),
      ];
    });
    return {
      unit: "ns a pair",
      columns: SIZES.map((size) => `${size} B`),
      rows,
      ratios,
      notes: [],
    };
  },
};
