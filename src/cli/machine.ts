// A process to look at, for the commands that show the kernel's side: a fresh heap, or one in the
// middle of a trace.

import type { Command } from "commander";
import { Option } from "commander";
import type { AddressLayout } from "../process/options.js";
import { parseTunables } from "../process/tunable-text.js";
import { startKernelSync, type Kernel } from "../kernel.js";
import type { GlibcVersion } from "../binary/glibc.js";
import type { Abi } from "../layout/address.js";
import { Player, type Observer } from "../trace/player.js";
import { Threads } from "../trace/threads.js";
import type { Trace } from "../trace/trace.js";
import { readTraces } from "./inputs.js";
import { UsageError, type CliIo } from "./io.js";
import { wholeNumber } from "./numbers.js";
import { glibcOption, heapOptions } from "./profile-option.js";

/** Options that all these commands have. */
export interface MachineOptions {
  abi: Abi;
  glibc?: GlibcVersion;
  layout: AddressLayout;
  tunables?: string;
  lenientTunables?: boolean;
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

/** Adds the options of MachineOptions. @param isOneGlibc whether it runs one version of glibc */
export function withMachineOptions(command: Command, isOneGlibc = true): Command {
  if (isOneGlibc) command.addOption(glibcOption());
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
    )
    .option("--lenient-tunables", "ignore tunables that glibc would ignore, in place of an error");
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
  const { abi, layout, tunables, lenientTunables = false } = options;
  if (tunables !== undefined) checkTunables(tunables, options);
  const settings = tunables ? { tunables, lenientTunables } : {};
  const heap = heapOptions(options);
  return startKernelSync<Abi>({ abi, layout, startBrk: START_BRK, ...heap, ...settings });
}

/**
 * Checks tunables before a process is made. What another glibc's binary refuses then, it says
 * itself: TunableRefusal.
 * @throws UsageError
 */
export function checkTunables(
  tunables: string,
  { abi, glibc, lenientTunables }: Pick<MachineOptions, "abi" | "glibc" | "lenientTunables">,
): void {
  try {
    parseTunables(tunables, abi, lenientTunables, glibc);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
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
  playerIn(kernel, trace, touch).to(at);
  return kernel;
}

/** Reads one trace. @throws UsageError, TraceError */
export async function readTrace(file: string, io: CliIo): Promise<Trace> {
  const [trace] = await readTraces([file], io);
  return trace!;
}

/**
 * A trace that plays in a process.
 * @param touches whether it writes to the blocks that it gets, so that their pages are resident
 * @param observer is told of every operation
 */
export function playerIn(
  kernel: Kernel,
  trace: Trace,
  touches: boolean,
  observer?: Observer,
): Player {
  const touch: Observer = ({ result, bytes }) => {
    if (result !== 0) kernel.touch(result, bytes, "write");
  };
  const both: Observer = (step) => {
    if (touches) touch(step);
    observer?.(step);
  };
  const told = touches || observer !== undefined ? both : undefined;
  return new Player(trace, new Threads(kernel.process, trace), told);
}
