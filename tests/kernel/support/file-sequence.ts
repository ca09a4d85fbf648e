// Recorded sequences of calls on mappings of files (format: ../README.md): reading them, and
// running them on the WebAssembly side with the same things written down after each step.

import type { Abi } from "../../../src/layout/address.js";
import { FileKind, KernelOption, PageMark } from "../../../src/layout/generated.js";
import { errorName, nextMachine, PAGE } from "./machine.js";
import type { CallName, Machine } from "./machine.js";
import { MemoryBytes, MemoryFiles } from "./memory-files.js";
import { flagCodes } from "./sequence.js";

/** A sequence: the sizes of the two files when it began, bytes, and what happened. */
export interface FileSequence {
  readonly name: string;
  readonly sizes: readonly number[];
  /** Each step's call with its result, then what was seen after it. */
  readonly steps: readonly (readonly string[])[];
}

/** A step that the WebAssembly side did differently. */
export interface FileDifference {
  readonly sequence: string;
  readonly step: number;
  /** The regions before it. */
  readonly regions: string;
  readonly native: readonly string[];
  readonly wasm: readonly string[];
}

const BASE = 0x1000000;
const WINDOW = 64 * PAGE;
const SCRATCH = BASE + 0x100000;
const TASK_SIZE = 0x50000000;
/** Above all that the sequences map, and low: whoever begins looks through the whole memory. */
const MMAP_BASE = BASE + 0x200000;
const O_RDONLY = 0;
const O_WRONLY = 1;
const O_RDWR = 2;
const PRIVATE_ANONYMOUS_FIXED = 0x32;

/**
 * What the descriptors are, in the order of their numbers in the text: a file's index (2:
 * /dev/zero) and how it is open.
 */
const OPENED = [
  [0, O_RDWR],
  [0, O_RDONLY],
  [1, O_RDWR],
  [1, O_WRONLY],
  [2, O_RDWR],
  [0, O_RDWR],
] as const;

/** All sequences of a recording. */
export function parseFileSequences(text: string): FileSequence[] {
  return text
    .split(/^== /m)
    .slice(1)
    .map((part) => {
      const [name = "", start = "", ...lines] = part.trimEnd().split("\n");
      const sizes = start.split(" ").slice(1);
      const steps: string[][] = [];
      for (const line of lines) {
        if (/^[VF]( |$)/.test(line)) steps.at(-1)?.push(line);
        else steps.push([line]);
      }
      return { name, sizes: sizes.map((size) => parseInt(size, 16)), steps };
    });
}

/** What the recorder filled a file with. */
function contents(file: number, size: number): Uint8Array {
  return Uint8Array.from(
    { length: size },
    (_, i) => file * 7 + Math.floor(i / PAGE) * 16 + (i % 13),
  );
}

/** FNV-1a of bytes, or of what came before and then these. */
function fnv1a(bytes: Uint8Array, digest = 2166136261): number {
  for (const byte of bytes) digest = Math.imul(digest ^ byte, 16777619);
  return digest >>> 0;
}

class FileReplay {
  readonly #m: Machine;
  readonly #descriptors: number[] = [];
  #regions = "V";

  constructor(sequence: FileSequence, abi: Abi) {
    const files = new MemoryFiles();
    this.#m = nextMachine({ abi, mmapBase: MMAP_BASE, taskSize: TASK_SIZE, files });
    files.memory = this.#m.process.memory;
    this.#m.option(KernelOption.CAP_IPC_LOCK, 1);
    const bytes = sequence.sizes.map((size, file) => new MemoryBytes(contents(file, size)));
    for (const [file, flags] of OPENED) {
      const kind = file === 2 ? FileKind.ZERO : FileKind.REGULAR;
      const number = files.open(bytes[file] ?? new MemoryBytes());
      this.#descriptors.push(this.#m.process.raw.open_file(number, file + 1, kind, flags));
    }
    const at = this.#m.call("mmap", SCRATCH, 2 * PAGE, 3, PRIVATE_ANONYMOUS_FIXED, -1, 0);
    if (at !== SCRATCH) throw new Error("the replay cannot map its own pages");
  }

  #number(word: string): number {
    return word.startsWith("@") ? BASE + parseInt(word.slice(1), 16) : parseInt(word, 16);
  }

  #result(result: number): string {
    const error = errorName(result);
    if (error !== undefined) return `-${error}`;
    return result >= BASE ? `@${(result - BASE).toString(16)}` : result.toString(16);
  }

  /** Position as the call takes it. */
  #position(position: number): number[] {
    return this.#m.abi === "ilp32" ? [position, 0] : [position];
  }

  #descriptor(word: string): number {
    const fd = Number(word);
    return this.#descriptors[fd] ?? fd;
  }

  #pread(fd: number, length: number, position: number, at = SCRATCH): number {
    return this.#m.call("pread64", fd, at, length, ...this.#position(position));
  }

  perform(words: readonly string[]): string {
    const m = this.#m;
    const [name = "", ...rest] = words;
    const args = rest.map((word) => this.#number(word));
    const fd = this.#descriptor(rest[0] ?? "");
    switch (name) {
      case "mmap": {
        const [at = 0, length = 0, prot = 0, flags = 0, , pgoff = 0] = args;
        const file = this.#descriptor(rest[4] ?? "");
        return this.#result(m.call("mmap", at, length, prot, flags, file, pgoff * PAGE));
      }
      case "ftruncate":
        return this.#result(m.call("ftruncate", fd, args[1] ?? 0));
      case "fsync":
        return this.#result(m.call("fsync", fd));
      case "pwrite": {
        const [, length = 0, position = 0, value = 0] = args;
        m.touch(SCRATCH, length, true);
        m.process.u8().fill(value, SCRATCH, SCRATCH + length);
        return this.#result(m.call("pwrite64", fd, SCRATCH, length, ...this.#position(position)));
      }
      case "pread": {
        const result = this.#pread(fd, 1, args[1] ?? 0);
        return result === 1 ? `1 ${m.peek(SCRATCH).toString(16)}` : this.#result(result);
      }
      case "read":
      case "write": {
        const [at = 0, value = 0] = args;
        const signal = m.touch(at, 1, name === "write");
        if (signal !== 0) return signal === 7 ? "SIGBUS" : "SIGSEGV";
        if (name === "read") return m.peek(at).toString(16);
        m.poke(at, value);
        return "0";
      }
      default:
        return this.#result(m.call(name as CallName, ...args));
    }
  }

  #file(line: string): string {
    const file = line[2] === "a" ? 0 : 1;
    let digest = fnv1a(new Uint8Array(0));
    let size = 0;
    for (let got = PAGE; got === PAGE; size += got) {
      got = this.#pread(this.#descriptors[file * 2] ?? 0, PAGE, size);
      if (got < 0) return `F: ${errorName(got)}`;
      digest = fnv1a(this.#m.process.u8().subarray(SCRATCH, SCRATCH + got), digest);
    }
    return `F ${line[2]} ${size.toString(16)} ${digest.toString(16)}`;
  }

  #regionText(start: number, end: number, flags: number, pgoff: number, inode: number): string {
    let resident = 0;
    let anonymous = 0;
    for (let page = start; page < end; page += PAGE) {
      const marks = this.#m.process.raw.page_marks(page);
      if (marks & (PageMark.ANON | PageMark.SHMEM | PageMark.FILE)) resident++;
      if (marks & PageMark.ANON) anonymous++;
    }
    const letter = (bit: number, text: string): string => (flags & bit ? text : "-");
    const place = `${((start - BASE) / PAGE).toString(16)}+${((end - start) / PAGE).toString(16)}`;
    const rights = letter(1, "r") + letter(2, "w") + letter(4, "x") + (flags & 0x80 ? "s" : "p");
    const file = inode < 0 ? "" : `@${pgoff.toString(16)}#${"sabz"[inode]}`;
    const usage = `${resident.toString(16)},${anonymous.toString(16)}`;
    return `${place}${rights}${file}:${flagCodes(flags)}~${usage}`;
  }

  /**
   * The file's number of a region: 0 shared memory, 1 and 2 the two files, 3 /dev/zero, -1 none.
   */
  #inodeOf(vma: number): number {
    const file = this.#m.field("Vma", vma, "vmFile");
    if (file === 0) return -1;
    return this.#m.field("Inode", this.#m.field("OpenFile", file, "inodeLink"), "number");
  }

  #state(): string {
    const { raw } = this.#m.process;
    const texts = ["V"];
    for (let vma = raw.first_vma() >>> 0; vma !== 0; vma = raw.next_vma(vma) >>> 0) {
      const { start, end, flags, pgoff } = this.#m.region(vma);
      if (start >= BASE && start < BASE + WINDOW)
        texts.push(this.#regionText(start, end, flags, pgoff, this.#inodeOf(vma)));
    }
    return texts.join(" ");
  }

  /** What is seen after a step: what the recording looked at. */
  seen(native: readonly string[]): string[] {
    const lines = native.filter((line) => line.startsWith("F")).map((line) => this.#file(line));
    const regions = this.#state();
    if (regions !== this.#regions) lines.push(regions);
    this.#regions = regions;
    const broken = this.#m.process.raw.check_kernel();
    if (broken !== 0) lines.push(`invariant ${broken}`);
    return lines;
  }
}

/** Runs a sequence up to the first difference, if there is one. */
export function replayFiles(sequence: FileSequence, abi: Abi): FileDifference | undefined {
  const replay = new FileReplay(sequence, abi);
  let regions = "V";
  for (const [step, native] of sequence.steps.entries()) {
    const [call = "", result = ""] = (native[0] ?? "").split(" = ");
    let wasm: string[];
    try {
      const got = replay.perform(call.split(" "));
      wasm = [`${call} = ${got}`, ...replay.seen(native)];
    } catch (error) {
      wasm = [`${call} threw ${String(error)}`];
    }
    if (wasm.join("\n") !== native.join("\n"))
      return { sequence: sequence.name, step, regions, native, wasm };
    regions = native.find((line) => line.startsWith("V")) ?? regions;
    void result;
  }
  return undefined;
}
