// How much memory do programs have with each allocator?
//
// Rationale: speed can be bought with memory. What a first pass makes resident is what the machine
// pays; it holds tables, gaps, and what is free and not given back.
//
// Caveats: a process's resident memory before and after, so pages that the host's allocator had at
// hand anyway do not show, and small heaps are rounded to whole pages. The engine's rows hold its
// young generation, which is there already.

import { PAGE_SIZE } from "../../src/layout/generated.js";
import type { Question } from "../lab/question.js";
import { labResult, tableOf } from "./lab.js";

const MIB = 2 ** 20;

export const memory: Question = {
  name: "memory",
  question: "How much memory do programs have with each allocator?",
  isQuick: true,
  async answer(scale, isQuick) {
    const result = await labResult(scale, isQuick);
    const ratios = [
      ["throughput", "glibc", 1.25],
      ["throughput", "mimalloc2", 1],
    ] as const;
    return tableOf(
      result,
      "recording",
      "MiB that a first pass makes resident",
      ({ residentBytes }) => {
        if (residentBytes === null || residentBytes < PAGE_SIZE) return null;
        return { best: residentBytes / MIB, median: residentBytes / MIB };
      },
      ratios,
    );
  },
};
