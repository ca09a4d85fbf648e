// Calls typed by hand, and scripts in the shell's language, made into calls that can be scrubbed.

import {
  heapCommandLines,
  newVariables,
  parseScript,
  plainStyle,
  ScriptRun,
  subject,
  evaluate,
} from "ptmalloc-wasm/shell";
import type { CallMoments } from "./call-moments.js";
import type { Moments } from "./moments.js";

/** Variables of the calls that were typed. */
export class Typist {
  readonly #moments: CallMoments;
  readonly #values = new Map<string, bigint>();
  #names = newVariables();
  /** How many calls each line has made, for undo. */
  readonly #lines: number[] = [];

  constructor(moments: CallMoments) {
    this.#moments = moments;
  }

  /** @returns the value of a variable */
  value(name: string): number | undefined {
    const value = this.#values.get(name);
    return value === undefined ? undefined : Number(value);
  }

  /**
   * Makes the calls of a text in the shell's language.
   * @returns what they print, and what the last one came to
   * @throws Error that names line and column
   */
  type(text: string, name = "typed"): string[] {
    const names = new Map(this.#names);
    const script = parseScript(text, name, names);
    this.#names = names;
    const before = this.#moments.count;
    const lines: string[] = [];
    const run = this.#runner((line) => lines.push(...line.replace(/\n$/, "").split("\n")));
    try {
      for (const statement of script.statements) {
        const value = evaluate(script, statement, run);
        if (script.statements.length === 1 && value !== undefined && "value" in value)
          lines.push(`= ${shown(value.value)}`);
      }
    } finally {
      for (const [variable, { value }] of run.variables) this.#values.set(variable, value);
      if (this.#moments.count > before) this.#lines.push(this.#moments.count - before);
    }
    return lines;
  }

  /** Takes the last line back. @returns how many calls that were */
  undo(): number {
    const count = this.#lines.pop() ?? Math.min(1, this.#moments.count);
    this.#moments.drop(count);
    return count;
  }

  /** A run of scripts whose calls are kept. */
  #runner(print: (text: string) => void): ScriptRun {
    const moments = this.#moments;
    const { kernel } = moments;
    const run = new ScriptRun(kernel, {
      print,
      note: print,
      onFault: ({ message }) => print(message),
      make: (name, args) => {
        const result = moments.add(name, args);
        if (moments.ending !== undefined) throw new Error(moments.ending);
        return result;
      },
    });
    for (const [name, value] of this.#values) run.variables.set(name, { value });
    return run;
  }
}

function shown(value: bigint): string {
  return value >= 4096n ? `0x${value.toString(16)}` : String(value);
}

/** What a line that only looks prints; undefined where it is none. */
export function looked(moments: Moments, typist: Typist | undefined, line: string, width: number) {
  const { title, source, process, trace, timeline } = moments;
  const what = subject(title, source, {
    ...{ process, trace, timeline },
    blockOf: (operation) => blockOf(moments, operation),
    named: (name) => typist?.value(name),
  });
  return heapCommandLines(what, line, plainStyle(width));
}

function blockOf({ surveyor }: Moments, operation: number): number {
  return operation < surveyor.count ? surveyor.addressOf(operation) : 0;
}
