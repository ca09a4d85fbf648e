// Every recorded program on the profile "small": the heap is sound all the way, no two blocks have
// a byte in common, blocks are hardly larger than what was asked for, the same requests give the
// same addresses, and the program needs less memory than with glibc's heap.

import { afterAll, describe, expect, it } from "vitest";
import { wordBytes, type Abi } from "../../src/layout/address.js";
import { OpKind } from "../../src/layout/generated.js";
import { observe } from "../../src/trace/measure.js";
import type { Step } from "../../src/trace/player.js";
import { startSession } from "../../src/trace/session.js";
import { campaign, sampled } from "../support/campaign.js";
import { names, playerOf, traceOf } from "./recordings.js";
import { Plan, abis, expectSound, isMapped, minSize, sum, usableBytes } from "./throughput.js";
import type { Checked } from "./throughput.js";

/** How often the whole heap is checked on the way through a recording. */
const LOOKS = campaign({ short: 24, ci: 200 });

/**
 * Of what a program needs with glibc's heap, how much it needs at most: of pages that the process
 * ever had at once (threads reserve whole heaps in glibc's), and of bytes that malloc held. With no
 * byte lost between blocks the latter would be 0.88 in ilp32.
 */
const MOST_PAGES_ON_AVERAGE = { ilp32: 0.88, lp64: 0.92 };
const MOST_HELD_ON_AVERAGE = { ilp32: 0.92, lp64: 0.95 };
const MOST_OF_ONE = 1;

const powerFrom = (alignment: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, alignment)));

/** What is wrong with a block that a call returned; undefined for nothing. */
function wrongWith(process: Checked, step: Step): string | undefined {
  const { kind, bytes, result } = step;
  const word = wordBytes(process.abi);
  const alignment = kind === OpKind.MEMALIGN ? powerFrom(Number(step.x)) : 1;
  if (result % Math.max(2 * word, alignment) !== 0) return "is not aligned enough";
  const usable = usableBytes(process, result);
  if (usable < bytes) return `has only ${usable} bytes`;
  // Rounded up, and with a rest that is too small for a chunk.
  const most = Math.max(minSize(process.abi), bytes + 3 * word) + minSize(process.abi);
  const isPlain = kind !== OpKind.REALLOC && !isMapped(process, result);
  return isPlain && usable > most ? `has ${usable} bytes, and may have ${most}` : undefined;
}

/** Sees that blocks are as they should be, and have nothing in common. */
class Watch {
  readonly wrong: string[] = [];
  seen = 0;
  readonly #plan = new Plan(8);
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
    const isAlone = this.#plan.take(result, usable);
    const wrong = isAlone ? wrongWith(process, step) : "overlaps another block";
    if (wrong === undefined || this.wrong.length > 9) return;
    this.wrong.push(
      `operation ${step.index}, ${step.bytes} bytes: 0x${result.toString(16)} ${wrong}`,
    );
  }
}

/** The addresses that a trace's operations return: a checksum of them. */
function addressSum(name: string, abi: Abi): number {
  let checksum = 0;
  const session = startSession(traceOf(name), { abi, profile: "small" });
  session.player(({ result }) => (checksum = (Math.imul(checksum, 31) + result) >>> 0)).to();
  return checksum;
}

describe.each(abis)("recorded programs in the profile small, %s", (abi) => {
  it.each(names)("%s: sound, aligned, of the right sizes, nothing overlaps", (name) => {
    const trace = traceOf(name);
    const watch = new Watch();
    const profile = "small";
    const [process, player] = playerOf(trace, { abi, profile }, (of, step) => watch.see(of, step));
    for (let look = 1; look <= LOOKS; look++) {
      player.to(Math.floor((trace.count * look) / LOOKS));
      expectSound(process, `after ${player.done} operations`);
    }
    expect(watch.wrong).toEqual([]);
    expect(watch.seen).toBeGreaterThan(1000);
    player.release();
    expectSound(process, "after the last free");
    // Nothing is kept for later: what is left is less than what is worth giving back.
    expect(process.mallinfo2().uordblks).toBe(0);
    expect(process.mallinfo2().arena).toBeLessThanOrEqual(32 * 1024);
  });

  it.each(sampled(names, 4))("%s: the same requests, the same addresses", (name) => {
    const first = addressSum(name, abi);
    expect(addressSum(name, abi)).toBe(first);
    expect(first).not.toBe(0);
  });

  const ratios = new Map<string, { held: number; pages: number }>();
  /** How much memory a recorded program needs, of what it needs in the profile glibc. */
  function ratioOf(name: string): { held: number; pages: number } {
    const known = ratios.get(name);
    if (known !== undefined) return known;
    const [ours, glibcs] = (["small", "glibc"] as const).map((profile) =>
      observe(traceOf(name), { abi, profile }),
    );
    const held = ours!.peakHeldBytes / glibcs!.peakHeldBytes;
    const pages = ours!.peakFootprintBytes / glibcs!.peakFootprintBytes;
    ratios.set(name, { held, pages });
    return { held, pages };
  }

  it.each(names)("%s: no more memory than in the profile glibc", (name) => {
    const { held, pages } = ratioOf(name);
    expect(held).toBeLessThanOrEqual(MOST_OF_ONE);
    expect(pages).toBeLessThanOrEqual(MOST_OF_ONE);
  });

  it("less memory on average", () => {
    const meanOf = (what: "held" | "pages"): number =>
      Math.exp(sum(names.map((name) => Math.log(ratioOf(name)[what]))) / names.length);
    expect(meanOf("pages")).toBeLessThan(MOST_PAGES_ON_AVERAGE[abi]);
    expect(meanOf("held")).toBeLessThan(MOST_HELD_ON_AVERAGE[abi]);
  });

  afterAll(() => {
    const all = [...ratios].map(
      ([name, { held, pages }]) => `${name} ${held.toFixed(3)} ${pages.toFixed(3)}`,
    );
    process.stdout.write(`${abi}: memory of small to glibc's, held and had: ${all.join(", ")}\n`);
  });
});

it("canary: blocks that overlap by 8 bytes are noticed", () => {
  const plan = new Plan(8);
  expect(plan.take(0x2000_0000, 12)).toBe(true);
  expect(plan.take(0x2000_0008, 12)).toBe(false);
  expect(plan.take(0x2000_0018, 12)).toBe(true);
});
