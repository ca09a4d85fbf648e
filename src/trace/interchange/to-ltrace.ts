// Writer of ltrace's text, which villoc reads: see from-ltrace.ts for its lines. Nothing is lost.

import { CallLines } from "./remarks.js";
import type { Replayed, Subject, Writer } from "./writer.js";

/** Writes as ltrace does with -f and -o, where the trace has threads; else as without. */
export class LtraceWriter implements Writer {
  readonly #subject: Subject;
  readonly #lines: CallLines;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#lines = new CallLines(subject);
  }

  head(): string {
    return text(this.#lines.head(this.#subject));
  }

  call(step: Replayed): string {
    return text(this.#lines.call(step));
  }

  exit(thread: number): string {
    return text([this.#lines.exit(thread)]);
  }

  tail(): string {
    return this.#subject.hasThreads ? "" : "+++ exited (status 0) +++\n";
  }
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
