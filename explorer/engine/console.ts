// A line of the console: where to go, what to look at, or calls to make.

import type { Mem, Process } from "ptmalloc-wasm";
import { CallMoments } from "./call-moments.js";
import { looked, type Typist } from "./calls.js";
import type { Moments } from "./moments.js";
import type { ConsoleReply, Opened } from "../model/types.js";

/** What the console can do to the engine. */
export interface Around {
  readonly moments: Moments;
  readonly typist: Typist | undefined;
  readonly hasTrunk: boolean;
  /** Goes on with calls from the moment that is shown. */
  branch(): Promise<Typist>;
  /** Goes back to what was open before. */
  leave(): Opened | undefined;
  /** Says what is open now. */
  took(): Opened;
}

/** A line, and when it was typed. */
export interface Line {
  readonly at: number;
  readonly text: string;
  readonly width: number;
}

const HELP = [
  "goto N, step [N], back [N]: go to another moment",
  "p = malloc(24); free(p): calls, in the shell's language; from a trace, they go on beside it",
  "undo: take the last line of calls back; leave: go back to the trace",
  "bins, vis, heap, whatis ADDRESS, vmmap, frag, check …: look, as in the shell",
  "",
];

/** @returns what a line comes to; what goes wrong is told in it */
export async function reply(around: Around, line: Line): Promise<ConsoleReply> {
  try {
    return await answered(around, line);
  } catch (error) {
    return { lines: (error as Error).message.split("\n"), isError: true };
  }
}

async function answered(around: Around, { at, text, width }: Line): Promise<ConsoleReply> {
  const line = text.trim();
  if (line === "") return { lines: [], isError: false };
  const moved = movedTo(line, at, around.moments.count);
  if (moved !== undefined) return { lines: [], isError: false, at: moved };
  if (line === "undo") return undone(around);
  if (line === "leave") {
    const opened = around.leave();
    if (opened === undefined) throw new Error("there is nothing to go back to");
    return { lines: [], isError: false, opened };
  }
  if (!/^[a-z_]\w*\s*(\(|=)/i.test(line)) {
    around.moments.to(at);
    const found = looked(around.moments, around.typist, line, width);
    if (found !== undefined) {
      const lines = [...found];
      return { lines: line === "help" ? [...HELP, ...lines] : lines, isError: false };
    }
  }
  return called(await around.branch(), line, around);
}

function called(typist: Typist, line: string, around: Around): ConsoleReply {
  try {
    const lines = typist.type(line);
    const opened = around.took();
    return { lines, isError: false, opened, at: opened.count };
  } catch (error) {
    const opened = around.took();
    const lines = (error as Error).message.split("\n");
    return { lines, isError: true, opened, at: opened.count };
  }
}

function undone(around: Around): ConsoleReply {
  const { moments, typist } = around;
  if (!(moments instanceof CallMoments) || typist === undefined || moments.count === 0)
    throw new Error("no calls have been made that could be taken back");
  const count = typist.undo();
  const opened = around.took();
  return { lines: [`taken back: ${count} calls`], isError: false, opened, at: opened.count };
}

function movedTo(line: string, at: number, count: number): number | undefined {
  const [, word, number] = /^(goto|step|back)(?:\s+(\d+))?$/.exec(line) ?? [];
  if (word === undefined) return undefined;
  const steps = number === undefined ? 1 : Number(number);
  const to = word === "goto" ? steps : word === "step" ? at + steps : at - steps;
  if (to < 0 || to > count) throw new Error(`moment ${to}: there are 0 to ${count}`);
  return to;
}

type Full = Process<"ilp32" | "lp64", "full">;

const TRIED: Readonly<Record<string, (process: Full, args: bigint[]) => Mem | undefined>> = {
  malloc: (process, [size = 0n]) => process.malloc(size),
  calloc: (process, [count = 0n, size = 0n]) => process.calloc(count, size),
  realloc: (process, [mem = 0n, size = 0n]) => process.realloc(Number(mem), size),
  memalign: (process, [alignment = 0n, size = 0n]) => process.memalign(alignment, size),
  free: (process, [mem = 0n]) => {
    process.free(Number(mem));
    return undefined;
  },
  malloc_trim: (process, [pad = 0n]) => {
    process.trim(pad);
    return undefined;
  },
};

/**
 * Reads a call to be tried: its name, and numbers.
 * @param valueOf the value of a variable
 * @throws Error that says what can be tried
 */
export function parseCall(text: string, valueOf: (name: string) => number | undefined) {
  const [, name = "", list = ""] = /^\s*(\w+)\s*\(([^()]*)\)\s*;?\s*$/.exec(text) ?? [];
  const run = Object.hasOwn(TRIED, name) ? TRIED[name]! : undefined;
  if (run === undefined) throw new Error(`write a call: ${Object.keys(TRIED).join("(…), ")}(…)`);
  const args = list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")
    .map((word) => valueIn(word, valueOf));
  return { call: `${name}(${list.trim()})`, make: (process: Full) => run(process, args) };
}

/** @returns a number, the value of a variable, or a place so many bytes from one: `a + 4` */
function valueIn(word: string, valueOf: (name: string) => number | undefined): bigint {
  const [, base = "", sign, bytes] = /^(\w+)(?:\s*([+-])\s*(\d+|0x[0-9a-f]+))?$/i.exec(word) ?? [];
  const known = valueOf(base) ?? (/^(\d+|0x[0-9a-f]+)$/i.test(base) ? base : undefined);
  if (known === undefined) throw new Error(`"${word}" is no number`);
  const away = BigInt(bytes ?? 0);
  return BigInt(known) + (sign === "-" ? -away : away);
}
