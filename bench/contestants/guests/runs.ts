// Runs programs for WASI: each time a new instance in a new memory, as a new process would have.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WASI } from "node:wasi";
import { createHeapSync } from "../../../src/heap/create.js";
import { binaryName, type Profile } from "../../../src/binary/profile.js";
import type { Heap } from "../../../src/heap/heap.js";
import { heapOptionsFor } from "../../../src/link/guest.js";
import { wasmModule } from "../binaries.js";
import { linkGuestSync, slowCalls } from "../../../src/link/link.js";
import type { RawExports } from "../../../src/binary/exports.js";
import type { TunableObject } from "../../../src/process/tunables.js";

/** A run: what it took, and how large the memory was at the end. */
export interface GuestRun {
  readonly nanoseconds: number;
  readonly memoryBytes: number;
}

/** How to run a program once more. */
export type GuestRunner = () => GuestRun;

/** What a program is given. */
export interface GuestArguments {
  /** Without the program's name. */
  readonly args: readonly string[];
  /** The folder that it sees, as "/". */
  readonly folder: string;
  /** Where its standard output goes: a file descriptor of this process. */
  readonly stdout: number;
}

function wasiFor({ args, folder, stdout }: GuestArguments): WASI {
  return new WASI({
    version: "preview1",
    args: ["program", ...args],
    preopens: { "/": folder },
    returnOnExit: true,
    stdout,
  });
}

/**
 * How long this process has had processors, ns: what others do on the machine does not count.
 * Linux's figure for the thread alone would be in ticks of 4 ms.
 */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function timed(wasi: WASI, guest: { exports: WebAssembly.Exports }): GuestRun {
  // The memories of earlier runs are given back now, not within the clock.
  collectGarbage();
  const begin = processorTime();
  const code = wasi.start(guest);
  const nanoseconds = processorTime() - begin;
  if (code !== 0) throw new Error(`the program ended with exit code ${code}`);
  const { memory } = guest.exports as { memory: WebAssembly.Memory };
  return { nanoseconds, memoryBytes: memory.buffer.byteLength };
}

/** A program that has all that it needs but WASI: with its libc's malloc, or merged with a heap. */
export function wholeProgram(bytes: Uint8Array<ArrayBuffer>, given: GuestArguments): GuestRunner {
  const module = new WebAssembly.Module(bytes);
  return () => {
    const wasi = wasiFor(given);
    const imports = { wasi_snapshot_preview1: slowCalls(wasi.wasiImport as Imports) };
    return timed(wasi, new WebAssembly.Instance(module, imports));
  };
}

type Imports = Readonly<Record<string, unknown>>;

/**
 * A program that imports its malloc, over a heap of its own.
 * @param finished is shown the heap when the program has ended
 */
export function linkedProgram(
  bytes: Uint8Array<ArrayBuffer>,
  given: GuestArguments,
  options: { tunables?: TunableObject; build?: "core" | "checked"; profile?: Profile } = {},
  finished: (heap: Heap) => void = () => undefined,
): GuestRunner {
  return () => {
    const wasi = wasiFor(given);
    const { build = "core", profile = "glibc" } = options;
    const wasm = wasmModule(binaryName(build, profile, "ilp32"));
    const heap = createHeapSync({ ...heapOptionsFor(bytes), ...options, wasm });
    // Checking at every call takes the square of the time.
    if (options.build === "checked") (heap.raw as RawExports<"ilp32", "checked">).verify_calls(0);
    const imports = { wasi_snapshot_preview1: wasi.wasiImport as WebAssembly.ModuleImports };
    const run = timed(wasi, linkGuestSync(bytes, heap, { imports }));
    finished(heap);
    return run;
  };
}
