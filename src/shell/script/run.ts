// Runs a script (see script.ts): calls, in a process of the model, with variables; and lines of
// strace, whose addresses are those of another process, each taken for the same thing here.

import { HeapAbort } from "../../process/failures.js";
import { isError } from "../../base/realm.js";
import { KernelOption } from "../../layout/generated.js";
import { Errno, errnoMessage, errnoName } from "../../kernel/errno.js";
import { MemoryFault } from "../../kernel/faults.js";
import { MAP, PR } from "../../kernel/flags.js";
import type { Kernel, KernelOptionName } from "../../kernel/kernel.js";
import { checkWord, NativeAddresses, Unmakeable } from "./addresses.js";
import { int, NUMERIC, TEXTS } from "./calls.js";
import { numberOf, type Call, type Scope, type Value } from "./expression.js";
import { ScriptProblem } from "./lexer.js";
import type { Num } from "./numbers.js";
import { printed } from "./print.js";
import type { TracedCall } from "./strace-lines.js";
import type { WordBits } from "./types.js";
import { lineOf, problemAt, type Script, type Statement } from "./script.js";
import { UserError } from "../../base/user-error.js";

/** What a script has to say besides its system calls. */
export interface ScriptOutput {
  /** Takes the text of a file of /proc that the script asks for. */
  readonly print: (text: string) => void;
  /** Told of an access that a signal would have answered, before it ends the script. */
  readonly onFault: (fault: MemoryFault) => void;
  /** Takes a remark on lines of strace that could not be made, or ended otherwise. */
  readonly note: (text: string) => void;
  /**
   * Makes each call that takes numbers, in place of the run itself: for who keeps them.
   * @returns what the function returned; of posix_memalign the block's address, 0 where it failed
   */
  readonly make?: (name: string, args: readonly bigint[]) => bigint;
}

/**
 * Runs a script to its end, or to the first access that a signal would have answered.
 * @throws UserError `FILE:LINE: REASON` when the process comes to an end, and
 *   `FILE:LINE:COLUMN: RULE` for what no call can take
 */
export function runScript(script: Script, kernel: Kernel, output: ScriptOutput): void {
  const run = new ScriptRun(kernel, output);
  const notes = new Notes(script);
  try {
    for (const statement of script.statements) runStatement(script, statement, run, notes, output);
  } finally {
    notes.tell(output.note);
  }
}

function runStatement(
  script: Script,
  statement: Statement,
  run: ScriptRun,
  notes: Notes,
  output: ScriptOutput,
): void {
  const { at } = statement;
  try {
    if (statement.kind === "plain") statement.expression.evaluate(run);
    else if (statement.kind === "traced") {
      const difference = run.trace(statement);
      if (difference !== undefined) notes.add("lines that end otherwise here", at, difference);
    } else notes.add("calls that are not about memory", at, statement.name);
  } catch (error) {
    if (error instanceof ScriptProblem) throw problemAt(script, error.at, error.message);
    if (error instanceof Unmakeable) notes.add(error.message, at);
    else {
      if (error instanceof MemoryFault) output.onFault(error);
      else if (!(error instanceof HeapAbort)) throw error;
      throw new UserError(`${script.file}:${lineOf(script.text, at)}: ${error.message}`);
    }
  }
}

/** How many lines a remark names. */
const MOST_LINES = 8;

/** Lines of strace that were left out or ended otherwise, by what is to be said of them. */
class Notes {
  readonly #script: Script;
  readonly #found = new Map<string, string[]>();

  constructor(script: Script) {
    this.#script = script;
  }

  add(what: string, at: number, detail = ""): void {
    const places = this.#found.get(what) ?? [];
    this.#found.set(what, places);
    if (places.length > MOST_LINES) return;
    const shown = detail === "" ? "" : ` (${detail})`;
    places.push(places.length === MOST_LINES ? "…" : lineOf(this.#script.text, at) + shown);
  }

  tell(note: ScriptOutput["note"]): void {
    for (const [what, places] of this.#found) {
      const isLeftOut = !what.startsWith("lines");
      const line = places.length === 1 ? "line" : "lines";
      const where = isLeftOut
        ? `${what}, ${line} ${places.join(", ")}`
        : `${what}: ${places.join(", ")}`;
      note(`${this.#script.file}: ${isLeftOut ? "left out: " : ""}${where}`);
    }
  }
}

/** Names that stand for settings of the kernel in `sysctl(NAME, VALUE)`. */
export const OPTION_NAMES = Object.keys(KernelOption) as KernelOptionName[];

/**
 * Runs one statement that is no line of strace.
 * @returns its value @throws as {@link runScript}
 */
export function evaluate(script: Script, statement: Statement, run: ScriptRun): Value | undefined {
  if (statement.kind !== "plain") return undefined;
  try {
    return statement.expression.evaluate(run);
  } catch (error) {
    if (error instanceof ScriptProblem) throw problemAt(script, error.at, error.message);
    throw error;
  }
}

/** A script's process while it runs. */
export class ScriptRun implements Scope {
  /** Bits of a word: 32 or 64. */
  readonly wordBits: WordBits;
  readonly variables = new Map<string, Num>();
  readonly #kernel: Kernel;
  readonly #output: ScriptOutput;
  readonly #natives = new NativeAddresses();
  readonly #files = new Set<number>();

  constructor(kernel: Kernel, output: ScriptOutput) {
    this.#kernel = kernel;
    this.#output = output;
    this.wordBits = kernel.process.abi === "ilp32" ? 32 : 64;
    this.variables.set("errno", { value: 0n });
  }

  call(call: Call, args: readonly Value[]): Num {
    const { name, at } = call;
    if (Object.hasOwn(TEXTS, name)) {
      this.#output.print(TEXTS[name]!(this.#kernel));
      return { value: 0n };
    }
    if (!Object.hasOwn(NUMERIC, name)) return this.#guarded(at, () => this.#special(call, args));
    const { addresses } = NUMERIC[name]!;
    const numbers = args.map((argument, i) => {
      const { value } = numberOf(argument, at);
      // A script that has lines of strace may go on with their addresses.
      return addresses.includes(i) ? (this.#natives.find(value) ?? value) : value;
    });
    return this.#made(call, numbers);
  }

  /**
   * Makes the call of a line of strace.
   * @returns how its end differs; undefined when it does not
   * @throws Unmakeable when it is about something that is not here
   */
  trace({ call, args, native }: TracedCall): string | undefined {
    const given = args.map((argument) => numberOf(argument.evaluate(this), argument.at).value);
    const own = this.#translated(call.name, given);
    const { value } = this.#made(call, own);
    this.#learn(call.name, given, native.value, value);
    const isFailure = value === -1n && native.value !== undefined;
    const error = isFailure ? (errnoName(this.#kernel.errno) ?? "an error") : undefined;
    const wasFailure = native.value === -1n && native.error !== undefined;
    if (error === (wasFailure ? native.error : undefined)) return undefined;
    return `${native.error ?? "success"} there, ${error ?? "success"} here`;
  }

  /** A recorded call's arguments, with the addresses of this process. */
  #translated(name: string, given: readonly bigint[]): bigint[] {
    const [first = 0n, length = 0n, , flags = 0n, fd = -1n] = given;
    if (name === "mmap" && fd >= 0n && !this.#files.has(Number(fd)))
      throw new Unmakeable("mappings of files that the script does not open");
    const isFree = name === "mmap" && (flags & BigInt(MAP.FIXED | MAP.FIXED_NOREPLACE)) === 0n;
    if (RANGES.has(name)) this.#natives.checkRange(first, length);
    const { addresses } = NUMERIC[name]!;
    return given.map((value, i) => {
      if (!addresses.includes(i) || value === 0n) return value;
      const own = name === "brk" ? this.#natives.findBreak(value) : this.#natives.find(value);
      if (own !== undefined) return own;
      // A hint is a wish only.
      if (isFree) return 0n;
      if (value >= 0n && value < BigInt(this.#kernel.process.taskSize)) return value;
      throw new Unmakeable("calls on addresses that no line before gives");
    });
  }

  /** What a recorded result says about addresses. */
  #learn(name: string, given: readonly bigint[], native: bigint | undefined, own: bigint): void {
    if (native === undefined || native <= 0n || own <= 0n) return;
    if (name === "brk") this.#natives.addBreak(native, own);
    else if (name === "mmap") this.#natives.addMapping(native, given[1]!, own);
    else if (name === "mremap") this.#natives.addMapping(native, given[2]!, own);
    else if (BLOCKS.has(name)) this.#natives.addBlock(native, own);
  }

  #made({ name, at }: Call, numbers: bigint[]): Num {
    const { run, wide } = NUMERIC[name]!;
    for (const [i, value] of numbers.entries()) {
      if (!wide.includes(i)) checkWord(value, this.wordBits, at);
    }
    const { make } = this.#output;
    const value = this.#guarded(
      at,
      () => make?.(name, numbers) ?? BigInt(run(this.#kernel, numbers)),
    );
    if (name === "close") this.#files.delete(Number(numbers[0]));
    return { value };
  }

  /** Runs a call; an argument that no such function can take is the script's problem. */
  #guarded<T>(at: number, run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (isError(error, "RangeError") || isError(error, "TypeError"))
        throw new ScriptProblem(at, error.message);
      throw error;
    } finally {
      this.variables.set("errno", { value: BigInt(this.#kernel.errno) });
    }
  }

  #special({ name, at }: Call, args: readonly Value[]): Num {
    switch (name) {
      case "open":
        return { value: BigInt(this.#opened(args, at)) };
      case "prctl":
        return { value: BigInt(this.#prctl(args, at)) };
      case "sysctl":
        return this.#setting(args, at);
      case "posix_memalign":
        return { value: BigInt(this.#aligned(args, at)) };
      default: {
        const text = printed(args, this.wordBits, at) + (name === "puts" ? "\n" : "");
        this.#output.print(text);
        return { value: BigInt(text.length) };
      }
    }
  }

  #opened([path, ...rest]: readonly Value[], at: number): number {
    if (path === undefined || !("text" in path))
      throw new ScriptProblem(at, 'open takes a path in quotes: open("FILE", …)');
    const [flags, mode] = rest.map((value) => int(numberOf(value, at).value));
    const fd = this.#kernel.open(path.text, flags!, mode);
    // The guest makes no call for it, so no line would say what went wrong.
    if (fd < 0) {
      const reason = errnoMessage(this.#kernel.errno);
      throw new ScriptProblem(at, `cannot open ${path.text}: ${reason}`);
    }
    this.#files.add(fd);
    return fd;
  }

  #prctl(args: readonly Value[], at: number): number {
    const name = args[4];
    const isNamed = name !== undefined && "text" in name;
    const numbers = (isNamed ? args.slice(0, 4) : args).map((value) => numberOf(value, at).value);
    const [option = 0n, attribute = 0n, start = 0n, length = 0n, last = 0n] = numbers;
    if (isNamed && option === BigInt(PR.SET_VMA) && attribute === BigInt(PR.SET_VMA_ANON_NAME))
      return this.#kernel.setVmaName(start, length, name.text);
    const made = this.#output.make?.("prctl", [option, attribute, start, length, last]);
    if (made !== undefined) return Number(made);
    return this.#kernel.prctl(int(option), attribute, start, length, last);
  }

  #setting(args: readonly Value[], at: number): Num {
    const [id, value] = args.map((argument) => numberOf(argument, at).value);
    const name = OPTION_NAMES.find((each) => BigInt(KernelOption[each]) === id);
    if (name === undefined)
      throw new ScriptProblem(at, `sysctl takes one of ${OPTION_NAMES.join(", ")} and a value`);
    const { make } = this.#output;
    if (make === undefined) this.#kernel.setOption(name, Number(value));
    else make("sysctl", [id!, value!]);
    return { value: 0n };
  }

  #madeAligned(alignment: bigint, size: bigint): { error: number; address: number } {
    const made = this.#output.make?.("posix_memalign", [alignment, size]);
    if (made === undefined) return this.#kernel.process.posixMemalign(alignment, size);
    return { error: made === 0n ? Errno.ENOMEM : 0, address: Number(made) };
  }

  #aligned([place, ...rest]: readonly Value[], at: number): number {
    if (place === undefined || !("place" in place))
      throw new ScriptProblem(at, "posix_memalign takes the place of a variable: &p");
    const [alignment = 0n, size = 0n] = rest.map((value) => numberOf(value, at).value);
    const { error, address } = this.#madeAligned(alignment, size);
    // A failure leaves the variable as it is.
    const value = error === 0 ? BigInt(address) : this.variables.get(place.place)?.value;
    this.variables.set(place.place, { type: place.type, value: value ?? 0n });
    return error;
  }
}

/** Calls on a range: an address and a length. */
const RANGES: ReadonlySet<string> = new Set(
  "munmap mremap mprotect madvise msync mincore mlock mlock2 munlock mseal".split(" "),
);
/** Calls whose result is a block of malloc's. */
const BLOCKS: ReadonlySet<string> = new Set(
  "malloc calloc realloc reallocarray memalign aligned_alloc valloc pvalloc".split(" "),
);
