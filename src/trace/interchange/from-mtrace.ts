// Reader of mtrace(3)'s text.
//
//   = Start
//   @ ./a.out:(main+0x17)[0x11e0] + 0x55f7436872a0 0x18       malloc, calloc, memalign
//   @ ./a.out:(main+0x3f)[0x1208] < 0x55f7436872a0            realloc: from
//   @ ./a.out:(main+0x3f)[0x1208] > 0x55f7436874c0 0x64                to
//   @ ./a.out:(main+0xa2)[0x126b] ! 0x55f7436874c0 0xffff     realloc that failed
//   @ ./a.out:(main+0xd5)[0x129e] - 0x55f7436874a0            free
//
// The place behind the @ is the label. There are no threads.

import { OpKind } from "../../layout/generated.js";
import { TraceError } from "../trace.js";
import { numberIn } from "./functions.js";
import type { Taken, TraceMaker } from "./maker.js";
import { quoted, type Reader } from "./reader.js";

/** The place that says no more than where the call is in the trace: what `export` writes. */
export const MTRACE_NO_PLACE = "trace:";
/** What stands for ` <- ` in a place, which has no blanks. */
export const MTRACE_ARROW = "<-";

const LINE = /^(?:@ (\S+) )?([-+<>!])(?: (.*))?$/;

/** Reads mtrace's text; see the head of the file. */
export class MtraceReader implements Reader {
  readonly #maker: TraceMaker;
  readonly #file: string;
  /** The block that a realloc comes from, whose other line is still to come. */
  #from: Taken | undefined;

  constructor(maker: TraceMaker, file: string) {
    this.#maker = maker;
    this.#file = file;
  }

  line(text: string, line: number): void {
    if (text === "" || text.startsWith("= ") || text.startsWith("#")) return;
    this.#maker.at(line);
    const [, place = "", sign, rest = ""] = LINE.exec(text) ?? [];
    if (sign === undefined) {
      this.#fail(line, `${quoted(text)} is no line of mtrace's: [@ PLACE] + - < > or !, ADDRESS`);
    }
    const [address, bytes] = this.#numbers(rest, sign === "-" || sign === "<" ? 1 : 2, line);
    const label = place.startsWith(MTRACE_NO_PLACE)
      ? ""
      : place.replaceAll(MTRACE_ARROW, ` ${MTRACE_ARROW} `);
    this.#call(sign, address!, bytes ?? 0n, label, line);
  }

  finish(): void {
    if (this.#from !== undefined) this.#maker.odd("reallocs that are cut short, left out");
  }

  #call(sign: string, address: bigint, bytes: bigint, label: string, line: number): void {
    const maker = this.#maker;
    if ((sign === ">") !== (this.#from !== undefined)) {
      this.#fail(line, 'a line with "<" is followed by one with ">", and none else is');
    }
    if (sign === "+") maker.allocate(OpKind.MALLOC, bytes, 0n, address, label);
    else if (sign === "-") maker.release(maker.take(address), label);
    else if (sign === "!") maker.resize(maker.take(address), bytes, 0n, label);
    else if (sign === "<") this.#from = maker.take(address);
    else {
      maker.resize(this.#from!, bytes, address, label);
      this.#from = undefined;
    }
  }

  #numbers(text: string, count: number, line: number): bigint[] {
    const words = text.split(" ");
    const values = words.map(numberIn);
    if (words.length !== count || values.includes(undefined)) {
      const form = count === 1 ? "an address" : "an address and a size";
      this.#fail(line, `${form} expected, both hex (0x…), not ${quoted(text)}`);
    }
    return values as bigint[];
  }

  #fail(line: number, reason: string): never {
    throw new TraceError(this.#file, line, reason);
  }
}
