// Out of memory, wherever it can strike: a trace is replayed while the kernel refuses chosen
// requests for more memory.
//
// A replay whose k-th request is refused is the same as any other up to the operation that makes
// that request, so the operations before and after it run at full speed inside WebAssembly; around
// it the test looks closely.

import { startProcess, type Process } from "../../src/process/process.js";
import { layouts, OpKind } from "../../src/layout/generated.js";
import { planTrace } from "../../src/trace/session.js";
import { kindOf, slotOf, type Trace } from "../../src/trace/trace.js";
import { Place } from "../support/place.js";

type Checked = Process<"ilp32", "checked">;

const STRIDE = layouts.ilp32.Op.size;
const ENOMEM = 12;
/** Above every trace's heap, and low: whoever begins looks through the whole memory. */
const MMAP_BASE = 0x1000_0000;

const place = new Place();

/** A process with the trace's operations and block table below its base. */
export class Replay {
  readonly trace: Trace;
  readonly process: Checked;
  readonly #opsBegin: number;
  readonly #blocks: number;

  private constructor(trace: Trace, process: Checked, opsBegin: number, blocks: number) {
    this.trace = trace;
    this.process = process;
    this.#opsBegin = opsBegin;
    this.#blocks = blocks;
  }

  static async start(trace: Trace): Promise<Replay> {
    const { ops, opsBegin, blocks, base, startBrk } = planTrace(trace, "ilp32", layouts.ilp32.Op);
    const memory = place.freed();
    const options = { base, startBrk, mmapBase: MMAP_BASE, memory };
    const process = place.taken(await startProcess({ build: "checked", ...options }));
    process.raw.verify_calls(0);
    process.u8().fill(0, opsBegin, base).set(ops, opsBegin);
    return new Replay(trace, process, opsBegin, blocks);
  }

  /** Runs operations [from, to). */
  run(from: number, to: number): number {
    const at = (index: number): number => this.#opsBegin + index * STRIDE;
    return this.process.raw.replay(at(from), at(to), this.#blocks) >>> 0;
  }

  /** The address of the block that operation `index` is about, 0 for NULL. */
  block(index: number): number {
    const slot = slotOf(this.trace.idKinds[index]!);
    return this.process.view().getUint32(this.#blocks + slot * 4, true);
  }

  /** Frees everything and shows that the heap works. */
  finish(): void {
    const { process } = this;
    process.raw.refuse_growth(0, 0);
    process.raw.release_all(this.#blocks, this.trace.slots);
    for (const bytes of [24, 1000, 100_000, 1_000_000]) {
      const block = process.malloc(bytes);
      if (block === 0) throw new Error(`malloc(${bytes}) fails after everything was freed`);
      process.u8().fill(0xa5, block, block + bytes);
      process.free(block);
    }
    this.check("at the end");
  }

  check(when: string): void {
    const invariant = this.process.raw.check_heap();
    if (invariant !== 0) throw new Error(`invariant ${invariant} broken ${when}`);
  }

  /**
   * Runs operation `index`, in which a request is refused: NULL and the old block as it was, or
   * served all the same.
   */
  refusedStep(index: number): void {
    const { process } = this;
    const kind = kindOf(this.trace.idKinds[index]!);
    const before = this.block(index);
    const bytes = before === 0 ? 0 : process.usableSize(before);
    const content = process.u8().slice(before, before + bytes);
    const result = this.run(index, index + 1);
    if (result === 0 && kind !== OpKind.FREE) {
      if (process.errno !== ENOMEM)
        throw new Error(`operation ${index}: NULL with errno ${process.errno}`);
      if (kind === OpKind.REALLOC) {
        if (this.block(index) !== before)
          throw new Error(`operation ${index}: a failed realloc lost its block`);
        if (Buffer.compare(process.u8().subarray(before, before + bytes), content) !== 0) {
          throw new Error(`operation ${index}: a failed realloc changed its block`);
        }
      }
    }
    this.check(`after operation ${index}, whose request was refused`);
  }
}

/** For each request for more memory of a trace, the operation that makes it. */
export async function growthOperations(trace: Trace): Promise<number[]> {
  const replay = await Replay.start(trace);
  replay.process.raw.refuse_growth(0, 0);
  const operations: number[] = [];
  for (let index = 0; index < trace.count; index++) {
    replay.run(index, index + 1);
    while (operations.length < replay.process.raw.growth_requests()) operations.push(index);
  }
  return operations;
}

/** Replays a trace with only its `k`-th request refused, k from 1. */
export async function refuseOnce(trace: Trace, operations: number[], k: number): Promise<void> {
  const replay = await Replay.start(trace);
  const at = operations[k - 1]!;
  replay.process.raw.refuse_growth(k, 0);
  replay.run(0, at);
  replay.refusedStep(at);
  replay.run(at + 1, trace.count);
  replay.check("after the trace");
  replay.finish();
}

/** Replays a trace with each `k`-th request refused. @returns how many requests there were */
export async function refuseEvery(trace: Trace, k: number): Promise<number> {
  const replay = await Replay.start(trace);
  const { raw } = replay.process;
  raw.refuse_growth(k, k);
  let requests = 0;
  for (let index = 0; index < trace.count; index++) {
    replay.run(index, index + 1);
    const now = raw.growth_requests();
    // A look at the whole heap costs its length: at the first refusals, then now and then.
    if (now !== requests && Math.floor(now / k) !== Math.floor(requests / k) && isDue(now / k)) {
      replay.check(`after operation ${index}, every ${k}th request refused`);
    }
    requests = now;
  }
  replay.check("after the trace");
  replay.finish();
  return requests;
}

/** The first ten, and then powers of two. */
function isDue(refusals: number): boolean {
  const count = Math.floor(refusals);
  return count <= 10 || (count & (count - 1)) === 0;
}
