// malloc tunables as glibc 2.36 itself takes them, without a word about what it cannot use: the
// option `lenientTunables`. Two look at a value there. The loader reads the number and keeps what
// its type allows, so a later setting that it ignores leaves the one before. malloc then asks for
// the tunables one by one, and leaves its default where the value is beyond a limit of its own.

import type { Abi } from "../layout/address.js";
import { splitNumber } from "./numerals.js";
import type { GlibcVersion } from "../binary/glibc.js";
import { DEFAULT_GLIBC } from "../layout/generated.js";
import { checkWhole, fullName, heeded, loaderRange, tunableRange } from "./tunables.js";
import type { RangeOf, TunableObject, TunableSetting } from "./tunables.js";

const MOST = 0xffff_ffff_ffff_ffffn;

/**
 * Reads as much of a number as there is (`_dl_strtoul`): nothing is 0, and what comes behind it
 * does not matter. The loader thinks that a number overflows a few before 2^64, and a minus does
 * not count then.
 */
function leadingNumber(text: string): bigint {
  const { sign, base, magnitude } = splitNumber(text);
  if (magnitude > MOST - base) return MOST;
  return sign === "-" ? BigInt.asUintN(64, -magnitude) : magnitude;
}

/** What the items of a text say, as far as they say anything. */
function itemsOf(text: string): [name: string, value: string][] {
  return text.split(":").flatMap((item): [string, string][] => {
    const equals = item.indexOf("=");
    return equals < 0 ? [] : [[item.slice(0, equals), item.slice(equals + 1)]];
  });
}

function entriesOf(object: TunableObject): [name: string, value: string][] {
  return Object.entries(object).map(([key, value]) => {
    if (typeof value !== "string") checkWhole(value, key);
    return [fullName(key), String(value)];
  });
}

/**
 * Reads malloc tunables as glibc 2.36 does.
 * @returns what malloc uses, each tunable once
 */
export function lenientTunables(
  given: string | TunableObject,
  abi: Abi,
  rangeOf: RangeOf = tunableRange,
  glibc: GlibcVersion = DEFAULT_GLIBC,
): TunableSetting[] {
  const settings = new Map<string, TunableSetting>();
  for (const [key, text] of typeof given === "string" ? itemsOf(given) : entriesOf(given)) {
    const known = heeded(key, glibc);
    if (known === undefined) continue;
    const { min, max } = loaderRange(known.name, abi);
    const value = leadingNumber(text);
    if (value >= min && value <= max) settings.set(key, { ...known, value });
  }
  return [...settings.values()].filter(({ name, value }) => {
    return value <= rangeOf(name as Parameters<RangeOf>[0], abi).max;
  });
}
