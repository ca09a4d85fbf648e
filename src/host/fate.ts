// How a process ended, if it did: what one thread's call found, and, where threads run at the same time, the word in shared memory by
// which it tells the others, so that none waits for a lock that nobody will give back.

import type { Abi } from "../layout/address.js";
import { layouts, LockFailure } from "../layout/generated.js";
import { show } from "./checks.js";
import type { RawExports } from "./exports.js";
import { errorOf } from "./failures.js";
import type { BrokenInvariant, HeapAbort } from "./failures.js";
import { readField } from "./struct.js";
import type { ThreadError } from "./thread-error.js";
import { kernelLost, lockHeld, processAborted, TRAPPED, type HeldLock } from "./thread-error.js";

/** What can end a process. */
export type ProcessEnd = HeapAbort | BrokenInvariant | ThreadError;

/** Bit 31 of a lock says that somebody waits; below is the owner's number plus 1. */
const OWNER_BITS = 0x7fffffff;

/** The fate of a process, as one JavaScript thread knows it. */
export class Fate {
  /** The numbers of the threads of this JavaScript thread; more than one where some are simulated. */
  readonly threads = new Set<number>();
  #end: ProcessEnd | undefined;
  #raw: RawExports<Abi, "threads"> | undefined;
  #abi: Abi = "ilp32";
  /** SharedState, one element a field. A view of shared memory survives its growth. */
  #state: Int32Array | undefined;
  #memory: WebAssembly.Memory | undefined;

  /**
   * From now on the other threads of the process at `raw` are told, and listened to.
   * @param raw a threaded instance over `memory`, initialised or attached
   */
  bind(abi: Abi, memory: WebAssembly.Memory, raw: RawExports<Abi, "threads">): void {
    this.#abi = abi;
    this.#memory = memory;
    this.#raw = raw;
    const { size } = layouts[abi].SharedState;
    this.#state = new Int32Array(memory.buffer, raw.shared_state() >>> 0, size / 4);
  }

  /** What ended the process; undefined while it lives. */
  get end(): ProcessEnd | undefined {
    if (this.#end === undefined && this.#state !== undefined) {
      const code = Atomics.load(this.#state, this.#fieldIndex("abortCode"));
      if (code !== 0) this.#end = processAborted(code);
    }
    return this.#end;
  }

  /**
   * The import `host.fail`: ends the process, except when a thread gave up waiting for a lock and holds none itself: then nothing is half done.
   * @param code a value of `Failure`, `Invariant` or `LockFailure`
   * @param address signed or unsigned
   * @throws always, what it found
   */
  fail(code: number, address: number): never {
    const error = this.#errorOf(code, address);
    if (code === LockFailure.LOCK_HELD && !this.#holdsLock()) throw error;
    this.#end = error;
    this.#tell(code);
    throw error;
  }

  /** Tells the other threads that a call of this one trapped. Without them nothing happens. */
  trapped(): void {
    this.#tell(TRAPPED);
  }

  /** The first code stays: it says what came first. */
  #tell(code: number): void {
    if (this.#state !== undefined)
      Atomics.compareExchange(this.#state, this.#fieldIndex("abortCode"), 0, code);
  }

  #fieldIndex(name: "abortCode" | "patienceMs"): number {
    return layouts[this.#abi].SharedState.fields[name].offset / 4;
  }

  #errorOf(code: number, address: number): ProcessEnd {
    switch (code) {
      case LockFailure.LOCK_HELD: {
        const patience = this.#state?.[this.#fieldIndex("patienceMs")] ?? 0;
        return lockHeld(this.#lockAt(address >>> 0), patience);
      }
      case LockFailure.PROCESS_ABORTED:
        return processAborted(address);
      case LockFailure.KERNEL_LOST:
        return kernelLost();
      default:
        return errorOf(code, address);
    }
  }

  /** Whether a thread of this JavaScript thread, which is inside a call, holds a lock. */
  #holdsLock(): boolean {
    const raw = this.#raw;
    if (raw === undefined || this.#memory === undefined) return false;
    const { MmStruct, SharedState, MallocState } = layouts[this.#abi];
    const view = new DataView(this.#memory.buffer);
    const isMine = (lock: number) => this.threads.has((view.getInt32(lock, true) & OWNER_BITS) - 1);
    if (isMine((raw.mm_struct() >>> 0) + MmStruct.fields.mmapLock.offset)) return true;
    if (isMine((raw.shared_state() >>> 0) + SharedState.fields.listLock.offset)) return true;
    // The ring only grows.
    const main = raw.main_arena() >>> 0;
    let arena = main;
    do {
      if (isMine(arena + MallocState.fields.mutex.offset)) return true;
      arena = readField(view, arena, MallocState.fields.next) as number;
    } while (arena !== main);
    return false;
  }

  #lockAt(address: number): HeldLock {
    if (this.#memory === undefined || this.#raw === undefined)
      throw new TypeError(`a lock without threads at ${show(address)}`);
    const [word = 0] = new Int32Array(this.#memory.buffer, address, 1);
    const owner = (word & OWNER_BITS) - 1;
    const name = this.#nameOfLock(this.#raw, address);
    return { address, name, owner: owner < 0 ? undefined : owner };
  }

  #nameOfLock(raw: RawExports<Abi, "threads">, address: number): string {
    const { MmStruct, SharedState } = layouts[this.#abi];
    if (address === (raw.mm_struct() >>> 0) + MmStruct.fields.mmapLock.offset) return "the kernel";
    if (address === (raw.shared_state() >>> 0) + SharedState.fields.listLock.offset)
      return "the list of arenas";
    if (address === raw.main_arena() >>> 0) return "main_arena";
    return `the arena at 0x${address.toString(16)}`;
  }
}
