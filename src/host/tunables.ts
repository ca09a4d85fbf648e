// glibc's malloc tunables, as of 2.36: their names, types and ranges, from an object or from a GLIBC_TUNABLES string.
// Where glibc ignores a setting that it cannot use without a word, this says what is wrong: a benchmark that measures
// the defaults because of a typing mistake is worse than an error.

import type { Abi } from "../layout/address.js";
import { Tunable } from "../layout/generated.js";
import { show } from "./checks.js";

/** The names under `glibc.malloc.` that glibc 2.36 knows. */
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
  min: bigint;
  max: bigint;
}

/** One setting, checked. */
export interface TunableSetting {
  name: TunableName;
  /** The WebAssembly side's number for it, a value of `Tunable`. */
  id: number;
  value: bigint;
}

/** Settings by name; the names may carry the prefix `glibc.malloc.`. Strings are read as in GLIBC_TUNABLES. */
export type TunableObject = Readonly<Record<string, number | bigint | string>>;

const PREFIX = "glibc.malloc.";
const INT_MAX = 0x7fffffffn;
const UINT16_MAX = 0xffffn;
const UINT64_MAX = 0xffffffffffffffffn;

/**
 * The values that a tunable takes.
 * The int-typed ones are the same in both layouts; the others go up to SIZE_MAX, except where malloc itself draws a line:
 * tcache_max at the largest tcached request, tcache_count at a 16-bit counter, mxfast at the largest fast bin.
 */
export function tunableRange(name: TunableName, abi: Abi): TunableRange {
  const word = abi === "ilp32" ? 4n : 8n;
  const sizeMax = abi === "ilp32" ? 0xffffffffn : UINT64_MAX;
  switch (name) {
    case "check":
      return { min: 0n, max: 3n };
    case "perturb":
      return { min: 0n, max: 255n };
    case "mmap_max":
      return { min: 0n, max: INT_MAX };
    case "arena_max":
    case "arena_test":
      return { min: 1n, max: sizeMax };
    case "tcache_max":
      return { min: 0n, max: abi === "ilp32" ? 1020n : 1032n };
    case "tcache_count":
      return { min: 0n, max: UINT16_MAX };
    case "mxfast":
      return { min: 0n, max: (80n * word) / 4n };
    case "top_pad":
    case "mmap_threshold":
    case "trim_threshold":
    case "tcache_unsorted_limit":
    case "hugetlb":
      return { min: 0n, max: sizeMax };
  }
}

/** Reads a number as strtoul(s, NULL, 0) does: decimal, 0x hexadecimal, 0 octal, an optional sign that wraps at 64 bits. */
function parseNumber(text: string): bigint | undefined {
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, digits] = match as unknown as [string, string, string];
  const octal = digits.length > 1 && /^0[0-7]/.test(digits);
  const magnitude = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  return sign === "-" ? BigInt.asUintN(64, -magnitude) : magnitude;
}

function setting(name: string, value: bigint, abi: Abi, where: string): TunableSetting {
  const known = tunableNames.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new RangeError(
      `${where}: glibc 2.36 has no tunable "${PREFIX}${name}" (it has ${tunableNames.join(", ")})`,
    );
  }
  const { min, max } = tunableRange(known, abi);
  if (value < min || value > max) {
    throw new RangeError(
      `${where}: "${PREFIX}${name}" must be from ${min} to ${max} in ${abi}, got ${value}`,
    );
  }
  return { name: known, id: Tunable[known.toUpperCase() as Uppercase<TunableName>], value };
}

function readNumber(text: string, name: string, where: string): bigint {
  const value = parseNumber(text);
  if (value === undefined) {
    throw new SyntaxError(
      `${where}: the value of "${name}" must be a number (decimal, 0x hexadecimal or 0 octal), got ${show(text)}`,
    );
  }
  return value;
}

function parseText(text: string, abi: Abi): TunableSetting[] {
  const settings: TunableSetting[] = [];
  let position = 0;
  for (const item of text.split(":")) {
    const where = `tunables ${show(text)}, position ${position}`;
    position += item.length + 1;
    if (item === "") continue;
    const equals = item.indexOf("=");
    if (equals < 0) {
      throw new SyntaxError(`${where}: expected NAME=VALUE, got ${show(item)}`);
    }
    const name = item.slice(0, equals);
    if (!name.startsWith("glibc.")) {
      throw new SyntaxError(`${where}: expected a name like "${PREFIX}top_pad", got ${show(name)}`);
    }
    // Other parts of glibc (glibc.pthread.*, glibc.cpu.*, ...) have tunables too; a string meant for a native program works here.
    if (!name.startsWith(PREFIX)) continue;
    const value = readNumber(item.slice(equals + 1), name, where);
    settings.push(setting(name.slice(PREFIX.length), value, abi, where));
  }
  return settings;
}

function parseObject(object: TunableObject, abi: Abi): TunableSetting[] {
  return Object.entries(object).map(([key, given]) => {
    const where = `tunable ${show(key)}`;
    const name = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key;
    if (typeof given === "string") return setting(name, readNumber(given, key, where), abi, where);
    if (typeof given === "bigint") return setting(name, given, abi, where);
    if (typeof given !== "number" || !Number.isSafeInteger(given)) {
      throw new TypeError(`${where}: the value must be an integer, got ${show(given)}`);
    }
    return setting(name, BigInt(given), abi, where);
  });
}

/**
 * Reads malloc tunables.
 * @param tunables `glibc.malloc.NAME=VALUE:...` as in the environment variable GLIBC_TUNABLES (man ld.so), or an object
 * @param abi decides the ranges
 * @returns the settings in the order given; when a name comes twice the later one wins, as in glibc
 * @throws SyntaxError, RangeError or TypeError naming the text, the position in it and the rule broken
 */
export function parseTunables(tunables: string | TunableObject, abi: Abi): TunableSetting[] {
  return typeof tunables === "string" ? parseText(tunables, abi) : parseObject(tunables, abi);
}
