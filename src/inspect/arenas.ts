// The arenas of a process and their heaps, read from glibc's structs.

import type { Abi } from "../layout/address.js";
import {
  MOST_ARENAS,
  type HeapInfo,
  type MallocPar,
  type MallocState,
} from "../layout/generated.js";
import { readStruct } from "../layout/struct.js";
import { isInside, type HeapSource } from "./source.js";

export type { MallocPar, MallocState } from "../layout/generated.js";

/**
 * A heap of an arena other than main_arena: what its header says (struct heap_info), and where it
 * is.
 */
export interface Heap extends HeapInfo {
  /** The address of its header, which is its start. */
  readonly address: number;
}

/** An arena as it is now. */
export interface Arena {
  /** Where its malloc_state is. */
  readonly address: number;
  /** A copy of that struct. */
  readonly state: MallocState & {
    /** @deprecated `top`; the name of version 0.1.0. */
    readonly topWord?: number;
    /** @deprecated `lastRemainder`; the name of version 0.1.0. */
    readonly lastRemainderWord?: number;
  };
  /** Its heaps, the last first; none for main_arena, which lies on the break. */
  readonly heaps: readonly Heap[];
}

/** Without huge pages a heap reserves this much, and is aligned to it (HEAP_MAX_SIZE). */
const HEAP_MAX_BYTES: Readonly<Record<Abi, number>> = { ilp32: 2 ** 20, lp64: 2 ** 26 };

/**
 * glibc's `mp_`, the parameters and statistics of the whole process.
 * @param process `heap.process`, or what `startProcess` gave
 * @returns a copy of it
 */
export function readMallocPar(process: HeapSource): MallocPar {
  const address = process.places.mallocPar;
  return readStruct(process.view(), address, process.structs.MallocPar);
}

/**
 * What a heap of an arena other than main_arena reserves (HEAP_MAX_SIZE).
 * @param process `heap.process`, or what `startProcess` gave
 * @returns bytes; also the heap's alignment
 */
export function heapMaxBytes(process: HeapSource): number {
  const huge = readMallocPar(process).hpPagesize;
  return huge === 0 ? HEAP_MAX_BYTES[process.abi] : huge * 4;
}

/**
 * All arenas with their heaps, copied out.
 * @param process `heap.process`, or what `startProcess` gave
 * @returns in the order of their ring: main_arena, then the youngest first
 * @throws HeapAbort where a link leads to nowhere or round in a circle
 */
export function readArenas(process: HeapSource): Arena[] {
  const arenas: Arena[] = [];
  collectArenas(process, arenas);
  return arenas;
}

/** As {@link readArenas}: what was met before a link that leads to nowhere is in `arenas`. */
export function collectArenas(process: HeapSource, arenas: Arena[]): void {
  const main = process.places.mainArena;
  let address = main;
  for (let left = MOST_ARENAS; ; left--) {
    const state = readStruct(process.view(), address, process.structs.MallocState);
    const heaps = address === main ? [] : readHeaps(process, state.top);
    const old = {
      topWord: { value: state.top },
      lastRemainderWord: { value: state.lastRemainder },
    };
    arenas.push({ address, state: Object.defineProperties(state, old), heaps });
    if (state.next === main) return;
    if (left === 0 || !isInside(process, state.next, process.structs.MallocState.size))
      process.abort("SEGV_ARENAS", address);
    address = state.next;
  }
}

/** The heap that `top` lies in and those before it. */
function readHeaps(process: HeapSource, top: number): Heap[] {
  const heaps: Heap[] = [];
  let from = top;
  for (let address = top - (top % heapMaxBytes(process)); address !== 0;) {
    // An arena has fewer heaps than that, too.
    if (heaps.length > MOST_ARENAS || !isInside(process, address, process.structs.HeapInfo.size))
      process.abort("SEGV_HEAPS", from);
    from = address;
    const info = readStruct(process.view(), address, process.structs.HeapInfo);
    heaps.push({ ...info, address });
    address = info.prev;
  }
  return heaps;
}
