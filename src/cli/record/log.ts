// What the recorder wrote of one program (recorder/record.c): its first line, and its calls.

import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";

/** How a program ended, as far as its recording says. */
export type LogEnd =
  /** By exit, or from main. */
  | "exited"
  /** It was killed, or left by _exit. */
  | "cut off"
  /** The disk was full: what came afterwards is not there. */
  | "disk full";

/** A recording of one program. */
export interface Log {
  readonly path: string;
  readonly pid: number;
  /** Which program it is of those that the process became, by exec: 0 the first. */
  readonly turn: number;
  /** The name of its executable. */
  readonly program: string;
  readonly end: LogEnd;
}

/** A call: THREAD LETTER RESULT ARGUMENTS, addresses in hexadecimal. */
export type Call = readonly string[];

const ENDS: Readonly<Record<string, LogEnd>> = { C: "exited", R: "cut off", F: "disk full" };
const HEAD_BYTES = 4200;
const PIECE_BYTES = 1 << 20;

/** Reads the first line. @returns undefined where there is none: it was killed before it began */
export function readLog(path: string): Log | undefined {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const file = openSync(path, "r");
  readSync(file, bytes, 0, HEAD_BYTES, 0);
  closeSync(file);
  const [, status = "", executable = ""] = /^([CRF]) (.*)\n/.exec(bytes.toString("utf8")) ?? [];
  const end = ENDS[status];
  if (end === undefined) return undefined;
  const [pid = "", turn = "0"] = basename(path).split(".");
  // The kernel says so of a file that has been replaced since.
  const program = basename(executable.replace(/ \(deleted\)$/, ""));
  return { path, pid: Number(pid), turn: Number(turn), program, end };
}

/** The calls, in their order. A line that the program was killed in is left out. */
export function* callsOf({ path }: Log): Generator<Call> {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(PIECE_BYTES);
    let begun = "";
    let isFirst = true;
    for (let count; (count = readSync(file, bytes, 0, PIECE_BYTES, null)) > 0;) {
      const lines = (begun + bytes.toString("latin1", 0, count)).split("\n");
      begun = lines.pop()!;
      for (const line of lines) {
        if (!isFirst) yield line.split(" ");
        isFirst = false;
      }
      if (begun.startsWith("\0")) return;
    }
  } finally {
    closeSync(file);
  }
}
