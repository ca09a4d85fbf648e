// Recorded sequences of calls around regions that grow down (format: ../README.md): reading them,
// and running them on the WebAssembly side.

import type { Abi } from "../../../src/layout/address.js";
import { MAP } from "../../../src/kernel/flags.js";
import { errorName, nextMachine, PAGE } from "./machine.js";
import type { CallName, Machine } from "./machine.js";

/** A sequence of one layout. */
export interface GuardSequence {
  readonly name: string;
  /** Whether the kernel looks for room from the bottom up. */
  readonly isUp: boolean;
  /** Whether all but the window is taken. */
  readonly isClosed: boolean;
  /** Each step's call and its result; the last line is the window's regions in the end. */
  readonly lines: readonly string[];
}

/** A step that the WebAssembly side did differently. */
export interface GuardDifference {
  readonly sequence: string;
  readonly step: number;
  /** The regions before it. */
  readonly regions: string;
  readonly native: string;
  readonly wasm: string;
}

/** Near: whoever begins in a memory that was used looks through its whole address space. */
const TASK_SIZE = 0x3000000;
/** Above a third of the address space, from where the kernel looks upwards. */
const BASE = 0x1400000;
const WINDOW_END = BASE + 2560 * PAGE;
/** What is taken beside the window where it is not all: the kernel's own pages need a place. */
const BESIDE = 1024 * PAGE;
const VM_GROWSDOWN = 0x100;
const FILLING = MAP.PRIVATE | MAP.ANONYMOUS | MAP.FIXED | MAP.NORESERVE;

/** All sequences of a recording. */
export function parseGuardSequences(text: string): GuardSequence[] {
  return text
    .split(/^== /m)
    .slice(1)
    .map((part) => {
      const [name = "", start = "", ...lines] = part.trimEnd().split("\n");
      const isUp = name.startsWith("guardup");
      return { name, isUp, isClosed: start.endsWith("closed=1"), lines };
    });
}

class GuardReplay {
  readonly #m: Machine;

  constructor({ isUp, isClosed }: GuardSequence, abi: Abi) {
    this.#m = nextMachine({
      abi,
      taskSize: TASK_SIZE,
      layout: isUp ? "linux" : "top-down",
      mmapBase: isUp ? BASE : WINDOW_END,
    });
    // The kernel's own pages end there, or a page before.
    const lowest = this.#m.mm("startBrk");
    if (isClosed) this.#m.call("mmap", lowest - PAGE, PAGE, 0, FILLING, -1, 0);
    if (isClosed || isUp) this.#fill(isClosed ? lowest : BASE - BESIDE, BASE);
    if (isClosed || !isUp) this.#fill(WINDOW_END, isClosed ? TASK_SIZE : WINDOW_END + BESIDE);
  }

  #fill(start: number, end: number): void {
    if (this.#m.call("mmap", start, end - start, 0, FILLING, -1, 0) !== start)
      throw new Error("the replay cannot fill its address space");
  }

  #placed(result: number, pages: number): string {
    const error = errorName(result);
    if (error !== undefined) return `-${error}`;
    if (result >= BASE && result + pages * PAGE <= WINDOW_END)
      return `@${((result - BASE) / PAGE).toString(16)}`;
    if (this.#m.call("munmap", result, pages * PAGE) !== 0)
      throw new Error("cannot take a mapping away");
    return "elsewhere";
  }

  #write(address: number): string {
    const signal = this.#m.touch(address, 1, true);
    return signal === 0 ? "0" : signal === 7 ? "SIGBUS" : "SIGSEGV";
  }

  /** The text of a step's result. */
  perform(words: readonly string[]): string {
    const [name = "", place = "", ...rest] = words;
    const address = (word: string): number =>
      word.startsWith("@") ? BASE + parseInt(word.slice(1), 16) * PAGE : 0;
    const [pages = 0, second = 0, third = 0] = rest.map((word) => parseInt(word, 16));
    const at = address(place);
    const bytes = pages * PAGE;
    switch (name) {
      case "mmap": {
        const flags = third | MAP.PRIVATE | MAP.ANONYMOUS;
        return this.#placed(this.#m.call("mmap", at, bytes, second, flags, -1, 0), pages);
      }
      case "mremap": {
        const to = address(rest[3] ?? "");
        return this.#placed(this.#m.call("mremap", at, bytes, second * PAGE, third, to), second);
      }
      case "write":
        return this.#write(at);
      default: {
        const result = this.#m.call(name as CallName, at, bytes, second);
        return result === 0 ? "0" : `-${errorName(result)}`;
      }
    }
  }

  /** The window's regions. */
  regions(): string {
    const texts = this.#m.regions(BASE, WINDOW_END).map(({ start, end, flags }) => {
      const letter = (bit: number, text: string): string => (flags & bit ? text : "-");
      const place = `${((start - BASE) / PAGE).toString(16)}+${((end - start) / PAGE).toString(16)}`;
      const rights = letter(1, "r") + letter(2, "w") + letter(4, "x");
      return `${place}${rights}${flags & VM_GROWSDOWN ? "g" : ""}`;
    });
    return ["V", ...texts].join(" ");
  }

  /** One line of the recording, as it is on this side. */
  line(native: string): string {
    if (native.startsWith("V")) return this.regions();
    const call = native.split(" = ")[0] ?? "";
    return `${call} = ${this.perform(call.split(" "))}`;
  }

  /** The number of an invariant of the kernel's that does not hold; 0 when all do. */
  broken(): number {
    return this.#m.process.raw.check_kernel();
  }
}

/** Runs a sequence up to the first difference, if there is one. */
export function replayGuard(sequence: GuardSequence, abi: Abi): GuardDifference | undefined {
  const replay = new GuardReplay(sequence, abi);
  const { name, lines } = sequence;
  for (const [step, native] of lines.entries()) {
    const wasm = replay.line(native);
    if (wasm === native) continue;
    const again = new GuardReplay(sequence, abi);
    for (const line of lines.slice(0, step)) again.line(line);
    return { sequence: name, step, regions: again.regions(), native, wasm };
  }
  const broken = replay.broken();
  if (broken === 0) return undefined;
  const wasm = `invariant ${broken} is broken`;
  return { sequence: name, step: lines.length, regions: replay.regions(), native: "", wasm };
}
