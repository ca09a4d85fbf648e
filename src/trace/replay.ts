// Replaying a trace operation by operation, with a look at every block: the address log.

import { wordBytes } from "../layout/address.js";
import { heapMaxBytes } from "../inspect/arenas.js";
import { IS_MMAPPED, NON_MAIN_ARENA, OpKind } from "../layout/generated.js";
import { AddressLogWriter, infoLine, type AddressLogOutput } from "./address-log.js";
import type { Observer } from "./player.js";
import { fieldAddress, startSession, type ReplayOptions, type ReplaySession } from "./session.js";
import type { Trace } from "./trace.js";

/** Work is reported done in steps of this many operations. */
const PROGRESS_OPS = 16_384;

/** What {@link replayAddresses} does with the log. */
export interface AddressOptions extends AddressLogOutput {
  /** Called now and then with the number of operations done since the last call. */
  onProgress?: ((ops: number) => void) | undefined;
  /** Called before the first operation and after the last. */
  onStart?: ((session: ReplaySession) => void) | undefined;
  onEnd?: ((session: ReplaySession) => void) | undefined;
}

/** What {@link replayAddresses} found. */
export interface AddressLog {
  /** Lines of the log, `info` not counted: operations that return a pointer. */
  readonly lines: number;
  /** FNV-1a 64 of the whole log (each line with its newline), as 16 hex digits. */
  readonly addressHash: string;
  /** The same with ` USABLE` appended to the lines of blocks in the heap. */
  readonly addressAndSizeHash: string;
  /** The final `info` line without newline; empty for a trace without operations. */
  readonly info: string;
}

/**
 * Replays a trace in a fresh process and logs where every block goes, exactly as the native goldens
 * do.
 *
 * @throws what `startProcess` and `Player.to` throw
 */
export function replayAddresses(
  trace: Trace,
  process: ReplayOptions,
  options: AddressOptions = {},
): AddressLog {
  const { onProgress } = options;
  const session = startSession(trace, process);
  const log = new AddressLogWriter(options);
  const look = blockReader(session, log);
  options.onStart?.(session);
  playWithProgress(session, onProgress, ({ index, kind, result }) => {
    if (kind !== OpKind.FREE) look(index, result);
  });
  const info = trace.count > 0 ? infoLine(session.process, trace.count - 1) : "";
  log.finish(info);
  options.onEnd?.(session);
  const { addresses, addressesAndSizes } = log.hashes();
  return { lines: log.lines, addressHash: addresses, addressAndSizeHash: addressesAndSizes, info };
}

/**
 * Plays all of a session's trace.
 * @param onProgress called now and then with the number of operations done since the last call
 * @throws what `Player.to` throws
 */
export function playWithProgress(
  session: ReplaySession,
  onProgress: ((ops: number) => void) | undefined,
  observer: Observer,
): void {
  const { count } = session.trace;
  const player = session.player(observer);
  do {
    const from = player.done;
    player.to(Math.min(from + PROGRESS_OPS, count));
    onProgress?.(player.done - from);
  } while (player.done < count);
}

/**
 * @returns a function that reads the header of the block that an operation returned, and logs it
 */
function blockReader(
  session: ReplaySession,
  log: AddressLogWriter,
): (index: number, pointer: number) => void {
  const { process, abi } = session;
  const { startBrk } = process;
  const headerBytes = wordBytes(abi);
  const brk = fieldAddress(process, "MmStruct", "brk", process.raw.mm_struct()) / 4;
  const heapOf = heapNamer(session);
  return (index, pointer) => {
    if (pointer === 0) {
      log.null(index);
      return;
    }
    const head = session.words[(pointer - headerBytes) / 4]!;
    const usable = process.usableSize(pointer);
    if ((head & IS_MMAPPED) !== 0) {
      log.mapped(index, pointer, usable);
      return;
    }
    if ((head & NON_MAIN_ARENA) !== 0) {
      const { arena, depth, start } = heapOf(pointer);
      log.arena(index, arena, depth, pointer - start, usable);
      return;
    }
    const far = pointer < startBrk || pointer >= session.words[brk]!;
    log.heap(index, pointer - startBrk + (pointer < startBrk ? 2 ** 32 : 0), usable, far);
  };
}

/** A heap of an arena other than main_arena, as the log names it. */
interface HeapName {
  /** The arena's number by first appearance, from 1. */
  readonly arena: number;
  /** How many heaps the arena has before this one. */
  readonly depth: number;
  /** The heap's address. */
  readonly start: number;
}

/** @returns a function that names the heap of a block that lies in one */
function heapNamer(session: ReplaySession): (pointer: number) => HeapName {
  const { process } = session;
  const arenas = new Map<number, number>();
  const { arPtr, prev } = process.structs.HeapInfo.fields;
  const heapBytes = heapMaxBytes(process);
  return (pointer) => {
    const start = pointer - (pointer % heapBytes);
    const owner = process.readWord(start + arPtr.offset);
    let arena = arenas.get(owner);
    if (arena === undefined) arenas.set(owner, (arena = arenas.size + 1));
    let depth = 0;
    for (let at = start; (at = process.readWord(at + prev.offset)) !== 0;) depth++;
    return { arena, depth, start };
  };
}
