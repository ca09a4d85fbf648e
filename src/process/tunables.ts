// glibc's malloc tunables, as of 2.36: their names and ranges, from an object. tunable-text.ts
// reads GLIBC_TUNABLES strings. Where glibc ignores a setting that it cannot use without a word,
// this says what is wrong: a benchmark that measures the defaults because of a typing mistake is
// worse than an error.

import type { Abi } from "../layout/address.js";
import type { GlibcVersion } from "../binary/glibc.js";
import { clip, show } from "../base/checks.js";
import { DEFAULT_GLIBC, Tunable } from "../layout/generated.js";

/**
 * The names under `glibc.malloc.` that glibc 2.36 knows, in the order of their numbers (`Tunable`).
 */
export const tunableNames = [
  "check",
  "top_pad",
  "perturb",
  "mmap_max",
  "mmap_threshold",
  "trim_threshold",
  "arena_max",
  "arena_test",
  "tcache_max",
  "tcache_count",
  "tcache_unsorted_limit",
  "mxfast",
  "hugetlb",
] as const;

/** A tunable's name, without `glibc.malloc.` in front. */
export type TunableName = (typeof tunableNames)[number];

/** The values that a tunable takes, both ends included. */
export interface TunableRange {
  /** The least. */
  min: bigint;
  /** The greatest. */
  max: bigint;
}

/** One setting, checked. */
export interface TunableSetting {
  /** The tunable, or what else the setting is about. */
  name: string;
  /** The WebAssembly side's number for it, a value of `Tunable`. */
  id: number;
  /** What it is set to: bytes or a number, as the tunable has it. */
  value: bigint;
}

/**
 * Settings by name; the names may carry the prefix `glibc.malloc.`. Strings are read as in
 * GLIBC_TUNABLES.
 */
export type TunableObject = Readonly<Record<string, number | bigint | string>>;

/** In front of the names, in GLIBC_TUNABLES. */
export const TUNABLE_PREFIX = "glibc.malloc.";

/**
 * The tunables that malloc heeds beside those under `glibc.malloc.`, by their full names, and with
 * the first version that has them: whether mappings get names, as `/proc/self/maps` shows them.
 */
const OTHERS = {
  "glibc.mem.decorate_maps": { id: Tunable.DECORATE_MAPS, since: 39 },
} as const;

/** A tunable that malloc heeds: without `glibc.malloc.` in front, or its full name. */
type HeededName = TunableName | keyof typeof OTHERS;

const INT_MAX = 0x7fffffff;

/**
 * The greatest values, where it is not SIZE_MAX; two where the layouts differ. malloc itself draws
 * a line for tcache_max at the largest tcached request, for tcache_count at a 16-bit counter, for
 * mxfast at the largest fast bin.
 */
const MOST: Readonly<Partial<Record<HeededName, number | readonly [number, number]>>> = {
  check: 3,
  perturb: 255,
  mmap_max: INT_MAX,
  tcache_max: [1020, 1032],
  tcache_count: 0xffff,
  mxfast: [80, 160],
  "glibc.mem.decorate_maps": 1,
};

/**
 * The values that a tunable takes: the same in both layouts where the type is int, up to SIZE_MAX
 * else, but for what malloc itself limits.
 * @param name without `glibc.malloc.`; others' full
 * @param abi the layout
 */
export function tunableRange(name: HeededName, abi: Abi): TunableRange {
  const isIlp32 = abi === "ilp32";
  const most = MOST[name] ?? (isIlp32 ? 0xffffffffn : 0xffffffffffffffffn);
  return {
    min: name.startsWith("arena") ? 1n : 0n,
    max: BigInt(typeof most === "object" ? most[isIlp32 ? 0 : 1] : most),
  };
}

/** Where malloc itself draws the line, and glibc's loader none. */
const LIMITED_BY_MALLOC: readonly HeededName[] = ["tcache_max", "tcache_count", "mxfast"];

/**
 * The values that glibc's loader takes for a tunable.
 * @param name without `glibc.malloc.`
 * @param abi the layout
 */
export function loaderRange(name: HeededName, abi: Abi): TunableRange {
  return tunableRange(LIMITED_BY_MALLOC.includes(name) ? "top_pad" : name, abi);
}

/** A binary's glibc has no such tunable, or not for that value. */
export class TunableRefusal extends RangeError {}

/** Says which values a tunable takes. */
export type RangeOf = (name: HeededName, abi: Abi) => TunableRange;

/** @returns a tunable's full name, of one that may be without `glibc.malloc.` */
export function fullName(name: string): string {
  return name.startsWith("glibc.") ? name : TUNABLE_PREFIX + name;
}

/**
 * @param full a full name
 * @returns what malloc of a version knows it by, and its number; undefined where it does not
 */
export function heeded(
  full: string,
  glibc: GlibcVersion,
): { name: HeededName; id: number } | undefined {
  const id = tunableNames.findIndex((name) => full === TUNABLE_PREFIX + name);
  if (id >= 0) return { name: tunableNames[id]!, id };
  if (!(full in OTHERS)) return undefined;
  const name = full as keyof typeof OTHERS;
  return Number(glibc.slice(2)) < OTHERS[name].since ? undefined : { name, id: OTHERS[name].id };
}

/**
 * @param name without `glibc.malloc.` or in full
 * @param where the setting stands, to begin messages with
 * @param rangeOf `tunableRange`, or `loaderRange` where the binary, of another glibc, is to decide
 * @throws RangeError for a name that glibc does not know, or a value out of range
 */
export function tunableSetting(
  name: string,
  value: bigint,
  abi: Abi,
  where = "",
  rangeOf: RangeOf = tunableRange,
  glibc: GlibcVersion = DEFAULT_GLIBC,
): TunableSetting {
  const full = fullName(name);
  const known = heeded(full, glibc);
  if (known === undefined) {
    throw new RangeError(
      `${where}glibc ${glibc} has no tunable ${show(full)} (it has ${tunableNames.join(", ")})`,
    );
  }
  const { min, max } = rangeOf(known.name, abi);
  if (value < min || value > max) {
    const got = clip(String(value));
    throw new RangeError(
      `${where}tunable "${known.name}" must be from ${min} to ${max} in ${abi}, got ${got}`,
    );
  }
  return { ...known, value };
}

/** @throws TypeError unless the value given for a tunable is a whole number */
export function checkWhole(value: unknown, key: string): asserts value is number | bigint {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value))
    throw new TypeError(`tunable ${show(key)} must be an integer, got ${show(value)}`);
}

/**
 * Reads malloc tunables from an object, whose values are numbers.
 * @param readText what a value that is text means; by default it is refused
 * @throws RangeError or TypeError naming the tunable and the rule
 */
export function tunablesOf(
  object: TunableObject,
  abi: Abi,
  readText?: (text: string, name: string) => bigint,
  rangeOf?: RangeOf,
  glibc: GlibcVersion = DEFAULT_GLIBC,
): TunableSetting[] {
  return Object.entries(object).map(([key, given]) => {
    let value = given;
    if (typeof value === "string" && readText) value = readText(value, key);
    checkWhole(value, key);
    return tunableSetting(key, BigInt(value), abi, "", rangeOf, glibc);
  });
}
