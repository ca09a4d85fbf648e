// The work: which block sizes, which loops, which programs' traces.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { gunzipSync } from "node:zlib";
import { parseTrace } from "../../src/trace/parse.js";
import type { Trace } from "../../src/trace/trace.js";
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

/** How a loop in JavaScript gets, drops and keeps a block: pieces of source text. */
export interface LoopPieces {
  /** An expression that gives a new block of `bytes` bytes; may use `malloc`, `pool` and `i`. */
  readonly get: string;
  /** A statement that gives back `block`; may use `free`, `pool`, `table` and `i`. */
  readonly drop: string;
}

/** A loop in JavaScript. */
export type JsLoop = (rounds: number, bytes: unknown) => unknown;

/** An allocator as JavaScript calls it: a size_t is a number or, in lp64, a BigInt. */
export interface JsHeap {
  readonly malloc: (bytes: number | bigint) => number | bigint;
  readonly free: (block: number | bigint) => unknown;
}

/** What the text of a loop may refer to. */
export interface LoopScope extends Partial<JsHeap> {
  /** An allocator whose functions are methods. */
  readonly pool?: object;
  /** Keeps the engine's latest blocks. */
  readonly table?: readonly unknown[];
}

/**
 * Each contestant's loop is compiled anew from text: one shared function would see many allocators
 * at one call site, and V8 optimises calls to WebAssembly only where it has seen one callee.
 *
 * @returns a function that gets one block and drops it, `rounds` times
 */
export function pairLoop(name: string, pieces: LoopPieces, scope: LoopScope): JsLoop {
  return compileLoop(
    `${name} pairs`,
    `return function pairs(rounds, bytes) {
       let block = null;
       for (let i = 0; i < rounds; i++) {
         block = ${pieces.get};
         ${pieces.drop}
       }
       return block;
     };`,
    scope,
  );
}

function compileLoop(filename: string, text: string, scope: LoopScope): JsLoop {
  const names = ["malloc", "free", "pool", "table"];
  const make = compileFunction(`"use strict"; ${text}`, names, { filename });
  const { malloc, free, pool, table } = scope;
  return (make as (...scope: unknown[]) => JsLoop)(malloc, free, pool, table);
}
