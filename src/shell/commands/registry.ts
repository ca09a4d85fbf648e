// The commands that look at a heap: what each takes, and what it finds. The command line and the
// shell have the same ones.

import type { Subject } from "../subject.js";
import type { Report } from "./report.js";

/** An argument of a command. */
export interface Parameter {
  /** As help shows it. */
  readonly name: string;
  readonly text: string;
  readonly isOptional?: true;
}

/** An option of a command besides those that all have. */
export interface Flag {
  /** As commander takes it: `-v, --verbose`, `--count <n>`. */
  readonly flags: string;
  readonly text: string;
}

/** Arguments and options as they came: text, for `addressOf` and `numberOf`. */
export interface Given {
  readonly args: readonly string[];
  /** By the option's long name; `true` for one without a value. */
  readonly options: Readonly<Record<string, string | true | undefined>>;
}

/** A command. */
export interface HeapCommand {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One line for the list of commands. */
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly flags?: readonly Flag[];
  /** Arguments for examples of it, without the file. */
  readonly examples: readonly string[];
  /** Whether it goes back and forth in a trace. */
  readonly needsTimeline?: true;
  /** @throws UsageError, UserError */
  run(subject: Subject, given: Given): Report;
}
