// Writer of mtrace(3)'s text: see from-mtrace.ts for its lines. What they lose (calloc, memalign,
// threads, frees of NULL) is in comments, which the script mtrace(1) passes over.

import { OpKind } from "../../layout/generated.js";
import { hex } from "../../inspect/source.js";
import { MTRACE_ARROW, MTRACE_NO_PLACE } from "./from-mtrace.js";
import { CallLines, REMARK, REMARKS_HEAD } from "./remarks.js";
import { exactBytes, type Replayed, type Subject, type Writer } from "./writer.js";

const NULL = "(nil)";

/** Writes as mtrace(3) does. */
export class MtraceWriter implements Writer {
  readonly #subject: Subject;
  readonly #remarks: CallLines;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#remarks = new CallLines(subject);
  }

  head(): string {
    return `= Start\n${REMARKS_HEAD}\n${remarks(this.#remarks.head(this.#subject))}`;
  }

  call(step: Replayed): string {
    const place = `@ ${placeOf(step)} `;
    const lines = linesOf(step).map((line) => `${place}${line}\n`);
    return remarks(this.#remarks.call(step)) + lines.join("");
  }

  exit(thread: number): string {
    return remarks([this.#remarks.exit(thread)]);
  }

  tail(): string {
    return "= End\n";
  }
}

function remarks(lines: readonly string[]): string {
  return lines.map((line) => `${REMARK}${line}\n`).join("");
}

/** A place has no blanks. Without a label it is the line of the trace. */
function placeOf({ label, line }: Replayed): string {
  if (label === "") return `${MTRACE_NO_PLACE}${line}`;
  return label.replaceAll(` ${MTRACE_ARROW} `, MTRACE_ARROW).replaceAll(/\s/g, "_");
}

function linesOf(step: Replayed): string[] {
  const { kind, before, result } = step;
  const bytes = hex(exactBytes(step));
  if (kind === OpKind.FREE) return before === 0 ? [] : [`- ${hex(before)}`];
  if (kind !== OpKind.REALLOC || before === 0) {
    return [`+ ${result === 0 ? NULL : hex(result)} ${bytes}`];
  }
  if (result !== 0) return [`< ${hex(before)}`, `> ${hex(result)} ${bytes}`];
  return [step.bytes === 0 ? `- ${hex(before)}` : `! ${hex(before)} ${bytes}`];
}
