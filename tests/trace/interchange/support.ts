// Exports and imports without the command line, and what tests ask about them.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe } from "vitest";
import { PAGE_SIZE } from "../../../src/layout/generated.js";
import type { Abi } from "../../../src/layout/address.js";
import { WRITERS, type ExportFormat } from "../../../src/trace/interchange/export.js";
import {
  importRecording,
  type Imported,
  type RecordingFormat,
} from "../../../src/trace/interchange/import.js";
import { written } from "../../../src/trace/interchange/writer.js";
import { parseTrace } from "../../../src/trace/parse.js";
import { startSession } from "../../../src/trace/session.js";
import { labelOf, type Trace } from "../../../src/trace/trace.js";

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function parsed(text: string, name = "t.rep"): Trace {
  return parseTrace(bytesOf(text), name);
}

/** A recording of a source checkout, such as `syn13` or `threads/git-grep`. */
export function recording(name: string): Trace {
  const file = new URL(`../../../traces/${name}.rep.gz`, import.meta.url);
  return parseTrace(gunzipSync(readFileSync(file)), name);
}

/** A trace as another program's format has it. */
export function exported(trace: Trace, format: ExportFormat, abi: Abi = "ilp32"): string {
  const session = startSession(trace, { abi });
  const mm = session.process.mm();
  const look = () => ({ footprintBytes: mm.totalVm * PAGE_SIZE, brk: mm.brk });
  const pieces = written(trace, (observer) => session.player(observer), look, WRITERS[format]);
  return [...pieces].join("");
}

export function imported(text: string, format?: RecordingFormat): Imported {
  return importRecording(bytesOf(text), "rec", format);
}

/** The trace's lines, without its header, of a recording. */
export function linesOf(text: string, format?: RecordingFormat): string[] {
  return imported(text, format).text.trimEnd().split("\n").slice(4);
}

/** The message of the error that an import ends with. */
export function failure(text: string, format?: RecordingFormat): string {
  try {
    imported(text, format);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("no error");
}

/**
 * What every operation of a trace does and gets, address by address: two traces with the same
 * operations have the same. Threads are numbered by their first operation, thread 0 apart.
 */
export function replayLog(trace: Trace, abi: Abi = "ilp32"): string[] {
  const log: string[] = [];
  const threads = new Map([[0, 0]]);
  const session = startSession(trace, { abi });
  const player = session.player(({ index, kind, thread, x, y, before, result }) => {
    if (!threads.has(thread)) threads.set(thread, threads.size);
    const label = labelOf(trace, index);
    log.push(`${threads.get(thread)} ${kind} ${x} ${y} ${before} ${result} ${label}`);
  });
  player.to();
  return log;
}

/**
 * Tests with a program that may be missing: then they are skipped, which is said; in CI they must
 * run.
 */
export function describeWith(program: string, debian: string, title: string, tests: () => void) {
  const isThere = spawnSync("which", [program]).status === 0;
  if (!isThere && process.env["PTMALLOC_REQUIRE_NATIVE"] === "1") {
    throw new Error(`${program} is missing (Debian: ${debian})`);
  }
  const why = isThere ? "" : ` (skipped: no ${program}; Debian: ${debian})`;
  if (!isThere) process.stderr.write(`skipped: ${title}: no ${program} (Debian: ${debian})\n`);
  describe.skipIf(!isThere)(`${title}${why}`, tests);
}
