// A trace inside a process: its packed operations and its block table lie in the process's own
// memory, below everything that belongs to the process, and the `replay` build runs them there.
//
//     64 KiB   operations, struct Op each
//              block table: one word a slot, the address of its live block or 0
//     base     the kernel's page(s) and libc's data
//     startBrk [heap] ...                              (a multiple of 16 MiB)

import { startProcessSync, type Process, type ProcessOptions } from "../process/process.js";
import { glibcVersion } from "../binary/glibc.js";
import { moduleSync } from "../binary/load.js";
import { PACKAGE_FILES } from "../binary/sources.js";
import type { StructLayout } from "../layout/struct.js";
import { structsOf, type Structs } from "../layout/structs.js";
import { wordBytes, type Abi } from "../layout/address.js";
import { WASM_PAGE_SIZE } from "../layout/generated.js";
import { encodeOps } from "./encode.js";
import { Player, type Observer } from "./player.js";
import { Threads } from "./threads.js";
import type { Trace } from "./trace.js";

/** What a replayer may choose about the process that it replays in. */
export interface ReplayOptions extends Pick<
  ProcessOptions,
  "abi" | "profile" | "glibc" | "layout" | "tunables" | "lenientTunables" | "wasm" | "cores"
> {
  /** The build to replay on: "replay" (default), or "checked". */
  build?: "replay" | "checked";
}

/** A process of the build that has the replay loop. */
export type ReplayProcess = Process<Abi, "replay">;

/**
 * Where a block goes that is aligned to more than a page depends on where the break starts; the
 * native goldens have it at a multiple of 16 MiB.
 */
const START_BRK_ALIGNMENT_BYTES = 16 << 20;
/** Operations a call: V8 replaces code by its optimised version only when it is entered anew. */
export const SLICE_OPS = 4096;
const OPS_BEGIN = WASM_PAGE_SIZE;

/** A process with a trace loaded, at its start. */
export class ReplaySession {
  readonly process: ReplayProcess;
  readonly trace: Trace;
  readonly abi: Abi;
  /** Words (of 32 bits) of the process's memory; see {@link words}. */
  private memoryWords: Uint32Array;
  private readonly blocks: number;
  private readonly strideBytes: number;
  private readonly threads: Threads<"replay">;

  /** Use {@link startSession}. */
  constructor(process: ReplayProcess, trace: Trace, blocks: number) {
    this.process = process;
    this.trace = trace;
    this.abi = process.abi;
    this.blocks = blocks;
    this.strideBytes = process.structs.Op.size;
    this.threads = new Threads(process, trace);
    this.memoryWords = new Uint32Array(process.memory.buffer);
  }

  /**
   * The process's memory as words of 32 bits, index = address / 4; the view is renewed when the
   * memory has grown.
   */
  get words(): Uint32Array {
    if (this.memoryWords.length === 0)
      this.memoryWords = new Uint32Array(this.process.memory.buffer);
    return this.memoryWords;
  }

  /** Runs the whole trace at full speed. */
  run(): void {
    const { count, turns } = this.trace;
    this.threads.rewind();
    let at = 0;
    for (let turn = 0; turn < turns.at.length; turn++) {
      this.runOps(at, turns.at[turn]!);
      at = turns.at[turn]!;
      this.threads.take(turns.who[turn]!);
    }
    this.runOps(at, count);
  }

  private runOps(first: number, end: number): void {
    const { raw } = this.threads.now;
    for (let at = first; at < end; at += SLICE_OPS) {
      const stop = Math.min(at + SLICE_OPS, end);
      raw.replay(this.opAddress(at), this.opAddress(stop), this.blocks);
    }
  }

  /**
   * Runs operations as a program that writes the first and the last byte of every block that it
   * gets; of a trace without turns.
   */
  touch(first: number, end: number): void {
    this.threads.now.raw.replay_touching(this.opAddress(first), this.opAddress(end), this.blocks);
  }

  /** @returns who plays the trace call by call, instead of `run`; the process must be fresh */
  player(observer?: Observer): Player {
    return new Player(this.trace, this.threads, observer);
  }

  /**
   * Ends every thread but the process's first, in the order of their numbers, and that one, too, as
   * a thread.
   */
  exitAll(): void {
    this.threads.exitAll();
  }

  /** Frees every block that `run` left, so that the trace can run again in the same heap. */
  release(): void {
    this.threads.rewind();
    this.threads.now.raw.release_all(this.blocks, this.trace.slots);
  }

  private opAddress(index: number): number {
    return OPS_BEGIN + index * this.strideBytes;
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

/**
 * Plans the memory of a process that replays `trace`, in the layout that this file's head shows.
 * @param op the struct `Op` of the binary
 */
export function planTrace(trace: Trace, abi: Abi, op: Structs["Op"]): TracePlan {
  const ops = encodeOps(trace, abi, op);
  const blocks = roundUp(OPS_BEGIN + ops.length, 16);
  const end = blocks + trace.slots * wordBytes(abi);
  const startBrk = roundUp(end + WASM_PAGE_SIZE, START_BRK_ALIGNMENT_BYTES);
  return { ops, opsBegin: OPS_BEGIN, blocks, base: startBrk - WASM_PAGE_SIZE, startBrk };
}

/**
 * Starts a fresh process and loads a trace into it. Without waiting: Node 20 may hang where nothing
 * but a compilation is under way (nodejs/node#54918), and a replay of many traces starts many
 * processes.
 *
 * @throws what `startProcess` throws: bad tunables, no memory
 */
export function startSession(trace: Trace, options: ReplayOptions): ReplaySession {
  const { abi = "ilp32", profile, wasm } = options;
  const glibc = options.glibc && glibcVersion(options.glibc);
  const build = (options.build ?? "replay") as "replay";
  // How long the operations are decides where the process begins.
  const module = moduleSync({ abi, build, profile, glibc, wasm }, PACKAGE_FILES);
  const plan = planTrace(trace, abi, structsOf(module, abi).Op);
  const { ops, opsBegin, blocks, base, startBrk } = plan;
  const process = startProcessSync<Abi, "replay">({
    ...options,
    build,
    wasm: module,
    base,
    startBrk,
  });
  new Uint8Array(process.memory.buffer).set(ops, opsBegin);
  return new ReplaySession(process, trace, blocks);
}

/** @returns the address of a field of a struct that starts at `address` */
export function fieldAddress(
  process: ReplayProcess,
  struct: "MmStruct" | "MallocPar" | "MallocState",
  field: string,
  address: number,
): number {
  const structs: Readonly<Record<string, StructLayout>> = process.structs;
  const found = structs[struct]?.fields[field];
  if (!found) throw new Error(`struct ${struct} has no field ${field}`);
  return (address >>> 0) + found.offset;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
