// Threads that run at the same time: how another worker becomes a thread of a process of the
// threaded build, and what is to be done when one is killed.

import type { Abi } from "../../layout/address.js";
import { join as joinProcess } from "../begin.js";
import { Burial, type LockCounters, type Repair as RepairStruct } from "../../layout/generated.js";
import { checkBinary } from "../../binary/check.js";
import { checkChoice, checkInteger, show } from "../../base/checks.js";
import { instantiate, instantiateSync } from "../../binary/load.js";
import { isShared } from "../memory-option.js";
import type { AddressLayout, ProcessPlan } from "../options.js";
import { Process } from "../process.js";
import { isMemory, isModule, isSharedBuffer } from "../../base/realm.js";
import { assertShareable } from "./shared-memory.js";
import { readStruct } from "../../layout/struct.js";
import { structsOf } from "../../layout/structs.js";
import { burialBlocked } from "./error.js";
import { threadingOf } from "./threading.js";
import { MOST_THREADS, ThreadRegistry } from "./registry.js";

/**
 * What another worker needs to become a thread of the process: plain data, to be posted to it with
 * `postMessage`.
 */
export interface ProcessHandle<A extends Abi = Abi> {
  /** Tells the process from others; random. */
  readonly id: string;
  /** The memory layout. */
  readonly abi: A;
  /** The shared memory. */
  readonly memory: WebAssembly.Memory;
  /** The compiled binary. */
  readonly module: WebAssembly.Module;
  /** Where the kernel's and libc's data begin, an address. */
  readonly base: number;
  /** Where the heap begins, an address. */
  readonly startBrk: number;
  /** Where the search for room for mappings begins, an address. */
  readonly mmapBase: number;
  /** The limit of the address space, an address. */
  readonly taskSize: number;
  /** Where mappings go. */
  readonly layout: AddressLayout;
  /** Shared words beside the memory: which worker is which thread. */
  readonly registry: SharedArrayBuffer;
  /** How long threads wait for a lock, ms; 0: for ever. */
  readonly patience: number;
}

/**
 * What was found and done after a thread's death, all counts: `systemCalls` undone, `listLocks`
 * taken from it, `arenasMended`, `arenasRetired` (given up, with what is in them), `blocksReturned`
 * from its tcache.
 * @interface
 */
export type Repair = Omit<RepairStruct, "blockedBy">;

export type { LockCounters } from "../../layout/generated.js";

/** A thread that was found dead, and what was done. */
export interface ThreadDeath {
  /** Its number. */
  readonly thread: number;
  /** What was done. */
  readonly repair: Repair;
}

type Threaded<A extends Abi = Abi> = Process<A, "threads">;

/**
 * @param id tells the process from others
 * @returns what other workers need; from now on this thread locks what it shares
 */
export function handleOf<A extends Abi>(process: Threaded<A>, id: string): ProcessHandle<A> {
  process.share();
  const { abi, memory, module, base, startBrk, taskSize, layout } = process;
  const { mmapBase, threading } = process.plan;
  const { patience, registry } = threading!;
  return {
    ...{ id, abi, memory, module, base, startBrk, mmapBase, taskSize, layout, patience },
    registry: registry.buffer,
  };
}

/**
 * Checks what claims to be a handle.
 * @param call who asks, for messages
 * @throws TypeError or RangeError naming the field and the rule
 */
export function checkHandle<A extends Abi>(call: string, given: unknown): ProcessHandle<A> {
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      `${call}: the handle must be what heap.handle() returned, got ${show(given)}`,
    );
  }
  assertShareable();
  const handle = given as ProcessHandle<A>;
  const wrong = (field: string, rule: string, value: unknown): TypeError =>
    new TypeError(`${call}: handle.${field} must be ${rule}, got ${show(value)}`);
  const { id, memory, module, registry } = handle;
  if (typeof id !== "string") throw wrong("id", "a string", id);
  if (!isMemory(memory) || !isShared(memory))
    throw wrong("memory", "a shared WebAssembly.Memory", memory);
  if (!isModule(module)) throw wrong("module", "a WebAssembly.Module", module);
  if (!isSharedBuffer(registry)) throw wrong("registry", "a SharedArrayBuffer", registry);
  checkChoice(`${call}: handle.abi`, handle.abi, ["ilp32", "lp64"]);
  checkChoice(`${call}: handle.layout`, handle.layout, ["linux", "top-down", "compact"]);
  const most = memory.buffer.byteLength;
  for (const name of ["base", "startBrk"] as const)
    checkInteger(`${call}: handle.${name}`, handle[name], { min: 1, max: most });
  for (const name of ["mmapBase", "taskSize", "patience"] as const)
    checkInteger(`${call}: handle.${name}`, handle[name], { min: 0, max: 2 ** 32 });
  checkBinary(module, handle.abi);
  assertProcess(call, handle);
  return handle;
}

/** mm_struct must be where the handle says: `attach` would write into whatever is there. */
function assertProcess(call: string, handle: ProcessHandle) {
  const { abi, base, startBrk, taskSize, memory, module } = handle;
  const mm = readStruct(new DataView(memory.buffer), base, structsOf(module, abi).MmStruct);
  if (mm.startBrk !== startBrk || mm.taskSize !== taskSize) {
    throw new RangeError(
      `${call}: at handle.base ${base} there is no process with startBrk ${startBrk} and taskSize ${taskSize}`,
    );
  }
}

function planOf<A extends Abi>(
  handle: ProcessHandle<A>,
  registry: ThreadRegistry,
): ProcessPlan<A, "threads"> {
  const { abi, memory, module, base, startBrk, mmapBase, taskSize, layout, patience } = handle;
  return {
    ...{ abi, build: "threads", memory, wasm: module, base, startBrk, mmapBase, taskSize, layout },
    ...{ flags: 0, tunables: [] },
    ...threadingOf(registry, patience),
  };
}

/** @returns this worker's view of who is who, in a process that it is about to join */
export function registryOf(handle: ProcessHandle): ThreadRegistry {
  return new ThreadRegistry(handle.patience, handle.registry);
}

/**
 * Makes this worker a thread of the process.
 * @param handle checked
 * @throws RangeError when the process has as many threads as it can have; Error when the module is
 *   another version's
 */
export async function attachProcess<A extends Abi>(
  handle: ProcessHandle<A>,
  registry: ThreadRegistry,
): Promise<Threaded<A>> {
  const plan = planOf(handle, registry);
  return new Process(plan, await instantiate(plan, handle.module, plan.newFate()), joinProcess);
}

/** As `attachProcess`, without waiting. */
export function attachProcessSync<A extends Abi>(
  handle: ProcessHandle<A>,
  registry: ThreadRegistry,
): Threaded<A> {
  const plan = planOf(handle, registry);
  return new Process(plan, instantiateSync(plan, handle.module, plan.newFate()), joinProcess);
}

/**
 * @returns the numbers of the threads that began and neither ended nor were reported dead,
 *   ascending
 */
export function aliveThreads(process: Threaded): number[] {
  const { size, fields } = process.structs.ThreadData;
  const view = process.view();
  const isAlive = process.places.threads + fields.isAlive.offset;
  return Array.from({ length: MOST_THREADS }, (_, number) => number).filter(
    (number) => view.getInt32(isAlive + number * size, true) !== 0,
  );
}

/** @returns how often this thread found a lock taken, and how often it went to sleep over one */
export function lockCounters(process: Threaded): LockCounters {
  const { locks } = process.structs.ThreadData.fields;
  const address = (process.raw.thread_data() >>> 0) + locks.offset;
  return readStruct(process.view(), address, process.structs.LockCounters);
}

/** Buries one thread. Under the registry's lock. */
function bury(process: Threaded, number: number): Repair | undefined {
  const result = process.raw.thread_died(number);
  const address = process.raw.scratch() >>> 0;
  const { blockedBy, ...repair } = readStruct(process.view(), address, process.structs.Repair);
  if (result === Burial.BUSY) throw burialBlocked(number, blockedBy);
  process.plan.threading!.registry.forget(number);
  return result === Burial.DONE ? repair : undefined;
}

/**
 * Cleans up after thread `number`, which must not run any more.
 * @returns what was found and done
 * @throws RangeError when it is this thread or there is no such thread; ThreadError when what it
 *   was in the middle of cannot be undone
 */
export function buryThread(process: Threaded, number: number): Repair {
  checkInteger("threadExited: thread", number, { min: 0, max: MOST_THREADS - 1 });
  if (number === process.thread) {
    throw new RangeError(`threadExited: thread must not be the caller's own, got ${number}`);
  }
  const repair = process.plan.threading!.registry.locked("threadExited", () =>
    bury(process, number),
  );
  if (repair === undefined) {
    const alive = aliveThreads(process).join(", ");
    throw new RangeError(
      `threadExited: thread must be one of those alive (${alive}), got ${number}`,
    );
  }
  return repair;
}

/**
 * Cleans up after all threads of an owner (see ThreadRegistry) that runs no more. One that was
 * killed while it was becoming a thread is found too.
 * @returns those that had not ended in order
 */
export function buryOwner(process: Threaded, owner: number): ThreadDeath[] {
  const registry = process.plan.threading!.registry;
  return registry.lockedAfter("threadExited", owner, (heldLock) => {
    const numbers = registry.threadsOf(owner);
    // It may have become a thread and not have said so yet.
    if (heldLock) {
      const nobodys = new Set(registry.threadsOf(0));
      numbers.push(...aliveThreads(process).filter((number) => nobodys.has(number)));
    }
    return numbers.flatMap((thread) => {
      const repair = bury(process, thread);
      return repair === undefined ? [] : [{ thread, repair }];
    });
  });
}
