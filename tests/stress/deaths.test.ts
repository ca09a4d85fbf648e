// Threads that die in the middle of a call: at every store that is made with a lock held, one after
// the other and at random, also while a thread buries another one. Nothing is given out twice, the
// checker finds nothing, and no more is lost than the dead one's call had.

import { describe, expect, it } from "vitest";
import { layouts } from "../../src/layout/generated.js";
import { campaign } from "../support/campaign.js";
import { Prng } from "../support/prng.js";
import {
  Crowd,
  Death,
  pointsOf,
  type CrashBuild,
  type CrowdMemory,
  type Repair,
} from "./deaths.js";

const THREADS = 4;
const PAGE = 4096;
const LARGEST_CACHED = 72 * 1024;

/** Plentiful memories, and one in which malloc fails now and then. */
const KINDS = [
  { pages: 4096, queuesFrees: false, largeTcache: 0 },
  { pages: 1100, queuesFrees: false, largeTcache: 0 },
  { pages: 4096, queuesFrees: true, largeTcache: 0 },
  { pages: 4096, queuesFrees: true, largeTcache: 100_000 },
] as const;

/** How a build's crowds differ. */
function memoriesOf(build: CrashBuild): CrowdMemory[] {
  // A heap for throughput keeps larger blocks by itself.
  const largest = build === "crash" ? Infinity : 0;
  return KINDS.map((kind) => ({
    ...kind,
    build,
    largeTcache: Math.min(kind.largeTcache, largest),
  }));
}

/** Whether a thread dies in `call`. */
function hasDied(call: () => void): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (error instanceof Death) return true;
    throw error;
  }
}

/** Lets thread `index` work until it dies. Whether it did. */
function work(crowd: Crowd, index: number, steps: number): boolean {
  let isDead = false;
  for (let step = 0; step < steps && !isDead; step++) isDead = hasDied(() => crowd.step(index));
  crowd.atStore = undefined;
  return isDead;
}

function warmUp(crowd: Crowd, steps = 150): void {
  for (let step = 0; step < steps; step++) crowd.step(crowd.random.int(0, THREADS - 1));
}

/** What arenas have for themselves at most: a header and a fence for each heap, and the arena. */
function overheadOf(abi: "ilp32" | "lp64"): number {
  return layouts[abi].MallocState.size + 8 * (layouts[abi].HeapInfo.size + 64);
}

/**
 * What may be lost with a thread: the blocks of its call, rounded up, and the one that it took out
 * of its full tcache.
 */
function allowedLoss({ inFlight, largeTcache, build }: Crowd): number {
  const keepsLarge = largeTcache !== 0 || build !== "crash";
  return PAGE + (keepsLarge ? inFlight * 1.125 + LARGEST_CACHED : inFlight);
}

/**
 * How many crowds are watched, how long, and in how many of them a thread dies at the same store.
 */
const CROWDS = campaign({ short: 30, ci: 90 });
const STEPS = 400;
const DEATHS_A_POINT = campaign({ short: 1, ci: 3, full: 8 });

function crowdOf(build: CrashBuild, abi: "ilp32" | "lp64", seed: number): Crowd {
  const memories = memoriesOf(build);
  return new Crowd(abi, new Prng(seed), memories[seed % memories.length]!, THREADS);
}

/**
 * The stores that this workload makes with a lock held, and the seeds of crowds that come by there.
 */
function pointsWithLocks(build: CrashBuild, abi: "ilp32" | "lp64"): Map<number, number[]> {
  const seeds = new Map<number, number[]>();
  for (let seed = 1; seed <= CROWDS; seed++) {
    const crowd = crowdOf(build, abi, seed);
    const seen = new Set<number>();
    crowd.atStore = (point, raw) => {
      if (raw.locks_held() > 0) seen.add(point);
    };
    warmUp(crowd, STEPS);
    for (const point of seen) {
      const known = seeds.get(point) ?? [];
      if (known.length < DEATHS_A_POINT) seeds.set(point, [...known, seed]);
    }
  }
  return seeds;
}

/**
 * Lets threads work as in `pointsWithLocks`, until one is at `point` with a lock held and dies. Its
 * place.
 */
function dieAt(crowd: Crowd, point: number): number {
  let victim = -1;
  crowd.atStore = (at, raw) => {
    if (at === point && raw.locks_held() > 0) throw new Death(at);
  };
  for (let step = 0; step < STEPS && victim < 0; step++) {
    const index = crowd.random.int(0, THREADS - 1);
    if (hasDied(() => crowd.step(index))) victim = index;
  }
  crowd.atStore = undefined;
  return victim;
}

describe.each([
  ["ilp32", "crash"],
  ["lp64", "crash"],
  ["ilp32", "crash-throughput"],
  ["lp64", "crash-throughput"],
] as const)("death in a call, %s, build %s", (abi, build) => {
  const memories = memoriesOf(build);

  it("at every store with a lock held", () => {
    const points = pointsOf(build, abi);
    const seedsOf = pointsWithLocks(build, abi);
    const missed: string[] = [];
    const repairs: Repair[] = [];
    const losses: number[] = [];
    for (const [point, seeds] of seedsOf) {
      for (const seed of seeds) {
        const where = `point ${point} in ${points[point]}, seed ${seed}`;
        const crowd = crowdOf(build, abi, seed);
        const victim = dieAt(crowd, point);
        if (victim < 0) {
          missed.push(where);
          continue;
        }
        const allowed = allowedLoss(crowd);
        try {
          repairs.push(crowd.bury(victim, (victim + 1) % THREADS));
          crowd.check();
          warmUp(crowd);
          crowd.check();
          const lost = Math.max(0, crowd.finish() - THREADS * overheadOf(abi) - crowd.foreignBytes);
          losses.push(lost);
          expect(lost).toBeLessThanOrEqual(allowed);
        } catch (error) {
          throw new Error(where, { cause: error });
        }
      }
    }
    console.log(
      `${build}.${abi}: ${seedsOf.size} of ${points.length} stores are made with a lock held; ${repairs.length} deaths there: ` +
        `${losses.filter((bytes) => bytes > 0).length} lost something, at most ${Math.max(...losses)} bytes; ` +
        `${repairs.filter(({ systemCalls }) => systemCalls).length} system calls undone, ` +
        `${repairs.reduce((sum, { arenasMended }) => sum + arenasMended, 0)} arenas mended`,
    );
    expect(missed).toEqual([]);
    expect(seedsOf.size).toBeGreaterThan(250);
    expect(repairs.filter(({ arenasRetired }) => arenasRetired > 0)).toEqual([]);
  });

  /**
   * Lets thread 0 die at each store of a call in turn, in a heap that is fresh each time, and
   * another one bury it. How many stores there were.
   */
  function atEachStore(
    prepare: (crowd: Crowd) => () => void,
    look: (crowd: Crowd) => void,
    memory = memories[0]!,
  ): number {
    for (let store = 0; ; store++) {
      const crowd = new Crowd(abi, new Prng(1), memory, 2);
      const call = prepare(crowd);
      let left = store;
      crowd.atStore = (point) => {
        if (left-- === 0) throw new Death(point);
      };
      const isDead = hasDied(call);
      crowd.atStore = undefined;
      if (!isDead) return store;
      expect(crowd.bury(0, 1).arenasRetired, `store ${store}`).toBe(0);
      crowd.check();
      look(crowd);
    }
  }

  it("that joins a chunk to a smaller one in front of it", () => {
    const stores = atEachStore(
      (crowd) => {
        crowd.setTunables({ TCACHE_COUNT: 0, MXFAST: 0 });
        // More than a heap for throughput keeps.
        const least = build === "crash" ? 1 : 70_000;
        const [small, large] = [crowd.malloc(0, least), crowd.malloc(0, least + 1400)];
        crowd.malloc(0, 1);
        crowd.free(0, small);
        return () => crowd.free(0, large);
      },
      (crowd) => {
        for (let count = 0; count < 100; count++) crowd.malloc(0, 300);
        crowd.check();
      },
    );
    expect(stores).toBeGreaterThan(5);
  });

  it("that cuts a chunk from top: what calloc takes afterwards is zero", () => {
    const stores = atEachStore(
      (crowd) => {
        crowd.malloc(0, 1);
        return () => crowd.malloc(0, 280);
      },
      (crowd) => {
        const block = crowd.calloc(0, 15_000);
        const bytes = new Uint8Array(crowd.memory.buffer, block, 15_000);
        expect(bytes.every((byte) => byte === 0)).toBe(true);
      },
    );
    expect(stores).toBeGreaterThan(3);
  });

  // What a class holds belongs to both threads' arenas, by turns or one after the other.
  it.runIf(build === "crash-throughput").each([
    { queuesFrees: false, turns: 1 },
    { queuesFrees: true, turns: 1 },
    { queuesFrees: true, turns: 64 },
  ])("that gives back half of a class that is full: %o", ({ queuesFrees, turns }) => {
    const stores = atEachStore(
      (crowd) => {
        const blocks = Array.from({ length: 65 }, (_, i) => {
          return crowd.malloc(Math.floor(i / turns) % 2, 1010);
        });
        // Runs may have left some of the size in the cache: one of these makes it overflow.
        const last = blocks.splice(-5);
        for (const block of blocks) crowd.free(0, block);
        return () => last.forEach((block) => crowd.free(0, block));
      },
      (crowd) => {
        const lost = crowd.finish() - 2 * overheadOf(abi);
        expect(lost).toBeLessThanOrEqual(PAGE + 6 * 1024);
      },
      { ...memories[0]!, queuesFrees },
    );
    expect(stores).toBeGreaterThan(200);
  });

  it("at any store, again and again", () => {
    let deaths = 0;
    let withLock = 0;
    const seeds = campaign({ short: 10, ci: 40, full: 400 });
    for (let seed = 1; seed <= seeds; seed++) {
      const random = new Prng(seed);
      const crowd = new Crowd(abi, random, memories[seed % memories.length]!, THREADS);
      warmUp(crowd);
      for (let death = 0; death < 10; death++) {
        const victim = random.int(0, THREADS - 1);
        let left = random.power(0, 11);
        crowd.atStore = (point, raw) => {
          if (left-- > 0) return;
          if (raw.locks_held() > 0) withLock++;
          throw new Death(point);
        };
        if (!work(crowd, victim, 400)) continue;
        deaths++;
        try {
          crowd.bury(victim, (victim + 1) % THREADS);
          crowd.check();
          warmUp(crowd);
        } catch (error) {
          throw new Error(`seed ${seed}, death ${death}`, { cause: error });
        }
      }
      crowd.finish();
    }
    console.log(`${build}.${abi}: ${deaths} deaths, ${withLock} with a lock held`);
    expect(withLock).toBeGreaterThan(deaths / 10);
  });

  it("while it ends, with a full tcache", () => {
    let deaths = 0;
    const seeds = campaign({ short: 20, ci: 60 });
    for (let seed = 1; seed <= seeds; seed++) {
      const crowd = crowdOf(build, abi, seed);
      warmUp(crowd);
      crowd.fillTcache(1);
      let left = crowd.random.power(0, 11);
      crowd.atStore = (point) => {
        if (left-- === 0) throw new Death(point);
      };
      const isDead = hasDied(() => crowd.end(1));
      crowd.atStore = undefined;
      if (!isDead) continue;
      deaths++;
      crowd.buryAll([1], 2);
      crowd.check();
      warmUp(crowd);
      const lost = crowd.finish() - THREADS * overheadOf(abi) - crowd.foreignBytes;
      crowd.inFlight = 0;
      expect(lost, `seed ${seed}`).toBeLessThanOrEqual(allowedLoss(crowd));
    }
    expect(deaths).toBeGreaterThan(seeds / 2);
  });

  it("of whoever buries another", () => {
    let second = 0;
    const seeds = campaign({ short: 20, ci: 60, full: 400 });
    for (let seed = 1; seed <= seeds; seed++) {
      const random = new Prng(seed);
      const crowd = new Crowd(abi, random, memories[seed % 2 === 0 ? 0 : 3]!, THREADS);
      warmUp(crowd);
      let left = random.power(0, 9);
      crowd.atStore = (point) => {
        if (left-- === 0) throw new Death(point);
      };
      if (!work(crowd, 1, 400)) continue;
      let more = random.power(0, 8);
      crowd.atStore = (point) => {
        if (more-- === 0) throw new Death(point);
      };
      const isSecond = hasDied(() => crowd.bury(1, 2));
      crowd.atStore = undefined;
      try {
        if (isSecond) {
          second++;
          // Each may have died with a lock that burying the other one needs.
          crowd.buryAll([2, 1], 3);
        }
        crowd.check();
        warmUp(crowd);
        crowd.finish();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    expect(second).toBeGreaterThan(campaign({ short: 5, ci: 20 }));
  });
});

it("canary: an arena that is not mended is noticed", () => {
  let noticed = 0;
  const seeds = campaign({ short: 20, ci: 60 });
  for (let seed = 1; seed <= seeds; seed++) {
    const crowd = new Crowd("ilp32", new Prng(seed), memoriesOf("crash")[0]!, THREADS);
    warmUp(crowd);
    let left = crowd.random.int(1, 300);
    crowd.atStore = (point, raw) => {
      if (raw.locks_held() > 0 && left-- <= 0) throw new Death(point);
    };
    if (!work(crowd, 1, 400)) continue;
    try {
      crowd.check();
    } catch {
      noticed++;
    }
  }
  expect(noticed).toBeGreaterThan(campaign({ short: 1, ci: 5 }));
});
