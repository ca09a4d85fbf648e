// Traces in a race: the same packed operations through the same loop, warm, in one heap, everything
// freed in between outside the clock.

import { binaryName } from "../../src/binary/profile.js";
import { layouts } from "../../src/layout/generated.js";
import { encodeOps } from "../../src/trace/encode.js";
import { startSession, type ReplayOptions, SLICE_OPS } from "../../src/trace/session.js";
import { geometricMean } from "../../src/trace/statistics.js";
import type { Trace } from "../../src/trace/trace.js";
import { LARGE_PEER_HEAP_BASE } from "../../tools/builds.mjs";
import { peer } from "./allocators.js";
import { wasmModule } from "./binaries.js";
import { race, type Contestant, type Effort } from "../lab/harness.js";
import type { Cell, Row } from "../lab/question.js";
import { PROGRAMS, programTrace } from "../lab/workloads.js";

const OPS_BEGIN = 65_536;

/** Whoever replays traces. */
export interface Replayer {
  readonly name: string;
  /**
   * @returns the contestant, null where it is not available here, or why it cannot complete this
   *   trace
   */
  enter(trace: Trace): Promise<Contestant | string | null>;
}

/** Something loaded with a trace. */
interface Replay {
  run(): void;
  release(): void;
}

/**
 * @returns this project's allocator with some options, and perhaps another trace made of the trace
 */
export function ourReplayer(
  name: string,
  options: ReplayOptions = {},
  change: (trace: Trace) => Trace = (trace) => trace,
): Replayer {
  return {
    name,
    enter(trace) {
      const { abi = "ilp32", build = "replay", profile = "glibc" } = options;
      const wasm = wasmModule(binaryName(build, profile, abi));
      const session = startSession(change(trace), { wasm, ...options });
      return Promise.resolve(inProcess(name, trace, session));
    },
  };
}

/** @returns one of AssemblyScript's allocators */
export function foreignReplayer(name: string, module: "tlsf" | "stub"): Replayer {
  return {
    name,
    enter(trace) {
      const replay = foreignReplay(module, trace);
      try {
        replay.run();
        replay.release();
      } catch (error) {
        return Promise.resolve((error as Error).message);
      }
      return Promise.resolve(inProcess(name, trace, replay));
    },
  };
}

function inProcess(name: string, trace: Trace, replay: Replay): Contestant {
  const clocked: number[] = [];
  const call = (): void => {
    const begin = performance.now();
    replay.run();
    clocked.push(((performance.now() - begin) * 1e6) / trace.count);
    replay.release();
  };
  return { name, unitsPerCall: trace.count, call, clocked };
}

function foreignReplay(module: "tlsf" | "stub", trace: Trace): Replay {
  const { exports, memory } = peer(`${module}-large`);
  const ops = encodeOps(trace, "ilp32", layouts.ilp32.Op);
  const end = OPS_BEGIN + ops.length;
  const blocks = Math.ceil(end / 16) * 16;
  if (blocks + trace.slots * 4 > LARGE_PEER_HEAP_BASE)
    throw new RangeError("the trace is too long");
  new Uint8Array(memory.buffer).set(ops, OPS_BEGIN);
  const slice = (ops.length / trace.count) * SLICE_OPS;
  return {
    run() {
      for (let at = OPS_BEGIN; at < end; at += slice)
        exports.replay(at, Math.min(at + slice, end), blocks);
    },
    release: () => exports.release_all(blocks, trace.slots),
  };
}

/** What {@link raceReplays} found. */
export interface Replays {
  /** One row for each replayer, one cell for each program. */
  readonly rows: Row[];
  /** Who could not complete which trace, and why. */
  readonly notes: string[];
}

/** Lets replayers race over all recorded programs. */
export async function raceReplays(
  replayers: readonly Replayer[],
  effort: Effort,
): Promise<Replays> {
  const cells = new Map<string, (Cell | null)[]>(replayers.map(({ name }) => [name, []]));
  const notes: string[] = [];
  for (const program of PROGRAMS) {
    const trace = programTrace(program);
    const contestants: Contestant[] = [];
    for (const replayer of replayers) {
      const entry = await replayer.enter(trace);
      if (typeof entry === "string")
        notes.push(`${replayer.name} does not complete ${program}: ${entry}`);
      else if (entry !== null) contestants.push(entry);
    }
    const found = await race(`replay of ${program}`, contestants, effort);
    for (const { name } of replayers) {
      const samples = found.get(name);
      cells.get(name)!.push(samples ? { median: samples.median, best: samples.best } : null);
    }
  }
  const rows = [...cells].map(([contestant, row]) => ({ contestant, cells: row }));
  return { rows: rows.filter((row) => row.cells.some((cell) => cell !== null)), notes };
}

/**
 * @returns the geometric mean of a row over the programs that another row has, too; null when there
 *   are none
 */
export function meanCell(row: Row | undefined, among: Row | undefined = row): Cell | null {
  const cells = (row?.cells ?? []).filter((cell, i) => cell !== null && among?.cells[i]);
  if (cells.length === 0) return null;
  return {
    median: geometricMean(cells.map((cell) => cell!.median)),
    best: geometricMean(cells.map((cell) => cell!.best)),
  };
}
