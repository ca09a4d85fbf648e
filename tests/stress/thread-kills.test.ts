// worker.terminate() at random moments of threads that are busy with malloc, one or several at a
// time, some of them while they begin or end. Another thread buries them; the heap is in order, no
// block of anybody's has changed, nobody hangs, and no more is lost than the calls had that the
// dead ones were in.
//
//   PTMALLOC_STRESS=full npx vitest run tests/stress/thread-kills.test.ts
//   2,000 terminations; 40 in CI, 20 in `npm test`

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Abi } from "../../src/layout/address.js";
import { campaign } from "../support/campaign.js";
import { Prng } from "../support/prng.js";
import { Entry, ORDER_EXIT, State, Status } from "../support/thread-blocks.mjs";
import { Crew, type CrewOptions, type Repair } from "./thread-crew.js";
import { remainsOf } from "./thread-leaks.js";

const KILLS = Number(
  process.env["PTMALLOC_STRESS_KILLS"] ?? campaign({ short: 20, ci: 40, full: 2000 }),
);
const SEED = Number(process.env["PTMALLOC_STRESS_SEED"] ?? Date.now() % 1_000_000);
const PLACES = 4;
const MIB = 2 ** 20;
const abis = ["ilp32", "lp64"] as const;

/**
 * What may be lost with a call that ends in the middle, besides its blocks: what goes with them
 * when chunks are split and joined.
 */
const LOST_A_CALL = 4096;

const MEMORIES: Partial<CrewOptions>[] = [
  { pages: 65_536, mmapBase: 1024 * MIB, taskSize: 65_535 * 65_536 },
  {
    pages: 4096,
    mmapBase: 64 * MIB,
    taskSize: 65_535 * 65_536,
    build: "threads-throughput",
    queuesFrees: true,
  },
  { pages: 320, mmapBase: 8 * MIB, taskSize: 65_535 * 65_536, tunables: { MMAP_MAX: 4 } },
  { pages: 320, mmapBase: 8 * MIB, taskSize: 320 * 65_536, tunables: { ARENA_MAX: 1 } },
  {
    pages: 4096,
    mmapBase: 64 * MIB,
    taskSize: 65_535 * 65_536,
    tunables: { ARENA_MAX: 2, TCACHE_COUNT: 0 },
  },
  {
    pages: 4096,
    mmapBase: 64 * MIB,
    taskSize: 65_535 * 65_536,
    largeTcache: MIB / 4,
    queuesFrees: true,
  },
  { pages: 320, mmapBase: 8 * MIB, taskSize: 320 * 65_536, build: "threads-throughput" },
];

/** In the profile "throughput" the block on its way to or from the cache may be as large. */
const LARGEST_CACHED = 64 * 1024;

/** What became of those who were killed. */
class Tally {
  kills = 0;
  beginning = 0;
  ending = 0;
  gone = 0;
  withLock = 0;
  systemCalls = 0;
  arenasMended = 0;
  arenasRetired = 0;
  blocksReturned = 0;
  allowed = 0;
  lost = 0;
  again = 0;
  readonly locks = new Map<string, number>();

  add(repair: Repair): void {
    this.systemCalls += repair.systemCalls;
    this.arenasMended += repair.arenasMended;
    this.arenasRetired += repair.arenasRetired;
    this.blocksReturned += repair.blocksReturned;
  }

  summary(): string {
    const locks = [...this.locks].map(([name, count]) => `${name} ${count}`).join(", ");
    return (
      `${this.kills} terminations, ${this.beginning} of them while the thread began, ${this.ending} while it ended, ` +
      `${this.gone} too late; ${this.withLock} died with a lock held (${locks}); ` +
      `${this.systemCalls} system calls undone, ${this.arenasMended} arenas mended, ${this.arenasRetired} retired, ` +
      `${this.blocksReturned} blocks returned, ${this.again} buried only after another; ${this.lost} bytes lost, the calls under way had ${this.allowed}`
    );
  }
}

/** Threads that are killed, and the one that buries them. */
class Graveyard {
  readonly crew: Crew;
  readonly tally: Tally;
  readonly #largest: number;

  constructor(abi: Abi, memory: number, seed: number, tally: Tally) {
    this.tally = tally;
    this.#largest = MEMORIES[memory]!.build === "threads-throughput" ? LARGEST_CACHED : 0;
    this.crew = new Crew({
      abi,
      build: "threads",
      places: PLACES,
      seed,
      ...(MEMORIES[memory] as Pick<CrewOptions, "pages" | "mmapBase" | "taskSize">),
    });
  }

  async open(): Promise<void> {
    for (const place of this.crew.places()) await this.crew.start(place, { isBusy: true });
  }

  /** Kills the workers in some places, buries them, looks at everything and puts new ones there. */
  async round(random: Prng): Promise<void> {
    const { crew } = this;
    const count = random.chance(0.3) ? random.int(2, 3) : 1;
    const places = crew.places().sort(() => random.fraction() - 0.5);
    const victims = places.slice(0, count);
    const first = victims[0]!;
    if (random.chance(0.15)) {
      // One that ends by itself at that moment.
      crew.setStatus(first, Status.ORDER, ORDER_EXIT);
      this.tally.ending++;
    }
    await sleep(random.int(0, 4));
    await Promise.all(victims.map((place) => crew.kill(place)));
    this.#bury(victims);
    await crew.pause();
    crew.check("after a death");
    crew.resume();
    for (const place of victims) await this.#replace(place, random);
  }

  async #replace(place: number, random: Prng): Promise<void> {
    const { crew } = this;
    if (random.chance(0.1)) {
      // Killed while it begins: nobody may know its number yet.
      crew.launch(place, { isBusy: true });
      await sleep(random.int(0, 40));
      await crew.kill(place);
      this.tally.beginning++;
      this.#bury([place]);
    }
    await crew.start(place, { isBusy: true });
  }

  /**
   * The thread of a dead worker: the one that it told of, or the one that nobody knows. None when
   * it had ended, or not begun.
   */
  #numberOf(place: number): number {
    const { crew } = this;
    const number = crew.status(place, Status.NUMBER);
    if (number > 0) return number;
    const known = new Set([0, ...crew.places().map((one) => crew.status(one, Status.NUMBER))]);
    for (let one = 1; one < 128; one++) if (!known.has(one) && crew.isAlive(one)) return one;
    return -1;
  }

  /**
   * Buries those who died in some places. With locks of one another's that takes more than one
   * attempt.
   */
  #bury(places: number[]): void {
    const { crew, tally } = this;
    let left = places.filter((place) => this.#count(place));
    for (let attempt = 0; left.length > 0; attempt++) {
      if (attempt > places.length) throw new Error("the dead cannot be buried");
      left = left.filter((place) => {
        const repair = crew.bury(this.#numberOf(place));
        if (repair === undefined) tally.again++;
        else tally.add(repair);
        return repair === undefined;
      });
    }
    for (const place of places) {
      crew.setStatus(place, Status.STATE, State.NONE);
      crew.setStatus(place, Status.NUMBER, -1);
      tally.allowed += crew.table(place).settle() + LOST_A_CALL + this.#largest;
    }
  }

  /** Counts the dead one in a place. Whether it was a thread. */
  #count(place: number): boolean {
    const { crew, tally } = this;
    tally.kills++;
    const number = this.#numberOf(place);
    const held = number > 0 ? crew.heldBy(number).names : [];
    if (held.length > 0) tally.withLock++;
    for (const name of held) tally.locks.set(name, (tally.locks.get(name) ?? 0) + 1);
    if (number > 0 && crew.isAlive(number)) return true;
    if (held.length > 0) throw new Error(`a thread that is gone has locks: ${held.join()}`);
    tally.gone++;
    return false;
  }

  /** Everybody frees everything. What was lost is known then. */
  async close(): Promise<void> {
    const { crew, tally } = this;
    await crew.finish();
    crew.raw.malloc_trim(crew.word(0));
    crew.check("at the end");
    const { used } = remainsOf(crew);
    tally.lost += used.reduce((sum, { bytes }) => sum + bytes, 0) + crew.mallinfo().hblkhd;
  }
}

describe.each(abis)(`killed at random, seed ${SEED}`, (abi) => {
  it(abi, { timeout: 240_000 + KILLS * 1000 }, async () => {
    const tally = new Tally();
    const goal = KILLS / abis.length;
    for (let memory = 0; tally.kills < goal; memory++) {
      const seed = SEED + memory;
      const random = new Prng(seed);
      const yard = new Graveyard(abi, memory % MEMORIES.length, seed, tally);
      try {
        await yard.open();
        const until = Math.min(goal, tally.kills + Math.max(5, goal / 20));
        while (tally.kills < until) await yard.round(random);
        await yard.close();
      } catch (error) {
        throw new Error(`${abi}, seed ${seed}, memory ${memory % MEMORIES.length}`, {
          cause: error,
        });
      } finally {
        await yard.crew.killAll();
      }
    }
    console.log(`${abi}, seed ${SEED}: ${tally.summary()}`);
    expect(tally.kills).toBeGreaterThanOrEqual(goal);
    expect(tally.gone).toBeLessThan(tally.kills / 2);
    expect(tally.arenasRetired).toBe(0);
    expect(tally.lost).toBeLessThanOrEqual(tally.allowed);
  });
});

describe("canaries", () => {
  it("a changed block, and a changed chunk, of the living are noticed", async () => {
    const yard = new Graveyard("ilp32", 0, SEED, new Tally());
    const { crew } = yard;
    try {
      await yard.open();
      await crew.until("all have blocks", () =>
        crew.places().every((place) => crew.table(place).blocks().length > 10),
      );
      await crew.pause();
      crew.check("before");
      const block = crew
        .table(0)
        .blocks()
        .find(({ size }) => size > 16)!;
      const bytes = new Uint8Array(crew.memory.buffer);
      bytes[block.address + 5]! ^= 1;
      expect(() => crew.check("with a changed block")).toThrow(/pattern/);
      bytes[block.address + 5]! ^= 1;
      bytes[block.address - 3]! ^= 0x40;
      expect(() => crew.check("with a changed chunk")).toThrow(/invariant/);
    } finally {
      await crew.killAll();
    }
  });

  it("a dead thread's call in progress counts as what may be lost", () => {
    const { crew } = new Graveyard("ilp32", 0, SEED, new Tally());
    const table = crew.table(0);
    table.put(0, Entry.ASKING, { address: 0, size: 500, seed: 0 });
    table.put(1, Entry.FILLED, { address: 8, size: 7, seed: 0 });
    expect(table.settle()).toBe(500);
    expect(table.blocks()).toHaveLength(1);
  });
});
