// Plans for processes of any build: what each build can be asked besides what all can (options.ts),
// and what it needs.

import type { Abi } from "../layout/address.js";
import { Tunable } from "../layout/generated.js";
import { checkOptions, checkPowerOfTwo, FLAG, merged } from "../base/checks.js";
import type { Build } from "../binary/exports.js";
import { glibcVersion } from "../binary/glibc.js";
import { checkBuildHasProfile, PROFILES } from "../binary/profile.js";
import { errorOf } from "./failures.js";
import { Fate } from "./fate.js";
import { NO_FILES } from "./file-imports.js";
import { MAX_TASK_SIZE, WASM_PAGE_BYTES } from "./memory-option.js";
import { checkBuildHasOptions, checkProfileHasOptions } from "./only-in.js";
import { CORE_OPTIONS, PAGE_BYTES, planCore } from "./options.js";
import type { HugePages, ProcessOptions, ProcessPlan, Traits } from "./options.js";
import { randomWords } from "../base/realm.js";
import type { ThreadedBuild } from "./threads/build.js";
import { parseTunables, refusal } from "./tunable-text.js";
import type { TunableSetting } from "./tunables.js";

const BUILDS = ["core", "checked", "replay", "full", "image", "threads"] as const;

/** As many processors as Linux can be built for (CONFIG_NR_CPUS). */
export const MOST_CORES = 8192;

const FUNCTION = "a function";

/** The options of a process. */
export const PROCESS_OPTIONS = /* @__PURE__ */ merged(CORE_OPTIONS, {
  build: BUILDS,
  profile: PROFILES,
  glibc: "",
  tunables: "a string or an object",
  lenientTunables: FLAG,
  hugePages: "an object",
  cores: { min: 1, max: MOST_CORES },
  randomize: FLAG,
  trace: FUNCTION,
  files: "an object",
  restore: FUNCTION,
  patience: { min: 0, max: 0x7fffffff },
  remoteFrees: ["lock", "queue"],
  largeTcache: { min: 0, max: 2 ** 30 },
});

/** Who starts a process. */
export interface Starter {
  /** Whether it is for a heap, which has checked the options, and has defaults of its own. */
  readonly isHeap?: boolean;
  /** What runs the build "threads", where that can be asked for. */
  readonly threaded?: ThreadedBuild | undefined;
}

/** @throws TypeError when the build is that of threads, and the starter has none */
function traitsOf(options: ProcessOptions, { threaded }: Starter): Traits {
  const { build = "core", abi = "ilp32", lenientTunables = false } = options;
  const plain = { reservedBytes: WASM_PAGE_BYTES, taskSize: MAX_TASK_SIZE };
  const isThreaded = build === "threads";
  if (isThreaded && !threaded)
    throw new TypeError('option "threads": the createHeap of ptmalloc-wasm/threads has them');
  const traits = isThreaded ? threaded!.traitsOf(abi) : plain;
  const readTunables: Traits["readTunables"] = (given, layout) =>
    parseTunables(given, layout, lenientTunables, options.glibc);
  return { build, readTunables, ...traits };
}

function setting(name: string, id: number, value: number): TunableSetting {
  return { name, id, value: BigInt(value) };
}

/** What the tunable hugetlb finds. */
function hugePagesOption(given: HugePages | undefined): TunableSetting[] {
  if (given === undefined) return [];
  const rule = { min: 0, max: 2 ** 30, multipleOf: PAGE_BYTES };
  checkOptions({ transparent: rule, standard: rule, free: FLAG }, given, "hugePages.");
  const sizeOf = (name: "transparent" | "standard"): number =>
    checkPowerOfTwo(`option "hugePages.${name}"`, given[name] ?? 0, rule);
  return [
    setting("hugePages.transparent", Tunable.THP_PAGESIZE, sizeOf("transparent")),
    setting("hugePages.standard", Tunable.HUGE_PAGESIZE, sizeOf("standard")),
    setting("hugePages.free", Tunable.HUGE_PAGES_FREE, Number(given.free ?? false)),
  ];
}

/** A random number of pages' bytes below `limit`. */
function randomPages(limit: number): number {
  const pages = Math.floor(limit / PAGE_BYTES);
  if (pages < 1) return 0;
  return (randomWords(1)[0]! % pages) * PAGE_BYTES;
}

/**
 * Shifts startBrk and mmapBase as Linux does for a new program: up to 32 MiB (1 MiB in a compact
 * memory), and up to 1 MiB.
 */
function randomized(plan: ProcessPlan): void {
  const room = (plan.taskSize - plan.startBrk) / 8;
  const most = plan.layout === "compact" ? 2 ** 20 : 2 ** 25;
  plan.startBrk += randomPages(Math.min(most, room));
  const shift = randomPages(Math.min(2 ** 20, room));
  if (plan.layout === "linux") plan.mmapBase += shift;
  if (plan.layout === "top-down") plan.mmapBase -= shift;
  const [low, high] = randomWords(2) as unknown as [number, number];
  plan.tcacheKey = BigInt(low) | (plan.abi === "lp64" ? BigInt(high) << 32n : 0n);
}

/** @returns a word of the WebAssembly side's as an unsigned number; above 2^53 rounded */
function unsigned(word: number | bigint): number {
  return typeof word === "bigint" ? Number(BigInt.asUintN(64, word)) : word >>> 0;
}

/**
 * Decides everything about a process that is to be started, and makes its memory unless the caller
 * brought one.
 * @param options checked by a schema with PROCESS_OPTIONS
 * @param starter who asks
 * @throws TypeError or RangeError naming the option and the rule
 */
export function planProcess<A extends Abi = "ilp32", B extends Build = "core">(
  options: ProcessOptions<A, B>,
  starter: Starter = {},
): ProcessPlan<A, B> {
  const { build = "core", cores } = options;
  const own: ProcessOptions = options;
  checkBuildHasOptions(own, build);
  checkBuildHasProfile(build, options.profile);
  checkProfileHasOptions(own, options);
  const machine = hugePagesOption(options.hugePages);
  // How many processors glibc counts; nothing for its own default.
  if (cores !== undefined) machine.push(setting("cores", Tunable.CORES, cores));
  const plan = planCore(options, traitsOf(own, starter), starter.isHeap ?? false);
  // hugetlb looks at them.
  plan.tunables.unshift(...machine);
  if (options.randomize) randomized(plan);
  plan.newFate = () => new Fate(errorOf);
  if (build === "full") {
    const steps: NonNullable<ProcessPlan["steps"]> = {};
    plan.steps = steps;
    plan.imports = {
      step: (what: number, first: number | bigint, second: number | bigint) =>
        steps.listener?.(what, unsigned(first), unsigned(second)),
      trace: own.trace ?? (() => undefined),
      ...(own.files ?? NO_FILES),
    };
  }
  plan.profile = options.profile;
  plan.refusal = (name, value, module) => refusal(name, value, plan.abi, module);
  plan.isLenient = options.lenientTunables ?? false;
  if (options.glibc !== undefined) plan.glibc = glibcVersion(options.glibc);
  if (own.restore !== undefined) plan.resume = own.restore;
  if (build === "threads") Object.assign(plan, starter.threaded!.threadingOf(own));
  return plan;
}
