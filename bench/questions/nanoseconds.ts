// Where do the nanoseconds go that a replay takes here and not with TLSF?
//
// Rationale: one thing at a time is switched off, by tunable, by leaving calls out of the trace, or
// by compiling the integrity checks away; what the geometric mean loses is what that thing cost.
//
// Caveats: the parts do not add up, as each changes the addresses and so what the others do. Only
// checks that are statements of their own can be compiled away (51 of 60); the rest decide where to
// go next anyway. "callocs as mallocs" also lets those blocks come from tcache, which calloc does
// not look into.

import { OURS, TLSF } from "../contestants/allocators.js";
import { OpKind } from "../../src/layout/generated.js";
import { KIND_BITS, kindOf, slotOf, type Trace } from "../../src/trace/trace.js";
import { ratio, scaled, type Question } from "../lab/question.js";
import { foreignReplayer, meanCell, ourReplayer, raceReplays } from "../contestants/replays.js";
import { wasmModule } from "../contestants/binaries.js";
import { PROGRAMS } from "../lab/workloads.js";

const NO_KERNEL = "glibc.malloc.trim_threshold=0xffffffff:glibc.malloc.mmap_max=0";
const LARGE_TCACHE = "glibc.malloc.tcache_count=1000";

/** @returns the trace with every calloc replaced by a malloc of as many bytes */
function withoutCallocs(trace: Trace): Trace {
  const idKinds = Uint32Array.from(trace.idKinds);
  const xLow = Uint32Array.from(trace.xLow);
  for (let i = 0; i < trace.count; i++) {
    if (kindOf(idKinds[i]!) !== OpKind.CALLOC) continue;
    idKinds[i] = (slotOf(idKinds[i]!) << KIND_BITS) | OpKind.MALLOC;
    xLow[i] = Math.min(trace.xLow[i]! * trace.yLow[i]!, 0xffff_ffff);
  }
  return { ...trace, idKinds, xLow };
}

export const nanoseconds: Question = {
  name: "nanoseconds",
  question: "Where do the nanoseconds go that a replay takes here and not with TLSF?",
  async answer(scale) {
    const unchecked = wasmModule("bench/unchecked.ilp32");
    const replayers = [
      ourReplayer(OURS.ilp32),
      ourReplayer("without integrity checks", { wasm: unchecked }),
      ourReplayer("without trimming and mapping", { tunables: NO_KERNEL }),
      ourReplayer("callocs as mallocs", {}, withoutCallocs),
      ourReplayer("without fastbins", { tunables: "glibc.malloc.mxfast=0" }),
      ourReplayer("without tcache", { tunables: "glibc.malloc.tcache_count=0" }),
      ourReplayer("tcache of 1,000", { tunables: LARGE_TCACHE }),
      ourReplayer("no checks, trimming, mapping; tcache of 1,000", {
        wasm: unchecked,
        tunables: `${NO_KERNEL}:${LARGE_TCACHE}`,
      }),
      foreignReplayer(TLSF, "tlsf"),
    ];
    const { rows, notes } = await raceReplays(
      replayers,
      scaled({ rounds: 2, seconds: 0.05 }, scale),
    );
    const ours = rows.find(({ contestant }) => contestant === OURS.ilp32);
    return {
      unit: "ns an operation",
      columns: [...PROGRAMS, "geometric mean"],
      rows: rows.map((row) => ({ ...row, cells: [...row.cells, meanCell(row)] })),
      ratios: rows
        .filter((row) => row !== ours)
        .flatMap((row) =>
          ratio(`${row.contestant}, to the default`, meanCell(row), meanCell(ours, row)),
        ),
      notes,
    };
  },
};
