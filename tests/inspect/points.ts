// Where heaps are compared with native glibc's: random points of the bundled traces.

import { readdirSync } from "node:fs";
import { parseTrace } from "../../src/trace/parse.js";
import { Prng } from "../support/prng.js";
import { traceBytes } from "./moments.js";

/** A point of a trace. */
export interface Point {
  /** Its trace: `lua`, or `threads/git-grep`. */
  readonly trace: string;
  /** How many operations have been done. */
  readonly at: number;
}

/** @returns the names of the bundled traces of one thread, or of several */
export function traceNames(isThreaded: boolean): string[] {
  const folder = isThreaded ? "threads/" : "";
  const files = readdirSync(new URL(`../../traces/${folder}`, import.meta.url)).sort();
  return files
    .filter((file) => file.endsWith(".rep.gz"))
    .map((file) => folder + file.slice(0, -".rep.gz".length));
}

/**
 * Draws points, of each trace as many as of any other or one more.
 * @param seed which traces have one more, and where the points are
 * @returns them, those of a trace side by side and ascending
 */
export function drawPoints(seed: number, names: readonly string[], count: number): Point[] {
  const prng = new Prng(seed);
  const rest = [...names];
  const counts = new Map<string, number>();
  const points: Point[] = [];
  while (points.length < count) {
    if (rest.length === 0) rest.push(...names);
    const [trace = ""] = rest.splice(prng.int(0, rest.length - 1), 1);
    const operations = counts.get(trace) ?? parseTrace(traceBytes(trace), trace).count;
    counts.set(trace, operations);
    points.push({ trace, at: prng.int(1, operations) });
  }
  const order = ({ trace }: Point) => names.indexOf(trace);
  return points.sort((a, b) => order(a) - order(b) || a.at - b.at);
}

/** @returns the points of each trace, by its name */
export function byTrace<P extends Point>(points: readonly P[]): Map<string, P[]> {
  const found = new Map<string, P[]>();
  for (const point of points) found.set(point.trace, [...(found.get(point.trace) ?? []), point]);
  return found;
}
