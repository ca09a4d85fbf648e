// A question that a benchmark answers, and what an answer is.

import type { Effort } from "./harness.js";

/** What the unit counts, such as nanoseconds a pair: median and best of all samples. */
export interface Cell {
  readonly median: number;
  readonly best: number;
}

/** What one contestant did. */
export interface Row {
  readonly contestant: string;
  /** One for each column, null where the contestant did not take part. */
  readonly cells: readonly (Cell | null)[];
  /** Digits after the point; as the numbers' size asks when absent. */
  readonly digits?: number;
}

/** One number held against another, from the same run. */
export interface Ratio {
  readonly label: string;
  readonly median: number;
  readonly best: number;
  /** What it was meant to be at most, if anything. */
  readonly target?: number;
  /** What it was meant to be at least, if anything. */
  readonly floor?: number;
}

/** An answer. */
export interface Answer {
  /** What a unit of work is: `ns a pair`. */
  readonly unit: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  /** Who was left out of what, and why. */
  readonly notes: readonly string[];
}

/** A question; its file's head has rationale and caveats. */
export interface Question {
  /** File name, without its ending: for `--only`, and for the results. */
  readonly name: string;
  readonly question: string;
  /** Whether it takes so long that it is asked only by name. */
  readonly isLong?: true;
  /** Whether a quick look has it, too; it needs nothing but npm packages then. */
  readonly isQuick?: true;
  /**
   * Finds out.
   * @param scale of all efforts: 1 is the usual one
   * @param isQuick whether npm packages must do
   */
  answer(scale: number, isQuick: boolean): Promise<Answer>;
}

/** @returns an effort scaled, at least one round */
export function scaled(effort: Effort, scale: number): Effort {
  return { rounds: Math.max(1, Math.round(effort.rounds * scale)), seconds: effort.seconds };
}

/** @returns one cell over another */
export function ratio(
  label: string,
  over: Cell | null,
  under: Cell | null,
  target?: number,
): Ratio[] {
  if (!over || !under) return [];
  const best = over.best / under.best;
  return [{ label, median: over.median / under.median, best, ...(target && { target }) }];
}
