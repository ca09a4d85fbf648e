// Reader of ltrace's text, and of what recorder/malloc.bt prints, which has the same lines.
//
//   malloc(24)                                 = 0x55c3
//   [pid 7] libfoo.so->free(0x55c3)            = <void>       with -f, on a terminal
//   7 realloc(0x55c3, 100 <unfinished ...>                    with -f and -o
//   7 <... realloc resumed> )                  = 0x55d0
//   7 +++ exited (status 0) +++
//
// Of calls within calls of the allocator (operator new calls malloc) the outermost counts: it has
// the block that the program sees. Other functions that are under way are the call's stack. Times,
// instruction pointers (-t, -r, -i, -T) and indentation are passed over. A call counts when it
// returns; a block that is freed or moved is gone as soon as the call begins, since another thread
// may get its address before the call returns.
//
// Calls that libc itself makes (libc.so.6->realloc) are left out: ltrace 0.7.3 gives them names of
// other functions.
//
// `@villoc(TEXT) = <void>` is a remark to villoc, which shows it; it is the next call's label.

import { OpKind } from "../../layout/generated.js";
import { TraceError } from "../trace.js";
import { numberIn, shapeOf, type Shape } from "./functions.js";
import type { Taken, TraceMaker } from "./maker.js";
import { addressIn, argumentsIn, quoted, type Reader } from "./reader.js";

/** The first line that recorder/malloc.bt prints. */
export const BPFTRACE_HEAD = "# malloc.bt";

/** A call that is under way. */
interface Call {
  readonly name: string;
  readonly module: string;
  /** What it means, if it is an allocator's function. */
  readonly shape: Shape | undefined;
  /** Of an allocator's function that is within no other one: what it asks for. */
  readonly asked?: Asked;
  /** What an allocator's function within this one has returned last. */
  inner?: bigint;
}

interface Asked {
  readonly shape: Shape;
  readonly x: bigint;
  readonly y: bigint;
  /** The block that it frees or moves. */
  readonly taken: Taken | undefined;
  readonly label: string;
}

const PREFIX =
  /^(?:\[pid (\d+)\] +|(\d+) +)?(?:\d\d:\d\d:\d\d(?:\.\d+)? +|\d+\.\d+ +)?(?:\[(0x[\da-f]+)\] +)?\s*/;
const ENDED = /^\+\+\+ (?:exited|killed)\b/;
const RESUMED = /^<\.\.\. (.*?) resumed>.*\)\s*= (\S+)/;
const UNFINISHED = "<unfinished ...>";
const RETURNED = /^(.*)\)\s+= (\S.*)$/;
const NO_RETURN = "<no return ...>";
const MODULE = /^([^\s("]+?)->/;
const LIBC = /^libc(-[\d.]+)?\.so/;
const ALLOCATOR = /^(?:[^\s("]+?->)?(?:malloc|calloc|realloc|free|memalign)\(/;
/** What glibc's own names of its functions begin with: __libc_calloc. */
const LIBC_NAMES = /^(__GI_)?__(libc_)?/;
const FRAME = /^\s+(\S.*)$/;

/** Reads ltrace's text; see the head of the file. */
export class LtraceReader implements Reader {
  readonly #maker: TraceMaker;
  readonly #file: string;
  readonly #threads = new Map<string, Call[]>();
  #hasStacks = false;
  #label = "";
  /** The operation that has been read, and waits for its stack's lines. */
  #emit: ((label: string) => void) | undefined;
  #frames: string[] = [];
  /** A line that breaks the rules: an error unless it is the last one. */
  #broken: TraceError | undefined;

  constructor(maker: TraceMaker, file: string) {
    this.#maker = maker;
    this.#file = file;
  }

  line(text: string, line: number): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (text.startsWith(BPFTRACE_HEAD)) this.#hasStacks = true;
    const frame = this.#hasStacks ? FRAME.exec(text)?.[1] : undefined;
    if (frame !== undefined) {
      this.#frames.push(frame);
      return;
    }
    this.#flush();
    const [prefix = "", bracketed, bare, pointer = ""] = PREFIX.exec(text)!;
    const rest = text.slice(prefix.length);
    if (rest === "" || rest.startsWith("#")) return;
    const thread = bracketed ?? bare ?? "";
    if (thread !== "") this.#maker.at(line, thread);
    if (ENDED.test(rest)) {
      if (thread !== "") this.#maker.exit(thread);
      this.#threads.delete(thread);
    } else if (rest.startsWith("<...")) this.#resumed(rest, line, thread);
    else this.#call(rest, line, thread, pointer);
  }

  finish(): void {
    this.#flush();
    if (this.#broken !== undefined) this.#maker.odd("lines that are cut short, left out");
    for (const calls of this.#threads.values())
      for (const { asked } of calls)
        if (asked !== undefined && asked.shape.kind !== OpKind.FREE) {
          this.#maker.odd("calls that never return, left out");
        }
  }

  #flush(): void {
    const emit = this.#emit;
    if (emit === undefined) return;
    this.#emit = undefined;
    const stack = this.#frames.map((frame) => frame.replace(/\+(0x)?[\da-f]+$/, ""));
    // The function itself is the innermost frame.
    const [innermost = ""] = stack;
    if (shapeOf(innermost.replace(LIBC_NAMES, "")) !== undefined) stack.shift();
    this.#frames = [];
    emit(stack.join(" <- "));
  }

  /** A line that begins a call, and may be all of it. */
  #call(text: string, line: number, thread: string, pointer: string): void {
    const isUnfinished = text.endsWith(UNFINISHED);
    const returned = isUnfinished ? null : RETURNED.exec(text);
    const begun = isUnfinished ? text.slice(0, -UNFINISHED.length) : returned?.[1];
    const result = returned?.[2] ?? "";
    if (begun === undefined) {
      if (ALLOCATOR.test(text) && !text.includes(NO_RETURN)) {
        this.#maker.at(line, thread);
        this.#broken = new TraceError(
          this.#file,
          line,
          `${quoted(text)} is no call of ltrace's: FUNCTION(ARGUMENTS) = RESULT`,
        );
      }
      return;
    }
    this.#maker.at(line, thread);
    const module = MODULE.exec(begun)?.[1] ?? "";
    const body = module === "" ? begun : begun.slice(module.length + 2);
    if (body.startsWith("@villoc(")) {
      this.#label = body.slice("@villoc(".length);
      return;
    }
    const open = body.lastIndexOf("(");
    const named = shapeOf(body.slice(0, Math.max(0, open)));
    const name = body.slice(0, named === undefined ? body.indexOf("(") : open);
    const shape = LIBC.test(module) ? undefined : named;
    if (shape !== named) this.#maker.odd("calls that libc itself makes, left out");
    const calls = this.#callsOf(thread);
    const call: Call = { name, module, shape };
    const isInner = calls.some(({ asked }) => asked !== undefined);
    if (shape === undefined || isInner) {
      if (isUnfinished) calls.push(call);
      else if (shape !== undefined) this.#innerReturned(calls, shape, result);
      return;
    }
    const args = argumentsIn(body.slice(open + 1), shape, this.#file, line);
    const asked = this.#begin(shape, args, this.#labelHere(calls, module, pointer));
    if (isUnfinished) {
      calls.push({ ...call, asked });
      if (shape.kind === OpKind.FREE) this.#return(asked, 0n, line, thread);
    } else this.#return(asked, this.#resultOf(shape, result, line), line, thread);
  }

  #resumed(text: string, line: number, thread: string): void {
    const [, name, result = ""] = RESUMED.exec(text) ?? [];
    if (name === undefined) return;
    const calls = this.#callsOf(thread);
    const at = calls.findLastIndex((call) => call.name === name);
    if (at < 0) return;
    const call = calls[at]!;
    // What is above it did not return: a jump has passed it.
    calls.length = at;
    const { asked, shape } = call;
    if (shape === undefined) return;
    if (asked === undefined) this.#innerReturned(calls, shape, result);
    else if (shape.kind !== OpKind.FREE) {
      const known = this.#resultOf(shape, result, line);
      this.#return(asked, known ?? call.inner, line, thread);
    }
  }

  /** The outermost call may not tell its result, and one within it does: posix_memalign. */
  #innerReturned(calls: readonly Call[], { kind }: Shape, result: string): void {
    const outer = calls.findLast(({ asked }) => asked !== undefined);
    const address = numberIn(result.split(" ", 1)[0]!);
    if (outer !== undefined && kind !== OpKind.FREE && address !== undefined) {
      outer.inner = address;
    }
  }

  #callsOf(thread: string): Call[] {
    let calls = this.#threads.get(thread);
    if (calls === undefined) this.#threads.set(thread, (calls = []));
    return calls;
  }

  /** The label of a call that begins: the remark in front of it, or who calls. */
  #labelHere(calls: readonly Call[], module: string, pointer: string): string {
    const remark = this.#label;
    this.#label = "";
    if (remark !== "") return remark;
    const stack = calls.map(({ name }) => name).reverse();
    return [...stack, calls[0]?.module ?? module, pointer].filter((part) => part).join(" <- ");
  }

  #begin(shape: Shape, args: readonly bigint[], label: string): Asked {
    const [x, y] = shape.read(args);
    const isOfBlock = shape.kind === OpKind.FREE || shape.kind === OpKind.REALLOC;
    return { shape, x, y, taken: isOfBlock ? this.#maker.take(x) : undefined, label };
  }

  #resultOf(shape: Shape, text: string, line: number): bigint | undefined {
    if (shape.kind === OpKind.FREE) return 0n;
    const result = addressIn(text.split(" ", 1)[0]!, this.#file, line);
    if (shape.isHidden !== true) return result;
    // It returns an error's number, and no block then.
    return result === 0n ? undefined : 0n;
  }

  /** The operation is complete, but for its stack. */
  #return(asked: Asked, result: bigint | undefined, line: number, thread: string): void {
    const { shape, x, y, taken } = asked;
    const maker = this.#maker;
    this.#emit = (stack) => {
      const label = stack === "" ? asked.label : stack;
      maker.at(line, thread);
      if (shape.kind === OpKind.FREE) maker.release(taken!, label);
      else if (shape.kind === OpKind.REALLOC) maker.resize(taken!, y, result ?? 0n, label);
      else maker.allocate(shape.kind, x, y, result, label);
    };
  }
}
