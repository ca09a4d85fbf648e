// The heap inspector, proven: at random points of every bundled trace it sees in our memory what
// native glibc 2.36 has in its own: parameters, arenas, every chunk, bin, fast bin and tcache.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { isDamage } from "../../src/inspect/damage.js";
import type { GlibcVersion } from "../../src/binary/glibc.js";
import type { Abi } from "../../src/layout/address.js";
import { digestOf, dumpNatively, firstDifference } from "../oracle/dumps.mjs";
import { hasGlibc } from "../oracle/glibc.mjs";
import { nativeMissing, REFUSED } from "../support/native.js";
import { momentsOf, type Moment } from "./moments.js";
import { byTrace, drawPoints, traceNames, type Point } from "./points.js";

/** What the recorder says of a point's text. */
interface Recorded extends Point {
  readonly lines: number;
  readonly sha256: string;
}

/** Traces that are short enough to be run here once more. */
const SHORT = ["ld", "git-log", "syn02", "syn05", "syn11", "syn13"];
const SEED = Number(process.env.PTMALLOC_SEED ?? 1);

function goldenOf(abi: Abi): Recorded[] {
  const text = readFileSync(new URL(`../golden/dumps/${abi}.json`, import.meta.url), "utf8");
  return (JSON.parse(text) as { points: Recorded[] }).points;
}

/** Why programs that read a layout's native heap cannot run here; nothing where they can. */
function whyNot(abi: Abi): string | undefined {
  const reason = nativeMissing(abi);
  if (reason !== REFUSED || abi !== "ilp32") return reason;
  const hasEmulator = spawnSync("qemu-i386", ["--version"]).status === 0;
  return hasEmulator ? undefined : `${reason}, and there is no qemu-i386 (Debian: qemu-user)`;
}

/** Why traces of several threads cannot be run natively here. */
function whyNotThreads(abi: Abi): string | undefined {
  try {
    dumpNatively(abi, "threads/git-grep", 1);
    return undefined;
  } catch (error) {
    return (error as Error).message.trim();
  }
}

/** How to get both texts of a point, and where they part if that can be seen here. */
function explain(abi: Abi, { trace, at }: Point, ours: readonly string[]): string {
  const show = (which: string) =>
    `node tests/oracle/record-dumps.mjs --show ${which} ${abi} ${trace} ${at}`;
  const said = `${trace} at ${at}, ${abi}: both texts: ${show("native")}, ${show("ours")}`;
  const reason = whyNot(abi);
  if (reason !== undefined) return `${said}; not run here: ${reason}`;
  try {
    return `${said}; ${firstDifference(dumpNatively(abi, trace, at), ours) ?? "the golden is old"}`;
  } catch (error) {
    return `${said}; ${(error as Error).message}`;
  }
}

/** The chunks that somebody has, by their blocks: what the trace itself has, and nothing else. */
function usedBlocks({ view }: Moment): number[] {
  const blocks: number[] = [];
  for (const chunk of view.chunks()) {
    if (isDamage(chunk)) throw new Error(chunk.why);
    expect(chunk.state).not.toBe("free");
    if (chunk.state === "used" || chunk.state === "mmapped") blocks.push(chunk.mem);
  }
  return blocks.sort((a, b) => a - b);
}

function check(abi: Abi, points: readonly Recorded[]): void {
  const ats = points.map(({ at }) => at);
  let index = 0;
  for (const moment of momentsOf(points[0]!.trace, abi, ats)) {
    const point = points[index++]!;
    const { lines } = moment;
    if (digestOf(lines) !== point.sha256) expect.fail(explain(abi, point, lines));
    expect(lines).toHaveLength(point.lines);
    expect(usedBlocks(moment), `blocks of ${point.trace} at ${point.at}`).toEqual(moment.blocks);
  }
  expect(index).toBe(points.length);
}

/** Compares a heap with the native one of a version, line by line. */
function compareOne(abi: Abi, { trace, at }: Point, glibc?: GlibcVersion): void {
  const native = dumpNatively(abi, trace, at, glibc);
  for (const { lines } of momentsOf(trace, abi, [at], glibc))
    expect(firstDifference(native, lines)).toBeUndefined();
}

// Other versions, where their files are (tests/oracle/README.md).
describe.each(["2.41", "2.43", "2.44"] as const)("heaps beside those of glibc %s", (glibc) => {
  describe.each(["ilp32", "lp64"] satisfies Abi[])("%s", (abi) => {
    const reason = hasGlibc(glibc, abi) ? whyNot(abi) : `glibc ${glibc} has not been fetched`;
    const orThreads = reason ?? whyNotThreads(abi);
    if (reason !== undefined)
      process.stderr.write(`skipped: heaps of glibc ${glibc}, ${abi}: ${reason}\n`);
    const alone = drawPoints(SEED + 1, SHORT, 4);
    const threaded = drawPoints(SEED + 1, traceNames(true), 2);
    it.skipIf(reason !== undefined).each(alone)("$trace at $at", (point) => {
      compareOne(abi, point, glibc);
    });
    it.skipIf(orThreads !== undefined).each(threaded)("$trace at $at", (point) => {
      compareOne(abi, point, glibc);
    });
  });
});

for (const abi of ["ilp32", "lp64"] satisfies Abi[]) {
  describe(`heaps as native glibc has them, ${abi}`, () => {
    const golden = goldenOf(abi);
    let matching = 0;
    let lines = 0;

    it("are all here", () => {
      const names = new Set(golden.map(({ trace }) => trace));
      expect([...names].sort()).toEqual([...traceNames(false), ...traceNames(true)].sort());
      const threaded = golden.filter(({ trace }) => trace.startsWith("threads/"));
      expect([golden.length - threaded.length, threaded.length]).toEqual([50, 20]);
    });

    it.each([...byTrace(golden)])("%s", (_, points) => {
      check(abi, points);
      matching += points.length;
      for (const point of points) lines += point.lines;
    });

    it("canary: one operation more is another heap", () => {
      const point = golden.find(({ trace }) => trace === "syn02")!;
      for (const moment of momentsOf(point.trace, abi, [point.at - 1]))
        expect(digestOf(moment.lines)).not.toBe(point.sha256);
    });

    afterAll(() => {
      const all = `${matching} of ${golden.length} native heaps match, ${lines} lines`;
      process.stdout.write(`${abi}: ${all}\n`);
    });
  });

  describe(`heaps beside native ones, line by line, ${abi}`, () => {
    const compare = (point: Point) => {
      compareOne(abi, point);
    };
    const reason = whyNot(abi);
    const orThreads = reason ?? whyNotThreads(abi);
    const isRequired = process.env.PTMALLOC_REQUIRE_NATIVE === "1";
    if (isRequired && reason !== undefined && !reason.startsWith(REFUSED))
      throw new Error(`PTMALLOC_REQUIRE_NATIVE=1, but ${reason}`);
    if (orThreads !== undefined)
      process.stderr.write(
        `skipped: native heaps${reason ? "" : " of threads"}, ${abi}: ${orThreads}\n`,
      );

    const alone = drawPoints(SEED, SHORT, 6);
    const threaded = drawPoints(SEED, traceNames(true), 2);
    it.skipIf(reason !== undefined).each(alone)("$trace at $at", compare);
    it.skipIf(orThreads !== undefined).each(threaded)("$trace at $at", compare);
  });
}
