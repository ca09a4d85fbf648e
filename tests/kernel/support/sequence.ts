// Recorded sequences of system calls (format: ../README.md): reading them, and running them on the
// WebAssembly side with the same things written down after each step.

import type { Abi } from "../../../src/layout/address.js";
import { MAP } from "../../../src/kernel/flags.js";
import { KernelOption } from "../../../src/layout/generated.js";
import { errorName, Machine, nextMachine, PAGE } from "./machine.js";
import type { CallName, MachineOptions, Region } from "./machine.js";

/**
 * One step: the call's words, and the lines that the native kernel's answer made: the call with its
 * result, then changes.
 */
export interface Step {
  words: string[];
  result: string;
  changes: string[];
}

/** One sequence: what the process was when it began, and the steps. */
export interface Sequence {
  name: string;
  kind: string;
  /** `start` line: sizes in pages, data_bytes and memlock in bytes. */
  start: Readonly<Record<string, number>>;
  steps: Step[];
}

/** A step that the WebAssembly side did differently. */
export interface Difference {
  sequence: string;
  /** Counted from 0. */
  step: number;
  call: string;
  /** The regions before it. */
  regions: string;
  native: string[];
  wasm: string[];
}

/**
 * Lines about what was seen after a step; F is of sequences on files, which file-sequence.ts runs.
 */
const IS_CHANGE = /^[VRSF]( |$)/;
const HEX_FIELDS = new Set(["data_bytes", "memlock"]);

function parseStart(line: string): Record<string, number> {
  const pairs = line.split(" ").slice(1);
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = "", value = ""] = pair.split("=");
      return [name, parseInt(value, HEX_FIELDS.has(name) ? 16 : 10)];
    }),
  );
}

function parseOne(text: string): Sequence {
  const [name = "", start = "", ...lines] = text.replace(/\n$/, "").split("\n");
  const steps: Step[] = [];
  for (const line of lines) {
    if (IS_CHANGE.test(line)) {
      // What the window holds before the first step: nothing.
      steps.at(-1)?.changes.push(line);
      continue;
    }
    const [call = "", result = ""] = line.split(" = ");
    steps.push({ words: call.split(" "), result, changes: [] });
  }
  return { name, kind: name.split(" ")[0] ?? "", start: parseStart(start), steps };
}

/** All sequences of a recording; comments (`#`) in front don't matter. */
export function parseSequences(text: string): Sequence[] {
  return text
    .split(/^== /m)
    .slice(1)
    .map((part) => parseOne(part));
}

/** Where things are in the process that replays, bytes. */
const WINDOW = 0x1000000;
const WINDOW_BYTES = 64 * PAGE;
const START_BRK = 0x800000;
const HELPER = 0x3000000;
const FILLER = 0x4000000;
const MMAP_BASE = 0x5000000;
/** Above the first GiB, where MAP_32BIT looks for room. */
const TASK_SIZE = 0x50000000;
/**
 * For most sequences: whoever begins in a memory that was used looks through its whole address
 * space.
 */
const NEAR_TASK_SIZE = 0x8000000;
const RLIMIT_MEMLOCK = 8;
const HARD_MEMLOCK = 2048 * PAGE;

const PROT_READ_WRITE = 3;
const PRIVATE_ANONYMOUS_FIXED = 0x32;
const NORESERVE = 0x4000;

/**
 * VmFlags' codes by bit of vm_flags (Documentation/filesystems/proc.rst); dots where no such flag
 * is here.
 */
const FLAG_CODES =
  "rd wr ex sh mr mw me ms gd . . gu . lo . sr rr dc de lf ac nr . . . wf dd sl dp hg nh mg".split(
    " ",
  );

/** Linux has these above bit 31, so it writes them last, in this order. */
const LAST_CODES = ["dp", "sl"];

/** vm_flags as smaps writes them, without the spaces. */
export function flagCodes(flags: number): string {
  const codes = FLAG_CODES.filter((_, bit) => Math.floor(flags / 2 ** bit) % 2 === 1);
  const isLast = (code: string) => LAST_CODES.includes(code);
  const last = LAST_CODES.filter((code) => codes.includes(code));
  return [...codes.filter((code) => !isLast(code)), ...last].join("");
}

function permissions(flags: number): string {
  const letter = (bit: number, text: string, otherwise: string): string =>
    flags & bit ? text : otherwise;
  return letter(1, "r", "-") + letter(2, "w", "-") + letter(4, "x", "-") + letter(8, "s", "p");
}

/** Whether a call says how far away the end of the address space is. */
const namesEnd = ({ words }: Step): boolean => words.some((word) => word.startsWith("T"));

/** Whether a call looks for room beyond the first GiB; i386 knows no such flag. */
const looksFar = ({ words: [name, , , , flags = ""] }: Step, abi: Abi): boolean =>
  abi === "lp64" && name === "mmap" && (parseInt(flags, 16) & MAP["32BIT"]) !== 0;

/** Runs a sequence's steps in a process that has been brought to where the native one began. */
class Replay {
  readonly #machine: Machine;
  readonly #base: number;
  readonly #files = new Map<number, number>();
  #fileCount = 0;
  readonly #origin: readonly [number, number, number];
  #last: string[] = ["V", "R 0", "S 0 0 0"];

  constructor(sequence: Sequence, options: MachineOptions) {
    const { start, kind } = sequence;
    // A memory that large is better thrown away.
    const isFar = sequence.steps.some((step) => looksFar(step, options.abi));
    const next = isFar ? (all: MachineOptions) => new Machine(all) : nextMachine;
    this.#machine = next({
      taskSize: isFar || sequence.steps.some(namesEnd) ? TASK_SIZE : NEAR_TASK_SIZE,
      startBrk: START_BRK,
      mmapBase: MMAP_BASE,
      ...options,
    });
    this.#base = kind === "break" ? START_BRK : WINDOW;
    const m = this.#machine;
    this.#map(HELPER, PAGE, PROT_READ_WRITE, PRIVATE_ANONYMOUS_FIXED);
    m.touch(HELPER, PAGE, true);
    if (kind === "count")
      m.option(KernelOption.MAX_MAP_COUNT, m.mm("mapCount") + (start.room ?? 0));
    else this.#fill(start.size ?? 0, start.data ?? 0);
    m.setMm("endData", m.mm("startData") + (start.data_bytes ?? 0));
    this.#limit(RLIMIT_MEMLOCK, start.memlock ?? 0, HARD_MEMLOCK);
    if (start.ipc_lock === 1) m.option(KernelOption.CAP_IPC_LOCK, 1);
    this.#origin = [m.mm("totalVm"), m.mm("lockedVm"), m.mm("dataVm")];
  }

  #map(address: number, length: number, prot: number, flags: number): void {
    if (this.#machine.call("mmap", address, length, prot, flags, -1, 0) !== address)
      throw new Error(`the replay cannot map its own ${length} bytes at ${address}`);
  }

  /** Maps so much outside the window that VmSize and VmData are what they were natively. */
  #fill(size: number, data: number): void {
    const m = this.#machine;
    const dataPages = data - m.mm("dataVm");
    const otherPages = size - m.mm("totalVm") - dataPages;
    this.#map(FILLER, dataPages * PAGE, PROT_READ_WRITE, PRIVATE_ANONYMOUS_FIXED | NORESERVE);
    this.#map(FILLER + dataPages * PAGE, otherPages * PAGE, 0, PRIVATE_ANONYMOUS_FIXED);
  }

  #limit(which: number, soft: number | bigint, hard: number | bigint, at = HELPER): number {
    const view = this.#machine.process.view();
    view.setBigUint64(HELPER, BigInt(soft), true);
    view.setBigUint64(HELPER + 8, BigInt(hard), true);
    return this.#machine.call("prlimit64", 0, which, at, 0);
  }

  /** An argument's number. */
  #value(word: string): bigint {
    if (word.startsWith("@-")) return BigInt(this.#base) - BigInt(`0x${word.slice(2)}`);
    if (word.startsWith("@")) {
      const offset = BigInt(`0x${word.slice(1)}`);
      // Printed as an unsigned 64-bit number where it lies in front of the window.
      return BigInt.asIntN(64, BigInt(this.#base) + offset);
    }
    if (word.startsWith("~")) return ~BigInt(`0x${word.slice(1)}`);
    if (!word.startsWith("T")) return BigInt(`0x${word}`);
    const distance = BigInt(`0x${word.slice(2)}`);
    return BigInt(TASK_SIZE) + (word[1] === "-" ? -distance : distance);
  }

  /** The text of a step's result. */
  perform(words: readonly string[]): string {
    const [name = "", ...rest] = words;
    const args = rest.map((word) => this.#value(word));
    switch (name) {
      case "read":
      case "write":
        return this.#touch(Number(args[0]), name === "write", Number(args[1] ?? 0));
      case "setrlimit": {
        const [which = 0n, soft = 0n, hard = 0n, at = 0n] = args.map((n) => BigInt.asUintN(64, n));
        const error = this.#limit(Number(which), soft, hard, at === 0n ? HELPER : Number(at));
        return this.#plain(error);
      }
      case "getrlimit":
        return this.#getLimit(Number(args[0]), Number(args[1]));
      case "mincore":
        return this.#mincore(args);
      case "mbind":
        return this.#mbind(args);
      default:
        return this.#placed(name as CallName, args);
    }
  }

  #plain(result: number): string {
    const error = errorName(result);
    return error === undefined ? result.toString(16) : `-${error}`;
  }

  #placed(name: CallName, args: bigint[]): string {
    const m = this.#machine;
    const result = m.call(name, ...args);
    if (result < 0 || !["mmap", "mremap", "brk"].includes(name)) return this.#plain(result);
    const offset = result - this.#base;
    if (name !== "brk" && (offset < 0 || offset >= WINDOW_BYTES)) {
      const length = args[name === "mmap" ? 1 : 2] ?? 0n;
      if (m.call("munmap", result, length) !== 0) throw new Error("cannot take a mapping away");
      return "elsewhere";
    }
    return `@${offset.toString(16)}`;
  }

  #touch(address: number, isWrite: boolean, value: number): string {
    const m = this.#machine;
    const signal = m.touch(address, 1, isWrite);
    if (signal !== 0) return signal === 7 ? "SIGBUS" : "SIGSEGV";
    if (isWrite) m.poke(address, value);
    return isWrite ? "0" : m.peek(address).toString(16);
  }

  #getLimit(which: number, at: number): string {
    const error = this.#machine.call("prlimit64", 0, which, 0, at === 0 ? HELPER : at);
    if (error !== 0) return this.#plain(error);
    const view = this.#machine.process.view();
    const [soft, hard] = [view.getBigUint64(HELPER, true), view.getBigUint64(HELPER + 8, true)];
    return `${soft.toString(16)} ${hard.toString(16)}`;
  }

  #mincore([address = 0n, length = 0n, bad = 0n]: bigint[]): string {
    const m = this.#machine;
    const result = m.call("mincore", address, length, bad === 0n ? HELPER : bad);
    if (result < 0) return this.#plain(result);
    const pages = Math.ceil(Number(length) / PAGE);
    const bits = Array.from({ length: pages }, (_, i) => String(m.peek(HELPER + i) & 1));
    return `0 ${bits.join("")}`;
  }

  #mbind([
    address = 0n,
    length = 0n,
    mode = 0n,
    nodes = 0n,
    bits = 0n,
    flags = 0n,
  ]: bigint[]): string {
    this.#machine.process.u8().fill(0, HELPER, HELPER + PAGE);
    this.#machine.process.view().setBigUint64(HELPER, nodes, true);
    const mask = bits === 0n ? 0 : HELPER;
    return this.#plain(this.#machine.call("mbind", address, length, mode, mask, bits, flags));
  }

  #regionText({ start, end, flags, pgoff, file }: Region): string {
    const page = Math.max(0, start - this.#base) / PAGE;
    const last = Math.min(WINDOW_BYTES, end - this.#base) / PAGE;
    const place = `${page.toString(16)}+${(last - page).toString(16)}${permissions(flags)}`;
    if ((flags & 8) === 0) return `${place}:${flagCodes(flags)}`;
    if (!this.#files.has(file)) this.#files.set(file, this.#fileCount++);
    return `${place}@${pgoff.toString(16)}#${this.#files.get(file)}:${flagCodes(flags)}`;
  }

  /** The lines that differ from those after the step before. */
  changes(): string[] {
    const m = this.#machine;
    const regions = m.regions(this.#base, this.#base + WINDOW_BYTES);
    // The number of a file that is gone may be another's tomorrow.
    const here = new Set(regions.map(({ file }) => file));
    for (const file of this.#files.keys()) if (!here.has(file)) this.#files.delete(file);
    let resident = 0n;
    for (const { start, end } of regions) {
      if (m.call("mincore", start, end - start, HELPER) !== 0) throw new Error("mincore failed");
      for (let at = start; at < end; at += PAGE) {
        const bit = BigInt(m.peek(HELPER + (at - start) / PAGE) & 1);
        resident |= bit << BigInt((at - this.#base) / PAGE);
      }
    }
    const [size, locked, data] = this.#origin;
    const now = [
      ["V", ...regions.map((region) => this.#regionText(region))].join(" "),
      `R ${resident.toString(16)}`,
      `S ${m.mm("totalVm") - size} ${m.mm("lockedVm") - locked} ${m.mm("dataVm") - data}`,
    ];
    const changed = now.filter((line, i) => line !== this.#last[i]);
    this.#last = now;
    return changed;
  }
}

/** An i386 mmap2 counts its offset in pages: it cannot be asked for an odd one. */
function isInexpressible(abi: Abi, { words }: Step): boolean {
  return abi === "ilp32" && words[0] === "mmap" && !/^(0|.*000)$/.test(words[6] ?? "");
}

/**
 * Runs a sequence up to the first difference.
 * @returns the difference, or undefined where every step did what it did natively
 */
export function replaySequence(
  sequence: Sequence,
  abi: Abi,
  more: Partial<MachineOptions> = {},
): Difference | undefined {
  const replay = new Replay(sequence, { ...more, abi });
  let regions = "V";
  for (const [index, step] of sequence.steps.entries()) {
    const call = step.words.join(" ");
    const native = [`${call} = ${step.result}`, ...step.changes];
    if (isInexpressible(abi, step)) {
      if (step.result !== "-EINVAL") throw new Error(`unexpected: ${native[0]}`);
      continue;
    }
    let wasm: string[];
    try {
      wasm = [`${call} = ${replay.perform(step.words)}`, ...replay.changes()];
    } catch (error) {
      wasm = [`${call} threw ${String(error)}`];
    }
    if (wasm.join("\n") !== native.join("\n"))
      return { sequence: sequence.name, step: index, call, regions, native, wasm };
    regions = step.changes.find((line) => line.startsWith("V")) ?? regions;
  }
  return undefined;
}

/**
 * Whether a step succeeded: a touch that got no signal, a call without an error, a brk that gave
 * what was asked.
 */
export function outcome({ words, result }: Step): string {
  const first = result.split(" ")[0] ?? "";
  if (/^-E|^SIG/.test(first)) return first;
  return words[0] === "brk" && first !== words[1] ? "refused" : "ok";
}

/** How often each call had each outcome: `mmap -ENOMEM` and the like, sorted. */
export function histogram(sequences: readonly Sequence[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const step of sequences.flatMap(({ steps }) => steps)) {
    const key = `${step.words[0]} ${outcome(step)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
