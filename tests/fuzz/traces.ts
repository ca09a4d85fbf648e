// Random traces, long ones: for comparing millions of operations with native glibc. A trace is a
// row of phases; in each, sizes come from a few kinds, and blocks live long or short. One setting
// of tunables goes with each seed, in turn.

import { digest } from "./bulk.js";
import { parseTrace } from "../../src/trace/parse.js";
import { replayAddresses } from "../../src/trace/replay.js";
import type { ReplayOptions } from "../../src/trace/session.js";
import { Prng } from "../support/prng.js";

export { digest };

/** A trace and the tunables that it runs under. */
export interface FuzzTrace {
  readonly text: string;
  readonly tunables: string;
}

/** Values that make a difference, by the tunable's name without its prefix; "" for none. */
const SETTINGS: readonly string[] = [
  ...["", "tcache_count=0", "tcache_count=1", "tcache_count=3", "tcache_count=100"],
  ...["tcache_max=0", "tcache_max=104", "tcache_max=520", "mxfast=0", "mxfast=24", "mxfast=80"],
  ...["mmap_threshold=4096", "mmap_threshold=20000", "mmap_threshold=1048576", "mmap_max=0"],
  ...["mmap_max=3", "top_pad=0", "top_pad=1", "top_pad=4096", "top_pad=1000000"],
  ...["trim_threshold=0", "trim_threshold=30000", "trim_threshold=4000000", "perturb=85"],
  ...["perturb=255", "tcache_count=0:mxfast=0", "tcache_count=0:top_pad=0:trim_threshold=0"],
  ...["tcache_max=24:mxfast=80", "mmap_threshold=8192:top_pad=0", "mmap_threshold=65536:perturb=1"],
  ...["tcache_count=2:trim_threshold=8192", "mxfast=0:mmap_max=0:top_pad=0"],
];

/** How many settings there are; a seed has that of its number modulo it. */
export const SETTING_COUNT = SETTINGS.length;

/** Requests at which some layout changes class. */
const EDGES = [12, 24, 28, 56, 120, 504, 1012, 1032, 1040, 4072, 65_528, 131_060, 524_280];
const LIVE_BYTES_MOST = 48_000_000;
const PHASE_OPERATIONS = 1200;
/** Blocks aligned to more than a page lie where the kernel's choice lets them, once mapped. */
const ALIGNMENT_MOST_LOG = 12;

type Size = (rng: Prng) => number;

const KINDS: readonly Size[] = [
  (rng) => rng.int(0, 120),
  (rng) => rng.int(1, 1100),
  (rng) => 16 * rng.int(1, 70),
  (rng) => rng.pick(EDGES) + rng.int(-9, 9),
  (rng) => rng.power(4, 12),
  (rng) => rng.power(9, 17),
  (rng) => rng.int(1000, 9000),
  (rng) => (rng.chance(0.02) ? rng.power(17, 20.5) : rng.int(20, 600)),
];

/** One phase's habits. */
interface Habits {
  readonly sizes: readonly Size[];
  /** How likely it is that a block goes rather than comes. */
  readonly frees: number;
  readonly reallocs: number;
  readonly order: "first" | "last" | "any";
}

class Writer {
  readonly lines: string[] = [];
  readonly #live: [id: number, bytes: number][] = [];
  readonly #ids: number[] = [];
  readonly #rng: Prng;
  made = 0;
  #bytes = 0;

  constructor(rng: Prng) {
    this.#rng = rng;
  }

  step({ sizes, frees, reallocs, order }: Habits): void {
    const size = Math.max(0, this.#rng.pick(sizes)(this.#rng));
    const isFull = this.#bytes + size > LIVE_BYTES_MOST;
    if (this.#live.length > 0 && (isFull || this.#rng.chance(frees))) this.#free(order);
    else if (this.#live.length > 0 && this.#rng.chance(reallocs)) this.#realloc(size);
    else this.#make(size);
  }

  #make(size: number): void {
    const id = this.#ids.pop() ?? this.made++;
    const rng = this.#rng;
    if (rng.chance(0.12)) {
      const count = rng.pick([1, 2, 3, 8]);
      this.lines.push(`c ${id} ${count} ${Math.ceil(size / count)}`);
    } else if (rng.chance(0.05)) {
      this.lines.push(`m ${id} ${2 ** rng.int(4, ALIGNMENT_MOST_LOG)} ${size}`);
    } else this.lines.push(`a ${id} ${size}`);
    this.#live.push([id, size]);
    this.#bytes += size;
  }

  #free(order: Habits["order"]): void {
    const last = this.#live.length - 1;
    const at = { first: 0, last, any: this.#rng.int(0, last) }[order];
    const [id, bytes] = this.#live[at]!;
    // The order of the rest does not matter where any may go.
    if (order === "any") {
      this.#live[at] = this.#live[last]!;
      this.#live.pop();
    } else this.#live.splice(at, 1);
    this.#ids.push(id);
    this.#bytes -= bytes;
    this.lines.push(`f ${id}`);
  }

  #realloc(size: number): void {
    const block = this.#live[this.#rng.int(0, this.#live.length - 1)]!;
    const bytes = this.#rng.chance(0.5) ? Math.ceil(block[1] * (0.5 + this.#rng.fraction())) : size;
    // A realloc to nothing would free the block.
    const wanted = Math.max(1, bytes);
    this.#bytes += wanted - block[1];
    block[1] = wanted;
    this.lines.push(`r ${block[0]} ${wanted}`);
  }
}

/** @returns the trace of a seed, always the same */
export function generateTrace(seed: number, operations: number): FuzzTrace {
  const rng = new Prng(seed);
  const writer = new Writer(rng);
  while (writer.lines.length < operations) {
    const habits: Habits = {
      sizes: [rng.pick(KINDS), rng.pick(KINDS)],
      frees: rng.pick([0.2, 0.45, 0.5, 0.55, 0.8]),
      reallocs: rng.pick([0, 0.05, 0.4]),
      order: rng.pick(["first", "last", "any"]),
    };
    const most = Math.min(PHASE_OPERATIONS, operations - writer.lines.length);
    for (let n = rng.int(1, most); n > 0; n--) writer.step(habits);
  }
  const { lines, made } = writer;
  const settings = SETTINGS[seed % SETTING_COUNT]!;
  return {
    text: `0\n${made}\n${lines.length}\n1\n${lines.join("\n")}\n`,
    tunables: settings && settings.replace(/(^|:)/g, "$1glibc.malloc."),
  };
}

/** @returns the address log of a trace, with sizes @param name of the trace, for messages */
export function replayText(text: string, options: ReplayOptions, name = "random"): string {
  const decoder = new TextDecoder();
  let log = "";
  const sink = (bytes: Uint8Array): void => void (log += decoder.decode(bytes));
  replayAddresses(parseTrace(new TextEncoder().encode(text), name), options, {
    sample: 1,
    sizes: true,
    sink,
  });
  return log;
}
