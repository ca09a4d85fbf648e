// How fast does the allocator serve real programs?
//
// Rationale: mixes of sizes, lifetimes and reallocs that no synthetic loop has: eleven recorded
// programs, each run by every contestant in the same order, the first and the last byte of every
// block written. Warm keeps what the allocator keeps: caches and bins are full when a pass begins.
//
// Caveats: allocator calls back to back: what a layout does to the caches of a real program hardly
// shows. The loops are written in AssemblyScript, C, Rust and JavaScript: a control's row says what
// each costs. TLSF and the stub ignore alignments (convert asks for some), and TLSF has no checks.
// Native allocators run with one thread, so they take no lock either.

import type { Question } from "../lab/question.js";
import { cellOf, labResult, tableOf } from "./lab.js";

/** Whoever may be the fastest in WebAssembly. */
const FASTEST = ["dlmalloc-emscripten", "dlmalloc-wasi", "mimalloc2", "mimalloc3", "tlsf"] as const;

export const replay: Question = {
  name: "replay",
  question: "How fast does the allocator serve real programs?",
  isQuick: true,
  async answer(scale, isQuick) {
    const result = await labResult(scale, isQuick);
    return tableOf(result, "recording", "ns an operation, warm", ({ warm }) => cellOf(warm), [
      ["glibc", "glibc-i386", 0.8],
      ["glibc", "glibc-x86-64", 0.98],
      ["glibc", "tlsf"],
      ["glibc", "wasm2js", 0.6],
      ["ours-from-js", "engine-object"],
      ["throughput", "glibc"],
      ...FASTEST.map((name) => ["throughput", name, 0.95] as const),
    ]);
  },
};

export const cold: Question = {
  name: "cold",
  question: "And in memory that nobody has touched before?",
  isQuick: true,
  async answer(scale, isQuick) {
    const result = await labResult(scale, isQuick);
    return tableOf(result, "recording", "ns an operation, cold", (heap) => cellOf(heap.cold), [
      ["throughput", "glibc"],
      ...FASTEST.map((name) => ["throughput", name, 1] as const),
    ]);
  },
};
