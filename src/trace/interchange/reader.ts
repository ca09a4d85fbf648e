// What the readers of recordings have in common.

import { TraceError } from "../trace.js";
import { numberIn, type Shape } from "./functions.js";
import type { TraceMaker } from "./maker.js";

/** Reads a recording, line by line. */
export interface Reader {
  /**
   * @param text a line, without its end
   * @param line its number, from 1
   * @throws TraceError for a line that breaks a rule of the format
   */
  line(text: string, line: number): void;
  /** The recording is at its end. */
  finish(): void;
}

/** Starts a reader: what it finds goes to the maker; the name is the file's, for messages. */
export type ReaderMaker = (maker: TraceMaker, name: string) => Reader;

/** How much of the file is decoded at a time, in bytes. */
const DECODED_BYTES = 1 << 20;
/** Longer texts are clipped in messages. */
const MOST_SHOWN = 60;

/** @returns the lines of a text in UTF-8, without their ends */
export function* linesOf(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  let begun = "";
  for (let at = 0; at < bytes.length; at += DECODED_BYTES) {
    const piece = bytes.subarray(at, at + DECODED_BYTES);
    const lines = (begun + decoder.decode(piece, { stream: true })).split("\n");
    begun = lines.pop()!;
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
  begun += decoder.decode();
  if (begun !== "") yield begun;
}

/** @returns a text as messages show it: quoted, clipped */
export function quoted(text: string): string {
  return `"${text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text}"`;
}

/**
 * Reads the arguments of a call that matter, as `24`, `0x18` or, in valgrind's words, `size 24`.
 * @param text what stands between the parentheses
 * @throws TraceError for one that is missing or no number
 */
export function argumentsIn(text: string, shape: Shape, file: string, line: number): bigint[] {
  const words = text.split(",", shape.args).map((word) => word.trim());
  if (words.length < shape.args || words[0] === "") {
    throw new TraceError(file, line, `${shape.args} arguments expected, not (${text})`);
  }
  return words.map((word) => {
    const value = numberIn(word.slice(word.lastIndexOf(" ") + 1));
    if (value !== undefined) return value;
    throw new TraceError(file, line, `argument ${quoted(word)} is not a whole number of 64 bits`);
  });
}

/**
 * Reads an address that a call gave back.
 * @throws TraceError for what is none
 */
export function addressIn(text: string, file: string, line: number): bigint {
  const value = numberIn(text);
  if (value !== undefined) return value;
  throw new TraceError(file, line, `result ${quoted(text)} is not an address (0x…)`);
}
