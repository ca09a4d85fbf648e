// Heaps to look at: a recording's, at some operation, and ones that a random program has made.

import { startProcessSync, type Process, type ProcessOptions } from "../../src/process/process.js";
import type { GlibcName } from "../../src/binary/glibc.js";
import type { Profile } from "../../src/binary/profile.js";
import type { Abi } from "../../src/layout/address.js";
import { Player } from "../../src/trace/player.js";
import { Threads } from "../../src/trace/threads.js";
import type { Trace } from "../../src/trace/trace.js";
import type { Prng } from "../support/prng.js";

export type FullProcess = Process<Abi, "full">;

/** The layouts. */
export const ABIS = ["ilp32", "lp64"] as const;

/** Which heap a test looks at. */
export interface Which {
  readonly abi: Abi;
  readonly profile?: Profile;
  readonly glibc?: GlibcName;
}

/** The versions of glibc that tests go through: the default, and those whose structs are others. */
export const GLIBCS = ["2.36", "2.41", "2.43"] as const;

/** Each of them in both layouts. */
export const HEAPS = ABIS.flatMap((abi) => GLIBCS.map((glibc) => ({ abi, glibc })));

/** @returns a fresh process of the full build, which lies as natively */
export function startFull(which: Which, more: ProcessOptions = {}): FullProcess {
  return startProcessSync({ ...which, build: "full", startBrk: 16 << 20, ...more }) as FullProcess;
}

/** @returns a player in front of a trace's first operation, and its process */
export function playerOf(trace: Trace, which: Which) {
  const process = startFull(which);
  const threads = new Threads(process, trace);
  return { process, threads, player: new Player(trace, threads) };
}

/** A program of random calls: what is live. */
export class RandomProgram {
  readonly process: FullProcess;
  readonly blocks: number[] = [];
  readonly #random: Prng;

  constructor(process: FullProcess, random: Prng) {
    this.process = process;
    this.#random = random;
  }

  /** Makes so many calls. */
  run(count: number): void {
    for (let i = 0; i < count; i++) this.#call();
  }

  #call(): void {
    const { process, blocks } = this;
    const random = this.#random;
    if (blocks.length > 0 && random.chance(0.45)) {
      const [mem] = blocks.splice(random.int(0, blocks.length - 1), 1);
      process.free(mem!);
      return;
    }
    const size = random.chance(0.02) ? random.power(17, 20) : random.power(0, 13);
    const mem =
      blocks.length > 0 && random.chance(0.1)
        ? process.realloc(blocks.splice(random.int(0, blocks.length - 1), 1)[0]!, size)
        : random.chance(0.05)
          ? process.memalign(random.pick([32, 256, 4096]), size)
          : process.malloc(size);
    if (mem !== 0) blocks.push(mem);
  }
}
