// Every recorded program on the profile "throughput": the heap is sound all the way, no two blocks
// have a byte in common, blocks are as large as their classes say, the same requests give the same
// addresses, and the program needs little more memory than with glibc's heap.

import { afterAll, describe, expect, it } from "vitest";
import { wordBytes, type Abi } from "../../src/layout/address.js";
import { OpKind } from "../../src/layout/generated.js";
import type { Step } from "../../src/trace/player.js";
import { startSession } from "../../src/trace/session.js";
import type { Trace } from "../../src/trace/trace.js";
import { campaign, sampled } from "../support/campaign.js";
import { names, playerOf, traceOf } from "./recordings.js";
import {
  Plan,
  abis,
  chunkBytes,
  endOfClass,
  expectSound,
  isMapped,
  peakOf,
  plainSize,
  steppedSize,
  sum,
  usableBytes,
  type Checked,
} from "./throughput.js";

/** How often the whole heap is checked on the way through a recording. */
const LOOKS = campaign({ short: 24, ci: 200 });

/**
 * How much more memory a program's arenas may need than in the profile glibc: convert has most of
 * its memory in mappings, and little in arenas. With several threads each has a cache of its own:
 * in programs of one or two MiB, as the recorded ones are, that shows.
 */
const MOST_OF_ONE = 1.4;
const MOST_OF_THREADS = 1.9;
const MOST_ON_AVERAGE = 1.25;

/** The largest block that a request of `bytes` may get from malloc or calloc, bytes. */
function mostBytes(process: Checked, step: Step): number {
  const { abi } = process;
  const plain = plainSize(abi, step.bytes);
  // What is left of a chunk and too small for another stays with the block.
  const rest = abi === "ilp32" ? 0 : 16;
  if (plain < 1024) return plain + rest - wordBytes(abi);
  if (plain <= 65_536) return endOfClass(steppedSize(plain)) - wordBytes(abi);
  return plain + rest - wordBytes(abi);
}

/** memalign rounds an alignment up to a power of two. */
const powerFrom = (alignment: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, alignment)));

/** What is wrong with a block that a call returned; undefined for nothing. */
function wrongWith(process: Checked, step: Step): string | undefined {
  const { kind, bytes, result } = step;
  if (result % 16 !== 0) return "is not aligned";
  if (kind === OpKind.MEMALIGN && result % powerFrom(Number(step.x)) !== 0)
    return "is not aligned enough";
  const usable = usableBytes(process, result);
  if (usable < bytes) return `has only ${usable} bytes`;
  const isPlain = kind === OpKind.MALLOC || kind === OpKind.CALLOC;
  if (isPlain && !isMapped(process, result) && usable > mostBytes(process, step))
    return `has ${usable} bytes, and may have ${mostBytes(process, step)}`;
  return undefined;
}

/** Sees that blocks are as they should be, and have nothing in common. */
class Watch {
  readonly wrong: string[] = [];
  /** How many blocks were seen, and how many of them are larger than glibc's would be. */
  seen = 0;
  larger = 0;
  readonly #plan = new Plan();
  readonly #sizes = new Map<number, number>();

  see(process: Checked, step: Step): void {
    const { before, result, after } = step;
    if (before !== 0 && before === after && result === 0) return;
    if (before !== 0) this.#plan.give(before, this.#sizes.get(before)!);
    if (before !== 0) this.#sizes.delete(before);
    if (result === 0 || after === 0) return;
    this.seen++;
    const usable = usableBytes(process, result);
    this.#sizes.set(result, usable);
    const wrong = this.#plan.take(result, usable)
      ? wrongWith(process, step)
      : "overlaps another block";
    if (chunkBytes(process, result) > plainSize(process.abi, step.bytes)) this.larger++;
    if (wrong === undefined || this.wrong.length > 9) return;
    this.wrong.push(
      `operation ${step.index}, ${step.bytes} bytes: 0x${result.toString(16)} ${wrong}`,
    );
  }
}

/** The addresses that a trace's operations return on the build "replay": a checksum of them. */
function addressSum(trace: Trace, abi: Abi): number {
  let checksum = 0;
  const session = startSession(trace, { abi, profile: "throughput" });
  session.player(({ result }) => (checksum = (Math.imul(checksum, 31) + result) >>> 0)).to();
  return checksum;
}

describe.each(abis)("recorded programs in the profile throughput, %s", (abi) => {
  it("are all here", () => expect(names).toHaveLength(21));

  it.each(names)("%s: sound, aligned, of the right sizes, nothing overlaps", (name) => {
    const trace = traceOf(name);
    const watch = new Watch();
    const [process, player] = playerOf(trace, { abi, profile: "throughput" }, (of, step) =>
      watch.see(of, step),
    );
    for (let look = 1; look <= LOOKS; look++) {
      player.to(Math.floor((trace.count * look) / LOOKS));
      expectSound(process, `after ${player.done} operations`);
    }
    expect(watch.wrong).toEqual([]);
    expect(watch.seen).toBeGreaterThan(1000);
    expect(watch.larger).toBeGreaterThan(0);
    player.release();
    expectSound(process, "after the last free");
    process.trim();
    expectSound(process, "after malloc_trim");
  });

  it.each(sampled(names, 4))("%s: the same requests, the same addresses", (name) => {
    const trace = traceOf(name);
    const first = addressSum(trace, abi);
    expect(addressSum(trace, abi)).toBe(first);
    expect(first).not.toBe(0);
  });

  const ratios = new Map<string, number>();
  /** How much memory a recorded program needs at most, of what it needs in the profile glibc. */
  function ratioOf(name: string): number {
    const known = ratios.get(name);
    if (known !== undefined) return known;
    const [ours, glibcs] = (["throughput", "glibc"] as const).map((profile) => {
      const session = startSession(traceOf(name), { abi, profile });
      session.run();
      return peakOf(session.process);
    });
    ratios.set(name, ours! / glibcs!);
    return ours! / glibcs!;
  }

  it.each(names)("%s: hardly more memory than in the profile glibc", (name) => {
    const most = name.startsWith("threads/") ? MOST_OF_THREADS : MOST_OF_ONE;
    expect(ratioOf(name)).toBeLessThanOrEqual(most);
  });

  it("hardly more memory on average", () => {
    const logs = names.map((name) => Math.log(ratioOf(name)));
    const mean = Math.exp(sum(logs) / logs.length);
    process.stdout.write(`${abi}: on average ${mean.toFixed(3)}\n`);
    expect(mean).toBeLessThan(MOST_ON_AVERAGE);
  });

  afterAll(() => {
    const all = [...ratios].map(([name, ratio]) => `${name} ${ratio.toFixed(2)}`);
    process.stdout.write(`${abi}: memory of throughput to glibc's: ${all.join(", ")}\n`);
  });
});

it("canary: blocks that overlap are noticed, by a byte of either", () => {
  const plan = new Plan();
  expect(plan.take(0x2000_0000, 28)).toBe(true);
  expect(plan.take(0x2000_0010, 12)).toBe(false);
  expect(plan.take(0x1fff_fff0, 17)).toBe(false);
  expect(plan.take(0x2000_0020, 12)).toBe(true);
});
