// Writer of the JSON trace format that Perfetto reads (Chrome's Trace Event Format): one object
// with `traceEvents`.
//
//   ph M   names of the process and of its threads
//   ph X   a slice for each call, a microsecond long: the clock counts operations
//   ph C   counters, where they change: live bytes, footprint, brk (an address)
//   ph i   an instant, of scope t, where a thread exits
//
// Perfetto's documentation: docs/getting-started/other-formats.md, "Chrome JSON format".

import { requestText } from "./remarks.js";
import { hex } from "../../inspect/source.js";
import type { Replayed, Subject, Writer } from "./writer.js";

/** One event. Times in microseconds. */
interface Event {
  readonly ph: "M" | "X" | "C" | "i";
  readonly name: string;
  readonly tid?: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly s?: "t";
  readonly args?: Readonly<Record<string, string | number>>;
}

const PROCESS = 1;
/** Thread 0's number: Perfetto takes the thread whose number is the process's for the main. */
const FIRST_TID = PROCESS;
const CATEGORY = "malloc";

/** Writes events. */
export class PerfettoWriter implements Writer {
  readonly #subject: Subject;
  readonly #seen = new Set<number>();
  readonly #counters = new Map<string, number>();
  #now = 0;
  #isFirst = true;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  head(): string {
    const { name } = this.#subject;
    const process = this.#event({ ph: "M", name: "process_name", args: { name } });
    return `{"displayTimeUnit":"ns","traceEvents":[${process}`;
  }

  call(step: Replayed): string {
    const { index, thread, before, result, isRefused, label } = step;
    this.#now = index;
    const args = {
      ...(before !== 0 && { old: hex(before) }),
      ...(result !== 0 && { address: hex(result) }),
      ...(isRefused && { refused: 1 }),
      ...(label !== "" && { label }),
      line: step.line,
    };
    return (
      this.#threadName(thread) +
      this.#event({
        ph: "X",
        name: requestText(step).replace(/0x[\da-f]+/, "p"),
        cat: CATEGORY,
        tid: FIRST_TID + thread,
        ts: index,
        dur: 1,
        args,
      }) +
      this.#counter("live bytes", step.liveBytes) +
      this.#counter("footprint", step.footprintBytes) +
      this.#counter("brk", step.brk)
    );
  }

  exit(thread: number): string {
    if (!this.#seen.has(thread)) return "";
    this.#seen.delete(thread);
    const tid = FIRST_TID + thread;
    return this.#event({
      ph: "i",
      name: "thread exits",
      cat: CATEGORY,
      tid,
      ts: this.#now + 1,
      s: "t",
    });
  }

  tail(): string {
    const { name, count } = this.#subject;
    return `\n],"otherData":${JSON.stringify({ trace: name, operations: String(count) })}}\n`;
  }

  #threadName(thread: number): string {
    if (this.#seen.has(thread)) return "";
    this.#seen.add(thread);
    const args = { name: `thread ${thread}` };
    return this.#event({ ph: "M", name: "thread_name", tid: FIRST_TID + thread, args });
  }

  #counter(name: string, value: number): string {
    if (this.#counters.get(name) === value) return "";
    this.#counters.set(name, value);
    return this.#event({ ph: "C", name, ts: this.#now, args: { value } });
  }

  #event(event: Event): string {
    const comma = this.#isFirst ? "" : ",";
    this.#isFirst = false;
    return `${comma}\n${JSON.stringify({ pid: PROCESS, ...event })}`;
  }
}
