// Random heap scripts, the same for the same seed. The generator knows no allocator; it knows where
// allocators change their behaviour: sizes are drawn around the edges of size classes and
// thresholds of both layouts, themes bring the patterns that lead chunks through every kind of
// list, and some scripts change the rules (tunables, mallopt) or the kernel's answers.

import { Prng } from "../support/prng.js";

/**
 * Requests at which some layout changes class: least chunk, tcache, fast, small, large,
 * consolidation, trim, mmap.
 */
const EDGES: readonly number[] = [
  ...[0, 1, 8, 12, 13, 20, 24, 25, 28, 29, 40, 56, 60, 61, 64, 72, 88, 104, 120, 121, 136, 248],
  ...[504, 512, 988, 1000, 1004, 1005, 1008, 1012, 1020, 1021, 1024, 1032, 1033, 1040, 1048],
  ...[2036, 2040, 3056, 4072, 4080, 4096, 8184, 10224, 12272, 16376, 32760, 40944, 65500, 65513],
  ...[65517, 65528, 65536, 98000, 131040, 131049, 131053, 131064, 131072, 135152, 139248, 163824],
  ...[262120, 262144, 524252, 524253, 524288],
];
const LIVE_BYTES_MOST = 40_000_000;
const SLOTS_MOST = 1500;

/** A script and the tunables it runs under. */
export interface FuzzScript {
  seed: number;
  tunables: string;
  body: string;
}

type Order = "fifo" | "lifo" | "random";

/** Writes statements and keeps track of which blocks are live. */
export class Generator {
  readonly lines: string[] = [];
  readonly rng: Prng;
  readonly #live = new Map<number, number>();
  readonly #free: number[] = [];
  #slots = 0;
  #bytes = 0;

  constructor(seed: number) {
    this.rng = new Prng(seed);
  }

  // ------------------------------------------------------------ single statements

  malloc(size: number): number {
    return this.#make(size, (slot) => `b[${slot}] = malloc ${size}`);
  }

  calloc(count: number, size: number): number {
    const slot = this.#make(count * size, (s) => `b[${s}] = calloc ${count} ${size}`);
    if (this.rng.chance(0.2) && count * size < 5000)
      this.lines.push(`runs b[${slot}] ${count * size}`);
    return slot;
  }

  memalign(alignment: number, size: number): number {
    return this.#make(size, (slot) => `b[${slot}] = memalign ${alignment} ${size}`);
  }

  realloc(slot: number, size: number): void {
    if (!this.#live.has(slot)) {
      this.malloc(size);
      return;
    }
    this.#bytes += size - (this.#live.get(slot) ?? 0);
    this.#live.set(slot, size);
    this.lines.push(`b[${slot}] = realloc b[${slot}] ${size}`);
  }

  free(slot: number): void {
    const size = this.#live.get(slot);
    if (size === undefined) return;
    this.#live.delete(slot);
    this.#bytes -= size;
    this.#free.push(slot);
    this.lines.push(`free b[${slot}]`);
    if (this.rng.chance(0.9)) this.lines.push(`let b[${slot}] = 0`);
  }

  #make(size: number, text: (slot: number) => string): number {
    while (
      (this.#bytes + size > LIVE_BYTES_MOST || this.#live.size > SLOTS_MOST) &&
      this.#live.size
    )
      this.free(this.any());
    const slot = this.#free.pop() ?? this.#slots++;
    this.#live.set(slot, size);
    this.#bytes += size;
    this.lines.push(text(slot));
    if (size > 0 && this.rng.chance(0.05)) {
      this.lines.push(
        `fill b[${slot}] ${Math.min(size, this.rng.int(1, 300))} ${this.rng.int(1, 255)}`,
      );
    }
    return slot;
  }

  // ------------------------------------------------------------ choices

  any(): number {
    const slots = [...this.#live.keys()];
    return slots.length ? this.rng.pick(slots) : this.malloc(this.edge());
  }

  sizeOf(slot: number): number {
    return this.#live.get(slot) ?? 0;
  }

  get count(): number {
    return this.#live.size;
  }

  edge(most = Infinity): number {
    for (;;) {
      const delta = this.rng.pick([0, 0, 0, 1, -1, 4, -4, 8, -8, 12, 16, -16]);
      const size = this.rng.pick(EDGES) + delta;
      if (size >= 0 && size <= most) return size;
    }
  }

  size(): number {
    const k = this.rng.fraction();
    if (k < 0.45) return this.rng.int(1, 128);
    if (k < 0.7) return this.rng.int(1, 1100);
    if (k < 0.85) return this.edge(70000);
    if (k < 0.97) return this.rng.power(6, 15.5);
    if (k < 0.995) return this.rng.power(12, 18.2);
    return this.rng.power(16, 20.5);
  }

  order(): Order {
    return this.rng.pick(["fifo", "lifo", "random"] as const);
  }

  drop(slots: readonly number[], order: Order): void {
    const list = [...slots];
    if (order === "lifo") list.reverse();
    if (order === "random") {
      for (let i = list.length - 1; i > 0; i--) {
        const j = this.rng.int(0, i);
        [list[i], list[j]] = [list[j] as number, list[i] as number];
      }
    }
    for (const slot of list) this.free(slot);
  }

  thin(most: number): void {
    if (this.count > most) this.drop([...this.#live.keys()].slice(0, this.count / 2), this.order());
  }
}

/** A pattern of use; called again and again until the script is long enough. */
export type Theme = (g: Generator) => void;

const mixture: Theme = (g) => {
  const k = g.rng.fraction();
  if (k < 0.08) g.realloc(g.any(), g.size());
  else if (k < 0.13) g.calloc(g.rng.pick([1, 1, 2, 7]), Math.floor(g.size() / 4) + 1);
  else if (k < 0.16) g.memalign(g.rng.pick([16, 32, 64, 128, 256, 4096]), g.size());
  else if (k < 0.6) g.malloc(g.size());
  else g.free(g.any());
  g.thin(400);
};

const edges: Theme = (g) => {
  if (g.rng.chance(0.55)) g.malloc(g.edge());
  else g.free(g.any());
  g.thin(300);
};

const crowdedSizes: Theme = (g) => {
  const size = g.rng.pick([
    8, 24, 40, 56, 60, 88, 120, 136, 200, 504, 1000, 1020, 1032, 1040, 2000,
  ]);
  const slots = Array.from({ length: g.rng.int(5, 25) }, () => {
    const slot = g.malloc(size);
    if (g.rng.chance(0.3)) g.malloc(g.rng.pick([16, 24, 600]));
    return slot;
  });
  g.drop(slots, g.order());
  if (g.rng.chance(0.4)) g.malloc(g.rng.pick([1500, 5000, 70000]));
  for (let i = g.rng.int(0, 20); i > 0; i--) {
    if (g.rng.chance(0.3)) g.calloc(1, size);
    else g.malloc(g.rng.chance(0.8) ? size : Math.max(0, size - 16 * g.rng.int(0, 3)));
  }
  g.thin(300);
};

const largeBins: Theme = (g) => {
  const base = g.rng.pick([1000, 1100, 3000, 9000, 20000, 40000, 60000]);
  const slots = Array.from({ length: g.rng.int(3, 14) }, () => {
    const slot = g.malloc(base + g.rng.int(0, 12) * g.rng.pick([16, 16, 64, 512]));
    if (g.rng.chance(0.7)) g.malloc(g.rng.pick([24, 100]));
    return slot;
  });
  g.drop(slots, g.order());
  for (let i = g.rng.int(1, 12); i > 0; i--)
    g.malloc(base + g.rng.int(-4, 12) * g.rng.pick([16, 64, 512]));
  g.thin(200);
};

const mappings: Theme = (g) => {
  const k = g.rng.fraction();
  if (k < 0.35) g.malloc(g.edge() + g.rng.pick([0, 100000, 131072, 200000, 400000]));
  else if (k < 0.45) g.calloc(1, g.rng.int(100000, 700000));
  else if (k < 0.5)
    g.memalign(g.rng.pick([16, 64, 512, 4096, 8192, 65536]), g.rng.int(100000, 400000));
  else if (k < 0.75) {
    const slot = g.any();
    const now = g.sizeOf(slot);
    const next = g.rng.pick([
      now * 1.5 + 1,
      now * 0.6,
      now + g.rng.int(-5000, 5000),
      131072,
      100,
      262144,
    ]);
    g.realloc(slot, Math.max(1, Math.min(Math.floor(next), 8_000_000)));
  } else g.free(g.any());
  if (g.rng.chance(0.3)) g.malloc(g.size());
  g.thin(40);
};

const bigMappings: Theme = (g) => {
  const slot = g.malloc(g.rng.power(18, 25));
  if (g.rng.chance(0.5)) g.realloc(slot, g.rng.power(16, 25));
  if (g.rng.chance(0.8)) g.free(slot);
  mixture(g);
};

const topAndTrim: Theme = (g) => {
  const slots = Array.from({ length: g.rng.int(2, 12) }, () =>
    g.malloc(g.rng.pick([20000, 60000, 100000, 130000])),
  );
  if (g.rng.chance(0.3)) g.malloc(24);
  g.drop(slots, g.order());
  if (g.rng.chance(0.3)) g.lines.push(`malloc_trim ${g.rng.pick([0, 1, 4096, 50000])}`, "brk");
};

const reallocs: Theme = (g) => {
  const slot = g.rng.chance(0.5) ? g.any() : g.malloc(g.rng.int(1, 3000));
  for (let i = g.rng.int(1, 8); i > 0; i--) {
    const now = g.sizeOf(slot);
    const next = g.rng.pick([
      now + g.rng.int(-64, 64),
      now * 1.6 + 8,
      now / 2,
      g.size(),
      now + 1000,
    ]);
    g.realloc(slot, Math.max(1, Math.min(Math.floor(next), 2_000_000)));
    if (g.rng.chance(0.4)) g.malloc(g.size());
    if (g.rng.chance(0.3)) g.free(g.any());
  }
  g.thin(200);
};

const alignments: Theme = (g) => {
  const k = g.rng.fraction();
  const alignment = 1 << g.rng.pick([3, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14, 16]);
  if (k < 0.5) g.memalign(alignment, g.rng.pick([g.size(), g.edge(100000), g.rng.int(1, 300)]));
  else if (k < 0.6) g.malloc(g.size());
  else if (k < 0.65) g.realloc(g.any(), g.size());
  else g.free(g.any());
  g.thin(200);
};

const remainders: Theme = (g) => {
  const big = g.malloc(g.rng.int(1500, 60000));
  g.malloc(24);
  g.free(big);
  const cut = Array.from({ length: g.rng.int(5, 40) }, () =>
    g.rng.chance(0.85) ? g.malloc(g.rng.int(16, 1000)) : g.calloc(1, g.rng.int(16, 1500)),
  );
  g.drop(cut, g.order());
  g.thin(200);
};

const oddCalls: Theme = (g) => {
  const k = g.rng.fraction();
  if (k < 0.2) g.malloc(0);
  else if (k < 0.3) g.calloc(g.rng.pick([0, 0, 1]), g.rng.pick([0, 5]));
  else if (k < 0.35) g.lines.push("free 0");
  else if (k < 0.45) g.lines.push(`x = malloc SIZE_MAX-${g.rng.pick([0, 16, 4096, 100000])}`);
  else if (k < 0.5) g.lines.push(`x = realloc b[${g.any()}] PTRDIFF_MAX+${g.rng.int(1, 99)}`);
  else if (k < 0.55) g.lines.push(`x = calloc SIZE_MAX/${g.rng.int(1, 9)} ${g.rng.int(10, 99)}`);
  else if (k < 0.6) g.realloc(g.any(), 0);
  else if (k < 0.65) g.lines.push(`usable b[${g.any()}]`);
  else if (k < 0.7) g.memalign(g.rng.pick([0, 1, 3, 24, 48, 100]), g.rng.pick([0, 1, 40]));
  else mixture(g);
};

/** Changes of the rules and of the kernel's answers: rare beside everything else. */
const disturbances: Theme = (g) => {
  const rng = g.rng;
  switch (rng.int(0, 9)) {
    case 0:
      g.lines.push(`mallopt M_MXFAST ${rng.pick([0, 16, 24, 40, 64, 80])}`);
      break;
    case 1:
      g.lines.push(`mallopt M_TRIM_THRESHOLD ${rng.pick([0, 1000, 65536, 131072, 500000])}`);
      break;
    case 2:
      g.lines.push(`mallopt M_TOP_PAD ${rng.pick([0, 100, 4096, 65536, 131072, 300000])}`);
      break;
    case 3:
      g.lines.push(`mallopt M_MMAP_THRESHOLD ${rng.pick([8192, 65536, 131072, 300000])}`);
      break;
    case 4:
      g.lines.push(`mallopt M_MMAP_MAX ${rng.pick([0, 1, 4, 65536])}`);
      break;
    case 5:
      g.lines.push(`mallopt M_PERTURB ${rng.int(0, 255)}`);
      break;
    case 6:
      g.lines.push(`malloc_trim ${rng.pick([0, 1, 5000, 200000])}`);
      break;
    case 7:
      g.lines.push(`x = sbrk ${rng.pick([16, 64, 4096, 10000 - (10000 % 16), 65536])}`);
      break;
    case 8:
      g.lines.push(`block_brk ${rng.int(0, 60) * 4096}`);
      for (let i = 0; i < 25; i++) rng.pick([topAndTrim, mixture, mappings])(g);
      g.lines.push("unblock_brk");
      break;
    default:
      g.lines.push(`m = mmap ${rng.int(1, 60) * 4096}`, "mallinfo2");
  }
};

const THEMES: readonly Theme[] = [
  ...[mixture, edges, crowdedSizes, largeBins, mappings, bigMappings, topAndTrim, reallocs],
  ...[alignments, remainders, oddCalls],
];

/** Patterns whose blocks all come from the heap. */
export const HEAP_THEMES: readonly Theme[] = [
  mixture,
  crowdedSizes,
  largeBins,
  reallocs,
  remainders,
];

/** Some tunables at values that make a difference; "" for none. */
export function randomTunables(rng: Prng): string {
  const choices: readonly (readonly [string, readonly number[]])[] = [
    ["tcache_count", [0, 1, 2, 6, 8, 20, 200]],
    ["tcache_max", [0, 24, 100, 500, 1000]],
    ["tcache_unsorted_limit", [1, 2, 5]],
    ["mxfast", [0, 16, 32, 64, 80]],
    ["top_pad", [0, 1, 4096, 1000000]],
    ["trim_threshold", [0, 4096, 65536, 1000000]],
    ["mmap_threshold", [4096, 32768, 131072, 1000000]],
    ["mmap_max", [0, 1, 3]],
    ["perturb", [1, 90, 165, 255]],
  ];
  const chosen = choices.filter(() => rng.chance(0.2));
  return chosen.map(([name, values]) => `glibc.malloc.${name}=${rng.pick(values)}`).join(":");
}

/**
 * Makes a script.
 * @param seed the same seed makes the same script
 * @param length about how many statements
 */
export function generate(seed: number, length = 600): FuzzScript {
  const g = new Generator(seed);
  const rng = g.rng;
  const tunables = rng.chance(0.35) ? randomTunables(rng) : "";
  const disturbed = rng.chance(0.4) ? 0.004 : 0;
  const main = rng.pick(THEMES);
  let theme = main;
  while (g.lines.length < length) {
    if (rng.chance(0.02)) theme = rng.chance(0.6) ? main : rng.pick(THEMES);
    theme(g);
    if (rng.chance(disturbed)) disturbances(g);
    if (rng.chance(0.005)) g.lines.push("mallinfo2");
  }
  g.lines.push("mallinfo2");
  return { seed, tunables, body: `${g.lines.join("\n")}\n` };
}
