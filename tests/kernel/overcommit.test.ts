// What is promised when memory must not be overcommitted (vm.overcommit_memory=2), against Linux:
// native/overcommit.c.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Abi } from "../../src/layout/address.js";
import { KernelOption } from "../../src/layout/generated.js";
import { errorName, nextMachine, PAGE } from "./support/machine.js";
import type { Machine } from "./support/machine.js";
import { flagCodes } from "./support/sequence.js";

/** The recording's unit, 64 GiB there. */
const UNIT = 2 ** 20;
const UNIT_KIB = UNIT / 1024;
const WINDOW = 0x10000000;
const WINDOW_UNITS = 64;
const START_BRK = 0x800000;

const recording = gunzipSync(readFileSync(new URL("golden/overcommit.txt.gz", import.meta.url)));
const sequences = recording
  .toString("latin1")
  .split(/^== /m)
  .slice(1)
  .map((text) => text.trimEnd().split("\n"));

function start(abi: Abi, settings: string): Machine {
  const m = nextMachine({
    abi,
    taskSize: 0x50000000,
    startBrk: START_BRK,
    mmapBase: 0x20000000,
  });
  const value = (name: string): number =>
    Number(new RegExp(`\\b${name}=(\\d+)`).exec(settings)?.[1]);
  m.option(KernelOption.OVERCOMMIT_MEMORY, 2);
  m.option(KernelOption.OVERCOMMIT_KBYTES, (value("limit") * UNIT_KIB) / 64);
  m.option(KernelOption.ADMIN_RESERVE_KBYTES, value("admin") * UNIT_KIB);
  m.option(KernelOption.USER_RESERVE_KBYTES, value("user") * UNIT_KIB);
  m.option(KernelOption.CAP_SYS_ADMIN, value("is_admin"));
  return m;
}

/**
 * The window's regions as the recording has them; `files` gives shared ones numbers in order of
 * appearance.
 */
function regionsOf(m: Machine, files: Map<number, number>): string {
  const regions = m.regions(WINDOW, WINDOW + WINDOW_UNITS * UNIT);
  const texts = regions.map(({ start, end, flags, pgoff, file }) => {
    const letters = [..."rwx"].map((letter, bit) => (flags & (1 << bit) ? letter : "-"));
    const range = `${((start - WINDOW) / UNIT).toString(16)}+${((end - start) / UNIT).toString(16)}`;
    const head = `${range}${letters.join("")}${flags & 8 ? "s" : "p"}`;
    if (!(flags & 8)) return `${head}:${flagCodes(flags)}`;
    if (!files.has(file)) files.set(file, files.size);
    return `${head}@${((pgoff * PAGE) / UNIT).toString(16)}#${files.get(file)}:${flagCodes(flags)}`;
  });
  return ["V", ...texts].join(" ");
}

/** One call of the recording, and its result in the same words. */
function perform(m: Machine, call: string): string {
  const [name = "", ...words] = call.split(" ");
  const numbers = words.map((word) => parseInt(word.replace("@", ""), 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = numbers;
  const at = (unit: number): number => WINDOW + unit * UNIT;
  const text = (result: number, isAddress: boolean): string => {
    const error = errorName(result);
    if (error !== undefined) return `-${error}`;
    return isAddress ? `@${((result - WINDOW) / UNIT).toString(16)}` : result.toString(16);
  };
  switch (name) {
    case "mmap":
      return text(m.call("mmap", at(a), b * UNIT, c, d, -1, 0), true);
    case "mremap":
      return text(m.call("mremap", at(a), b * UNIT, c * UNIT, d, d === 0 ? 0 : at(e)), true);
    case "munmap":
      return text(m.call("munmap", at(a), b * UNIT), false);
    case "mprotect":
      return text(m.call("mprotect", at(a), b * UNIT, c), false);
    default:
      return ((m.call("brk", START_BRK + a * UNIT) - START_BRK) / UNIT).toString(16);
  }
}

test("the recording has refusals of every call, and successes", () => {
  const outcomes = sequences.flat().flatMap((line) => {
    const [, name = "", result = ""] = /^(\w+) .* = (\S+)$/.exec(line) ?? [];
    return name === "" ? [] : [`${name} ${result.startsWith("-") ? result : "ok"}`];
  });
  for (const name of ["mmap", "mprotect", "mremap"])
    for (const outcome of ["ok", "-ENOMEM"])
      expect(outcomes.filter((one) => one === `${name} ${outcome}`).length).toBeGreaterThan(10);
  const refused = sequences.flat().filter((line) => /^brk ([1-9a-f]\w*) = (?!\1$)/.test(line));
  expect(refused.length).toBeGreaterThan(10);
});

describe.each(["ilp32", "lp64"] as const)("%s", (abi) => {
  /** Sequences that Linux went on with where this kernel could not. */
  const cut = new Set<readonly string[]>();

  test.each(sequences.map((lines) => [lines[0], lines] as const))("sequence %s", (_, lines) => {
    const m = start(abi, lines[1] ?? "");
    const files = new Map<number, number>();
    let last = "V";
    const ours: string[] = [];
    let recorded = lines.slice(2);
    for (const [at, line] of recorded.entries()) {
      const [call = "", result] = line.split(" = ");
      if (result === undefined) continue;
      const outcome = perform(m, call);
      // A shared mapping that grew by pages of its object that are mapped: no memory here can be in
      // two places.
      if (outcome === "-EOPNOTSUPP" && call.startsWith("mremap")) {
        expect(result).toMatch(/^@/);
        recorded = recorded.slice(0, at);
        cut.add(lines);
        break;
      }
      ours.push(`${call} = ${outcome}`);
      const regions = regionsOf(m, files);
      if (regions !== last) ours.push(regions);
      last = regions;
    }
    expect(ours).toEqual(recorded);
  });

  test("nearly all of them go on to their end", () => {
    expect(cut.size).toBeLessThan(sequences.length / 6);
  });
});
