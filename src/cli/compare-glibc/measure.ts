// One trace under one version of glibc: what the kernel gave and was asked, where each block went,
// and how long it took.

import type { GlibcVersion } from "../../binary/glibc.js";
import { OpKind, PAGE_SIZE } from "../../layout/generated.js";
import { LiveSet, measureReplay } from "../../trace/measure.js";
import type { Samples } from "../../trace/statistics.js";
import type { Trace } from "../../trace/trace.js";
import { playerIn, startMachine, type MachineOptions } from "../machine.js";

/** Points of a footprint's course: as many as a wide terminal has columns. */
export const COURSE_POINTS = 200;

/** What is compared. Sizes in bytes. */
export interface VersionReport {
  readonly glibc: GlibcVersion;
  /** Most that the kernel gave, break and mappings: its own high-water mark. */
  readonly peakFootprintBytes: number;
  /** What it had given after the last operation, and how much of it by the break. */
  readonly endFootprintBytes: number;
  readonly brkBytes: number;
  /** At the end, as mallinfo2 counts: blocks in use with their headers, those of tcache too. */
  readonly inUseBytes: number;
  /** At the end: free chunks between blocks, so without the end of the heap. */
  readonly scatteredBytes: number;
  /** The same as a share of the arenas' bytes; 0 where there are none. */
  readonly externalFragmentation: number;
  /** System calls by name: brk, mmap, munmap, mremap, mprotect, madvise. */
  readonly systemCalls: Readonly<Record<string, number>>;
  /** Operations whose block lies elsewhere than under the first version. */
  readonly movedBlocks: number;
  /** What the kernel had given: the most of each part of the trace. */
  readonly course: readonly number[];
  /** Nanoseconds an operation, warm; undefined where no time is taken. */
  readonly warm: Samples | undefined;
}

/** What is known of a trace whichever version runs it. */
export interface TraceFacts {
  readonly peakLiveBytes: number;
  /** Operations that return a block. */
  readonly blocks: number;
}

/** Where each operation's block went; NaN for a free. */
export type Placements = Float64Array;

/** How to compare. */
export interface CompareOptions extends MachineOptions {
  /** Samples of a time; undefined: no time is taken. */
  readonly samples: number | undefined;
}

/**
 * Plays a trace under a version.
 * @param first where the first version put the blocks; undefined where this is the first
 */
export function measureVersion(
  trace: Trace,
  glibc: GlibcVersion,
  options: CompareOptions,
  first: Placements | undefined,
): { report: VersionReport; facts: TraceFacts; placements: Placements } {
  const { count } = trace;
  const kernel = startMachine({ ...options, glibc });
  const { process } = kernel;
  const mm = process.mm();
  const log = kernel.startStrace({ countOnly: true });
  const placements = new Float64Array(count);
  const course = new Array<number>(Math.min(COURSE_POINTS, count)).fill(0);
  const live = new LiveSet(trace.slots);
  let [movedBlocks, blocks] = [0, 0];
  playerIn(kernel, trace, false, (step) => {
    const { index, kind, result } = step;
    placements[index] = kind === OpKind.FREE ? NaN : result;
    if (kind !== OpKind.FREE) {
      blocks++;
      if (first !== undefined && first[index] !== result) movedBlocks++;
    }
    live.take(step);
    const point = Math.floor((index * course.length) / count);
    course[point] = Math.max(course[point]!, mm.totalVm * PAGE_SIZE);
  }).to();
  kernel.stopStrace();
  const { arena, fordblks, keepcost, uordblks, hblkhd } = process.mallinfo2();
  const scatteredBytes = fordblks - keepcost;
  const report = {
    glibc,
    peakFootprintBytes: mm.hiwaterVm * PAGE_SIZE,
    endFootprintBytes: mm.totalVm * PAGE_SIZE,
    brkBytes: process.breakOffset(),
    inUseBytes: uordblks + hblkhd,
    scatteredBytes,
    externalFragmentation: arena === 0 ? 0 : scatteredBytes / arena,
    systemCalls: callCounts(log.counts()),
    movedBlocks,
    course,
    warm: warmTime(trace, glibc, options),
  };
  return { report, facts: { peakLiveBytes: live.peakBytes, blocks }, placements };
}

/** The calls that shape an address space; the two layouts name mmap differently. */
function callCounts(
  counts: readonly { readonly name: string; readonly calls: number }[],
): Readonly<Record<string, number>> {
  const all = { brk: 0, mmap: 0, munmap: 0, mremap: 0, mprotect: 0, madvise: 0 };
  const known: Record<string, number> = all;
  for (const { name, calls } of counts) {
    const plain = name.replace(/^mmap2$/, "mmap");
    known[plain] = (known[plain] ?? 0) + calls;
  }
  return all;
}

function warmTime(trace: Trace, glibc: GlibcVersion, options: CompareOptions): Samples | undefined {
  const { samples, abi, layout, tunables, lenientTunables = false } = options;
  if (samples === undefined) return undefined;
  const settings = tunables === undefined ? {} : { tunables, lenientTunables };
  return measureReplay(trace, { abi, layout, glibc, ...settings }, { repeat: samples }).warm;
}
