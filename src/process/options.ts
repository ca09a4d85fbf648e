// What a process can be asked to be, and the plan that comes of it: checked before anything is
// compiled or grown. What only some builds can be asked is in build-options.ts.

import type { Abi } from "../layout/address.js";
import { checkInteger, FLAG } from "../base/checks.js";
import type { Build, RawExports } from "../binary/exports.js";
import { Fate } from "./fate.js";
import type { WasmInput } from "../binary/load.js";
import type { GlibcName, GlibcVersion } from "../binary/glibc.js";
import type { Profile } from "../binary/profile.js";
import {
  checkMemory,
  MAX_TASK_SIZE,
  newMemory,
  WASM_PAGE_BYTES,
  type SharedMemories,
} from "./memory-option.js";
import type { OptionsOnlyIn } from "./only-in.js";
import type { Threading } from "./threads/threading.js";
import { tunableSetting, tunablesOf } from "./tunables.js";
import type { TunableObject, TunableSetting } from "./tunables.js";
import { FRESH, PAGE_SIZE } from "../layout/generated.js";

/** The kernel's page, bytes: what brk and mmap deal in. */
export const PAGE_BYTES = PAGE_SIZE;

export { MAX_TASK_SIZE, WASM_PAGE_BYTES } from "./memory-option.js";
export type { BuildOptions, RemoteFrees, Restore, SyscallTrace } from "./only-in.js";

/** Where mappings go. */
export type AddressLayout =
  /** Upwards from a third of the address space: the kernel's legacy layout. */
  | "linux"
  /** Downwards from near its end: the kernel's usual layout. */
  | "top-down"
  /** Right above what the memory covers, so that it stays small. */
  | "compact";

/**
 * The huge pages of the machine that is modelled: powers of two in bytes, 0 for none (the default).
 * They change what malloc asks of the kernel when the tunable `hugetlb` is set, nothing else.
 */
export interface HugePages {
  /**
   * Size of a transparent huge page, when the kernel gives them on request (`madvise` mode): for
   * hugetlb=1.
   */
  transparent?: number;
  /** Size of the default explicit huge page: for hugetlb=2. */
  standard?: number;
  /**
   * Whether mappings of explicit huge pages succeed. Default false, as where vm.nr_hugepages is 0:
   * malloc falls back.
   */
  free?: boolean;
}

/**
 * How to start a process. Everything is optional. Sizes and addresses are in bytes.
 * @typeParam A the memory layout: "ilp32" or "lp64"
 * @typeParam B the build that it is for: those of {@link BuildOptions} that it has are here, too
 */
export type ProcessOptions<A extends Abi = Abi, B extends Build = Build> = {
  /** The memory layout: "ilp32" (i386's, default) or "lp64" (x86-64's). */
  abi?: A;
  /** Which build to load: "core" (default), "checked", "replay", "full", "image" or "threads". */
  build?: B;
  /**
   * Which heap: "glibc" (default), "throughput" or "small". The builds "full" and "threads" do not
   * have "small". Where `wasm` is given, the default is what that is.
   */
  profile?: Profile;
  /**
   * Which glibc the profile "glibc" is: "2.36" (default), "2.40", "2.41", "2.43" or "2.44"; "2.31"
   * to "2.35" are 2.36, "2.39" is 2.40 (docs/glibc-versions.md). Where `wasm` is given, the default
   * is what that is.
   */
  glibc?: GlibcName;
  /**
   * The memory to live in; a new one by default. A shared one for the build "threads", and for no
   * other.
   */
  memory?: WebAssembly.Memory;
  /**
   * The binary, when it is not to come from the package: its bytes, a compiled module, its URL, or
   * a Response (or the promise of one).
   */
  wasm?: WasmInput;
  /** Where the kernel's and libc's own data begin; a multiple of 4096, not 0. Default 65536. */
  base?: number;
  /**
   * Where the heap begins; a multiple of 4096. Default base + 65536, in the build "threads" base +
   * 131072; one page later where the heap's first page would have a number that ends in 0 in
   * hexadecimal: such a page hides forged links from safe-linking.
   */
  startBrk?: number;
  /**
   * Where the search for room for mappings begins; a multiple of 4096. Default: as the layout says.
   */
  mmapBase?: number;
  /**
   * The limit of the address space; a multiple of 4096. Default 4 GiB - 64 KiB, or the new memory's
   * maximum. In the build "threads" the default is 1 GiB in ilp32, because engines may reserve all
   * of a shared memory when it is made.
   */
  taskSize?: number;
  /** Where mappings go. Default "linux"; heaps of one thread have "compact". */
  layout?: AddressLayout;
  /**
   * `glibc.malloc.*` tunables: an object such as `{ tcache_count: 0 }`, or text as in
   * GLIBC_TUNABLES. Default: glibc's own defaults.
   */
  tunables?: string | TunableObject;
  /**
   * Whether tunables are read as glibc reads them: names that it does not know, and values beyond
   * the layout's range, are ignored without a word, and a number ends where it is none any more.
   * Default false: they are errors.
   */
  lenientTunables?: boolean;
  /** What the model's machine offers to `glibc.malloc.hugetlb`. */
  hugePages?: HugePages;
  /**
   * Processors of the model's machine: they decide how many arenas threads may make (2 each in
   * ilp32, 8 in lp64). Default 2.
   */
  cores?: number;
  /**
   * Whether the memory is known to be zero from startBrk up. Default: true for a new memory, false
   * for the caller's.
   */
  fresh?: boolean;
  /**
   * Draw startBrk, mmapBase and the tcache key at random, as Linux does. Default false: every run
   * is the same.
   */
  randomize?: boolean;
  /**
   * WebAssembly pages of 64 KiB that a new memory has at the start. Default: what reaches the
   * heap's start.
   */
  initialPages?: number;
  /** WebAssembly pages of 64 KiB that a new memory may grow to. Default: up to `taskSize`. */
  maximumPages?: number;
} & OptionsOnlyIn<B>;

/** Who listens to malloc's decisions: a `Step`, and two numbers that it comes with. */
export type StepListener = (step: number, first: number, second: number) => void;

/** Options with everything decided. */
export interface ProcessPlan<A extends Abi = Abi, B extends Build = Build> {
  abi: A;
  build: B;
  profile?: Profile | undefined;
  glibc?: GlibcVersion | undefined;
  memory: WebAssembly.Memory;
  /** Whether the caller brought the memory, so that there may be other processes in it. */
  isCallersMemory?: boolean;
  wasm: WasmInput | undefined;
  base: number;
  startBrk: number;
  mmapBase: number;
  taskSize: number;
  layout: AddressLayout;
  /** The `flags` argument of `initialize`. */
  flags: number;
  /**
   * What is set before the first allocation, in this order: the tunables, and before them what they
   * look at.
   */
  tunables: TunableSetting[];
  /** Why a binary refuses a tunable, where that can be told. */
  refusal?: (name: string, value: bigint, module: WebAssembly.Module) => RangeError;
  /** Whether settings that the binary refuses are left out. */
  isLenient?: boolean;
  /** The double-free key to set, when it is random. */
  tcacheKey?: bigint | undefined;
  /** What says how the process ends. */
  newFate: () => Fate;
  /** What the build imports as `host` besides `fail`. */
  imports?: object;
  /** Who listens to malloc's decisions, in the full build. */
  steps?: {
    /** Nobody, unless it is set. */
    listener?: StepListener | undefined;
  };
  /** Brings the process back, when it is not a new one. */
  resume?: (plan: ProcessPlan, raw: RawExports, module: WebAssembly.Module) => void;
  /** What threads that run at the same time need. */
  threading?: Threading | undefined;
}

/** What builds differ in, as far as a plan shows. */
export interface Traits {
  readonly build: Build;
  /** What the kernel and libc have at the base at most, bytes. */
  readonly reservedBytes: number;
  /** The limit of the address space unless the options say otherwise. */
  readonly taskSize: number;
  /** Reads the option "tunables"; by default it must be an object with numbers. */
  readonly readTunables?: (tunables: TunableObject, abi: Abi) => TunableSetting[];
  /** For a build that lives in shared memory. */
  readonly shared?: SharedMemories;
}

const CORE: Traits = {
  build: "core",
  reservedBytes: WASM_PAGE_BYTES,
  taskSize: MAX_TASK_SIZE,
};

/** In the order of the numbers that `initialize` takes. */
export const LAYOUTS = ["linux", "top-down", "compact"] as const;
export const ABIS = ["ilp32", "lp64"] as const;
const PAGES = { min: 1, max: 65536 };

/** The options of any process. */
export const CORE_OPTIONS = {
  abi: ABIS,
  layout: LAYOUTS,
  memory: "",
  wasm: "",
  base: { min: PAGE_BYTES, max: MAX_TASK_SIZE, multipleOf: PAGE_BYTES },
  startBrk: "",
  mmapBase: { min: 0, max: MAX_TASK_SIZE, multipleOf: PAGE_BYTES },
  taskSize: "",
  tunables: "an object",
  fresh: FLAG,
  initialPages: PAGES,
  maximumPages: PAGES,
} as const;

/**
 * Linux keeps this much below the end of the address space for the stack to grow into, when there
 * is room.
 */
const STACK_GAP_BYTES = 128 * 1024 * 1024;

function pageDown(address: number): number {
  return address - (address % PAGE_BYTES);
}

function defaultMmapBase(layout: AddressLayout, taskSize: number): number {
  // 0: the first mapping decides.
  if (layout === "compact") return 0;
  if (layout === "top-down") return taskSize - pageDown(Math.min(STACK_GAP_BYTES, taskSize / 6));
  return Math.ceil(taskSize / 3 / PAGE_BYTES) * PAGE_BYTES;
}

/**
 * The first page from `lowest` on whose number has a low digit in hexadecimal. Safe-linking stores
 * links exclusive-or'ed with that number: only then is a plain address that overwrites one
 * misaligned, as it is on most pages under Linux.
 */
function defaultStartBrk(lowest: number): number {
  return (lowest / PAGE_BYTES) % 16 === 0 ? lowest + PAGE_BYTES : lowest;
}

/**
 * An option that is an address, bytes: `fallback` where it is not given.
 * @throws TypeError or RangeError unless it is a multiple of 4,096 from `min` to the most that a
 *   process can have
 */
export function addressOption(name: string, value: unknown, fallback: number, min: number): number {
  if (value === undefined) return fallback;
  const rule = { min, max: MAX_TASK_SIZE, multipleOf: PAGE_BYTES };
  return checkInteger(`option "${name}"`, value, rule);
}

/**
 * Decides everything about a process that is to be started, and makes its memory unless the caller
 * brought one. For any build but those of build-options.ts.
 * @param options checked by a schema with CORE_OPTIONS
 * @param traits of the build
 * @param isHeap whether a heap's defaults are to be used, not a process's
 * @throws TypeError or RangeError naming the option and the rule
 */
export function planCore<A extends Abi = "ilp32", B extends Build = "core">(
  options: ProcessOptions<A, B>,
  traits: Traits = CORE,
  isHeap = true,
): ProcessPlan<A, B> {
  // What heaps of one thread have by default, so that the memory stays small.
  const isCompact = isHeap && !traits.shared;
  const { abi = "ilp32", base = WASM_PAGE_BYTES, memory } = options;
  const { layout = isCompact ? "compact" : "linux" } = options;
  checkMemory(options, traits);
  const readTunables = traits.readTunables ?? tunablesOf;

  const pages = options.maximumPages ?? traits.taskSize / WASM_PAGE_BYTES;
  const most = Math.min(pages * WASM_PAGE_BYTES, MAX_TASK_SIZE);
  const heap = defaultStartBrk(base + traits.reservedBytes);
  const startBrk = addressOption("startBrk", options.startBrk, heap, base);
  const taskSize = addressOption("taskSize", options.taskSize, most, startBrk + PAGE_BYTES);
  const mmapBase = options.mmapBase ?? defaultMmapBase(layout, taskSize);
  if (startBrk >= taskSize) {
    throw new RangeError(`option "base": ${base} leaves no room below the limit ${taskSize}`);
  }
  if (mmapBase > taskSize) {
    throw new RangeError(`option "mmapBase" must not exceed taskSize ${taskSize}, got ${mmapBase}`);
  }
  const tunables = readTunables((options.tunables ?? {}) as TunableObject, abi);
  // Big blocks come from the heap too, unless the caller's tunables speak of mapping.
  if (isCompact && layout === "compact" && !tunables.some(({ name }) => name.startsWith("mmap_")))
    tunables.push(tunableSetting("mmap_max", 0n, abi));
  const fresh = options.fresh ?? memory === undefined;
  return {
    abi: abi as A,
    build: traits.build as B,
    memory: memory ?? newMemory(options, startBrk, taskSize, traits.shared),
    isCallersMemory: memory !== undefined,
    wasm: options.wasm,
    base,
    startBrk,
    mmapBase,
    taskSize,
    layout,
    flags: LAYOUTS.indexOf(layout) | (fresh ? FRESH : 0),
    tunables,
    newFate: () => new Fate(),
  };
}
