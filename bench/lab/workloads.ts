// The work: which block sizes, which loops, which programs' traces.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { gunzipSync } from "node:zlib";
import { parseTrace } from "../../src/trace/parse.js";
import type { Trace } from "../../src/trace/trace.js";
import { pairText, type JsLoop, type LoopPieces, type LoopScope } from "./loops.js";
import { traces } from "./paths.js";

/**
 * Block sizes, bytes. 16 and 64: nodes, strings, closures; half of all requests in the recorded
 * programs are no larger than 64. 1000: nearly the largest that tcache keeps. 32 KiB: buffers, past
 * every fast path.
 */
export const SIZES = [16, 64, 1000, 32_768] as const;

/** The recorded programs, in alphabetical order; see traces/README.md. */
export const PROGRAMS = [
  ...["bash", "cc1", "convert", "git-log", "ld", "lua"],
  ...["openssl", "perl-words", "py-json", "sqlite", "stl32"],
] as const;

/** Reads the recording of a program. */
export function programTrace(program: (typeof PROGRAMS)[number]): Trace {
  const bytes = gunzipSync(readFileSync(join(traces, `${program}.rep.gz`)));
  return parseTrace(bytes, program);
}

/** @returns a function that gets one block and drops it, `rounds` times; see lab/loops.ts */
export function pairLoop(name: string, pieces: LoopPieces, scope: LoopScope): JsLoop {
  const names = ["malloc", "free", "pool", "table"];
  const text = `"use strict"; ${pairText(pieces, "rounds, bytes")}`;
  const make = compileFunction(text, names, { filename: `${name} pairs` });
  const { malloc, free, pool, table } = scope;
  return (make as (...scope: unknown[]) => JsLoop)(malloc, free, pool, table);
}
