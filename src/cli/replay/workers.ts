// `ptmalloc-wasm replay --workers`: traces on threads that run at the same time, beside the same on
// simulated threads.

import { measuredOps, measureReplay, observe } from "../../trace/measure.js";
import type { ReplayOptions } from "../../trace/session.js";
import type { Trace } from "../../trace/trace.js";
import { measuredWorkerOps, replayOnWorkers } from "../../trace/workers/replay.js";
import { MAX_TASK_SIZE } from "../../process/options.js";
import { exposedCollector } from "./garbage.js";
import { shortName } from "../../trace/trace.js";
import type { CliIo } from "../io.js";
import { spawnNodeWorker } from "./node-workers.js";
import { Progress } from "../progress.js";
import type { WorkersTraceReport } from "./workers-report.js";

/** How the traces are replayed. */
export interface WorkerChoices {
  readonly repeat: number;
  /** undefined: as many workers as threads live at a time. */
  readonly maxWorkers: number | undefined;
  readonly freshIds: boolean;
}

/**
 * Replays every trace, on simulated threads and on workers, with a progress bar.
 * @throws ReplayError, TraceError, HeapAbort
 */
export async function measureOnWorkers(
  traces: readonly Trace[],
  process: ReplayOptions,
  { repeat, maxWorkers, freshIds }: WorkerChoices,
  io: CliIo,
): Promise<WorkersTraceReport[]> {
  const work = (trace: Trace): number =>
    measuredOps(trace, repeat) + measuredWorkerOps(trace, repeat);
  const progress = new Progress(
    io,
    traces.reduce((sum, trace) => sum + work(trace), 0),
  );
  const onProgress = progress.advance;
  const collect = exposedCollector();
  const measure = { repeat, collect, onProgress };
  const reports: WorkersTraceReport[] = [];
  try {
    for (const trace of traces) {
      progress.label(shortName(trace));
      const outcome = observe(trace, process, onProgress);
      const workers = await replayOnWorkers(trace, outcome, {
        // As much room as simulated threads have.
        process: { ...process, taskSize: MAX_TASK_SIZE },
        spawn: spawnNodeWorker,
        mostWorkers: maxWorkers,
        freshIds,
        measure,
      });
      const simulated = measureReplay(trace, process, measure);
      const name = shortName(trace);
      reports.push({ name, file: trace.name, ops: trace.count, outcome, simulated, workers });
    }
  } finally {
    progress.stop();
  }
  return reports;
}
