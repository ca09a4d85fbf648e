// What the first run of a replay on workers looks at, operation by operation: that what the trace
// has before it has happened, that a request is answered as in the replay on simulated threads, and
// that a block still holds what was written to it, whoever frees it.

import { OpKind } from "../../layout/generated.js";
import type { Outcome } from "../measure.js";
import { isRefusal } from "../player.js";
import { sharedU32, type Schedule } from "./schedule.js";
import type { ThreadProcess } from "./threads.js";

/** The arrays for the checks, shared by all workers. */
export interface CheckTables {
  /** Bytes that each operation of the trace asks for (see `bytesOf`). */
  readonly bytes: Float64Array;
  /** Whether each operation of the trace was refused on simulated threads. */
  readonly expected: Uint8Array;
  /** The line of each operation, for messages. */
  readonly lines: Uint32Array;
  /** Whether it was refused now. */
  readonly refused: Uint8Array;
  /** The operation that was the last on each slot, plus 1; 0: none. */
  readonly owners: Uint32Array;
  /** What the block on each slot was marked with, and how many bytes it was asked to have. */
  readonly marks: Uint32Array;
  readonly sizes: Uint32Array;
}

/** Bytes at a block's begin, and at its end, that are written. */
const MARKED_BYTES = 16;
const BLOCK_ALIGNMENT = 16;

/** Something is not as the trace says. */
export class CheckError extends Error {
  /** "CheckError", also where a bundler has renamed the class. */
  override readonly name = "CheckError";
}

/**
 * @param outcome of the same trace on simulated threads
 * @returns tables for a schedule, in shared memory
 */
export function checkTablesOf(
  { slots, count }: Schedule,
  outcome: Pick<Outcome, "bytes" | "refused">,
  lines: Uint32Array,
): CheckTables {
  const tables = {
    bytes: new Float64Array(new SharedArrayBuffer(count * 8)),
    lines: sharedU32(count),
    expected: new Uint8Array(new SharedArrayBuffer(count)),
    refused: new Uint8Array(new SharedArrayBuffer(count)),
    owners: sharedU32(slots),
    marks: sharedU32(slots),
    sizes: sharedU32(slots),
  };
  tables.bytes.set(outcome.bytes);
  tables.expected.set(outcome.refused);
  tables.lines.set(lines);
  return tables;
}

/** The bytes of a block's mark, one after the other. */
function markByte(mark: number, index: number): number {
  return (Math.imul(mark + 1, 0x9e3779b1) >>> ((index & 3) * 8)) & 0xff;
}

/** Checks the operations of one worker. */
export class BlockChecks {
  readonly #tables: CheckTables;

  constructor(tables: CheckTables) {
    this.#tables = tables;
  }

  /**
   * Before an operation: all that the trace has before it on its slot must have happened, and a
   * block that it is about must be whole.
   * @param index the operation, in the trace
   * @param previous the operation before it on the slot, plus 1
   * @param block the slot's block, or 0
   * @throws CheckError
   */
  before(
    process: ThreadProcess,
    { index, previous }: { index: number; previous: number },
    slot: number,
    block: number,
  ): void {
    const { owners, lines } = this.#tables;
    if (owners[slot] !== previous) {
      const line = lines[previous - 1] ?? 0;
      throw new CheckError(
        previous === 0 || owners[slot]! > previous
          ? `what line ${lines[owners[slot]! - 1]} does to its block, which comes later, has been done`
          : `what line ${line} does to its block, which comes before, has not been done`,
      );
    }
    owners[slot] = index + 1;
    if (block !== 0) this.#assertWhole(process, slot, block, this.#tables.sizes[slot]!);
  }

  /**
   * After an operation: its answer must be the one that is expected, and its block gets its mark.
   * @param old the block before, for a realloc
   * @throws CheckError
   */
  after(
    process: ThreadProcess,
    operation: { index: number; kind: OpKind; alignment: number },
    slot: number,
    blocks: { old: number; block: number },
  ): void {
    const { index, kind, alignment } = operation;
    const { old, block } = blocks;
    const { bytes, expected, refused, marks, sizes } = this.#tables;
    if (kind === OpKind.FREE) return;
    const size = bytes[index]!;
    refused[index] = isRefusal(kind, size, old, block) ? 1 : 0;
    if (block === 0) {
      if (refused[index] > expected[index]!)
        throw new CheckError(`${size} bytes were refused, which simulated threads get`);
      return;
    }
    // memalign takes any number, and means the next power of two.
    if (block % Math.max(2 ** Math.ceil(Math.log2(alignment)), BLOCK_ALIGNMENT) !== 0)
      throw new CheckError(`the block at ${hex(block)} is not aligned to ${alignment}`);
    const usable = process.usableSize(block);
    if (usable < size)
      throw new CheckError(`the block at ${hex(block)} has ${usable} bytes instead of ${size}`);
    if (kind === OpKind.REALLOC && old !== 0)
      this.#assertWhole(process, slot, block, Math.min(size, sizes[slot]!, MARKED_BYTES));
    if (kind === OpKind.CALLOC) assertZero(process, block, size);
    marks[slot] = index;
    sizes[slot] = size;
    const memory = bytesUpTo(process, block + size);
    eachMarked(size, (at) => {
      memory[block + at] = markByte(index, at);
    });
  }

  /** The block on a slot holds its mark in its first `size` bytes. @throws CheckError */
  #assertWhole(process: ThreadProcess, slot: number, block: number, size: number): void {
    const mark = this.#tables.marks[slot]!;
    const memory = bytesUpTo(process, block + size);
    eachMarked(size, (at) => {
      if (memory[block + at] !== markByte(mark, at)) {
        throw new CheckError(
          `byte ${at} of the block at ${hex(block)}, which has ${size}, is not what line ${this.#tables.lines[mark]} wrote`,
        );
      }
    });
  }

  /** The block that lives on a slot at the end is whole. @throws CheckError */
  atEnd(process: ThreadProcess, slot: number, block: number): void {
    this.#assertWhole(process, slot, block, this.#tables.sizes[slot]!);
  }
}

/** Calls back for the indices of a block's marked bytes. */
function eachMarked(size: number, call: (at: number) => void): void {
  const head = Math.min(size, MARKED_BYTES);
  for (let at = 0; at < head; at++) call(at);
  for (let at = Math.max(head, size - MARKED_BYTES); at < size; at++) call(at);
}

function assertZero(process: ThreadProcess, block: number, size: number): void {
  const memory = bytesUpTo(process, block + size);
  eachMarked(size, (at) => {
    if (memory[block + at] !== 0)
      throw new CheckError(`byte ${at} of the block at ${hex(block)} from calloc is not 0`);
  });
}

/**
 * The memory's bytes, as far as `end` at least: what others have grown shows here only once this
 * thread has asked.
 */
function bytesUpTo(process: ThreadProcess, end: number): Uint8Array {
  const bytes = process.u8();
  if (bytes.length >= end) return bytes;
  process.memory.grow(0);
  return process.u8();
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
