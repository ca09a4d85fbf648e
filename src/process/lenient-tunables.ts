// malloc tunables as glibc 2.36 itself takes them, without a word about what it cannot use: the
// option `lenientTunables`. Two look at a value there. The loader reads the number and keeps what
// its type allows, so a later setting that it ignores leaves the one before. malloc then asks for
// the tunables one by one, and leaves its default where the value is beyond a limit of its own.

import type { Abi } from "../layout/address.js";
import { loaderRange, TUNABLE_PREFIX, tunableNames, tunableRange } from "./tunables.js";
import type { TunableName, TunableObject, TunableSetting } from "./tunables.js";

const MOST = 0xffff_ffff_ffff_ffffn;

/**
 * Reads as much of a number as there is (`_dl_strtoul`): nothing is 0, and what comes behind it
 * does not matter. The loader thinks that a number overflows a few before 2^64, and a minus does
 * not count then.
 */
function leadingNumber(text: string): bigint {
  const [, sign, prefix = ""] = /^[ \t]*([+-]?)(0[xX]|0)?/.exec(text) as unknown as string[];
  const base = prefix === "" ? 10n : prefix === "0" ? 8n : 16n;
  const digits = base === 10n ? /^[0-9]*/ : base === 8n ? /^[0-7]*/ : /^[0-9a-fA-F]*/;
  const rest = text.replace(/^[ \t]*[+-]?/, "").slice(prefix.length);
  let value = 0n;
  for (const letter of digits.exec(rest)![0]) {
    const digit = BigInt(parseInt(letter, 16));
    if (value >= (MOST - digit) / base) return MOST;
    value = value * base + digit;
  }
  return sign === "-" ? BigInt.asUintN(64, -value) : value;
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
    if (typeof value === "number" && !Number.isSafeInteger(value))
      throw new TypeError(`tunable "${key}" must be an integer, got ${value}`);
    const name = key.startsWith(TUNABLE_PREFIX) ? key : TUNABLE_PREFIX + key;
    return [name, String(value)];
  });
}

/**
 * Reads malloc tunables as glibc 2.36 does.
 * @returns what malloc uses, each tunable once
 */
export function lenientTunables(given: string | TunableObject, abi: Abi): TunableSetting[] {
  const loaded = new Map<TunableName, bigint>();
  for (const [key, text] of typeof given === "string" ? itemsOf(given) : entriesOf(given)) {
    const name = tunableNames.find((known) => key === TUNABLE_PREFIX + known);
    if (name === undefined) continue;
    const value = leadingNumber(text);
    const { min, max } = loaderRange(name, abi);
    if (value >= min && value <= max) loaded.set(name, value);
  }
  return [...loaded]
    .filter(([name, value]) => value <= tunableRange(name, abi).max)
    .map(([name, value]) => ({ name, id: tunableNames.indexOf(name), value }));
}
