/** Made-up results of `ptmalloc-wasm bench`, to look at how they are shown. */
import type { Group } from "../../../src/cli/bench/contestant.js";
import {
  RESULT_VERSION,
  type BenchResult,
  type ContestantResult,
  type HeapResult,
  type TraceResult,
} from "../../../src/cli/bench/result.js";

/** Name, title, group, how fast (1: as the reference), how fat. */
const CAST: readonly (readonly [string, string, Group, number, number])[] = [
  ["ours-throughput", "ours (throughput)", "ours", 1, 1],
  ["ours-glibc", "ours (glibc 2.36)", "ours", 1.25, 1],
  ["mimalloc", "mimalloc 2.0.9", "wasm", 1.07, 2.4],
  ["dlmalloc", "dlmalloc 2.8.6", "wasm", 1.3, 0.9],
  ["emmalloc", "emmalloc", "wasm", 2.6, 1.1],
  ["wasi-libc", "wasi-libc's dlmalloc", "wasm", 1.4, 0.95],
  ["as-tlsf", "AssemblyScript's TLSF", "wasm", 1.9, 1.5],
  ["as-stub", "AssemblyScript's stub, which never frees", "wasm", 0.6, 12],
  ["rust-talc", "talc 4.4", "wasm", 1.6, 1.02],
  ["ours-from-js", "ours, called from JavaScript", "from-js", 2.9, 1],
  ["thi-ng-malloc", "@thi.ng/malloc", "from-js", 60, 1.3],
  ["engine-uint8array", "Uint8Array per block", "engine", 40, 1.6],
  ["engine-object", "object per block", "engine", 17, 1.4],
  ["engine-pool", "pool of buffers", "engine", 20, 2],
  ["native-glibc", "glibc 2.36, native", "native", 0.8, 1.2],
  ["native-jemalloc", "jemalloc 5.3, native", "native", 0.7, 2],
  ["native-mimalloc", "mimalloc, native", "native", 0.62, 2.2],
  ["control-wasm", "the loop in C, nothing allocated", "control", 0.1, 0],
  ["control-from-js", "the loop in JavaScript", "control", 0.4, 0],
  ["control-native", "the loop in C, native", "control", 0.06, 0],
];

/** Who has the loop of a group without an allocator. */
const CONTROLS: Partial<Record<Group, string>> = {
  wasm: "control-wasm",
  "from-js": "control-from-js",
  native: "control-native",
};

const TRACES = [
  ["lua", 466_593],
  ["ld", 231_004],
  ["git-log", 98_120],
  ["py-json", 1_204_330],
  ["sqlite", 40_210],
  ["perl-words", 760_112],
  ["bash", 12_003],
  ["cc1", 2_400_511],
  ["churn", 1_000_000],
  ["growing-vectors", 300_000],
  ["same-size-blocks", 500_000],
  ["a-very-long-name-of-a-trace-that-somebody-gave", 1000],
] as const;

/** mulberry32. @returns numbers from 0 to 1 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a made-up result has. */
export interface Shape {
  readonly contestants?: number;
  readonly traces?: number;
  readonly busy?: boolean;
  /** How much samples spread: a share. */
  readonly spread?: number;
  /** Multiplies the times of contestants by name. */
  readonly slower?: Readonly<Record<string, number>>;
  readonly seed?: number;
}

/** @returns a result: failures, nulls, refused requests and missing contestants are in it */
export function benchResult(shape: Shape = {}): BenchResult {
  const { contestants = CAST.length, traces = 4, busy = false, seed = 1 } = shape;
  const random = seeded(seed);
  // Some of every group, however few there are.
  const step = CAST.length / contestants;
  const cast = Array.from({ length: contestants }, (_, i) => CAST[Math.floor(i * step)]!);
  return {
    format: "ptmalloc-wasm bench",
    version: RESULT_VERSION,
    package: "0.1.0",
    date: "2026-03-01T12:34:56.000Z",
    machine: {
      cpu: "A Processor <of> 3 GHz & more",
      cores: 2,
      memoryGiB: 24,
      kernel: "Linux 6.1.0",
      node: "22.1.0",
      v8: "12.4",
    },
    noise: { others: busy ? 1.34 : 0.02, stolen: busy ? 0.2 : 0, isBusy: busy },
    effort: { heaps: 5, passes: 9 },
    contestants: cast.map((one) => contestant(one, random)),
    missing: [
      {
        name: "native-tcmalloc",
        title: "tcmalloc, native",
        what: "libtcmalloc_minimal.so.4 is not installed",
        how: "apt-get install libtcmalloc-minimal4",
      },
      {
        name: "rust-dlmalloc",
        title: "Rust's dlmalloc",
        what: "rustc is not on the PATH",
        how: "apt-get install rustc libstd-rust-dev-wasm32",
      },
    ],
    traces: TRACES.slice(0, traces).map(([name, operations], at) =>
      trace(name, operations, at, { shape, cast, random }),
    ),
  };
}

type CastRow = (typeof CAST)[number];

function contestant([name, title, group]: CastRow, random: () => number): ContestantResult {
  const hasCode = group === "ours" || group === "wasm" || group === "control";
  const raw = Math.round(9000 + 60_000 * random());
  return {
    name,
    title,
    group,
    about: `${title}: aligns to 16 bytes, checks nothing; <b>made up</b>`,
    source: group === "ours" ? "this package" : "Debian emscripten",
    version: "3.1.6",
    abilities: name === "as-stub" ? [] : ["frees", "threads"],
    control: CONTROLS[group] ?? null,
    code: hasCode ? { raw, gzip: Math.round(raw * 0.45), brotli: Math.round(raw * 0.39) } : null,
    startUp: hasCode ? samples(9, 300_000 + 3 * raw, 0.1, random) : [],
  };
}

interface Making {
  readonly shape: Shape;
  readonly cast: readonly CastRow[];
  readonly random: () => number;
}

const PLACES = 60;

function trace(name: string, operations: number, at: number, making: Making): TraceResult {
  const peak = 200_000 * (at + 1);
  const shapeOf = (i: number): number => Math.sin((Math.PI * i) / PLACES) ** 0.7;
  const places = Array.from({ length: PLACES }, (_, i) =>
    Math.ceil((operations * (i + 1)) / PLACES),
  );
  const liveBytes = places.map((_, i) => Math.round(peak * shapeOf(i + 0.5)));
  return {
    name,
    kind: at < 8 ? "recording" : "workload",
    rationale: at < 8 ? "" : "Blocks come and go at random, as in a server's cache.",
    operations,
    peakLiveBytes: Math.max(...liveBytes),
    peakLiveBlocks: 1000 * (at + 1),
    liveBytes,
    places,
    heaps: making.cast.map((one, i) => heap(one, i, at, liveBytes, making)),
  };
}

function heap(
  [name, , group, speed, fat]: CastRow,
  index: number,
  at: number,
  liveBytes: readonly number[],
  { shape, random }: Making,
): HeapResult {
  const { spread = 0.03, slower = {} } = shape;
  const time = 20 * (1 + 0.3 * at) * speed * (0.9 + 0.25 * random()) * (slower[name] ?? 1);
  const times = (count: number, factor: number) => samples(count, time * factor, spread, random);
  const failed = name === "as-stub" && at > 0;
  const isEngine = group === "engine";
  let most = 0;
  const held = liveBytes.map(
    (live) => (most = Math.max(most, Math.ceil((live * fat) / 65536) * 65536)),
  );
  return {
    contestant: name,
    failure: failed ? "out of memory: 4 GiB are not enough for it" : null,
    heaps: failed ? 0 : 5,
    refused: name === "emmalloc" && at === 1 ? 3 : 0,
    cold: failed ? [] : times(5, 2.4),
    lukewarm: failed ? [] : times(10, 1.3),
    warm: failed ? [] : times(30, 1),
    gcShare: isEngine && !failed ? 0.1 + 0.05 * index : null,
    latency: failed || isEngine ? null : latencyOf(time * 64, random),
    nanosecondsAt: failed ? null : held.map(() => time),
    heldBytes: failed || isEngine ? null : held,
    growths: failed || isEngine ? null : new Set(held).size,
    residentBytes: failed || group === "control" ? null : Math.round(most * (1 + random() * 0.2)),
  };
}

function latencyOf(middle: number, random: () => number): HeapResult["latency"] {
  const shares = Array.from({ length: 50 }, (_, i) => (i + 1) / 50);
  const nanoseconds = shares.map((share) => middle * (0.8 + 0.3 * share + 5 * share ** 40));
  const longest = nanoseconds.at(-1)! * (4 + 4 * random());
  return {
    operations: 64,
    slices: 4000,
    p50: middle,
    p99: middle * 2,
    p999: middle * 7,
    longest,
    cdf: { shares: [...shares, 1], nanoseconds: [...nanoseconds, longest] },
  };
}

/** Samples about a middle one. */
function samples(count: number, middle: number, spread: number, random: () => number): number[] {
  return Array.from({ length: count }, () => middle * (1 + spread * (random() + random() - 1)));
}
