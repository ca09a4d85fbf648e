// How fast does the allocator serve real programs?
//
// Rationale: mixes of sizes, lifetimes and reallocs that no synthetic loop has: eleven recorded
// programs, each replayed inside WebAssembly by one loop (assembly/replay/loop.ts) that every
// contestant is compiled into, and by the same loop in C around native glibc, warm, in one run.
//
// Caveats: allocator calls only, back to back: nobody touches the blocks, so what a layout does to
// the caches of a real program does not show. The loop itself costs some 2 ns an operation, as the
// stub shows, which never frees. TLSF and the stub ignore alignments (convert asks for some), and
// TLSF has no checks. Native glibc runs with one thread, so it takes no lock either. "Warm" keeps
// what the allocator keeps: tcache and bins are full when a pass begins.

import { OURS, STUB, THROUGHPUT, TLSF } from "../contestants/allocators.js";
import { NATIVE_NAMES } from "../contestants/native.js";
import { ratio, scaled, type Question, type Row } from "../lab/question.js";
import {
  foreignReplayer,
  meanCell,
  nativeReplayer,
  ourReplayer,
  raceReplays,
  type Replayer,
} from "../contestants/replays.js";
import { PROGRAMS } from "../lab/workloads.js";

const replayers: readonly Replayer[] = [
  ourReplayer(OURS.ilp32),
  ourReplayer(OURS.lp64, { abi: "lp64" }),
  ourReplayer(THROUGHPUT, { profile: "throughput" }),
  foreignReplayer(TLSF, "tlsf"),
  foreignReplayer(STUB, "stub"),
  nativeReplayer(NATIVE_NAMES.ilp32, "ilp32"),
  nativeReplayer(NATIVE_NAMES.lp64, "lp64"),
];

export const replay: Question = {
  name: "replay",
  question: "How fast does the allocator serve real programs?",
  async answer(scale) {
    const { rows, notes } = await raceReplays(
      replayers,
      scaled({ rounds: 6, seconds: 0.06 }, scale),
    );
    const row = (name: string): Row | undefined =>
      rows.find(({ contestant }) => contestant === name);
    const versus = (ours: string, label: string, other: string, target?: number) =>
      ratio(label, meanCell(row(ours), row(other)), meanCell(row(other)), target);
    return {
      unit: "ns an operation",
      columns: [...PROGRAMS, "geometric mean"],
      rows: rows.map((r) => ({ ...r, cells: [...r.cells, meanCell(r)] })),
      ratios: [
        ...versus(OURS.ilp32, "ours to native i386", NATIVE_NAMES.ilp32, 0.9),
        ...versus(OURS.ilp32, "ours to native x86-64", NATIVE_NAMES.lp64, 1.1),
        ...versus(OURS.ilp32, "ours to TLSF, over the traces that it completes", TLSF),
        ...versus(OURS.ilp32, "ours to the stub, over the traces that it completes", STUB),
        ...versus(THROUGHPUT, "throughput to glibc's profile", OURS.ilp32),
        ...versus(THROUGHPUT, "throughput to TLSF, over the traces that it completes", TLSF),
        ...versus(OURS.lp64, "ours lp64 to native x86-64", NATIVE_NAMES.lp64),
      ],
      notes,
    };
  },
};
