// A process that was put away at any operation goes on, in another one, as if nothing had been: the
// rest of a trace gets the same addresses. With threads and mappings, and by way of a snapshot.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { HeapView } from "../../src/inspect/chunks.js";
import { fork, restore, rewind, takeCheckpoint } from "../../src/inspect/checkpoint.js";
import { checkpointOf, snapshotText, type Snapshot } from "../../src/inspect/snapshot.js";
import { forkHeap } from "../../src/heap/fork.js";
import { createHeapSync } from "../../src/index.js";
import { Player, type Step } from "../../src/trace/player.js";
import { Threads } from "../../src/trace/threads.js";
import { parseTrace } from "../../src/trace/parse.js";
import type { Trace } from "../../src/trace/trace.js";
import { campaign } from "../support/campaign.js";
import { Prng } from "../support/prng.js";
import { HEAPS, playerOf, RandomProgram, startFull, type FullProcess } from "./play.js";

/** A random program as a trace: blocks of all sizes, mappings among them, and threads. */
function randomTrace(seed: number, count: number, threads: number): Trace {
  const random = new Prng(seed);
  const live: number[] = [];
  const lines: string[] = [];
  let next = 0;
  for (let i = 0; i < count; i++) {
    if (threads > 1 && random.chance(0.1)) lines.push(`t ${random.int(0, threads - 1)}`);
    if (live.length > 0 && random.chance(0.45)) {
      const [id] = live.splice(random.int(0, live.length - 1), 1);
      lines.push(`f ${id}`);
    } else if (live.length > 0 && random.chance(0.15)) {
      lines.push(`r ${random.pick(live)} ${random.power(0, 18)}`);
    } else {
      live.push(next);
      const size = random.chance(0.05) ? random.power(17, 21) : random.power(0, 12);
      lines.push(`a ${next++} ${size}`);
    }
  }
  const text = [0, next, count, 0, ...lines].join("\n");
  return parseTrace(new TextEncoder().encode(`${text}\n`), `random ${seed}`);
}

/** What a trace returns from some operation on. */
function restOf(player: Player, log: number[]): number[] {
  log.length = 0;
  player.to();
  return [...log];
}

/** A player that logs what calls return. */
function logging(trace: Trace, process: FullProcess) {
  const log: number[] = [];
  const threads = new Threads(process, trace);
  const player = new Player(trace, threads, ({ result }: Step) => log.push(result));
  return { threads, player, log };
}

const TRACES = campaign({ short: 16, ci: 60, full: 200 });

describe.each(HEAPS)("checkpoints, $abi, glibc $glibc", (which) => {
  const traces = which.glibc === "2.36" ? TRACES : TRACES / 2;
  it(`${traces} random traces, cut anywhere, restored elsewhere`, { timeout: 600_000 }, () => {
    for (let seed = 1; seed <= traces; seed++) {
      const trace = randomTrace(seed, 600, seed % 3 === 0 ? 3 : 1);
      const cut = new Prng(seed).int(1, trace.count - 1);
      const original = logging(trace, startFull(which));
      original.player.to(cut);
      const { instances, ...who } = original.threads.save();
      const view = new HeapView(instances[0]!);
      const text = [...snapshotText(view, "cut", takeCheckpoint(instances))].join("");
      const place = original.player.save();
      const wanted = restOf(original.player, original.log);

      const restored = restore(checkpointOf(JSON.parse(text) as Snapshot));
      // The same trace on the restored instances, each who it was.
      const now = (one: FullProcess): FullProcess => restored[instances.indexOf(one)]!;
      const copy = logging(trace, startFull(which));
      copy.threads.resume({
        current: now(who.current),
        alive: new Map([...who.alive].map(([number, one]) => [number, now(one)])),
        idle: who.idle.map(now),
        instances: restored,
      });
      copy.player.resume(place);
      expect(restOf(copy.player, copy.log), `seed ${seed}, cut at ${cut}`).toEqual(wanted);
    }
  });

  it("a fork and its origin know nothing of each other", () => {
    const process = startFull(which);
    const program = new RandomProgram(process, new Prng(1));
    program.run(200);
    const [child] = fork([process]);
    const sizes = [24, 5000, 200_000, 64];
    const theirs = sizes.map((size) => child!.malloc(size));
    child!.view().setUint32(theirs[0]!, 0xdeadbeef, true);
    expect(sizes.map((size) => process.malloc(size))).toEqual(theirs);
    expect(process.view().getUint32(theirs[0]!, true)).not.toBe(0xdeadbeef);
  });

  it("rewinding is going back: the same process, again and again", () => {
    const trace = parseTrace(gunzipSync(readFileSync("traces/git-log.rep.gz")), "git-log");
    const { process, player } = playerOf(trace, which);
    const [early, late] = which.glibc === "2.36" ? [3000, 9000] : [300, 900];
    player.to(early);
    const [checkpoint, place] = [takeCheckpoint([process]), player.save()];
    player.to(late);
    const later = takeCheckpoint([process]);
    rewind([process], checkpoint);
    player.resume(place);
    player.to(late);
    const again = takeCheckpoint([process]);
    expect(again.threads).toEqual(later.threads);
    expect(again.runs).toEqual(later.runs);
  });

  it("what a heap gave back is zero again where it was before", () => {
    const process = startFull(which);
    const before = takeCheckpoint([process]);
    const blocks = Array.from({ length: 20 }, () => process.malloc(100_000));
    for (const mem of blocks) process.u8().fill(0xa5, mem, mem + 100_000);
    for (const mem of blocks) process.free(mem);
    rewind([process], before);
    const mem = process.calloc(1, 1_000_000) || process.calloc(10, 10_000);
    const small = Array.from({ length: 10 }, () => process.calloc(1, 90_000));
    for (const block of [mem, ...small])
      expect(
        process
          .u8()
          .subarray(block, block + 90_000)
          .every((byte) => byte === 0),
      ).toBe(true);
  });
});

it("a heap forks: blocks are where they were, and each goes its own way", () => {
  const heap = createHeapSync({ build: "full" });
  const block = heap.malloc(100);
  heap.u8(block, 100).fill(7);
  const copy = forkHeap(heap);
  expect([...copy.u8(block, 100)]).toEqual([...heap.u8(block, 100)]);
  copy.u8(block, 100).fill(9);
  copy.free(block);
  expect(heap.u8(block, 1)[0]).toBe(7);
  expect(copy.malloc(100)).toBe(block);
  expect(heap.malloc(100)).not.toBe(block);
  expect(() => forkHeap(createHeapSync() as never)).toThrow('needs a heap with build "full"');
});
