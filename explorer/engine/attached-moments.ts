// A heap that runs somewhere else, at the moments at which it was looked at, and the calls in
// between. The memory is there once; each state has the pages in which it differs from the one
// before, as they were and as they became, so that one can go both ways.

import { bytesSource, type AttachedChanges, type HeapSource } from "ptmalloc-wasm/inspect";
import type { NotedCall, SourceFacts } from "ptmalloc-wasm/inspect";
import type { FullProcess } from "ptmalloc-wasm/kernel";
import type { Machine, OperationView } from "../model/types.js";
import { callText, isEnder, makerOf } from "./call-names.js";
import type { Moments } from "./moments.js";
import { Look, Surveyor } from "./survey.js";

/** Bytes of earlier pages that are kept; above that the oldest states go. */
const MOST_BYTES = 256 << 20;
/** Pages are what changes. */
const PAGE = 4096;
/** Calls of one subject; above that it begins anew. */
const MOST_CALLS = 200_000;

/** A piece of memory that changed: what was there, and what is now; nothing where all is zero. */
interface Change {
  readonly start: number;
  readonly length: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array | undefined;
}

interface State {
  /** The calls that had been made. */
  readonly at: number;
  readonly changes: readonly Change[];
}

/** An attached heap. */
export class AttachedMoments implements Moments {
  readonly kind = "attached";
  readonly title: string;
  readonly machine: Machine;
  readonly id: string;
  readonly notes: readonly string[] = [];
  readonly surveyor = new Surveyor();
  readonly ending = undefined;
  readonly process: FullProcess | undefined = undefined;
  /** The state of the heap that was received last. */
  known: number;
  readonly #facts: SourceFacts;
  readonly #texts: string[] = [];
  /** States from the first that is kept on; that one's own changes are not needed. */
  readonly #states: State[] = [{ at: 0, changes: [] }];
  /** Pages that are not all zero, or have not been. */
  readonly #pages = new Set<number>();
  #bytes = new Uint8Array();
  #source!: HeapSource;
  #look!: Look;
  /** The state that the memory is in. */
  #now = 0;
  #kept = 0;
  #lastCall: number | undefined;

  /** @param first which begins with nothing known: `from` is 0 */
  constructor(first: AttachedChanges) {
    const { id, name, to, facts } = first;
    if (facts === undefined) throw new Error("the first message does not say what heap it is");
    this.id = id;
    this.title = name;
    this.known = to;
    this.machine = { abi: facts.abi, glibc: facts.glibc ?? "2.36" };
    this.#facts = facts;
    this.#take(first);
  }

  get count(): number {
    return this.#texts.length;
  }

  get source(): HeapSource {
    return this.#source;
  }

  /** @returns whether a message goes on from what is known here */
  fits({ id, from, calls }: AttachedChanges): boolean {
    return (
      id === this.id && from > 0 && from <= this.known && this.count + calls.length <= MOST_CALLS
    );
  }

  /** Takes what has changed. @param next which fits */
  add(next: AttachedChanges): void {
    if (next.to <= this.known) return;
    this.#goTo(this.#states.length - 1);
    const changes = this.#take(next);
    this.known = next.to;
    this.#note(next.calls);
    this.#states.push({ at: this.count, changes });
    this.#now++;
    this.#kept += bytesOf(changes);
    while (this.#kept > MOST_BYTES && this.#states.length > 1) this.#forget();
  }

  to(at: number): void {
    if (!(at >= 0 && at <= this.count))
      throw new RangeError(`moment ${at}: there are ${this.count}`);
    this.#goTo(this.#states.findIndex((state) => state.at >= at));
  }

  operation(at: number): OperationView | undefined {
    this.to(at);
    const text = this.#texts[at - 1];
    if (text === undefined) return undefined;
    const shown = this.#states[this.#now]!.at - at;
    const note = shown === 0 ? "" : ` (the heap is shown as it was ${shown} calls later)`;
    return { index: at - 1, text: text + note, thread: 0, label: "", steps: [] };
  }

  #goTo(state: number): void {
    for (; this.#now < state; this.#now++)
      for (const { start, length, after } of this.#states[this.#now + 1]!.changes)
        if (after === undefined) this.#bytes.fill(0, start, start + length);
        else this.#bytes.set(after, start);
    for (; this.#now > state; this.#now--)
      for (const { start, before } of this.#states[this.#now]!.changes)
        this.#bytes.set(before, start);
  }

  /** Makes the memory what a message says. @returns what was different */
  #take({ memoryBytes, runs, zeroes }: AttachedChanges): Change[] {
    if (memoryBytes > this.#bytes.length) this.#grow(memoryBytes);
    const changes = [
      ...zeroes.map(([start, length]) => ({ start, length, after: undefined })),
      ...runs.map(({ start, bytes }) => ({ start, length: bytes.length, after: bytes.slice() })),
    ].map((one) => ({ ...one, before: this.#bytes.slice(one.start, one.start + one.length) }));
    for (const { start, length, after } of changes) {
      for (let at = start; at < start + length; at += PAGE) this.#pages.add(at);
      if (after === undefined) this.#bytes.fill(0, start, start + length);
      else this.#bytes.set(after, start);
    }
    return changes;
  }

  /** Only what was ever written is copied: the rest of the memory need not be real. */
  #grow(length: number): void {
    const wider = new Uint8Array(length);
    for (const at of this.#pages) wider.set(this.#bytes.subarray(at, at + PAGE), at);
    this.#bytes = wider;
    this.#source = bytesSource(this.#facts, wider);
    this.#look = new Look(this.#source);
  }

  /** The state that is kept longest goes; the next one is the first then. */
  #forget(): void {
    this.#states.shift();
    const [first] = this.#states;
    this.#kept -= bytesOf(first!.changes);
    this.#states[0] = { at: first!.at, changes: [] };
    this.#now--;
  }

  #note(calls: readonly NotedCall[]): void {
    const [first] = calls;
    const missing = (first?.number ?? 0) - (this.#lastCall ?? first?.number ?? 0) - 1;
    if (missing > 0) this.#add("refresh", `${missing} calls that were not kept`);
    for (const one of calls) this.#noteCall(one);
    if (calls.length === 0) this.#add("refresh", "looked at");
    this.#lastCall = calls.at(-1)?.number ?? this.#lastCall;
  }

  #add(kind: string, text: string): void {
    this.#texts.push(text);
    const nothing = { thread: 0, bytes: 0, before: 0, after: 0, result: 0, label: "" };
    this.#look.read(0);
    this.surveyor.add({ kind, ...nothing }, this.#look);
  }

  #noteCall({ name, args, result, chunk, text }: NotedCall): void {
    if (name === "refresh") {
      this.#add(name, text ?? "changed");
      return;
    }
    const numbers = args.map((arg) => BigInt(arg));
    const value = result === "" ? undefined : BigInt(result);
    const maker = makerOf(name);
    const isMade = maker !== undefined && value !== undefined && value !== 0n;
    const isEnded = isEnder(name) && text === undefined && (isMade || name === "free");
    this.#texts.push(callText(name, numbers, value) + (text === undefined ? "" : `: ${text}`));
    const [bytes, after] = isMade ? [maker(numbers), Number(value)] : [0, 0];
    this.#look.read(0);
    this.#look.chunk = after === 0 ? 0 : chunk || bytes;
    this.surveyor.add(
      {
        ...{ kind: name, thread: 0, bytes, after, label: "" },
        before: isEnded ? Number(numbers[0] ?? 0n) : 0,
        result: maker === undefined ? Number(BigInt.asUintN(32, numbers[0] ?? 0n)) : 0,
      },
      this.#look,
    );
  }
}

/** What changes take, as they were and as they became. */
function bytesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { length, after }) => sum + length + (after?.length ?? 0), 0);
}
