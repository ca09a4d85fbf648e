// From calls with addresses to a trace: addresses become ids, and what does not fit is counted.
//
// A recording is one program's view. It may begin late, miss calls, or end early, so an address may
// come out of nowhere, or twice. Whatever a replay cannot do is left out and noted; nothing passes
// in silence.

import { OpKind } from "../../layout/generated.js";

/** A block that has been taken from its address, by a call that has begun to free or move it. */
export interface Taken {
  readonly address: bigint;
  /** Its id; undefined for NULL, and for a block whose allocation was not seen. */
  readonly id: number | undefined;
}

/** What became of a recording. */
export interface Made {
  /** The trace, in the format of traces/README.md. */
  readonly text: string;
  /** How many operations there are. */
  readonly operations: number;
  /** How many threads. */
  readonly threads: number;
  /** What is odd about the recording, each `WHAT: HOW OFTEN (WHERE)`. */
  readonly notes: readonly string[];
}

/** Something odd: how often, and the line where it was met first. */
interface Oddity {
  count: number;
  readonly line: number;
}

/** The letters of the lines that allocate. */
const LETTERS = {
  [OpKind.MALLOC]: "a",
  [OpKind.CALLOC]: "c",
  [OpKind.MEMALIGN]: "m",
} as const;
/** The id of a block that no later operation names, and of NULL. */
const NAMELESS = -1;
const CONTROL = /[\p{Cc}\u2028\u2029]+/gu;

/** Makes a trace of calls, in their order. */
export class TraceMaker {
  #text = "";
  #operations = 0;
  readonly #live = new Map<bigint, number>();
  readonly #free: number[] = [];
  #ids = 0;
  readonly #threads = new Map<string, number>();
  #numbers = 0;
  readonly #called = new Set<number>();
  #now = 0;
  #line = 0;
  #thread = "";
  #firstHasExited = false;
  readonly #oddities = new Map<string, Oddity>();

  /**
   * Says whose call comes next.
   * @param line where it stands in the recording, from 1
   * @param thread its thread as the recording names it; "" where it has no threads. The one that is
   *   named first is the process's first
   */
  at(line: number, thread = ""): void {
    this.#line = line;
    this.#thread = thread;
    this.#numberOf(thread);
  }

  /** How many operations there are. */
  get operations(): number {
    return this.#operations;
  }

  /** Counts something odd, at the line of the last call. */
  odd(what: string): void {
    const known = this.#oddities.get(what);
    if (known === undefined) this.#oddities.set(what, { count: 1, line: this.#line });
    else known.count++;
  }

  /**
   * A call of malloc, calloc or memalign.
   * @param address what it returned, 0 for NULL; undefined where the recording does not tell
   */
  allocate(
    kind: keyof typeof LETTERS,
    x: bigint,
    y: bigint,
    address: bigint | undefined,
    label = "",
  ): void {
    const sizes = kind === OpKind.MALLOC ? `${x}` : `${x} ${y}`;
    if (address === undefined) this.odd("blocks whose address it does not tell, never freed");
    const id = address === undefined || address === 0n ? NAMELESS : this.#put(address);
    this.#write(`${LETTERS[kind]} ${id} ${sizes}`, label);
  }

  /** A call begins to free or to move a block: its address may be given out again from now on. */
  take(address: bigint): Taken {
    const id = this.#live.get(address);
    this.#live.delete(address);
    return { address, id };
  }

  /** Frees a block that has been taken. */
  release({ address, id }: Taken, label = ""): void {
    if (address === 0n) this.#write(`f ${NAMELESS}`, label);
    else if (id === undefined) this.odd("frees of blocks whose allocation it has not, left out");
    else {
      this.#free.push(id);
      this.#write(`f ${id}`, label);
    }
  }

  /**
   * A realloc of a block that has been taken.
   * @param result what it returned, 0 for NULL
   */
  resize(taken: Taken, bytes: bigint, result: bigint, label = ""): void {
    const { address, id } = taken;
    if (address !== 0n && id === undefined) {
      this.odd(
        result === 0n
          ? "reallocs to NULL of blocks whose allocation it has not, left out"
          : "reallocs of blocks whose allocation it has not, taken for new blocks",
      );
      if (result === 0n) return;
    }
    if (result === 0n) {
      if (id === undefined) this.#write(`r ${NAMELESS} ${bytes}`, label);
      else if (bytes === 0n) {
        this.#free.push(id);
        this.#write(`r ${id} 0`, label);
      } else {
        this.#put(address, id);
        this.#write(`r ${id} ${bytes}`, label);
      }
      return;
    }
    this.#write(`r ${this.#put(result, id)} ${bytes}`, label);
  }

  /** A thread exits. */
  exit(thread: string): void {
    const number = this.#threads.get(thread);
    if (number === undefined) return;
    this.#threads.delete(thread);
    // The first thread's exit is the process's end, unless others go on.
    if (number === 0) this.#firstHasExited = true;
    else if (this.#called.has(number)) this.#text += `x ${number}\n`;
  }

  /** @returns the trace, and what is odd about it */
  finish(): Made {
    const notes = [...this.#oddities].map(
      ([what, { count, line }]) =>
        `${what}: ${count.toLocaleString("en")} (${count > 1 ? "first on line" : "line"} ${line})`,
    );
    if (this.#live.size > 0) {
      notes.push(`blocks that are not freed by its end: ${this.#live.size.toLocaleString("en")}`);
    }
    return {
      text: `0\n${this.#ids}\n${this.#operations}\n1\n${this.#text}`,
      operations: this.#operations,
      threads: Math.max(1, this.#called.size),
      notes,
    };
  }

  /** A block lies at an address from now on. @returns its id, a new one if it has none */
  #put(address: bigint, id?: number): number {
    const before = this.#live.get(address);
    if (before !== undefined) {
      this.odd("addresses that come again without a free, freed in front of it");
      this.#free.push(before);
      this.#write(`f ${before}`, "");
    }
    const now = id ?? this.#free.pop() ?? this.#ids++;
    this.#live.set(address, now);
    return now;
  }

  #numberOf(thread: string): number {
    const known = this.#threads.get(thread);
    if (known !== undefined) return known;
    this.#threads.set(thread, this.#numbers);
    return this.#numbers++;
  }

  #write(operation: string, label: string): void {
    if (this.#firstHasExited) this.#text += "x 0\n";
    this.#firstHasExited = false;
    const number = this.#numberOf(this.#thread);
    if (number !== this.#now) this.#text += `t ${number}\n`;
    this.#now = number;
    this.#called.add(number);
    const comment = label.replace(CONTROL, " ").trim();
    this.#text += comment === "" ? `${operation}\n` : `${operation} # ${comment}\n`;
    this.#operations++;
  }
}
