// Reader of what valgrind's --trace-malloc=yes prints, among its other lines.
//
//   --7-- malloc(24) = 0x4A41040
//   --7-- _ZnwmSt11align_val_t(size 64, al 64) = 0x4D6ED80
//   --7-- realloc(0x0,12)malloc(12) = 0x4A41360          a realloc that is a malloc
//   --7-- realloc(0x4A411B0,0)free(0x4A411B0)            a realloc that is a free …
//   --7--  = 0                                           … and its result, on a line of its own
//   --7-- malloc(18446744073709551615)Argument 'size'…   so is the result behind a warning
//   --7--  = 0x0
//   --7-- free(0x4A41100)
//
// There are neither threads nor stacks. Processes that valgrind followed have other numbers: the
// first one's calls are read. NULL that is freed is left out: valgrind itself does so at the end.

import { OpKind } from "../../layout/generated.js";
import { shapeOf, type Shape } from "./functions.js";
import type { Taken, TraceMaker } from "./maker.js";
import { addressIn, argumentsIn, type Reader } from "./reader.js";

/** A call whose result is still to come. */
interface Begun {
  readonly shape: Shape;
  readonly x: bigint;
  readonly y: bigint;
  readonly taken: Taken | undefined;
}

const LINE = /^--(\d+)-- (.*)$/;
const CALL = /^([A-Za-z_]\w*)\(([^()]*)\)(.*)$/;
const RESULT = /(?:^|\)) += (\S+)$/;

/** Reads valgrind's text; see the head of the file. */
export class ValgrindReader implements Reader {
  readonly #maker: TraceMaker;
  readonly #file: string;
  #process: string | undefined;
  #begun: Begun | undefined;

  constructor(maker: TraceMaker, file: string) {
    this.#maker = maker;
    this.#file = file;
  }

  line(text: string, line: number): void {
    const [, process, said = ""] = LINE.exec(text) ?? [];
    if (process === undefined) return;
    const [, name = "", args = "", rest = ""] = CALL.exec(said) ?? [];
    const shape = shapeOf(name);
    const result = RESULT.exec(shape === undefined ? said : `)${rest}`)?.[1];
    if (shape === undefined && (result === undefined || this.#begun === undefined)) return;
    this.#maker.at(line);
    this.#process ??= process;
    if (process !== this.#process) {
      if (shape !== undefined) this.#maker.odd("calls of other processes, left out");
      return;
    }
    if (shape !== undefined) this.#begin(shape, args, line);
    if (this.#begun === undefined) return;
    if (this.#begun.shape.kind === OpKind.FREE) this.#end(0n);
    else if (result !== undefined) this.#end(addressIn(result, this.#file, line));
  }

  finish(): void {
    if (this.#begun !== undefined) this.#maker.odd("calls that never return, left out");
  }

  #begin(shape: Shape, args: string, line: number): void {
    if (this.#begun !== undefined) this.#maker.odd("calls that never return, left out");
    const [x, y] = shape.read(argumentsIn(args, shape, this.#file, line));
    const isOfBlock = shape.kind === OpKind.FREE || shape.kind === OpKind.REALLOC;
    this.#begun = { shape, x, y, taken: isOfBlock ? this.#maker.take(x) : undefined };
  }

  #end(result: bigint): void {
    const { shape, x, y, taken } = this.#begun!;
    const maker = this.#maker;
    this.#begun = undefined;
    if (shape.kind === OpKind.REALLOC) maker.resize(taken!, y, result);
    else if (shape.kind !== OpKind.FREE) maker.allocate(shape.kind, x, y, result);
    else if (x !== 0n) maker.release(taken!);
    else maker.odd("frees of NULL, left out");
  }
}
