// A trace as the contestants get it, and what is known of it before any of them runs.

import { moduleSync } from "../../binary/load.js";
import { PACKAGE_FILES } from "../../binary/sources.js";
import type { Abi } from "../../layout/address.js";
import { OpKind } from "../../layout/generated.js";
import { structsOf, type Structs } from "../../layout/structs.js";
import { LiveSet, observe } from "../../trace/measure.js";
import { encodeOps } from "../../trace/encode.js";
import { playAnswers } from "../../trace/player.js";
import { KIND_BITS, NEVER_LIVE_SLOT, type Trace } from "../../trace/trace.js";
import type { LabTrace } from "./contestant.js";
import type { TraceResult } from "./result.js";

/** Operations of a slice: some hundred nanoseconds, so that the clock's own time is little. */
export const SLICE_OPERATIONS = 64;
/** Places at which memory is noted, at most. */
const MOST_PLACES = 200;

/** @returns a trace for the contestants: one thread's, with what each operation comes to */
export function labTrace(recorded: Trace, name: string): LabTrace {
  const trace: Trace = {
    ...recorded,
    turns: { at: new Uint32Array(), who: new Float64Array() },
  };
  const outcome = observe(trace, { layout: "compact" });
  const packed = new Map<Abi, Uint8Array<ArrayBuffer>>();
  return {
    name,
    trace,
    outcome,
    ops(abi) {
      const known = packed.get(abi);
      if (known !== undefined) return known;
      const { Op } = structsOf(
        moduleSync({ abi, build: "replay", wasm: undefined }, PACKAGE_FILES),
        abi,
      );
      const ops = encodeOps(trace, abi, Op) as Uint8Array<ArrayBuffer>;
      withoutRefused(ops, Op, outcome.refused);
      packed.set(abi, ops);
      return ops;
    },
  };
}

/**
 * What this heap refuses, nobody is asked for: it becomes `free(NULL)`. AssemblyScript's allocators
 * would end there.
 */
function withoutRefused(ops: Uint8Array, op: Structs["Op"], refused: Uint8Array): void {
  const words = new Uint32Array(ops.buffer);
  for (let index = refused.indexOf(1); index >= 0; index = refused.indexOf(1, index + 1))
    words[(index * op.size + op.fields.idKind.offset) / 4] =
      (NEVER_LIVE_SLOT << KIND_BITS) | OpKind.FREE;
}

/**
 * @returns how many slices there are from one place at which memory is noted to the next, so that
 *   there are some two hundred
 */
export function slicesAPlace(operations: number): number {
  return Math.max(1, Math.ceil(operations / SLICE_OPERATIONS / MOST_PLACES));
}

/** @returns what a result says of a trace before anybody ran it */
export function describe(
  { name, trace, outcome }: LabTrace,
  kind: TraceResult["kind"],
  rationale: string,
): Omit<TraceResult, "heaps"> {
  const { places, liveBytes } = liveAtPlaces(trace, outcome);
  return {
    name,
    kind,
    rationale,
    operations: trace.count,
    peakLiveBytes: outcome.peakLiveBytes,
    peakLiveBlocks: outcome.peakLiveBlocks,
    liveBytes,
    places,
  };
}

/** Bytes in live blocks, as requested, after the last operation of each place. */
function liveAtPlaces(
  trace: Trace,
  { abi, refused }: LabTrace["outcome"],
): { places: number[]; liveBytes: number[] } {
  const stride = slicesAPlace(trace.count) * SLICE_OPERATIONS;
  const live = new LiveSet(trace.slots);
  const places: number[] = [];
  const liveBytes: number[] = [];
  playAnswers(trace, abi, refused, (step) => {
    live.take(step);
    const done = step.index + 1;
    if (done % stride !== 0 && done !== trace.count) return;
    places.push(done);
    liveBytes.push(live.bytes);
  });
  return { places, liveBytes };
}
