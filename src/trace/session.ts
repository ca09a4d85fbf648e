// A trace inside a process: its packed operations and its block table lie in the process's own memory, below
// everything that belongs to the process, and the `replay` build runs them there.
//
//     64 KiB   operations, struct Op each
//              block table: one word a slot, the address of its live block or 0
//     base     the kernel's page(s) and libc's data
//     startBrk [heap] ...                              (a multiple of 16 MiB)

import { startProcess, type Process, type ProcessOptions } from "../host/process.js";
import type { StructLayout } from "../host/struct.js";
import { wordBytes, type Abi } from "../layout/address.js";
import { layouts } from "../layout/generated.js";
import { encodeOps, opBytes } from "./encode.js";
import type { Trace } from "./trace.js";

/** What a replayer may choose about the process that it replays in. */
export type ReplayOptions = Pick<ProcessOptions, "abi" | "layout" | "tunables" | "wasm">;

/** A process of the build that has the replay loop. */
export type ReplayProcess = Process<Abi, "replay">;

const WASM_PAGE_BYTES = 65_536;
/**
 * Where a block goes that is aligned to more than a page depends on where the break starts; the native goldens have it
 * at a multiple of 16 MiB.
 */
const START_BRK_ALIGNMENT_BYTES = 16 << 20;
/** Operations a call: V8 replaces code by its optimised version only when it is entered anew. */
const SLICE_OPS = 4096;
const OPS_BEGIN = WASM_PAGE_BYTES;

/** A process with a trace loaded, at its start. */
export class ReplaySession {
  readonly process: ReplayProcess;
  readonly trace: Trace;
  readonly abi: Abi;
  /** Words (of 32 bits) of the process's memory; see {@link words}. */
  private memoryWords: Uint32Array;
  private readonly blocks: number;
  private readonly strideBytes: number;

  /** Use {@link startSession}. */
  constructor(process: ReplayProcess, trace: Trace, blocks: number) {
    this.process = process;
    this.trace = trace;
    this.abi = process.abi;
    this.blocks = blocks;
    this.strideBytes = opBytes(process.abi);
    this.memoryWords = new Uint32Array(process.memory.buffer);
  }

  /** The process's memory as words of 32 bits, index = address / 4; the view is renewed when the memory has grown. */
  get words(): Uint32Array {
    if (this.memoryWords.length === 0)
      this.memoryWords = new Uint32Array(this.process.memory.buffer);
    return this.memoryWords;
  }

  /** Runs the whole trace at full speed. */
  run(): void {
    const end = OPS_BEGIN + this.trace.count * this.strideBytes;
    const slice = SLICE_OPS * this.strideBytes;
    for (let at = OPS_BEGIN; at < end; at += slice) {
      this.process.raw.replay(at, Math.min(at + slice, end), this.blocks);
    }
  }

  /** Runs the one operation `index`. @returns the address that it returned; 0 for NULL and for a free */
  step(index: number): number {
    const at = OPS_BEGIN + index * this.strideBytes;
    return Number(this.process.raw.replay(at, at + this.strideBytes, this.blocks)) >>> 0;
  }

  /** Frees every block that is live, so that the trace can run again in the same heap. */
  release(): void {
    this.process.raw.release_all(this.blocks, this.trace.slots);
  }
}

/** Where a trace lies in a process's memory, and the process above it; all in bytes. */
export interface TracePlan {
  /** The packed operations, to be written at `opsBegin`. */
  readonly ops: Uint8Array;
  readonly opsBegin: number;
  /** The block table's address. */
  readonly blocks: number;
  /** Options of the process. */
  readonly base: number;
  readonly startBrk: number;
}

/** Plans the memory of a process that replays `trace`, in the layout that this file's head shows. */
export function planTrace(trace: Trace, abi: Abi): TracePlan {
  const ops = encodeOps(trace, abi);
  const blocks = roundUp(OPS_BEGIN + ops.length, 16);
  const end = blocks + trace.slots * wordBytes(abi);
  const startBrk = roundUp(end + WASM_PAGE_BYTES, START_BRK_ALIGNMENT_BYTES);
  return { ops, opsBegin: OPS_BEGIN, blocks, base: startBrk - WASM_PAGE_BYTES, startBrk };
}

/**
 * Starts a fresh process and loads a trace into it.
 *
 * @throws what `startProcess` throws: bad tunables, no memory
 */
export async function startSession(trace: Trace, options: ReplayOptions): Promise<ReplaySession> {
  const { ops, opsBegin, blocks, base, startBrk } = planTrace(trace, options.abi ?? "ilp32");
  const process = await startProcess<Abi, "replay">({
    ...options,
    build: "replay",
    base,
    startBrk,
  });
  new Uint8Array(process.memory.buffer).set(ops, opsBegin);
  return new ReplaySession(process, trace, blocks);
}

/** @returns the address of a field of a struct that starts at `address` */
export function fieldAddress(
  abi: Abi,
  struct: "MmStruct" | "MallocPar" | "MallocState",
  field: string,
  address: number,
): number {
  const structs: Readonly<Record<string, StructLayout>> = layouts[abi];
  const found = structs[struct]?.fields[field];
  if (!found) throw new Error(`struct ${struct} has no field ${field}`);
  return (address >>> 0) + found.offset;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
