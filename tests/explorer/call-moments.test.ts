// Calls taken back: what is left is, byte for byte and in every column, what it had been before
// they were made.

import { expect, it } from "vitest";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { CallMoments } from "../../explorer/engine/call-moments.js";
import { startKernelSync } from "ptmalloc-wasm/kernel";

function moments(): CallMoments {
  return new CallMoments({
    ...{ title: "test", kind: "live", machine: { abi: "ilp32", glibc: "2.36" } },
    start: () => startKernelSync({ abi: "ilp32", layout: "linux" }),
  });
}

/** Makes calls. @returns the blocks that live */
function play(to: CallMoments, seed: number, count: number, live: bigint[] = []): bigint[] {
  const random = xoroshiro128plus(seed);
  const below = (most: number): number => (random.next() >>> 0) % most;
  for (let i = 0; i < count; i++) {
    const old = below(2) === 0 ? live.splice(below(live.length), 1)[0] : undefined;
    if (old === undefined) live.push(to.add("malloc", [BigInt(below(5000))]));
    else if (below(4) > 0) to.add("free", [old]);
    else live.push(to.add("realloc", [old, BigInt(1 + below(200_000))]));
  }
  return live;
}

function stateOf(of: CallMoments): unknown {
  of.to(of.count);
  const { startBrk, brk } = of.kernel.process.mm();
  return {
    heap: Buffer.from(of.source.u8().slice(startBrk, brk)).toString("base64"),
    survey: of.surveyor.survey(),
  };
}

it("counts blocks that live from before", () => {
  const kernel = () => startKernelSync({ abi: "ilp32", layout: "linux" });
  const block = kernel().process.malloc(100);
  const start = () => {
    const started = kernel();
    started.process.malloc(100);
    return started;
  };
  const to = new CallMoments({
    ...{ title: "test", kind: "live", machine: { abi: "ilp32", glibc: "2.36" }, start },
    living: new Map([[block, 100]]),
  });
  to.add("malloc", [7n]);
  to.add("free", [BigInt(block)]);
  to.add("malloc", [3n]);
  expect([...to.surveyor.survey().live]).toEqual([107, 7, 10]);
  to.drop(2);
  to.add("free", [BigInt(block)]);
  expect([...to.surveyor.survey().live]).toEqual([107, 7]);
  to.drop(2);
  to.add("malloc", [3n]);
  expect([...to.surveyor.survey().live]).toEqual([103]);
});

it("undo leaves what a run without those calls has", () => {
  const [one, other] = [moments(), moments()];
  const live = play(one, 1, 1000);
  play(other, 1, 1000);
  for (let round = 2; round < 6; round++) {
    play(one, round, 30 * round, [...live]);
    one.drop(30 * round);
    expect(stateOf(one)).toEqual(stateOf(other));
    play(one, 100 + round, 50, [...live]);
    play(other, 100 + round, 50, [...live]);
    expect(stateOf(one)).toEqual(stateOf(other));
    one.drop(50);
    other.drop(50);
  }
  one.add("free", [live[0]!]);
  one.add("free", [live[0]!]);
  expect(one.ending).toMatch(/double free/);
  one.drop(2);
  expect(one.ending).toBeUndefined();
  expect(stateOf(one)).toEqual(stateOf(other));
});
