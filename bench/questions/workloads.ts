// How fast is it at what allocators are usually measured with?
//
// Rationale: larson, sh6, xmalloc and the like are what others publish; each shows one thing (see
// src/cli/bench/workloads.ts). Server is a million operations of a long day, which is where
// fragmentation shows.
//
// Caveats: shapes, written here from what the originals are said to do, with one thread.

import type { Question } from "../lab/question.js";
import { cellOf, labResult, tableOf } from "./lab.js";

export const workloads: Question = {
  name: "workloads",
  question: "How fast is it at what allocators are usually measured with?",
  isQuick: true,
  async answer(scale, isQuick) {
    const result = await labResult(scale, isQuick);
    return tableOf(result, "workload", "ns an operation, warm", (heap) => cellOf(heap.warm), [
      ["throughput", "glibc"],
      ["throughput", "dlmalloc-emscripten", 0.95],
      ["throughput", "mimalloc2", 0.95],
    ]);
  },
};
