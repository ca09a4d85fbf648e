// A recording of a real program (recorder/record.c) against a replay of it: every block's address.
// The kernel chose where the program's heaps lie, so a heap may be anywhere; where a block lies in
// its heap may not.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../src/cli/record/log.js";
import { operationsOf, writeTrace } from "../../src/cli/record/trace.js";
import type { ReplayOptions } from "../../src/trace/session.js";
import { parseTrace } from "../../src/trace/parse.js";
import { replayAddresses } from "../../src/trace/replay.js";

/** What came of a comparison. */
export interface RealRun {
  readonly operations: number;
  readonly threads: number;
  /** Blocks that were compared: all that the calls returned. */
  readonly blocks: number;
  /** Of them, those in other heaps than the break's. */
  readonly inThreadHeaps: number;
  /** Calls that a trace cannot have, such as frees of blocks from before the recording. */
  readonly leftOut: number;
  /** The first block that lies elsewhere; absent where all are the same. */
  readonly difference?: string;
}

/** A heap: its place in the real run, and how many live blocks it has. */
interface Place {
  base: number;
  live: number;
}

/** Matches the places of a replay's address log with addresses. */
class Matcher {
  readonly #places = new Map<string, Place>();
  readonly #of = new Map<string, Place>();
  inThreadHeaps = 0;

  /** The block of an id is freed, or moves. */
  forget(id: string): void {
    const place = this.#of.get(id);
    if (place !== undefined) place.live--;
    this.#of.delete(id);
  }

  /**
   * @param where a line of the log (src/trace/address-log.ts) without its index
   * @param real the block's address in the real run
   * @returns whether they can be the same
   */
  matches(id: string, where: string, real: number): boolean {
    const [, heap = "", hex = ""] = /^(?:(heap \S+|far) )?([0-9a-f]+)$/.exec(where) ?? [];
    if (hex === "") return where.startsWith(`mmap ${real.toString(16).slice(-3)} `);
    if (heap !== "") this.inThreadHeaps++;
    const base = real - parseInt(hex, 16);
    const place = this.#places.get(heap) ?? { base, live: 0 };
    // A heap that was given back comes again elsewhere; the break's heap never does.
    if (place.live === 0 && heap !== "") place.base = base;
    place.live++;
    this.#places.set(heap, place);
    this.#of.set(id, place);
    return place.base === base;
  }

  /** @returns two heaps that the real run has in one place; undefined where there are none */
  overlap(): string | undefined {
    const seen = new Map<number, string>();
    for (const [name, { base, live }] of this.#places) {
      if (live === 0) continue;
      const other = seen.get(base);
      if (other !== undefined) return `${name || "main"} and ${other || "main"}`;
      seen.set(base, name);
    }
    return undefined;
  }
}

/**
 * Replays a recording and compares.
 * @param options of the replay; the recording says nothing of its glibc
 */
export async function compareRealRun(log: Log, options: ReplayOptions): Promise<RealRun> {
  const folder = mkdtempSync(join(tmpdir(), "real-run-"));
  try {
    const path = join(folder, "trace.rep");
    const { operations, threads, leftOut } = await writeTrace(log, path, Infinity);
    const trace = parseTrace(readFileSync(path), log.program);
    const where = linesOf(trace.count, (sink) => replayAddresses(trace, options, { sink }));
    return { operations, threads, leftOut, ...matchAll(log, where) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns a log's lines by their operation, without the index */
function linesOf(count: number, write: (sink: (bytes: Uint8Array) => void) => void): string[] {
  const decoder = new TextDecoder();
  let text = "";
  write((bytes) => (text += decoder.decode(bytes, { stream: true })));
  const lines = new Array<string>(count).fill("");
  for (const line of text.split("\n")) {
    const at = line.indexOf(" ");
    if (at > 0 && !line.startsWith("info")) lines[Number(line.slice(0, at))] = line.slice(at + 1);
  }
  return lines;
}

function matchAll(log: Log, where: readonly string[]) {
  const matcher = new Matcher();
  let index = 0;
  let blocks = 0;
  for (const { call, text } of operationsOf(log)) {
    const [thread, letter, result = ""] = call;
    const line = where[index]!;
    const id = text.split(" ")[1]!;
    if (letter === "f" || letter === "r") matcher.forget(id);
    if (letter !== "f" && result !== "0") {
      blocks++;
      if (!matcher.matches(id, line, parseInt(result, 16))) {
        const said = `operation ${index} (${text}) of thread ${thread}`;
        const difference = `${said}: 0x${result} in the real run, ${line} in the replay`;
        return { blocks, inThreadHeaps: matcher.inThreadHeaps, difference };
      }
    }
    index++;
  }
  const overlap = matcher.overlap();
  const difference = overlap && `${overlap} are one heap in the real run`;
  return { blocks, inThreadHeaps: matcher.inThreadHeaps, ...(difference && { difference }) };
}
