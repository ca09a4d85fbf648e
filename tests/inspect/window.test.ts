// The window on a heap agrees with malloc's own books: every live block is one chunk, chunks lie
// side by side, and what is free is what mallinfo2 counts.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { HeapView, walkArena } from "../../src/inspect/chunks.js";
import { isDamage } from "../../src/inspect/damage.js";
import { mallinfoOf } from "../../src/inspect/mallinfo.js";
import { walkRegions, isVisible } from "../../src/inspect/regions.js";
import { segmentsOf } from "../../src/inspect/segments.js";
import { bytesSource } from "../../src/inspect/source.js";
import { startKernelSync } from "../../src/kernel.js";
import { startProcessSync } from "../../src/process/process.js";
import { parseTrace } from "../../src/trace/parse.js";
import { Prng } from "../support/prng.js";
import { ABIS, HEAPS, playerOf, RandomProgram, startFull, type Which } from "./play.js";

function traceOf(path: string) {
  return parseTrace(gunzipSync(readFileSync(path)), path);
}

const TRACES = ["traces/git-log.rep.gz", "traces/threads/git-grep.rep.gz"];

describe.each(HEAPS)("a window on a heap, $abi, glibc $glibc", (which) => {
  const { abi, glibc } = which;

  it.each(TRACES)("%s: live blocks are chunks in use, and nothing else is", (path) => {
    const trace = traceOf(path);
    const { process, player } = playerOf(trace, which);
    player.to(Math.floor(trace.count * 0.7));
    const view = new HeapView(process);
    const all = [...view.chunks()];
    expect(all.filter(isDamage)).toEqual([]);
    expect(view.filings.damages).toEqual([]);
    const chunks = all.filter((one) => !isDamage(one));
    const inUse = new Map(
      chunks
        .filter(({ state }) => state === "used" || state === "mmapped")
        .map((chunk) => [chunk.mem, chunk]),
    );
    const live = Array.from({ length: trace.slots }, (_, slot) => player.block(slot)).filter(
      (mem) => mem !== 0,
    );
    for (const mem of live) {
      expect(inUse.has(mem), mem.toString(16)).toBe(true);
      inUse.delete(mem);
    }
    expect([...inUse.keys()]).toEqual([]);
  });

  it("what is free is what mallinfo2 says", () => {
    const trace = traceOf(TRACES[0]!);
    const { process, player } = playerOf(trace, which);
    player.to(9000);
    expect(mallinfoOf(new HeapView(process))).toEqual(process.mallinfo2());
  });

  it("random programs: chunks of an arena fill its segments", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const process = startFull(which);
      const program = new RandomProgram(process, new Prng(seed));
      program.run(400);
      const view = new HeapView(process);
      expect(mallinfoOf(view), `seed ${seed}`).toEqual(process.mallinfo2());
      const [main] = view.arenas;
      const chunks = [...walkArena(process, main!, view.filings)];
      expect(chunks.filter(isDamage)).toEqual([]);
      const [segment] = segmentsOf(process, main!);
      const last = chunks.at(-1)!;
      expect(last).toMatchObject({ state: "top" });
      expect(isDamage(last) || last.chunk + last.size).toBe(segment!.end);
    }
  });

  it("regions are those of the kernel", () => {
    const kernel = startKernelSync({ abi, glibc });
    kernel.mmap(0, 8192, 3, 0x22, -1, 0);
    kernel.process.malloc(300_000);
    kernel.process.malloc(10);
    const seen = [...walkRegions(kernel.process)].filter((one) => !isDamage(one) && isVisible(one));
    const told = [...kernel.vmas()].map(({ start, end, flags }) => ({ start, end, flags }));
    expect(seen).toMatchObject(told);
  });

  it("bytes are as good as a process", () => {
    // Mappings right behind the heap, so that the memory is small.
    const process = startFull(which, { layout: "compact" });
    new RandomProgram(process, new Prng(7)).run(300);
    const { profile, structs, base, places } = process;
    expect(process.glibc).toBe(glibc);
    const facts = { abi, profile, glibc, structs, base, places };
    const source = bytesSource(facts, process.u8().slice());
    expect([...new HeapView(source).chunks()]).toEqual([...new HeapView(process).chunks()]);
  });
});

it.each(ABIS)("what is free in the profile throughput is what mallinfo2 says, %s", (abi) => {
  const trace = traceOf(TRACES[0]!);
  const { process, player } = playerOf(trace, { abi, profile: "throughput" });
  player.to(9000);
  expect(mallinfoOf(new HeapView(process))).toEqual(process.mallinfo2());
});

/** A heap whose break somebody else moves, and whose break is refused later. */
function scattered(which: Which, build: "core" | "full") {
  const process = startProcessSync({ ...which, build, startBrk: 16 << 20 });
  const blocks: number[] = [];
  const fill = (count: number) => {
    for (let i = 0; i < count; i++) blocks.push(process.malloc(5000));
  };
  fill(40);
  process.raw.sbrk(process.toWord(10_000));
  fill(60);
  const { brk } = process.mm();
  const place = (brk + 4096 * 3) & ~4095;
  const raw = process.raw as unknown as { mmap(...args: unknown[]): unknown };
  const word = (value: number) => process.toWord(value);
  raw.mmap(word(place), word(4096), 3, 0x32, -1, word(0));
  fill(300);
  return { process, blocks };
}

describe.each(HEAPS)("a heap in pieces, $abi, glibc $glibc", (which) => {
  it.each(["core", "full"] as const)("all segments are found, build %s", (build) => {
    const { process, blocks } = scattered(which, build);
    const view = new HeapView(process);
    const all = [...view.chunks()];
    expect(all.filter(isDamage)).toEqual([]);
    const chunks = all.filter((one) => !isDamage(one));
    const used = new Set(chunks.filter(({ state }) => state === "used").map(({ mem }) => mem));
    expect(blocks.filter((mem) => !used.has(mem))).toEqual([]);
    expect(segmentsOf(process, view.arenas[0]!).length).toBeGreaterThan(3);
  });
});
