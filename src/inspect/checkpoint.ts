// A whole process, put away and taken out again: every byte that a region of it has, and the
// variables of each instance, which are all that a thread is besides. What goes on from a
// checkpoint behaves, byte for byte, as what it was made of would have. For the full build, whose
// binary exports its variables (tools/optimize-transform.mjs).

import { PAGE_SIZE, type MmStruct } from "../layout/generated.js";
import type { Abi } from "../layout/address.js";
import type { GlibcVersion } from "../binary/glibc.js";
import type { Profile } from "../binary/profile.js";
import type { RawExports } from "../binary/exports.js";
import { instantiateSync, loadSync } from "../binary/load.js";
import { PACKAGE_FILES } from "../binary/sources.js";
import { planProcess } from "../process/build-options.js";
import { begin } from "../process/begin.js";
import type { AddressLayout } from "../process/options.js";
import { Process } from "../process/process.js";
import { readArenas, heapMaxBytes } from "./arenas.js";
import { isDamage } from "./damage.js";
import { walkRegions } from "./regions.js";
import type { HeapSource } from "./source.js";

/** Bytes of a process, side by side. */
export interface Run {
  /** The first byte, a multiple of a page. */
  readonly start: number;
  /** What is there. */
  readonly bytes: Uint8Array;
}

/** A process as it was. */
export interface Checkpoint {
  /** The memory layout. */
  readonly abi: Abi;
  /** Which heap. */
  readonly profile: Profile;
  /** Which glibc. */
  readonly glibc: GlibcVersion;
  /** Where the kernel's and libc's data begin. */
  readonly base: number;
  /** Where the heap begins. */
  readonly startBrk: number;
  /** Where the search for room for mappings begins. */
  readonly mmapBase: number;
  /** The limit of the address space. */
  readonly taskSize: number;
  /** Where mappings go. */
  readonly layout: AddressLayout;
  /** How large the memory was, pages of 64 KiB. */
  readonly memoryPages: number;
  /** What is not zero, in whole pages, the lowest first. */
  readonly runs: readonly Run[];
  /** The threads that were put away: their numbers, and their instances' variables. */
  readonly threads: readonly ThreadState[];
}

/** One thread's instance. */
export interface ThreadState {
  /** The thread's number. */
  readonly number: number;
  /** Its instance's variables, in the order of the binary. */
  readonly state: readonly (number | bigint)[];
}

/** The variables of an instance, in the order of the binary. */
function variables(exports: object): WebAssembly.Global[] {
  const all = exports as Readonly<Record<string, WebAssembly.Global | undefined>>;
  const found: WebAssembly.Global[] = [];
  for (let i = 0; ; i++) {
    const one = all[`state${i}`];
    if (one === undefined) return found;
    found.push(one);
  }
}

/** Sets the variables of an instance. */
function resume(exports: object, { state }: ThreadState): void {
  variables(exports).forEach((variable, i) => {
    variable.value = state[i];
  });
}

/** Bytes from `start` up to, not including, `end`. */
type Range = readonly [start: number, end: number];

/**
 * The ranges of a process that may hold anything, from the base on: its regions, and what it gave
 * back with its bytes in it. A heap's reserved end was never accessible, so it is left out; looking
 * at its pages would make them real.
 */
export function occupied(
  source: HeapSource,
  mm: Pick<MmStruct, "brk" | "heapDirtyEnd" | "dirtyLow" | "dirtyHigh">,
): Range[] {
  const most = heapMaxBytes(source);
  const reserved = readArenas(source).flatMap(({ heaps }) =>
    heaps.map(({ address, mprotectSize }): Range => [address + mprotectSize, address + most]),
  );
  const { brk, heapDirtyEnd, dirtyLow, dirtyHigh } = mm;
  const ranges: Range[] = [
    [brk, heapDirtyEnd],
    [dirtyLow, dirtyHigh],
  ];
  for (const region of walkRegions(source)) {
    if (isDamage(region)) throw new Error(`the region table is damaged: ${region.why}`);
    let { start } = region;
    for (const [from, to] of reserved) {
      if (from >= region.end || to <= start) continue;
      ranges.push([start, from]);
      start = to;
    }
    ranges.push([start, region.end]);
  }
  return disjoint(ranges, source.base, source.u8().length);
}

/** Whole pages between two limits, in order, none of them twice. */
function disjoint(ranges: readonly Range[], low: number, high: number): Range[] {
  const found: [number, number][] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const start = Math.max(from - (from % PAGE_SIZE), low, found.at(-1)?.[1] ?? 0);
    const end = Math.min(Math.ceil(to / PAGE_SIZE) * PAGE_SIZE, high);
    if (start < end) found.push([start, end]);
  }
  return found;
}

/** What is left of some ranges without others; both in order. */
function without(ranges: readonly Range[], others: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let next = 0;
  for (const [from, end] of ranges) {
    let start = from;
    while (next < others.length && others[next]![1] <= start) next++;
    for (let i = next; i < others.length && others[i]![0] < end; i++) {
      if (others[i]![0] > start) rest.push([start, others[i]![0]]);
      start = others[i]![1];
    }
    if (start < end) rest.push([start, end]);
  }
  return rest;
}

/** The pages of some ranges that are not zero, side by side as far as they are. */
function usedRuns(process: Process, ranges: readonly Range[]): Range[] {
  const runs: Range[] = [];
  const { buffer } = process.u8();
  for (const [start, end] of ranges) {
    const words = new Int32Array(buffer, start, (end - start) / 4);
    let from = -1;
    for (let page = start; page <= end; page += PAGE_SIZE) {
      const isUsed = page < end && !isZero(words, (page - start) / 4, PAGE_SIZE / 4);
      if (isUsed && from < 0) from = page;
      if (isUsed || from < 0) continue;
      runs.push([from, page]);
      from = -1;
    }
  }
  return runs;
}

function isZero(words: Int32Array, from: number, count: number): boolean {
  for (let i = from; i < from + count; i++) if (words[i] !== 0) return false;
  return true;
}

/**
 * Puts a process away. One of another build than the full one can be looked at then, and not gone
 * on with: its variables are not to be had.
 * @param threads its threads that are to go on later, thread 0 first; all between two calls
 * @throws Error where the process is at its end
 */
export function takeCheckpoint(threads: readonly Process[]): Checkpoint {
  const [first] = threads;
  if (first === undefined) throw new RangeError("a checkpoint needs a process");
  if (first.aborted !== undefined)
    throw new Error(`the process is at its end: ${first.aborted.message}`);
  const { abi, profile, glibc, base, startBrk, taskSize, layout, plan } = first;
  const bytes = first.u8();
  const runs = usedRuns(first, occupied(first, first.mm())).map(([start, end]) => ({
    start,
    bytes: bytes.slice(start, end),
  }));
  return {
    ...{ abi, profile, glibc, base, startBrk, mmapBase: plan.mmapBase, taskSize, layout, runs },
    memoryPages: bytes.length / 65_536,
    threads: threads.map((process) => ({
      number: process.thread,
      state: variables(process.exports).map(({ value }) => value as number | bigint),
    })),
  };
}

/**
 * A new process that goes on where a checkpoint was made.
 * @param module the binary, where it is at hand: that of the process that was put away
 * @returns its threads, in the checkpoint's order
 */
export function restore(
  checkpoint: Checkpoint,
  module?: WebAssembly.Module,
): Process<Abi, "full">[] {
  const { abi, profile, glibc, base, startBrk, mmapBase, taskSize, layout } = checkpoint;
  const plan = planProcess({
    ...{ abi, build: "full", base, startBrk, mmapBase, taskSize, layout },
    initialPages: checkpoint.memoryPages,
    ...(profile === "glibc" ? { glibc } : { profile }),
  });
  const bytes = new Uint8Array(plan.memory.buffer);
  for (const run of checkpoint.runs) bytes.set(run.bytes, run.start);
  const [first, ...others] = checkpoint.threads;
  if (first === undefined) throw new RangeError("a checkpoint without a thread");
  if (first.state.length === 0)
    throw new Error('nothing can go on from it: it was not made of a process of the build "full"');
  plan.resume = (_plan, raw) => resume(raw, first);
  const loaded =
    module === undefined
      ? loadSync(plan, PACKAGE_FILES)
      : instantiateSync(plan, module, plan.newFate());
  const process = new Process(plan, loaded, begin);
  process.hush();
  const rest = others.map((state) => {
    const instance = instantiateSync(plan, loaded.module, loaded.fate);
    return new Process(plan, instance, (_, raw: RawExports) => {
      resume(raw, state);
      return state.number;
    });
  });
  return [process, ...rest] as Process<Abi, "full">[];
}

/**
 * Another process that is, from now on, as this one is: fork(2), for all threads at once.
 * @param threads as for {@link takeCheckpoint}
 */
export function fork<A extends Abi>(threads: readonly Process<A, "full">[]): Process<A, "full">[] {
  return restore(takeCheckpoint(threads), threads[0]!.module) as Process<A, "full">[];
}

/**
 * Makes a process again what it was, in its own memory.
 * @param threads those of the checkpoint, in the same order
 * @throws Error where the process is at its end: nothing goes on after that
 */
export function rewind(threads: readonly Process<Abi, "full">[], checkpoint: Checkpoint): void {
  const [first] = threads;
  if (first === undefined || threads.length !== checkpoint.threads.length)
    throw new RangeError(`the checkpoint has ${checkpoint.threads.length} threads`);
  if (first.aborted !== undefined)
    throw new Error(`the process is at its end: ${first.aborted.message}`);
  const saved = checkpoint.runs.map(({ start, bytes: run }): Range => [start, start + run.length]);
  const rest = usedRuns(first, without(occupied(first, first.mm()), saved));
  for (const [start, end] of rest) first.u8().fill(0, start, end);
  const bytes = first.u8();
  for (const run of checkpoint.runs) bytes.set(run.bytes, run.start);
  // What the memory has grown by since is the kernel's already: nobody else's.
  const { knownPages } = first.structs.MmStruct.fields;
  const pages = bytes.length / 65_536;
  first.view().setUint32(first.places.mmStruct + knownPages.offset, pages, true);
  threads.forEach((process, i) =>
    process.resumeAs(checkpoint.threads[i]!.number, () => {
      resume(process.exports, checkpoint.threads[i]!);
    }),
  );
}
