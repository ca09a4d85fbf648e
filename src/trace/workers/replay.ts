// Replaying a trace on workers: every thread of the trace in a worker of its own, over one heap,
// all at the same time. Which blocks go where is up to who comes first, so nothing is said of
// addresses. A first run checks: the order of what is done to each block, every answer, every
// block's content, the heap at the end. The others are against the clock, *warm* and *cold* as in
// measure.ts.

import { checkTablesOf, type CheckTables } from "./block-checks.js";
import type { Inspection } from "./at-the-end.js";
import {
  LiveSet,
  nanosecondsAnOp,
  passesFor,
  type MeasureOptions,
  type Outcome,
  type ReplayTimes,
  WARM_UP_MILLISECONDS,
  WARM_UP_PASSES,
} from "../measure.js";
import { scheduleOf, type Schedule, type ScheduleOptions } from "./schedule.js";
import { sharedRunOf, STATS, STATS_FIELDS, type SharedRun } from "./shared-run.js";
import { summarise } from "../statistics.js";
import { playAnswers } from "../player.js";
import type { Trace } from "../trace.js";
import { ReplayError, WorkerCrew, type SpawnWorker } from "./crew.js";
import type { SharedProcessOptions } from "./threads.js";

/** More passes than this are not made for one sample: each costs some messages. */
const MOST_PASSES_A_SAMPLE = 16;

/** Options of {@link replayOnWorkers}. */
export interface WorkerReplayOptions extends ScheduleOptions {
  /** What may be chosen about the process. */
  process: SharedProcessOptions;
  spawn: SpawnWorker;
  /** How the times are measured; without it the trace runs once, with checks. */
  measure?: MeasureOptions | undefined;
  /** Sees what the workers will share before they do: for tests, which break it. */
  onPlan?: ((schedule: Schedule, run: SharedRun) => void) | undefined;
}

/** A thread of a trace, as it was in one run. */
export interface ThreadReport {
  /** Its number in the trace; a number that was used again comes several times. */
  readonly number: number;
  readonly worker: number;
  readonly operations: number;
  /** How long it was under way, ms: its waiting included, other threads of its worker not. */
  readonly ms: number;
  /**
   * Operations that came before their block was there, those of them that slept, and how long, ms.
   */
  readonly waits: number;
  readonly sleeps: number;
  readonly sleepMs: number;
  /** How often it found a lock of the heap taken, and slept over one. */
  readonly contended: number;
  readonly lockSleeps: number;
  /**
   * Which of `inspection.arenas` it had at its end in the run that checks; undefined: none, as it
   * never allocated.
   */
  readonly arena: number | undefined;
}

/** What {@link replayOnWorkers} found. */
export interface WorkersOutcome {
  readonly workers: number;
  /**
   * How often a block went from one worker's operations to another's; how many of these times only
   * because its id is used again.
   */
  readonly handOvers: number;
  readonly reuses: number;
  /** The heap after the run that checks. */
  readonly inspection: Inspection;
  /** Requests that were refused in that run. */
  readonly refusedCount: number;
  /** Nanoseconds an operation of the trace, whoever did it; undefined when nothing was measured. */
  readonly times: ReplayTimes | undefined;
  /**
   * The threads in the middle one of the warm samples; in the run that checks when nothing was
   * measured.
   */
  readonly threads: readonly ThreadReport[];
}

/**
 * Replays a trace on workers, with all checks, and measures it.
 * @param outcome of the same trace and settings on simulated threads (`observe`)
 * @throws ReplayError when something is not as the trace says, a call failed or a worker ended;
 *   TraceError for too many threads
 */
export async function replayOnWorkers(
  trace: Trace,
  outcome: Outcome,
  options: WorkerReplayOptions,
): Promise<WorkersOutcome> {
  const replay = new WorkerReplay(trace, outcome, options);
  try {
    return await replay.all();
  } finally {
    await replay.dismiss();
  }
}

class WorkerReplay {
  readonly #trace: Trace;
  readonly #options: WorkerReplayOptions;
  readonly #schedule: Schedule;
  readonly #run: SharedRun;
  readonly #tables: CheckTables;
  readonly #crew: WorkerCrew;
  #round = 0;

  constructor(trace: Trace, outcome: Outcome, options: WorkerReplayOptions) {
    const abi = options.process.abi ?? "ilp32";
    this.#trace = trace;
    this.#options = options;
    this.#schedule = scheduleOf(trace, abi, options);
    this.#run = sharedRunOf(this.#schedule);
    options.onPlan?.(this.#schedule, this.#run);
    this.#tables = checkTablesOf(this.#schedule, outcome, trace.lines);
    this.#crew = new WorkerCrew(trace, this.#schedule, this.#run, options.spawn);
  }

  async dismiss(): Promise<void> {
    await this.#crew.dismiss();
  }

  async all(): Promise<WorkersOutcome> {
    const { measure } = this.#options;
    await this.#crew.askAll("plan", (worker) => ({
      ...{ worker, schedule: this.#schedule, run: this.#run, tables: this.#tables },
    }));
    const { inspection, threads, refusedCount } = await this.#check();
    const { parts, handOvers, reuses } = this.#schedule;
    const found = { workers: parts.length, handOvers, reuses, inspection, refusedCount };
    if (measure === undefined) return { ...found, times: undefined, threads };
    const warm = await this.#measureWarm(measure);
    const cold = await this.#measureCold(measure);
    return {
      ...found,
      times: { warm: summarise(warm.samples), cold: summarise(cold) },
      threads: warm.threads.map((thread, life) => ({ ...thread, arena: threads[life]!.arena })),
    };
  }

  /** A process of its own for what follows. */
  async #start(): Promise<void> {
    this.#run.blocks.fill(0);
    const handle = await this.#crew.ask(0, "start", this.#options.process);
    if (handle !== undefined) await this.#crew.askAll("join", () => handle, 1);
  }

  /** Runs the trace once. @returns how long it took, ms */
  async #pass(isChecked = false): Promise<number> {
    this.#run.hands.fill(0);
    this.#run.stats.fill(0);
    const round = ++this.#round;
    const [milliseconds] = await this.#crew.askAll("run", () => ({ round, isChecked }));
    return milliseconds!;
  }

  /** The run that checks. */
  async #check(): Promise<
    Pick<WorkersOutcome, "inspection" | "refusedCount"> & { threads: ThreadReport[] }
  > {
    await this.#start();
    await this.#pass(true);
    const inspection = await this.#crew.ask(0, "inspect", undefined);
    this.#compare(inspection);
    const threads = this.#threads(inspection.arenas.map(({ address }) => address));
    await this.#end();
    const refusedCount = this.#tables.refused.reduce((sum, one) => sum + one, 0);
    return { inspection, threads, refusedCount };
  }

  /**
   * What is live at the end is what the trace leaves, after what was refused.
   * @throws ReplayError
   */
  #compare({ liveBlocks, liveBytes }: Inspection): void {
    const live = new LiveSet(this.#trace.slots);
    playAnswers(this.#trace, this.#schedule.abi, this.#tables.refused, (step) => live.take(step));
    if (live.blocks !== liveBlocks || live.bytes !== liveBytes) {
      throw new ReplayError(
        this.#trace.name,
        undefined,
        `${liveBlocks} blocks of ${liveBytes} bytes are live at the end; the trace leaves ${live.blocks} of ${live.bytes}`,
      );
    }
  }

  async #end(): Promise<void> {
    await this.#crew.ask(0, "release", undefined);
    await this.#crew.askAll("end", () => undefined);
  }

  async #measureWarm(
    options: MeasureOptions,
  ): Promise<{ samples: number[]; threads: ThreadReport[] }> {
    await this.#start();
    let last = 0;
    let spent = 0;
    for (let pass = 0; pass < WARM_UP_PASSES || spent < WARM_UP_MILLISECONDS; pass++) {
      last = await this.#releasedPass();
      spent += Math.max(last, 0.01);
    }
    options.onProgress?.(this.#trace.count);
    const passes = Math.min(passesFor(last), MOST_PASSES_A_SAMPLE);
    const taken: { nanoseconds: number; threads: ThreadReport[] }[] = [];
    for (let i = 0; i < options.repeat; i++) {
      let milliseconds = 0;
      for (let pass = 0; pass < passes; pass++) milliseconds += await this.#releasedPass();
      const nanoseconds = nanosecondsAnOp(milliseconds / passes, this.#trace);
      taken.push({ nanoseconds, threads: this.#threads([]) });
      options.onProgress?.(this.#trace.count);
    }
    await this.#crew.askAll("end", () => undefined);
    const sorted = [...taken].sort((a, b) => a.nanoseconds - b.nanoseconds);
    return {
      samples: taken.map(({ nanoseconds }) => nanoseconds),
      threads: sorted[sorted.length >> 1]!.threads,
    };
  }

  /** A run, and everything freed after it. @returns how long the run took, ms */
  async #releasedPass(): Promise<number> {
    const milliseconds = await this.#pass();
    await this.#crew.ask(0, "release", undefined);
    return milliseconds;
  }

  async #measureCold(options: MeasureOptions): Promise<number[]> {
    const samples: number[] = [];
    for (let i = 0; i < options.repeat; i++) {
      options.collect?.();
      await this.#start();
      samples.push(nanosecondsAnOp(await this.#pass(), this.#trace));
      options.onProgress?.(this.#trace.count);
    }
    return samples;
  }

  #threads(arenas: readonly number[]): ThreadReport[] {
    const { stats } = this.#run;
    return this.#schedule.lives.map(({ number, worker, operations }, life) => {
      const stat = (field: keyof typeof STATS): number =>
        stats[life * STATS_FIELDS + STATS[field]]!;
      const arena = arenas.indexOf(stat("arena"));
      return {
        ...{ number, worker, operations },
        ...{ ms: stat("ms"), waits: stat("waits"), sleeps: stat("sleeps") },
        ...{ sleepMs: stat("sleepMs"), contended: stat("contended") },
        lockSleeps: stat("lockSleeps"),
        arena: arena < 0 ? undefined : arena,
      };
    });
  }
}

/** Operations that {@link replayOnWorkers} reports as progress. */
export function measuredWorkerOps(trace: Trace, repeat: number): number {
  return trace.count * (2 * repeat + 1);
}
