// The options that only one build has. The table ONLY_IN says which: it makes the types of options,
// and what is refused at run time.

import type { Build, RawExports } from "../binary/exports.js";
import type { GlibcName } from "../binary/glibc.js";
import type { Profile } from "../binary/profile.js";
import type { Structs } from "../layout/structs.js";
import type { FileImports } from "./file-imports.js";
import type { TunableSetting } from "./tunables.js";

/**
 * Told of a system call that was made: its number, its six arguments and its raw result (-errno as
 * a word), as the engine gives them: signed numbers in ilp32, signed BigInts in lp64.
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
 * Puts the bytes of a process back, from its base to its break, makes the memory reach that far,
 * and lets the instance go on with it (`image_restore`, which takes the `flags`). Called when the
 * instance exists, and before it is used. The binary's module says how its structs lie.
 */
export type Restore = (
  this: void,
  process: {
    readonly memory: WebAssembly.Memory;
    readonly flags: number;
    readonly tunables: readonly TunableSetting[];
  },
  raw: RawExports,
  module: WebAssembly.Module,
) => void;

/** What happens to blocks freed into another thread's arena: see the option `remoteFrees`. */
export type RemoteFrees = "lock" | "queue";

/** Options of a process that only one build has. The options of other builds do not have them. */
export interface BuildOptions {
  /** Called after each system call while tracing is on (`trace_syscalls`): for the full build. */
  trace?: SyscallTrace;
  /**
   * What is behind the descriptors that `open_file` gives (see FileImports): for the full build.
   * Without it there are no files.
   */
  files?: FileImports;
  /**
   * Goes on with a process instead of starting one, for the build "image". The addresses are those
   * that it had; tunables and what is random come with its bytes. See `openHeapImage`, which calls
   * this.
   */
  restore?: Restore;
  /**
   * How long a thread waits for a lock before it gives up with a ThreadError, ms; 0: for ever.
   * Default 10,000. On a browser's main thread, which cannot wait, it is some seconds if it is not
   * 0. For the build "threads".
   */
  patience?: number;
  /**
   * What happens to a block that a thread frees into another thread's arena. "lock", the default,
   * is glibc's way: it is freed at once, under the arena's lock. "queue" is an extension: it goes
   * onto the arena's queue without a lock, and whoever next allocates there takes it back, so that
   * a thread which frees what another one allocates does not hold that one up. Addresses are not
   * glibc's then. For the build "threads".
   */
  remoteFrees?: RemoteFrees;
  /**
   * How many bytes of larger blocks each thread's tcache may keep. 0, the default, is glibc's way:
   * tcache ends at blocks of 1,020 bytes (lp64: 1,032). Else it is an extension: blocks of up to 64
   * KiB are kept as well, by size classes, of which there are eight for each doubling; a request is
   * rounded up to its class. Addresses are not glibc's then. At most 1 GiB. For the build
   * "threads", in glibc's profile: the profile "throughput" keeps such blocks by itself.
   */
  largeTcache?: number;
}

/** Which build an option is for, where not all have it. */
export const ONLY_IN = {
  files: "full",
  trace: "full",
  restore: "image",
  patience: "threads",
  remoteFrees: "threads",
  largeTcache: "threads",
} as const satisfies Record<keyof BuildOptions, Build>;

type OnlyIn = typeof ONLY_IN;

/** Those of BuildOptions that are for `B`, or for one of several builds. */
export type OptionsOnlyIn<B extends Build> = {
  [K in keyof BuildOptions as OnlyIn[K] extends B ? K : never]?: BuildOptions[K];
};

/** @throws TypeError naming an option that is given and that `build` does not have */
export function checkBuildHasOptions(options: BuildOptions, build: Build): void {
  for (const [name, only] of Object.entries(ONLY_IN)) {
    if (options[name as keyof OnlyIn] !== undefined && build !== only)
      throw new TypeError(`option "${name}" is for the build "${only}"`);
  }
}

/** @throws TypeError naming an option that is given and that the profile has no use for */
export function checkProfileHasOptions(
  options: BuildOptions,
  { profile = "glibc", glibc }: { profile?: Profile; glibc?: GlibcName },
): void {
  if (glibc !== undefined && profile !== "glibc")
    throw new TypeError(`option "glibc" is for the profile "glibc", not "${profile}"`);
  if (options.largeTcache && profile === "throughput") refuseLargeTcache();
}

function refuseLargeTcache(): never {
  throw new TypeError(
    'option "largeTcache" is for the profile "glibc": "throughput" keeps blocks of up to 64 KiB by itself',
  );
}

/** @throws TypeError naming an option that is given and that a heap with these structs has not */
export function checkHeapHasOptions({ largeTcache = 0 }: BuildOptions, structs: Structs): void {
  if (largeTcache === 0) return;
  const has = (struct: string) => struct in structs;
  if (has("ClassCache")) refuseLargeTcache();
  if ("numSlots" in structs.TcachePerthreadStruct.fields)
    throw new TypeError(
      'option "largeTcache": from 2.42 on glibc has such a tcache itself, by the tunable tcache_max',
    );
}
