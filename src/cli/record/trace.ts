// From recorded calls to a trace: addresses become ids, and what a replay cannot do is left out.

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { callsOf, type Call, type Log } from "./log.js";

const PIECE_LENGTH = 1 << 16;

/** What became of a recording. */
export interface Written {
  readonly operations: number;
  readonly threads: number;
  /** Calls that the trace has not: failed, of NULL, or of blocks from before the recording. */
  readonly leftOut: number;
  /** Whether there were more operations than were asked for. */
  readonly isCut: boolean;
}

/** The ids of live blocks: the lowest free number for each new one. */
class Ids {
  readonly #live = new Map<string, number>();
  readonly #free: number[] = [];
  made = 0;

  add(address: string): number {
    const id = this.#free.pop() ?? this.made++;
    this.#live.set(address, id);
    return id;
  }

  /** The block is not live any more. */
  free(address: string): number | undefined {
    const id = this.move(address);
    if (id !== undefined) this.#free.push(id);
    return id;
  }

  /** The block goes elsewhere, or nowhere where `to` is not given yet. */
  move(address: string, to?: string): number | undefined {
    const id = this.#live.get(address);
    this.#live.delete(address);
    if (id !== undefined && to !== undefined) this.#live.set(to, id);
    return id;
  }
}

/** The operation of a call, or undefined for one that a trace leaves out. */
function operation(ids: Ids, [, letter = "", result = "", a = "", b = ""]: Call) {
  if (letter === "f") {
    const id = ids.free(result);
    return id === undefined ? undefined : `f ${id}`;
  }
  if (letter === "r") return resized(ids, result, a, b);
  if (result === "0") return undefined;
  return `${letter} ${ids.add(result)} ${letter === "a" ? a : `${a} ${b}`}`;
}

/** The operation of `realloc(old, bytes)`, which returned `result`. */
function resized(ids: Ids, result: string, old: string, bytes: string): string | undefined {
  if (result === "0") {
    // With 0 bytes it has freed the block; else it has failed.
    const id = bytes === "0" ? ids.free(old) : undefined;
    return id === undefined ? undefined : `r ${id} 0`;
  }
  const id = ids.move(old, result) ?? ids.add(result);
  return `r ${id} ${bytes}`;
}

/** A call that is an operation of the trace, and how the trace says it. */
interface Recorded {
  readonly call: Call;
  readonly text: string;
}

/** The operations of a recording, in their order. */
export function* operationsOf(log: Log): Generator<Recorded> {
  const ids = new Ids();
  for (const call of callsOf(log)) {
    if (call[1] === "x") continue;
    const text = operation(ids, call);
    if (text !== undefined) yield { call, text };
  }
}

/** What a first reading finds out: the header's numbers, and when threads are gone. */
interface Survey {
  readonly ids: number;
  readonly operations: number;
  readonly calls: number;
  readonly isCut: boolean;
  /** By the recorder's number of a thread that has operations: its number in the trace. */
  readonly numbers: Map<string, number>;
  /**
   * Threads that exit, by how many operations have been done by then. Destructors may call after
   * the line that says so.
   */
  readonly exits: Map<number, string[]>;
}

function survey(log: Log, most: number): Survey {
  const ids = new Ids();
  const numbers = new Map<string, number>();
  const gone = new Map<string, number>();
  const found = { operations: 0, calls: 0, isCut: false };
  for (const call of callsOf(log)) {
    const [thread = "", letter] = call;
    if (letter === "x") {
      gone.set(thread, found.operations);
      continue;
    }
    found.calls++;
    const { made } = ids;
    if (operation(ids, call) === undefined) continue;
    if (found.operations === most) {
      return { ...found, ids: made, isCut: true, numbers, exits: inOrder(gone) };
    }
    found.operations++;
    // Threads are numbered by their first operation.
    if (!numbers.has(thread)) numbers.set(thread, numbers.size);
    if (gone.has(thread)) gone.set(thread, found.operations);
  }
  return { ...found, ids: ids.made, numbers, exits: inOrder(gone) };
}

function inOrder(gone: ReadonlyMap<string, number>): Map<number, string[]> {
  const exits = new Map<number, string[]>();
  for (const [thread, at] of gone) exits.set(at, [...(exits.get(at) ?? []), thread]);
  return exits;
}

/** The trace's text, in pieces. */
function* textOf(log: Log, { ids, operations, numbers, exits }: Survey) {
  let piece = `0\n${ids}\n${operations}\n1\n`;
  let now = 0;
  let done = 0;
  for (const { call, text } of operationsOf(log)) {
    if (done === operations) break;
    const number = numbers.get(call[0]!)!;
    const turn = number === now ? "" : `t ${number}\n`;
    now = number;
    done++;
    const gone = (exits.get(done) ?? []).map((thread) => numbers.get(thread));
    const exit = gone.map((one) => (one === undefined ? "" : `x ${one}\n`)).join("");
    piece += `${turn}${text}\n${exit}`;
    if (piece.length > PIECE_LENGTH) {
      yield piece;
      piece = "";
    }
  }
  yield piece;
}

/**
 * Writes a recording as a trace, gzipped where the name ends in ".gz".
 * @param most operations that it may have
 */
export async function writeTrace(log: Log, path: string, most: number): Promise<Written> {
  const found = survey(log, most);
  const lines = Readable.from(textOf(log, found));
  const file = createWriteStream(path);
  await (path.endsWith(".gz")
    ? pipeline(lines, createGzip({ level: 9 }), file)
    : pipeline(lines, file));
  const { operations, numbers, calls, isCut } = found;
  return { operations, threads: numbers.size, leftOut: isCut ? 0 : calls - operations, isCut };
}
