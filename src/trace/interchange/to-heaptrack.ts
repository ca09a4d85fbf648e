// Writer of heaptrack's data files, version 3: see from-heaptrack.ts for their lines. What they
// lose (addresses, realloc, calloc, memalign, threads) is in comments, which heaptrack passes over.
//
// A label is a stack, `f <- g <- main`; an operation without one has its function for a stack. An
// operation takes a millisecond, and the resident set is the footprint.

import { OpKind } from "../../layout/generated.js";
import type { Size } from "../player.js";
import { CallLines, functionOf, REMARK, REMARKS_HEAD } from "./remarks.js";
import { exactBytes, type Replayed, type Subject, type Writer } from "./writer.js";

/** heaptrack 1.4.0, and the version of the format. */
const VERSION = "v 10400 3";
const PAGE_BYTES = 4096;
/** The machine's memory, in pages: 4 GiB. */
const PAGES = 1 << 20;
/** Where the made-up instruction pointers begin, and how far they are from each other. */
const CODE_BEGIN = 0x400000;
const CODE_STEP = 16;
/** How many times the clock is written, at most. */
const MOST_TIMES = 4096;

/** Numbers for things, in the order in which they come. */
class Numbers {
  readonly #known = new Map<string, number>();
  readonly #first: number;

  constructor(first: number) {
    this.#first = first;
  }

  /** @returns the number of a thing, and what to write if it is new */
  of(key: string, line: (index: number) => string): [number, string] {
    const known = this.#known.get(key);
    if (known !== undefined) return [known, ""];
    const index = this.#first + this.#known.size;
    this.#known.set(key, index);
    return [index, line(index)];
  }
}

/** Writes as heaptrack does. */
export class HeaptrackWriter implements Writer {
  readonly #subject: Subject;
  readonly #remarks: CallLines;
  readonly #strings = new Numbers(1);
  readonly #pointers = new Numbers(1);
  readonly #stacks = new Numbers(1);
  readonly #infos = new Numbers(0);
  /** The stack of each label. */
  readonly #stackOf = new Map<string, number>();
  /** What the live blocks came with. */
  readonly #live = new Map<number, number>();
  readonly #interval: number;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#remarks = new CallLines(subject);
    this.#interval = Math.ceil(subject.count / MOST_TIMES);
  }

  head(): string {
    const { name } = this.#subject;
    const command = `X ptmalloc-wasm ${name.replaceAll("\n", " ")}`;
    const system = `I ${digits(PAGE_BYTES)} ${digits(PAGES)}`;
    const remarks = this.#commented(this.#remarks.head(this.#subject));
    return `${VERSION}\n${REMARKS_HEAD}\n${command}\n${system}\n${this.#string("trace")}${remarks}`;
  }

  call(step: Replayed): string {
    const { index, footprintBytes } = step;
    const remarks = this.#commented(this.#remarks.call(step));
    const time =
      index % this.#interval === 0
        ? `c ${digits(index)}\nR ${digits(footprintBytes / PAGE_BYTES)}\n`
        : "";
    return remarks + time + this.#freed(step) + this.#allocated(step);
  }

  exit(thread: number): string {
    return this.#commented([this.#remarks.exit(thread)]);
  }

  tail(): string {
    return `c ${digits(this.#subject.count)}\n`;
  }

  #commented(lines: readonly string[]): string {
    return lines.map((line) => `${REMARK}${line}\n`).join("");
  }

  /** What an operation has freed: a realloc that moves a block frees it first. */
  #freed({ before, after, result }: Replayed): string {
    const info = this.#live.get(before);
    if (info === undefined || (result === 0 && after === before)) return "";
    this.#live.delete(before);
    return `- ${digits(info)}\n`;
  }

  #allocated(step: Replayed): string {
    const { kind, result, label } = step;
    if (kind === OpKind.FREE || result === 0) return "";
    const [stack, stackLines] = this.#stack(label === "" ? functionOf(kind) : label);
    const what = `${digits(exactBytes(step))} ${digits(stack)}`;
    const [info, line] = this.#infos.of(what, () => `a ${what}\n`);
    this.#live.set(result, info);
    return `${stackLines}${line}+ ${digits(info)}\n`;
  }

  #stack(label: string): [number, string] {
    const known = this.#stackOf.get(label);
    if (known !== undefined) return [known, ""];
    let lines = "";
    let stack = 0;
    for (const frame of label.split(" <- ").reverse()) {
      const [pointer, pointerLines] = this.#pointer(frame);
      const pair = `${digits(pointer)} ${digits(stack)}`;
      const [index, line] = this.#stacks.of(pair, () => `t ${pair}\n`);
      stack = index;
      lines += pointerLines + line;
    }
    this.#stackOf.set(label, stack);
    return [stack, lines];
  }

  /** A frame's instruction pointer, in the module "trace", which is the first string. */
  #pointer(frame: string): [number, string] {
    const string = this.#string(frame);
    const [name] = this.#strings.of(frame, () => "");
    return this.#pointers.of(
      frame,
      (index) => `${string}i ${digits(CODE_BEGIN + index * CODE_STEP)} 1 ${digits(name)}\n`,
    );
  }

  /** @returns the line of a string, unless it has been written */
  #string(text: string): string {
    const bytes = new TextEncoder().encode(text).length;
    return this.#strings.of(text, () => `s ${digits(bytes)} ${text}\n`)[1];
  }
}

/** Hex without 0x. */
function digits(value: Size): string {
  return value.toString(16);
}
