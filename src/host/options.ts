// What a process can be asked to be, and the plan that comes of it: checked before anything is compiled or grown.

import type { Abi } from "../layout/address.js";
import { checkChoice, checkInteger, show } from "./checks.js";
import type { Build, RawExports } from "./exports.js";
import type { FileImports } from "./files.js";
import type { WasmSource } from "./load.js";
import {
  checkMemory,
  MAX_TASK_SIZE,
  newMemory,
  pagesOption,
  SHARED_TASK_SIZE,
  WASM_PAGE_BYTES,
} from "./memory-option.js";
import { ThreadRegistry } from "./thread-registry.js";
import { parseTunables } from "./tunables.js";
import type { TunableObject, TunableSetting } from "./tunables.js";

/** The kernel's page, bytes: what brk and mmap deal in. */
export const PAGE_BYTES = 4096;

export { MAX_TASK_SIZE, WASM_PAGE_BYTES } from "./memory-option.js";

/**
 * Where mappings go. `linux`: upwards from a third of the address space (the kernel's legacy layout); `top-down`: downwards
 * from near its end (the kernel's usual layout); `compact`: right above what the memory covers, so that it stays small.
 */
export type AddressLayout = "linux" | "top-down" | "compact";

/**
 * The huge pages of the machine that is modelled: powers of two in bytes, 0 for none (the default). They change what malloc
 * asks of the kernel when the tunable `hugetlb` is set, nothing else.
 */
export interface HugePages {
  /** Size of a transparent huge page, when the kernel gives them on request (`madvise` mode): for hugetlb=1. */
  transparent?: number;
  /** Size of the default explicit huge page: for hugetlb=2. */
  standard?: number;
  /** Whether mappings of explicit huge pages succeed. Default false, as where vm.nr_hugepages is 0: malloc falls back. */
  free?: boolean;
}

/**
 * Told of a system call that was made: its number, its six arguments and its raw result (-errno as a word), as the engine gives
 * them: signed numbers in ilp32, signed BigInts in lp64.
 */
export type SyscallTrace = (
  this: void,
  nr: number,
  a1: number | bigint,
  a2: number | bigint,
  a3: number | bigint,
  a4: number | bigint,
  a5: number | bigint,
  a6: number | bigint,
  result: number | bigint,
) => void;

/**
 * Puts the bytes of a process back, from its base to its break, and makes the memory reach that far. Called when the instance
 * exists, and before it is used.
 */
export type Restore = (
  this: void,
  memory: WebAssembly.Memory,
  raw: RawExports<Abi, "image">,
) => void;

/** How to start a process. Everything is optional. Sizes and addresses are in bytes. */
export interface ProcessOptions<A extends Abi = Abi, B extends Build = Build> {
  /** The memory layout: "ilp32" (i386's, default) or "lp64" (x86-64's). */
  abi?: A;
  /** Which build to load: "core" (default), "checked", "replay", "full", "image" or "threads". */
  build?: B;
  /** The memory to live in; a new one by default. A shared one for the build "threads", and for no other. */
  memory?: WebAssembly.Memory;
  /** The binary, when it is not to come from the package's files. */
  wasm?: WasmSource;
  /** Where the kernel's and libc's own data begin; a multiple of 4096, not 0. Default 65536. */
  base?: number;
  /** Where the heap begins; a multiple of 4096. Default base + 65536, in the build "threads" base + 131072. */
  startBrk?: number;
  /** Where the search for room for mappings begins; a multiple of 4096. Default: as the layout says. */
  mmapBase?: number;
  /**
   * The limit of the address space; a multiple of 4096. Default 4 GiB - 64 KiB, or the new memory's maximum. In the build "threads" the default is
   * 1 GiB in ilp32, because engines may reserve all of a shared memory when it is made.
   */
  taskSize?: number;
  /** Default "linux". */
  layout?: AddressLayout;
  /** `glibc.malloc.*` tunables: an object, or text as in GLIBC_TUNABLES. */
  tunables?: string | TunableObject;
  /** What the model's machine offers to `glibc.malloc.hugetlb`. */
  hugePages?: HugePages;
  /** Processors of the model's machine: they decide how many arenas threads may make (2 each in ilp32, 8 in lp64). Default 2. */
  cores?: number;
  /** Whether the memory is known to be zero from startBrk up. Default: true for a new memory, false for the caller's. */
  fresh?: boolean;
  /** Draw startBrk, mmapBase and the tcache key at random, as Linux does. Default false: every run is the same. */
  randomize?: boolean;
  /** Called after each system call while tracing is on (`trace_syscalls`): for the full build. */
  trace?: SyscallTrace;
  /** What is behind the descriptors that `open_file` gives (see FileImports): for the full build. Without it there are no files. */
  files?: FileImports;
  /**
   * Goes on with a process instead of starting one, for the build "image". The addresses are those that it had; tunables and what is
   * random come with its bytes. See `openHeapImage`, which calls this.
   */
  restore?: Restore;
  /**
   * How long a thread waits for a lock before it gives up with a ThreadError, ms; 0: for ever. Default 10,000. On a browser's main thread, which
   * cannot wait, it is some seconds if it is not 0. For the build "threads".
   */
  patience?: number;
  /**
   * What happens to a block that a thread frees into another thread's arena. "lock", the default, is glibc's way: it is freed at once, under
   * the arena's lock. "queue" is an extension: it goes onto the arena's queue without a lock, and whoever next allocates there takes it
   * back, so that a thread which frees what another one allocates does not hold that one up. Addresses are not glibc's then. For the
   * build "threads".
   */
  remoteFrees?: RemoteFrees;
  /** WebAssembly pages of a new memory at the start. */
  initialPages?: number;
  /** WebAssembly pages that a new memory may grow to. */
  maximumPages?: number;
}

/** What happens to blocks freed into another thread's arena. */
export type RemoteFrees = "lock" | "queue";

/** Options with everything decided. */
export interface ProcessPlan<A extends Abi = Abi, B extends Build = Build> {
  abi: A;
  build: B;
  memory: WebAssembly.Memory;
  wasm: WasmSource | undefined;
  base: number;
  startBrk: number;
  mmapBase: number;
  taskSize: number;
  layout: AddressLayout;
  /** The `flags` argument of `initialize`. */
  flags: number;
  tunables: TunableSetting[];
  /** What the tunable hugetlb finds. */
  hugePages: Required<HugePages>;
  /** Processors that glibc would count; undefined for its own default. */
  cores: number | undefined;
  /** Where system calls are reported. */
  trace: SyscallTrace | undefined;
  files: FileImports | undefined;
  /** Where the process comes from when it is not a new one. */
  restore: Restore | undefined;
  /** How long threads wait for a lock, ms; 0: for ever. */
  patience: number;
  /** Whether frees into other threads' arenas are queued. */
  queuesFrees: boolean;
  /** Who is who among the threads, in the threaded build. */
  registry: ThreadRegistry | undefined;
  /** The double-free key to set, when it is random. */
  tcacheKey: bigint | undefined;
}

const LAYOUT_FLAGS: Readonly<Record<AddressLayout, number>> = {
  linux: 0,
  "top-down": 1,
  compact: 2,
};
const FRESH_FLAG = 4;
/** As many processors as Linux can be built for (CONFIG_NR_CPUS). */
export const MOST_CORES = 8192;

/** Linux keeps this much below the end of the address space for the stack to grow into, when there is room. */
const STACK_GAP_BYTES = 128 * 1024 * 1024;

/** The patience of threads, ms: longer than any call takes that is not waiting for a dead thread. */
const DEFAULT_PATIENCE_MS = 10_000;

/** What the kernel and libc have at the base at most; with threads there is a journal besides. */
function reservedBytes(build: Build): number {
  return build === "threads" ? 2 * WASM_PAGE_BYTES : WASM_PAGE_BYTES;
}

function pageDown(address: number): number {
  return address - (address % PAGE_BYTES);
}

function defaultMmapBase(layout: AddressLayout, taskSize: number): number {
  // 0: the first mapping decides.
  if (layout === "compact") return 0;
  if (layout === "top-down") return taskSize - pageDown(Math.min(STACK_GAP_BYTES, taskSize / 6));
  return Math.ceil(taskSize / 3 / PAGE_BYTES) * PAGE_BYTES;
}

function defaultTaskSize({ maximumPages }: ProcessOptions, build: Build, abi: Abi): number {
  const usual = build === "threads" ? SHARED_TASK_SIZE[abi] : MAX_TASK_SIZE;
  const fallback = usual / WASM_PAGE_BYTES;
  return Math.min(
    pagesOption("maximumPages", maximumPages, fallback) * WASM_PAGE_BYTES,
    MAX_TASK_SIZE,
  );
}

/** A random number of pages' bytes below `limit`. */
function randomPages(limit: number): number {
  const pages = Math.floor(limit / PAGE_BYTES);
  if (pages < 1) return 0;
  const drawn = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return (drawn % pages) * PAGE_BYTES;
}

function addressOption(name: string, value: unknown, fallback: number, min: number): number {
  if (value === undefined) return fallback;
  const rule = { min, max: MAX_TASK_SIZE, multipleOf: PAGE_BYTES };
  return checkInteger(`option "${name}"`, value, rule);
}

function hugePagesOption(given: HugePages): Required<HugePages> {
  const sizes = { transparent: given.transparent ?? 0, standard: given.standard ?? 0 };
  for (const [name, value] of Object.entries(sizes)) {
    const rule = { min: 0, max: 2 ** 30, multipleOf: PAGE_BYTES };
    checkInteger(`option "hugePages.${name}"`, value, rule);
    if (value !== 0 && !Number.isInteger(Math.log2(value))) {
      throw new RangeError(`option "hugePages.${name}" must be a power of two, got ${value}`);
    }
  }
  return { ...sizes, free: given.free ?? false };
}

function filesOption(given: FileImports | undefined, build: Build): FileImports | undefined {
  if (given !== undefined && build !== "full")
    throw new TypeError('option "files" is for the build "full"');
  return given;
}

function coresOption(given: unknown): number | undefined {
  return given === undefined
    ? undefined
    : checkInteger('option "cores"', given, { min: 1, max: MOST_CORES });
}

function traceOption(given: unknown, build: Build): SyscallTrace | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "function") {
    throw new TypeError(`option "trace" must be a function, got ${show(given)}`);
  }
  if (build !== "full") throw new TypeError('option "trace" is for the build "full"');
  return given as SyscallTrace;
}

function restoreOption(given: unknown, build: Build): Restore | undefined {
  if (given === undefined) return undefined;
  if (build !== "image") throw new TypeError('option "restore" is for the build "image"');
  return given as Restore;
}

function patienceOption(given: unknown, build: Build): number {
  if (given === undefined) return DEFAULT_PATIENCE_MS;
  if (build !== "threads") throw new TypeError('option "patience" is for the build "threads"');
  return checkInteger('option "patience"', given, { min: 0, max: 0x7fffffff });
}

function remoteFreesOption(given: unknown, build: Build): boolean {
  if (given === undefined) return false;
  if (build !== "threads") throw new TypeError('option "remoteFrees" is for the build "threads"');
  return checkChoice('option "remoteFrees"', given as string, ["lock", "queue"]) === "queue";
}

/** Shifts startBrk and mmapBase as Linux does for a new program: up to 32 MiB (1 MiB in a compact memory), and up to 1 MiB. */
function randomized(plan: ProcessPlan): void {
  const room = (plan.taskSize - plan.startBrk) / 8;
  const most = plan.layout === "compact" ? 2 ** 20 : 2 ** 25;
  plan.startBrk += randomPages(Math.min(most, room));
  const shift = randomPages(Math.min(2 ** 20, room));
  if (plan.layout === "linux") plan.mmapBase += shift;
  if (plan.layout === "top-down") plan.mmapBase -= shift;
  plan.tcacheKey = crypto.getRandomValues(new BigUint64Array(1))[0];
}

/**
 * Decides everything about a process that is to be started, and makes its memory unless the caller brought one.
 * @throws TypeError or RangeError naming the option and the rule
 */
export function planProcess<A extends Abi = "ilp32", B extends Build = "core">(
  options: ProcessOptions<A, B>,
): ProcessPlan<A, B> {
  const abi = checkChoice('option "abi"', options.abi ?? "ilp32", ["ilp32", "lp64"]);
  const build = checkChoice('option "build"', options.build ?? "core", [
    "core",
    "checked",
    "replay",
    "full",
    "image",
    "threads",
  ]);
  const layout = checkChoice('option "layout"', options.layout ?? "linux", [
    "linux",
    "top-down",
    "compact",
  ]);
  checkMemory(options, build);
  const tunables = options.tunables === undefined ? [] : parseTunables(options.tunables, abi);

  const most = defaultTaskSize(options, build, abi);
  const base = addressOption("base", options.base, WASM_PAGE_BYTES, PAGE_BYTES);
  const startBrk = addressOption("startBrk", options.startBrk, base + reservedBytes(build), base);
  const taskSize = addressOption("taskSize", options.taskSize, most, startBrk + PAGE_BYTES);
  const mmapBase = addressOption(
    "mmapBase",
    options.mmapBase,
    defaultMmapBase(layout, taskSize),
    0,
  );
  if (startBrk >= taskSize) {
    throw new RangeError(`option "base": ${base} leaves no room below the limit ${taskSize}`);
  }
  if (mmapBase > taskSize) {
    throw new RangeError(`option "mmapBase" must not exceed taskSize ${taskSize}, got ${mmapBase}`);
  }
  const patience = patienceOption(options.patience, build);
  const fresh = options.fresh ?? options.memory === undefined;
  const plan: ProcessPlan<A, B> = {
    abi: abi as A,
    build: build as B,
    memory: options.memory ?? newMemory(options, startBrk, taskSize),
    wasm: options.wasm,
    base,
    startBrk,
    mmapBase,
    taskSize,
    layout,
    flags: LAYOUT_FLAGS[layout] | (fresh ? FRESH_FLAG : 0),
    tunables,
    hugePages: hugePagesOption(options.hugePages ?? {}),
    cores: coresOption(options.cores),
    trace: traceOption(options.trace, build),
    files: filesOption(options.files, build),
    restore: restoreOption(options.restore, build),
    patience,
    queuesFrees: remoteFreesOption(options.remoteFrees, build),
    registry: build === "threads" ? new ThreadRegistry(patience) : undefined,
    tcacheKey: undefined,
  };
  if (options.randomize === true) randomized(plan);
  return plan;
}
