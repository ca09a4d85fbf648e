// Eight threads over one heap: random calls, blocks that go from one to another, patterns in all of
// them, in a memory that is plentiful and in one that runs out. At the end everything is freed, and
// nothing is left but what arenas need for themselves.
//
//   PTMALLOC_STRESS=full PTMALLOC_STRESS_SECONDS=600 \
//     npx vitest run tests/stress/thread-stress.test.ts

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { campaign, isShort } from "../support/campaign.js";
import { Status } from "../support/thread-blocks.mjs";
import type { WorkerPlan } from "../support/stress-worker.mjs";
import { Crew, type CrewMemory, type CrewOptions } from "./thread-crew.js";
import { remainsOf } from "./thread-leaks.js";

const SECONDS = Number(
  process.env["PTMALLOC_STRESS_SECONDS"] ?? campaign({ short: 6, ci: 20, full: 600 }),
);
const SEED = Number(process.env["PTMALLOC_STRESS_SEED"] ?? Date.now() % 1_000_000);
const WORKERS = 8;
const MIB = 2 ** 20;
const TIMEOUT = SECONDS * 1000 + 240_000;

/**
 * Where there is enough, and where malloc fails now and then: because memory.grow does, or because
 * the kernel's address space is full.
 */
const MEMORIES: Record<string, CrewMemory> = {
  plenty: { pages: 65_536, mmapBase: 1024 * MIB, taskSize: 65_535 * 65_536 },
  "memory.grow fails": {
    pages: 320,
    mmapBase: 4 * MIB,
    taskSize: 65_535 * 65_536,
    tunables: { MMAP_MAX: 4 },
  },
  "no address space": {
    pages: 320,
    mmapBase: 4 * MIB,
    taskSize: 320 * 65_536,
    tunables: { ARENA_MAX: 1 },
  },
  "one arena": {
    pages: 65_536,
    mmapBase: 1024 * MIB,
    taskSize: 65_535 * 65_536,
    tunables: { ARENA_MAX: 1, MMAP_MAX: 8 },
  },
  "queued frees": {
    pages: 65_536,
    mmapBase: 1024 * MIB,
    taskSize: 65_535 * 65_536,
    tunables: { ARENA_MAX: 5, TCACHE_COUNT: 2 },
    queuesFrees: true,
  },
  "large tcaches": {
    pages: 2048,
    mmapBase: 48 * MIB,
    taskSize: 2048 * 65_536,
    tunables: { ARENA_MAX: 4, TCACHE_COUNT: 100 },
    largeTcache: 2 * MIB,
  },
  "large tcaches, queued frees": {
    pages: 65_536,
    mmapBase: 1024 * MIB,
    taskSize: 65_535 * 65_536,
    largeTcache: MIB / 4,
    queuesFrees: true,
  },
  "throughput, little memory": {
    pages: 2048,
    mmapBase: 48 * MIB,
    taskSize: 2048 * 65_536,
    tunables: { ARENA_MAX: 4 },
    build: "threads-throughput",
  },
  "throughput, queued frees": {
    pages: 65_536,
    mmapBase: 1024 * MIB,
    taskSize: 65_535 * 65_536,
    build: "threads-throughput",
    queuesFrees: true,
  },
};

interface Outcome {
  ops: number;
  nulls: number;
}

/** Lets so many workers work for so long, then frees everything and looks at what is left. */
async function run(
  options: CrewOptions,
  seconds: number,
  fault: WorkerPlan["fault"] = "",
): Promise<Outcome & { summary: string }> {
  const crew = new Crew(options);
  try {
    const baseline = crew.mallinfo();
    for (const place of crew.places()) {
      await crew.start(place, { fault: place === 0 ? fault : "", turns: true });
    }
    const end = performance.now() + seconds * 1000;
    for (let round = 1; performance.now() < end; round++) {
      await sleep(Math.min(1000, end - performance.now()));
      await crew.pause();
      crew.check(`round ${round}`);
      crew.resume();
    }
    if (fault !== "") {
      await crew.until("it has misbehaved", () => crew.status(0, Status.OPS) > 400);
    }
    await crew.finish();
    crew.check("at the end");
    // Fast bins are emptied, so that whatever is not free is lost.
    crew.raw.malloc_trim(crew.word(0));
    expect(crew.raw.check_heap()).toBe(0);
    const remains = remainsOf(crew);
    const info = crew.mallinfo();
    expect(remains.used).toEqual([]);
    expect(info.uordblks - baseline.uordblks).toBe(remains.fixed);
    expect([info.hblks, info.hblkhd]).toEqual([baseline.hblks, baseline.hblkhd]);
    const ops = crew.total(Status.OPS);
    const nulls = crew.total(Status.NULLS);
    const summary =
      `${ops} operations, ${nulls} of them out of memory, ${crew.total(Status.GIVEN)} blocks given away, ` +
      `${crew.total(Status.TRIMS)} trims, ${crew.total(Status.LARGE)} requests beyond a MiB, ` +
      `${crew.total(Status.TURNS)} threads ended; ${remains.arenas} arenas in ${remains.segments} segments and ${remains.heaps} heaps; ` +
      `locks taken when found: ${crew.total(Status.CONTENDED)} times, slept over: ${crew.total(Status.WAITED)}`;
    return { ops, nulls, summary };
  } finally {
    await crew.killAll();
  }
}

function optionsFor(abi: CrewOptions["abi"], memory: string): CrewOptions {
  return { abi, build: "threads", places: WORKERS, seed: SEED, ...MEMORIES[memory]! };
}

const abis = ["ilp32", "lp64"] as const;
const share = SECONDS / (abis.length * Object.keys(MEMORIES).length);

/** The short form has each of them in one of the layouts. */
function memoriesOf(abi: CrewOptions["abi"]): string[] {
  const turn = abis.indexOf(abi);
  return Object.keys(MEMORIES).filter((_, index) => !isShort || index % abis.length === turn);
}

describe.each(abis)(`eight threads, seed ${SEED}, %s`, (abi) => {
  it.each(memoriesOf(abi))("%s", { timeout: TIMEOUT }, async (memory) => {
    const { ops, nulls, summary } = await run(optionsFor(abi, memory), share);
    console.log(`${abi}, ${memory}, seed ${SEED}: ${summary}`);
    expect(ops).toBeGreaterThan(campaign({ short: 1000, ci: 10_000 }));
    if (memory === "memory.grow fails" || memory === "no address space") {
      expect(nulls).toBeGreaterThan(0);
    }
  });
});

describe("canaries: a thread's mistake is noticed", () => {
  const mistakes = {
    overwrite: /pattern/,
    "double free": /pattern|failure|overlap|two blocks/,
    lose: /to deeply equal \[\]/,
  } as const;

  it.each(Object.entries(mistakes))("%s", { timeout: TIMEOUT }, async (fault, complaint) => {
    const options = { ...optionsFor("ilp32", "plenty"), places: 2 };
    await expect(run(options, 0.2, fault as keyof typeof mistakes)).rejects.toThrow(complaint);
  });
});
