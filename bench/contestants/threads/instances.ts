// How a thread comes to its instance, by kind of module. Runs in the workers, and in the main
// thread for who starts the allocator.

import { startProcessSync } from "../../../src/process/process.js";
import {
  attachProcessSync,
  lockCounters,
  registryOf,
  type LockCounters,
  type ProcessHandle,
} from "../../../src/process/threads/join.js";
import { HOST_BYTES, MOST_THREADS, TASK_SIZE, stackOf, type ThreadExports } from "./loads.js";

/**
 * What a worker gets to make its instance from. It must survive postMessage, so it names a kind and
 * not a function.
 *
 * `c`: compiled by clang; stack and thread-local variables are in the thread's region. `plain`:
 * nothing but the loads and a memory. `ptmalloc`: this project's threaded build; threads join the
 * process that the main thread has started. `single`: this project, with one thread and no other;
 * in its build without threads that thread makes the memory.
 */
export type ThreadSetup =
  | {
      readonly kind: "c" | "plain";
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
    }
  | { readonly kind: "ptmalloc"; readonly handle: ProcessHandle<"ilp32"> }
  | {
      readonly kind: "single";
      readonly module: WebAssembly.Module;
      /** For the threaded build. */
      readonly memory?: WebAssembly.Memory;
    };

type SharedSetup = Extract<ThreadSetup, { kind: "c" | "plain" }>;
type SingleSetup = Extract<ThreadSetup, { kind: "single" }>;

/** What the linker adds to a module from C. */
interface CExports extends ThreadExports {
  readonly __stack_pointer: WebAssembly.Global<"i32">;
  readonly __wasm_init_tls: (place: number) => void;
  /** Runs constructors. */
  start(): void;
}

const now = (): number => performance.now();

function cInstance({ module, memory }: SharedSetup, thread: number): CExports {
  const instance = new WebAssembly.Instance(module, { env: { memory, now } });
  const exports = instance.exports as unknown as CExports;
  exports.__stack_pointer.value = stackOf(thread);
  exports.__wasm_init_tls(stackOf(thread));
  return exports;
}

function plainInstance({ module, memory }: SharedSetup): ThreadExports {
  const abort = (): never => {
    throw new Error("the module aborted");
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  return exports as unknown as ThreadExports;
}

function singleInstance({ module: wasm, memory }: SingleSetup): ThreadExports {
  const options = { abi: "ilp32", wasm, base: HOST_BYTES, taskSize: TASK_SIZE } as const;
  const { raw } = startProcessSync(
    memory ? { ...options, build: "threads", memory } : { ...options, build: "core" },
  );
  return raw as unknown as ThreadExports;
}

function joinedInstance(handle: ProcessHandle<"ilp32">): ThreadInstance {
  const process = attachProcessSync(handle, registryOf(handle));
  return {
    exports: process.raw as unknown as ThreadExports,
    locks: () => lockCounters(process),
  };
}

/** A thread's instance, and what it says of its locks, if it does. */
export interface ThreadInstance {
  readonly exports: ThreadExports;
  readonly locks?: () => LockCounters;
}

/** @returns a thread's instance */
export function threadInstance(setup: ThreadSetup, thread: number): ThreadInstance {
  switch (setup.kind) {
    case "c":
      return { exports: cInstance(setup, thread) };
    case "plain":
      return { exports: plainInstance(setup) };
    case "ptmalloc":
      return joinedInstance(setup.handle);
    case "single":
      return { exports: singleInstance(setup) };
  }
}

/**
 * Starts an allocator that comes from C, in a memory that is fresh. It belongs to none of the
 * threads that will run.
 */
export function startC(setup: SharedSetup): void {
  cInstance(setup, MOST_THREADS).start();
}
