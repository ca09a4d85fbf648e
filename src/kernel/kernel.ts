/// <reference lib="esnext.disposable" preserve="true" />
// The kernel's side of a process, for people: system calls, the address space as Linux's /proc
// shows it, checked access to memory, and a log of what is asked of the kernel. It needs the `full`
// build.

import { binariesOf } from "../binary/sources.js";
import { inspect } from "../base/describe.js";
import { withLoader } from "../binary/loader.js";
import { PROCESS_OPTIONS } from "../process/build-options.js";
import { checkInteger, checkOptions, show, without } from "../base/checks.js";
import { PAGE_BYTES } from "../process/options.js";
import type { ProcessOptions } from "../process/options.js";
import { processStarter, processStarterSync } from "../process/process.js";
import type { FullProcess } from "../process/full-process.js";
import type { MmStruct, SyscallTrace } from "../process/process.js";
import type { Abi } from "../layout/address.js";
import { KernelOption, type KernelOptionName } from "../layout/generated.js";
import type { Access } from "./faults.js";
import { FileTable } from "./files/table.js";
import { CheckedMemory } from "./memory.js";
import { procLimits } from "./proc/limits.js";
import { procMaps } from "./proc/maps.js";
import { procSmaps, procSmapsRollup } from "./proc/smaps.js";
import { procStat, procStatm, procStatus } from "./proc/status.js";
import type { Usage } from "./regions.js";
import { Strace, type StraceOptions } from "./strace/log.js";
import { syscallNumber, type SyscallName } from "./syscall-names.js";
import { rawSyscall, type Size } from "./raw-calls.js";
import { SystemCalls } from "./syscalls.js";
import { pageTablePages, usageOf } from "./usage.js";
import { findVma, walkVmas, type NameSource, type Vma } from "./vmas.js";

export type { FullProcess } from "../process/full-process.js";
export type { KernelOptionName } from "../layout/generated.js";

/**
 * The kernel's side of a process. Its own methods are the system calls in C's style: -1 on failure,
 * see `errno`; `orThrow` has the same ones that throw a SystemCallError instead.
 */
export class Kernel<A extends Abi = Abi> extends SystemCalls {
  /** The process underneath: malloc and its family, views of the memory. */
  readonly process: FullProcess<A>;
  /** The system calls, throwing a SystemCallError on failure. */
  readonly orThrow: SystemCalls;
  readonly #memory: CheckedMemory;
  readonly #names: NameSource;
  readonly #tracing: Tracing;

  /** Not for use from outside: see `startKernel`. @internal */
  constructor(process: FullProcess<A>, tracing: Tracing, files: FileTable) {
    super(process, "errno", files);
    this.#tracing = tracing;
    this.process = process;
    this.orThrow = new SystemCalls(process, "throw", files);
    const version = () => this.version;
    this.#names = {
      get version() {
        return version();
      },
      file: (number) => files.get(number),
    };
    this.#memory = new CheckedMemory(process, this.#names);
  }

  /** mm_struct, live: every property reads the memory. Addresses in bytes, counts in pages. */
  get mm(): MmStruct {
    return this.process.mm();
  }

  /**
   * A bare system call.
   * @param nr its number in the process's layout (i386's or x86-64's), or its name there
   * @param args up to six; those that are left out are 0
   * @returns an unsigned result or -errno; -38 (ENOSYS) for a number that this kernel does not have
   * @throws RangeError for a name that the layout does not have, or more than six arguments
   */
  syscall(nr: number | SyscallName, ...args: Size[]): number {
    const number = typeof nr === "string" ? syscallNumber(nr, this.process.abi) : nr;
    if (number === undefined) {
      throw new RangeError(`${this.process.abi} has no system call named ${show(nr)}`);
    }
    if (args.length > 6)
      throw new RangeError(`a system call has six arguments, not ${args.length}`);
    const [a1, a2, a3, a4, a5, a6] = args;
    return rawSyscall(this.process, number, a1, a2, a3, a4, a5, a6);
  }

  /** Which Linux this is, as in the option KERNEL_VERSION: 6018 is 6.18. */
  get version(): number {
    return this.mm.options[KernelOption.KERNEL_VERSION] ?? 0;
  }

  /**
   * Changes a setting that on Linux is the administrator's (sysctl vm.*) or the machine's.
   * @param name see {@link KernelOptionName}, which has units and defaults
   * @param value in the setting's own unit; 0 or 1 where it is yes or no
   * @throws RangeError for a name that there is not, and when the kernel refuses the value;
   *   TypeError for a value that is no integer
   */
  setOption(name: KernelOptionName, value: number): void {
    if (!Object.hasOwn(KernelOption, name)) {
      const names = Object.keys(KernelOption).join(", ");
      throw new RangeError(`there is no kernel option ${show(name)} (there are ${names})`);
    }
    checkInteger(`kernel option ${name}`, value, { min: 0, max: Number.MAX_SAFE_INTEGER });
    const set = this.process.raw.set_kernel_option as (id: number, value: unknown) => number;
    if (set(KernelOption[name], this.process.toWord(value)) !== 0) {
      throw new RangeError(`kernel option ${name} cannot be ${value}`);
    }
  }

  /** One line, for people. */
  override toString(): string {
    return this.process.toString("Kernel");
  }

  /** For console.log. */
  [inspect](): string {
    return this.toString();
  }

  /** Every mapping, lowest address first, copied out of the region table. */
  vmas(): Vma[] {
    return [...walkVmas(this.process, this.#names)];
  }

  /** The mapping that holds `address`; undefined when none does. */
  findVma(address: number): Vma | undefined {
    return findVma(this.process, address, this.#names);
  }

  /**
   * How much of a mapping is in memory. This is the model's residency, not the host's RSS: a page
   * counts from the first time that it is touched through a call, a checked access, or `touch`;
   * what a program writes past the model is not seen.
   */
  usage(vma: Vma): Usage {
    return usageOf(this.process, vma);
  }

  /** The text of /proc/self/maps. */
  maps(): string {
    return procMaps(this.vmas());
  }

  /** The text of /proc/self/smaps; residency is the model's, see `usage`. */
  smaps(): string {
    return procSmaps(this.#used(), this.version);
  }

  /** The text of /proc/self/smaps_rollup; residency is the model's, see `usage`. */
  smapsRollup(): string {
    return procSmapsRollup(this.#used(), this.version);
  }

  /**
   * The memory lines of /proc/self/status. VmHWM, VmRSS, Rss* and VmPTE are the model's, see
   * `usage`.
   */
  status(): string {
    return procStatus(this.mm, pageTablePages(this.process, this.vmas()));
  }

  /** The text of /proc/self/statm: pages. */
  statm(): string {
    return procStatm(this.mm);
  }

  /**
   * The text of /proc/self/stat; what is not about memory is that of a process that did nothing.
   */
  stat(): string {
    return procStat(this.mm);
  }

  /** The text of /proc/self/limits. */
  limits(): string {
    const { offset } = this.process.structs.MmStruct.fields.rlimits;
    const at = (this.process.raw.mm_struct() >>> 0) + offset;
    const view = this.process.view();
    const limit = (index: number) => view.getBigUint64(at + 8 * index, true);
    return procLimits((resource) => ({ cur: limit(2 * resource), max: limit(2 * resource + 1) }));
  }

  /**
   * Accesses memory as a program would, without looking at it: its pages become resident.
   * @param address where it begins
   * @param length bytes
   * @param access what the program does
   * @throws SegmentationFault, BusError when a signal would have been the answer
   */
  touch(address: number, length: number, access: Access): void {
    this.#memory.touch(address, length, access);
  }

  /**
   * Copies `length` bytes from `address` out, as a program that reads them.
   * @throws SegmentationFault, BusError naming address, access and mapping
   */
  read(address: number, length: number): Uint8Array {
    return this.#memory.read(address, length);
  }

  /**
   * Copies `bytes` to `address`, all or none of them.
   * @throws SegmentationFault, BusError naming address, access and mapping
   */
  write(address: number, bytes: ArrayLike<number>): void {
    this.#memory.write(address, bytes);
  }

  /**
   * Begins to log system calls, malloc's own included. One log at a time: a new one ends the old.
   * @param options which calls, and where the lines go; by default all, into `lines`
   * @throws FilterError for a filter that strace would refuse
   */
  startStrace(options: StraceOptions = {}): Strace {
    const log = new Strace(
      this.process.abi,
      (at, length) => this.#memory.peek(at, length),
      options,
    );
    this.#tracing.log = log;
    this.process.raw.trace_syscalls(1);
    return log;
  }

  /** Ends the log; from here on system calls do not leave WebAssembly. */
  stopStrace(): void {
    this.process.raw.trace_syscalls(0);
    this.#tracing.log = undefined;
  }

  /**
   * Ends what the process has to do with files, as exit does: mappings of files go, with what was
   * stored in shared ones written to the files, and every descriptor is closed. Its place in the
   * memory is free for another process.
   * @throws SystemCallError when something could not be written; then the mapping of it stays, and
   *   its file is open
   */
  [Symbol.dispose](): void {
    let failure: { error: unknown } | undefined;
    const attempt = (call: () => unknown) => {
      try {
        call();
      } catch (error) {
        failure ??= { error };
      }
    };
    for (const { file, start, end } of this.vmas()) {
      if (file !== undefined) attempt(() => this.orThrow.munmap(start, end - start));
    }
    attempt(() => this.orThrow.closeFiles());
    if (failure !== undefined) throw failure.error;
    this.process.dispose();
  }

  *#used(): Generator<readonly [Vma, Usage], void, undefined> {
    for (const vma of this.vmas()) yield [vma, this.usage(vma)];
  }
}

/**
 * Where the reports of system calls go: the import `host.trace` is fixed when the process starts,
 * the log is not.
 */
interface Tracing {
  log: Strace | undefined;
}

/**
 * What a kernel's process can be started with: all that any process can, but for the build and the
 * files, see `openFile`.
 * @interface
 */
export type KernelOptions<A extends Abi = Abi> = Omit<ProcessOptions<A, "full">, "build" | "files">;

/** What is around a process before there is one. */
class Surroundings<A extends Abi> {
  readonly tracing: Tracing = { log: undefined };
  readonly files = new FileTable(() => this.#process!.u8());
  #process: FullProcess<A> | undefined;

  /** The options of the process underneath; the caller's own `trace` is told as well. */
  optionsOf(options: KernelOptions<A>): ProcessOptions<A, "full"> {
    const trace: SyscallTrace = (nr, a1, a2, a3, a4, a5, a6, result) => {
      this.tracing.log?.take(nr, [a1, a2, a3, a4, a5, a6], result);
      options.trace?.(nr, a1, a2, a3, a4, a5, a6, result);
    };
    return { ...options, build: "full", trace, files: this.files.imports };
  }

  kernelOf(process: FullProcess<A>): Kernel<A> {
    this.#process = process;
    return new Kernel(process, this.tracing, this.files);
  }
}

/** Bundlers see these, and carry the files along. */
const BINARIES = /* @__PURE__ */ withLoader(
  /* @__PURE__ */ binariesOf({
    "full.ilp32": () => new URL("../../build/full.ilp32.wasm", import.meta.url),
    "full.lp64": () => new URL("../../build/full.lp64.wasm", import.meta.url),
    "full-throughput.ilp32": () =>
      new URL("../../build/full-throughput.ilp32.wasm", import.meta.url),
    "full-throughput.lp64": () => new URL("../../build/full-throughput.lp64.wasm", import.meta.url),
  }),
);
const startProcess = /* @__PURE__ */ processStarter(BINARIES, {});
const startProcessSync = /* @__PURE__ */ processStarterSync(BINARIES, {});

/** All that a process can be asked, but for what is the kernel's own affair. */
function checkKernelOptions(options: unknown): void {
  checkOptions(without(PROCESS_OPTIONS, "build", "files", "restore"), options);
}

/**
 * Starts a process with every system call, in a memory of its own or the caller's.
 * @param options nothing is required; the layout is "linux" by default
 * @returns its kernel: system calls, /proc texts, checked memory; malloc is at `kernel.process`
 * @example
 * ```ts
 * import { PROT, startKernel } from "ptmalloc-wasm/kernel";
 *
 * const kernel = await startKernel();
 * const page = kernel.mmap(0, 4096);
 * kernel.write(page, [1, 2, 3]);
 * console.log(kernel.mprotect(page, 4096, PROT.READ)); // 0
 * try {
 *   kernel.write(page, [4]);
 * } catch (error) {
 *   console.log((error as Error).message.slice(0, 21)); // SIGSEGV (SEGV_ACCERR)
 * }
 * ```
 * @throws TypeError or RangeError naming a wrong option; Error when the binary is missing or does
 *   not fit this code
 */
export async function startKernel<A extends Abi = "ilp32">(
  options: KernelOptions<A> = {},
): Promise<Kernel<A>> {
  checkKernelOptions(options);
  const around = new Surroundings<A>();
  return around.kernelOf(await startProcess<A, "full">(around.optionsOf(options)));
}

/**
 * As `startKernel`, without waiting: in browsers with the option "wasm" only.
 * @param options as there
 * @throws as `startKernel`
 */
export function startKernelSync<A extends Abi = "ilp32">(
  options: KernelOptions<A> = {},
): Kernel<A> {
  checkKernelOptions(options);
  const around = new Surroundings<A>();
  return around.kernelOf(startProcessSync<A, "full">(around.optionsOf(options)));
}

/** The kernel's page, bytes. */
export const PAGE_SIZE = PAGE_BYTES;
