// The fate of a process whose threads run at the same time: what ended it stands in a word of
// shared memory, by which a thread tells the others, so that none waits for a lock that nobody will
// give back.

import type { Abi } from "../../layout/address.js";
import { LockFailure, MOST_ARENAS } from "../../layout/generated.js";
import { show } from "../../base/checks.js";
import type { RawExports } from "../../binary/exports.js";
import { errorOf } from "../failures.js";
import { Fate, type ProcessEnd } from "../fate.js";
import { readField } from "../../layout/struct.js";
import type { Structs } from "../../layout/structs.js";
import { kernelLost, lockHeld, processAborted, TRAPPED, type HeldLock } from "./error.js";

/** Bit 31 of a lock says that somebody waits; below is the owner's number plus 1. */
const OWNER_BITS = 0x7fffffff;

/** More arenas than there can be. */

/** A process of the threaded build, as far as its fate needs to know it. */
interface Shared {
  readonly memory: WebAssembly.Memory;
  readonly raw: RawExports<Abi, "threads">;
  readonly structs: Structs;
  /** SharedState, one element a field. A view of shared memory survives its growth. */
  readonly state: Int32Array;
}

/** The fate of a process that threads share, as one of them knows it. */
export class SharedFate extends Fate {
  override readonly threads = new Set<number>();
  #shared: Shared | undefined;

  constructor() {
    super((code, address, places) => this.#errorFor(code, address, places));
  }

  /**
   * From now on the other threads of the process at `raw` are told, and listened to.
   * @param raw a threaded instance over `memory`, initialised or attached
   */
  bind(memory: WebAssembly.Memory, raw: RawExports<Abi, "threads">, structs: Structs): void {
    const { size } = structs.SharedState;
    const state = new Int32Array(memory.buffer, raw.shared_state() >>> 0, size / 4);
    this.#shared = { memory, raw, structs, state };
  }

  override get end(): ProcessEnd | undefined {
    if (this.found === undefined && this.#shared !== undefined) {
      const code = Atomics.load(this.#shared.state, fieldIndex(this.#shared, "abortCode"));
      if (code !== 0) this.found = processAborted(code);
    }
    return this.found;
  }

  /**
   * The import `host.fail`: ends the process, except when a thread gave up waiting for a lock and
   * holds none itself: then nothing is half done.
   * @param code a value of `Failure`, `Invariant` or `LockFailure`
   * @param address signed or unsigned
   * @throws always, what it found
   */
  override fail(code: number, address: number): never {
    const error = this.errorOf(code, address, this.places);
    if (code === LockFailure.LOCK_HELD && !this.#holdsLock()) throw error;
    this.found = error;
    this.#tell(code);
    throw error;
  }

  override trapped(trap: Error, call: string): ProcessEnd {
    this.#tell(TRAPPED);
    return super.trapped(trap, call);
  }

  /** The first code stays: it says what came first. */
  #tell(code: number): void {
    const shared = this.#shared;
    if (shared !== undefined)
      Atomics.compareExchange(shared.state, fieldIndex(shared, "abortCode"), 0, code);
  }

  #errorFor(code: number, address: number, places?: readonly string[]): ProcessEnd {
    switch (code) {
      case LockFailure.LOCK_HELD: {
        const shared = this.#shared;
        if (shared === undefined) throw new TypeError(`a lock without threads at ${show(address)}`);
        const patience = shared.state[fieldIndex(shared, "patienceMs")] ?? 0;
        return lockHeld(lockAt(shared, address >>> 0), patience);
      }
      case LockFailure.PROCESS_ABORTED:
        return processAborted(address);
      case LockFailure.KERNEL_LOST:
        return kernelLost();
      default:
        return errorOf(code, address, places);
    }
  }

  /** Whether a thread of this JavaScript thread, which is inside a call, holds a lock. */
  #holdsLock(): boolean {
    if (this.#shared === undefined) return false;
    const { raw, memory, structs } = this.#shared;
    const { MmStruct, SharedState, MallocState } = structs;
    const view = new DataView(memory.buffer);
    const isMine = (lock: number) => this.threads.has((view.getInt32(lock, true) & OWNER_BITS) - 1);
    if (isMine((raw.mm_struct() >>> 0) + MmStruct.fields.mmapLock.offset)) return true;
    if (isMine((raw.shared_state() >>> 0) + SharedState.fields.listLock.offset)) return true;
    // The ring only grows.
    const main = raw.main_arena() >>> 0;
    const last = memory.buffer.byteLength - MallocState.size;
    let arena = main;
    let left = MOST_ARENAS;
    do {
      // A damaged ring ends nowhere.
      if (!(arena <= last) || left-- === 0) return true;
      if (isMine(arena + MallocState.fields.mutex.offset)) return true;
      arena = readField(view, arena, MallocState.fields.next) as number;
    } while (arena !== main);
    return false;
  }
}

function fieldIndex({ structs }: Shared, name: "abortCode" | "patienceMs"): number {
  return structs.SharedState.fields[name].offset / 4;
}

function lockAt(shared: Shared, address: number): HeldLock {
  const [word = 0] = new Int32Array(shared.memory.buffer, address, 1);
  const owner = (word & OWNER_BITS) - 1;
  return { address, name: nameOfLock(shared, address), owner: owner < 0 ? undefined : owner };
}

function nameOfLock({ raw, structs }: Shared, address: number): string {
  const { MmStruct, SharedState } = structs;
  if (address === (raw.mm_struct() >>> 0) + MmStruct.fields.mmapLock.offset) return "the kernel";
  if (address === (raw.shared_state() >>> 0) + SharedState.fields.listLock.offset)
    return "the list of arenas";
  if (address === raw.main_arena() >>> 0) return "main_arena";
  return `the arena at 0x${address.toString(16)}`;
}
