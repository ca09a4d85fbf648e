// malloc tunables as text: what GLIBC_TUNABLES holds (man ld.so), and numbers as glibc reads them.

import { glibcSection, glibcVersion, type GlibcName, type GlibcVersion } from "../binary/glibc.js";
import type { Abi } from "../layout/address.js";
import { DEFAULT_GLIBC } from "../layout/generated.js";
import { checkPlain, show } from "../base/checks.js";
import { lenientTunables } from "./lenient-tunables.js";
import { splitNumber } from "./numerals.js";
import {
  heeded,
  loaderRange,
  TUNABLE_PREFIX,
  tunableRange,
  TunableRefusal,
  tunableSetting,
  tunablesOf,
} from "./tunables.js";
import type { RangeOf, TunableObject, TunableSetting } from "./tunables.js";

/**
 * Reads a number as strtoul(s, NULL, 0) does: decimal, 0x hexadecimal, 0 octal, an optional sign
 * that wraps at 64 bits.
 */
function parseNumber(text: string): bigint | undefined {
  if (!/^[+-]?(0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.test(text)) return undefined;
  const { sign, magnitude } = splitNumber(text);
  return sign === "-" ? BigInt.asUintN(64, -magnitude) : magnitude;
}

function readNumber(text: string, name: string, where = ""): bigint {
  const value = parseNumber(text);
  if (value === undefined) {
    throw new SyntaxError(
      `${where}tunable ${show(name)} must be a number (decimal, 0x hexadecimal or 0 octal), ` +
        `got ${show(text)}`,
    );
  }
  return value;
}

function parseText(
  text: string,
  abi: Abi,
  rangeOf: RangeOf,
  glibc: GlibcVersion,
): TunableSetting[] {
  const settings: TunableSetting[] = [];
  let position = 0;
  for (const item of text.split(":")) {
    const where = `tunables ${show(text)}, position ${position}: `;
    position += item.length + 1;
    if (item === "") continue;
    const equals = item.indexOf("=");
    if (equals < 0) throw new SyntaxError(`${where}expected NAME=VALUE, got ${show(item)}`);
    const name = item.slice(0, equals);
    if (!name.startsWith("glibc.")) {
      throw new SyntaxError(
        `${where}expected a name like "${TUNABLE_PREFIX}top_pad", got ${show(name)}`,
      );
    }
    // Other parts of glibc (glibc.pthread.*, glibc.cpu.*, ...) have tunables too; a string meant
    // for a native program works here.
    if (!name.startsWith(TUNABLE_PREFIX) && heeded(name, glibc) === undefined) continue;
    const value = readNumber(item.slice(equals + 1), name, where);
    settings.push(tunableSetting(name, value, abi, where, rangeOf, glibc));
  }
  return settings;
}

/**
 * Reads malloc tunables.
 * @param tunables `glibc.malloc.NAME=VALUE:...` as in the environment variable GLIBC_TUNABLES (man
 *   ld.so), or an object
 * @param abi decides the ranges
 * @param isLenient whether what glibc cannot use is ignored, as there, and not an error
 * @param glibc the version that they are for; what another than the default's cannot use, its
 *   binary says itself, once it is there
 * @returns the settings in the order given; when a name comes twice the later one wins, as in glibc
 * @throws SyntaxError, RangeError or TypeError naming the text, the position in it and the rule
 *   broken
 */
export function parseTunables(
  tunables: string | TunableObject,
  abi: Abi,
  isLenient = false,
  glibc?: GlibcName,
): TunableSetting[] {
  if (typeof tunables !== "string") checkPlain("tunables", tunables);
  const version = glibcVersion(glibc);
  const rangeOf = version === DEFAULT_GLIBC ? tunableRange : loaderRange;
  if (isLenient) return lenientTunables(tunables, abi, rangeOf, version);
  if (typeof tunables === "string") return parseText(tunables, abi, rangeOf, version);
  return tunablesOf(tunables, abi, readNumber, rangeOf, version);
}

/** @returns why a binary refuses a setting: what it says of its glibc's tunables, if it does */
export function refusal(
  name: string,
  value: bigint,
  abi: Abi,
  module: WebAssembly.Module,
): TunableRefusal {
  const section = glibcSection(module);
  if (section === undefined)
    return new TunableRefusal(`"${name}": malloc refused the value ${value}`);
  const { version, tunables } = section;
  const range = tunables[name];
  if (range === undefined) {
    const names = Object.keys(tunables).join(", ");
    return new TunableRefusal(
      `glibc ${version} has no tunable "glibc.malloc.${name}" (it has ${names})`,
    );
  }
  const [min, max = "SIZE_MAX"] = range;
  return new TunableRefusal(
    `tunable "${name}" must be from ${min} to ${max} in ${abi} of glibc ${version}, got ${value}`,
  );
}
