// Traces, played to the points at which heaps are compared with native glibc's.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { HeapView } from "../../src/inspect/chunks.js";
import type { GlibcName } from "../../src/binary/glibc.js";
import type { Abi } from "../../src/layout/address.js";
import { startProcessSync } from "../../src/process/process.js";
import { parseTrace } from "../../src/trace/parse.js";
import { Player } from "../../src/trace/player.js";
import { Threads } from "../../src/trace/threads.js";
import type { Trace } from "../../src/trace/trace.js";
import { dumpLines } from "./dump-text.js";

/** Native programs have their break at such a multiple. */
const START_BRK = 16 << 20;

/** A heap in the middle of a trace. */
export interface Moment {
  /** How many operations have been done. */
  readonly at: number;
  readonly view: HeapView;
  /** See `dumpLines`. */
  readonly lines: readonly string[];
  /** The blocks that the trace has, ascending. */
  readonly blocks: readonly number[];
}

/** @returns the bytes of a bundled trace, `lua` or `threads/git-grep` */
export function traceBytes(name: string): Uint8Array {
  return gunzipSync(readFileSync(new URL(`../../traces/${name}.rep.gz`, import.meta.url)));
}

function blocksOf(trace: Trace, player: Player): number[] {
  const blocks: number[] = [];
  for (let slot = 0; slot < trace.slots; slot++) {
    const block = player.block(slot);
    if (block !== 0) blocks.push(block);
  }
  return blocks.sort((a, b) => a - b);
}

/**
 * Plays a bundled trace in a fresh process, laid out as the native one.
 * @param points numbers of operations, ascending
 * @param glibc another version than the default
 * @returns the heap at each of them
 */
export function* momentsOf(
  name: string,
  abi: Abi,
  points: readonly number[],
  glibc?: GlibcName,
): Generator<Moment> {
  const trace = parseTrace(traceBytes(name), name);
  const isThreaded = trace.turns.who.length > 0;
  const process = startProcessSync<Abi>({
    abi,
    startBrk: START_BRK,
    ...(glibc && { glibc }),
    layout: isThreaded ? "top-down" : "linux",
  });
  const threads = new Threads(process, trace);
  const player = new Player(trace, threads);
  for (const at of points) {
    player.to(at);
    const view = new HeapView(process);
    const numbers = new Map([...threads.save().alive].map(([who, { thread }]) => [thread, who]));
    yield { at, view, lines: dumpLines(view, numbers), blocks: blocksOf(trace, player) };
  }
}
