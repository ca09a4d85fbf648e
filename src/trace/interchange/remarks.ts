// Calls as lines of ltrace's, which say all that a trace does: a file of ltrace's is made of them,
// and in formats that lose something they are comments beside its own lines.

import { OpKind } from "../../layout/generated.js";
import { hex } from "../../inspect/source.js";
import type { Step } from "../player.js";
import type { Replayed, Subject } from "./writer.js";

/** What a comment begins with that is a line of ltrace's. */
export const REMARK = "# ";
/** The line that says that such comments follow. */
export const REMARKS_HEAD = "# ptmalloc-wasm: the calls, as ltrace writes them, are the comments";

/** Thread 0 has this process id, thread n the n-th behind it. */
const FIRST_PID = 1000;

/** Writes ltrace's lines. */
export class CallLines {
  readonly #hasThreads: boolean;

  constructor({ hasThreads }: Subject) {
    this.#hasThreads = hasThreads;
  }

  /** @returns lines to begin with: they say which thread is the first */
  head({ name }: Subject): string[] {
    return this.#hasThreads ? [`${FIRST_PID} --- ${name.replaceAll("\n", " ")} ---`] : [];
  }

  /** @returns the lines of a call: one, and in front of it its label */
  call(step: Replayed): string[] {
    const { thread, label } = step;
    const prefix = this.#hasThreads ? `${FIRST_PID + thread} ` : "";
    const line = prefix + callText(step);
    return label === "" ? [line] : [`${prefix}@villoc(${label}) = <void>`, line];
  }

  /** @returns the line of a thread's exit */
  exit(thread: number): string {
    return `${FIRST_PID + thread} +++ exited (status 0) +++`;
  }
}

/** @returns the name of a call's function, as C has it */
export function functionOf(kind: OpKind): string {
  return NAMES[kind];
}

const NAMES = {
  [OpKind.MALLOC]: "malloc",
  [OpKind.CALLOC]: "calloc",
  [OpKind.MEMALIGN]: "memalign",
  [OpKind.REALLOC]: "realloc",
  [OpKind.FREE]: "free",
} as const;

/** @returns a call without its result: `realloc(0x10001a0, 100)` */
export function requestText({ kind, x, y, before }: Step): string {
  const args = {
    [OpKind.MALLOC]: [x],
    [OpKind.CALLOC]: [x, y],
    [OpKind.MEMALIGN]: [x, y],
    [OpKind.REALLOC]: [pointer(before), x],
    [OpKind.FREE]: [pointer(before)],
  }[kind];
  return `${functionOf(kind)}(${args.join(", ")})`;
}

/** As ltrace has it, results from column 50 on. */
function callText(step: Step): string {
  const result = step.kind === OpKind.FREE ? "<void>" : pointer(step.result);
  return `${requestText(step).padEnd(48)} = ${result}`;
}

function pointer(address: number): string {
  return address === 0 ? "0" : hex(address);
}
