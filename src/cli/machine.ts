// A process to look at, for the commands that show the kernel's side: a fresh heap, or one in the
// middle of a trace.

import type { Command } from "commander";
import { Option } from "commander";
import type { AddressLayout } from "../process/options.js";
import { parseTunables } from "../process/tunable-text.js";
import { startKernelSync, type Kernel } from "../kernel.js";
import type { Abi } from "../layout/address.js";
import { OpKind } from "../layout/generated.js";
import { Threads } from "../trace/threads.js";
import { KIND_BITS, NEVER_LIVE_SLOT, type Trace } from "../trace/trace.js";
import { readTraces } from "./inputs.js";
import { UsageError, type CliIo } from "./io.js";
import { wholeNumber } from "./numbers.js";

/** Options that all these commands have. */
export interface MachineOptions {
  abi: Abi;
  layout: AddressLayout;
  tunables?: string;
}

/** Options of the commands that show one moment. */
export interface MomentOptions extends MachineOptions {
  at?: number;
  touch: boolean;
}

/**
 * Native recordings have their break at a multiple of 16 MiB, which decides about blocks of large
 * alignment.
 */
const START_BRK = 16 << 20;
const SIZE_MAX_32 = 0xffff_ffffn;

/** Adds the options of MachineOptions. */
export function withMachineOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--abi <abi>", "memory layout: ilp32 (as on i386) or lp64 (as on x86-64)")
        .choices(["ilp32", "lp64"])
        .default("ilp32"),
    )
    .addOption(
      new Option("--layout <layout>", "where mappings go: linux (upwards), top-down or compact")
        .choices(["linux", "top-down", "compact"])
        .default("linux"),
    )
    .option(
      "--tunables <settings>",
      "glibc tunables, as in GLIBC_TUNABLES: glibc.malloc.NAME=VALUE:...",
    );
}

/** Adds the argument FILE and the options of MomentOptions. */
export function withMomentOptions(command: Command): Command {
  return withMachineOptions(command)
    .argument("[FILE]", "a trace, .rep or .rep.gz; - is standard input; without: one malloc(1000)")
    .option(
      "--at <n>",
      "stop after that many operations of the trace (default: all)",
      wholeNumber(0),
    )
    .option("--no-touch", "leave the blocks' pages untouched, so that they are not resident");
}

/**
 * Starts a process with every system call.
 * @throws UsageError for tunables that malloc refuses
 */
export function startMachine(options: MachineOptions): Kernel {
  const { abi, layout, tunables } = options;
  try {
    if (tunables !== undefined) parseTunables(tunables, abi);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return startKernelSync<Abi>({ abi, layout, startBrk: START_BRK, ...(tunables && { tunables }) });
}

/**
 * A process at the moment that the user asked for.
 * @throws UsageError for a moment beyond the trace's end, TraceError, and what startMachine throws
 */
export async function machineAt(
  file: string | undefined,
  options: MomentOptions,
  io: CliIo,
): Promise<Kernel> {
  const { at, touch } = options;
  if (file === undefined) {
    if (at !== undefined) throw new UsageError("--at needs a FILE: a trace to stop in");
    const kernel = startMachine(options);
    const block = kernel.process.malloc(1000);
    if (touch) kernel.touch(block, 1000, "write");
    return kernel;
  }
  const trace = await readTrace(file, io);
  if (at !== undefined && at > trace.count) {
    throw new UsageError(`--at ${at}: ${trace.name} has ${trace.count} operations`);
  }
  const kernel = startMachine(options);
  const run = new TraceRun(kernel, trace, touch);
  run.to(at ?? trace.count);
  return kernel;
}

/** Reads one trace. @throws UsageError, TraceError */
export async function readTrace(file: string, io: CliIo): Promise<Trace> {
  const [trace] = await readTraces([file], io);
  return trace!;
}

/** A trace that runs in a process of the `full` build, call by call. */
export class TraceRun {
  readonly #kernel: Kernel;
  readonly #trace: Trace;
  readonly #touches: boolean;
  readonly #blocks: Float64Array;
  readonly #threads: Threads<"full">;
  #next = 0;
  #turn = 0;

  /**
   * @param kernel the process
   * @param trace what it does
   * @param touches whether it writes to the blocks that it gets, so that their pages are resident
   */
  constructor(kernel: Kernel, trace: Trace, touches: boolean) {
    this.#kernel = kernel;
    this.#trace = trace;
    this.#touches = touches;
    this.#blocks = new Float64Array(trace.slots);
    this.#threads = new Threads(kernel.process, trace);
  }

  /** Runs on, up to but not including operation `end`. */
  to(end: number): void {
    for (; this.#next < end; this.#next++) {
      this.#takeTurns(this.#next);
      this.#step(this.#next);
    }
    if (end === this.#trace.count) this.#takeTurns(end);
  }

  /** What happens in front of operation `index`. */
  #takeTurns(index: number): void {
    const { at, who } = this.#trace.turns;
    while (this.#turn < at.length && at[this.#turn]! <= index)
      this.#threads.take(who[this.#turn++]!);
  }

  #step(index: number): void {
    const { idKinds } = this.#trace;
    const slot = idKinds[index]! >>> KIND_BITS;
    const kind = (idKinds[index]! & ((1 << KIND_BITS) - 1)) as OpKind;
    const process = this.#threads.now;
    const old = this.#blocks[slot]!;
    if (kind === OpKind.FREE) {
      this.#blocks[slot] = 0;
      process.free(old);
      return;
    }
    const x = this.#argument(this.#trace.xLow[index]!, this.#trace.xHigh[index]!);
    const y = this.#argument(this.#trace.yLow[index]!, this.#trace.yHigh[index]!);
    const block = this.#allocate(kind, old, x, y);
    // A failed realloc leaves the old block alone; realloc to 0 bytes has freed it.
    if (kind === OpKind.REALLOC && block === 0 && x !== 0n) return;
    if (slot !== NEVER_LIVE_SLOT) this.#blocks[slot] = block;
    if (this.#touches && block !== 0) {
      const size = kind === OpKind.CALLOC ? x * y : kind === OpKind.MEMALIGN ? y : x;
      this.#kernel.touch(block, Number(size), "write");
    }
  }

  #allocate(kind: OpKind, old: number, x: bigint, y: bigint): number {
    const process = this.#threads.now;
    switch (kind) {
      case OpKind.MALLOC:
        return process.malloc(x);
      case OpKind.CALLOC:
        return process.calloc(x, y);
      case OpKind.MEMALIGN:
        return process.memalign(x, y);
      case OpKind.REALLOC:
        return process.realloc(old, x);
      case OpKind.FREE:
        return 0;
    }
  }

  /** A size of the trace; what size_t cannot hold becomes its greatest value. */
  #argument(low: number, high: number): bigint {
    const value = (BigInt(high) << 32n) | BigInt(low);
    return this.#kernel.process.abi === "ilp32" && value > SIZE_MAX_32 ? SIZE_MAX_32 : value;
  }
}
