// What has changed in a heap since somebody looked: a message with the pages that are different,
// and the calls that were made. docs/explorer.md has its format.
//
// Each page has the number of the state in which it was seen changed. So everybody who says which
// state he knows gets what he lacks, and nothing has to be remembered of who asks.

import { UserError } from "../base/user-error.js";
import { PAGE_SIZE } from "../layout/generated.js";
import type { StructLayout } from "../layout/struct.js";
import { describeStruct, parseStruct, type Structs } from "../layout/structs.js";
import type { Process } from "../process/process.js";
import { occupied, type Run } from "./checkpoint.js";
import type { NotedCall } from "./noted-calls.js";
import { onlooker, type SourceFacts } from "./source.js";

const FORMAT = "ptmalloc-wasm attached heap";
const VERSION = 2;
const WORDS = PAGE_SIZE / 4;

/** A page as it was seen last. */
interface Page {
  readonly words: Int32Array;
  changed: number;
  isZero: boolean;
  seen: number;
}

/** Bytes that are zero now. */
export type Zeroes = readonly [start: number, bytes: number];

/** What a message says. */
export interface AttachedChanges {
  /** The connection's. */
  readonly id: string;
  /** What the heap is called. */
  readonly name: string;
  /** The state that the changes are seen from; 0: they are all that there is. */
  readonly from: number;
  /** The state that they lead to. */
  readonly to: number;
  /** How to read the heap; with `from` 0 only. */
  readonly facts?: SourceFacts | undefined;
  /** The size of the memory, bytes. */
  readonly memoryBytes: number;
  /** Pages that have changed. */
  readonly runs: readonly Run[];
  /** Pages that have become zero. */
  readonly zeroes: readonly Zeroes[];
  /** The calls in between, as far as they are kept. */
  readonly calls: readonly NotedCall[];
}

/** A heap, state by state. */
export class HeapChanges {
  /** The number of the state that was seen last; 0 before the first. */
  state = 0;
  readonly #process: Process;
  readonly #pages = new Map<number, Page>();

  constructor(process: Process) {
    this.#process = process;
  }

  /** Looks what the heap is like: the next state. */
  look(): void {
    const state = ++this.state;
    const words = new Int32Array(this.#process.u8().buffer);
    for (const [start, end] of this.#ranges())
      for (let at = start; at < end; at += PAGE_SIZE) this.#see(words, at, state);
    for (const page of this.#pages.values()) {
      if (page.seen === state || page.isZero) continue;
      // It is nobody's any more.
      page.words.fill(0);
      page.isZero = true;
      page.changed = state;
    }
  }

  /** @returns what is different from a state, as a message */
  message(id: string, name: string, from: number, calls: readonly NotedCall[]) {
    const changed = [...this.#pages].filter(([, page]) => page.changed > from);
    changed.sort(([a], [b]) => a - b);
    const full = changed.filter(([, { isZero }]) => !isZero);
    const zero = from === 0 ? [] : changed.filter(([, { isZero }]) => isZero);
    const head = JSON.stringify({
      ...{ format: FORMAT, version: VERSION, id, name, from, to: this.state },
      ...(from === 0 && { facts: this.#facts() }),
      memoryBytes: this.#process.u8().length,
      runs: runsOf(full.map(([at]) => at)),
      zeroes: runsOf(zero.map(([at]) => at)),
      calls,
    });
    const text = new TextEncoder().encode(head);
    const message = new Uint8Array(4 + text.length + full.length * PAGE_SIZE);
    new DataView(message.buffer).setUint32(0, text.length, true);
    message.set(text, 4);
    full.forEach(([, { words }], i) => {
      message.set(new Uint8Array(words.buffer), 4 + text.length + i * PAGE_SIZE);
    });
    return message;
  }

  #facts(): object {
    const { abi, profile, glibc, structs, base, places } = this.#process;
    const lines = Object.entries(structs).map(([name, layout]) =>
      describeStruct(name, layout as StructLayout),
    );
    return { abi, profile, glibc, structs: lines, base, places };
  }

  #ranges(): (readonly [start: number, end: number])[] {
    try {
      return occupied(onlooker(this.#process), this.#process.mm());
    } catch {
      // The arenas or the regions are damaged: what was there is looked at.
      return [...this.#pages.keys()].map((at) => [at, at + PAGE_SIZE] as const);
    }
  }

  #see(memory: Int32Array, at: number, state: number): void {
    const from = at / 4;
    const page = this.#pages.get(at);
    const isSame = page === undefined ? isZero(memory, from) : isEqual(memory, from, page.words);
    if (page !== undefined) page.seen = state;
    if (isSame) return;
    const words = memory.slice(from, from + WORDS);
    const now = { words, changed: state, isZero: isZero(words, 0), seen: state };
    this.#pages.set(at, now);
  }
}

function isZero(words: Int32Array, from: number): boolean {
  for (let i = from; i < from + WORDS; i++) if (words[i] !== 0) return false;
  return true;
}

function isEqual(memory: Int32Array, from: number, words: Int32Array): boolean {
  for (let i = 0; i < WORDS; i++) if (memory[from + i] !== words[i]) return false;
  return true;
}

/** Pages side by side, as start and bytes. */
function runsOf(pages: readonly number[]): Zeroes[] {
  const runs: [number, number][] = [];
  for (const at of pages) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === at) last[1] += PAGE_SIZE;
    else runs.push([at, PAGE_SIZE]);
  }
  return runs;
}

/** The head of a message, as JSON has it. */
interface Head extends Omit<AttachedChanges, "facts" | "runs"> {
  readonly format: string;
  readonly version: number;
  readonly facts?: Omit<SourceFacts, "structs"> & { readonly structs: readonly string[] };
  readonly runs: readonly Zeroes[];
}

/**
 * Reads what a heap that `connectExplorer` shows has sent.
 * @returns what has changed; the bytes are not copied
 * @throws UserError where it is no such message, or of another version
 */
export function readChanges(message: Uint8Array): AttachedChanges {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const length = message.length < 4 ? Infinity : view.getUint32(0, true);
  let head: Head | undefined;
  try {
    head = JSON.parse(new TextDecoder().decode(message.subarray(4, 4 + length))) as Head;
  } catch {
    // It says nothing of itself.
  }
  if (head?.format !== FORMAT) throw new UserError("no message of an attached heap");
  if (head.version !== VERSION)
    throw new UserError(`version ${head.version}: this explorer reads version ${VERSION}`);
  const { id, name, from, to, memoryBytes, zeroes, calls, facts, runs } = head;
  const rest = { id, name, from, to, memoryBytes, zeroes, calls };
  let at = 4 + length;
  const read = runs.map(([start, bytes]): Run => {
    if (at + bytes > message.length || start + bytes > memoryBytes)
      throw new UserError("the message is cut short");
    return { start, bytes: message.subarray(at, (at += bytes)) };
  });
  if (facts === undefined) return { ...rest, runs: read };
  const structs = Object.fromEntries(facts.structs.map(parseStruct)) as unknown as Structs;
  return { ...rest, facts: { ...facts, structs }, runs: read };
}
