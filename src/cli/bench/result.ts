// What a run of `ptmalloc-wasm bench` found: what --json writes, what the reports and `bench
// compare` read. All samples are kept; statistics are made of them by whoever shows them.

import type { Ability, Group } from "./contestant.js";

/** The format's version; `bench compare` refuses another. */
export const RESULT_VERSION = 1;

/** A run. */
export interface BenchResult {
  readonly format: "ptmalloc-wasm bench";
  readonly version: typeof RESULT_VERSION;
  /** Of this package. */
  readonly package: string;
  /** When it began, ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly noise: Noise;
  /** Heaps of each contestant and trace, and passes of each heap. */
  readonly effort: { readonly heaps: number; readonly passes: number };
  readonly contestants: readonly ContestantResult[];
  /** Asked for and not there. */
  readonly missing: readonly Missing[];
  readonly traces: readonly TraceResult[];
}

/** Where it ran. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Such as "Linux 6.1.0". */
  readonly kernel: string;
  readonly node: string;
  readonly v8: string;
}

/** What others did on the machine meanwhile; in processors. */
export interface Noise {
  readonly others: number;
  /** What a virtual machine's host kept for itself. */
  readonly stolen: number;
  readonly isBusy: boolean;
}

/** One contestant. */
export interface ContestantResult {
  readonly name: string;
  readonly title: string;
  readonly group: Group;
  readonly about: string;
  readonly source: string;
  readonly version: string;
  readonly abilities: readonly Ability[];
  /** The name of who has the same loop without an allocator; null where nobody has. */
  readonly control: string | null;
  /** Bytes of its module; null where it is none. */
  readonly code: { readonly raw: number; readonly gzip: number; readonly brotli: number } | null;
  /** Nanoseconds of compiling, instantiating and one malloc(24); [] where nothing is to start. */
  readonly startUp: readonly number[];
}

/** A contestant that could not take part. */
export interface Missing {
  readonly name: string;
  readonly title: string;
  /** What is missing. */
  readonly what: string;
  /** How to get it. */
  readonly how: string;
}

/** One trace. */
export interface TraceResult {
  readonly name: string;
  /** "recording", or "workload" where it was made by a rule. */
  readonly kind: "recording" | "workload";
  /** Why it is here, of a workload. */
  readonly rationale: string;
  readonly operations: number;
  /** Most bytes in live blocks, as requested; most live blocks. */
  readonly peakLiveBytes: number;
  readonly peakLiveBlocks: number;
  /** Bytes in live blocks at {@link HeapResult.heldBytes}'s places. */
  readonly liveBytes: readonly number[];
  /** Operations done at those places. */
  readonly places: readonly number[];
  readonly heaps: readonly HeapResult[];
}

/** What one contestant did with one trace. */
export interface HeapResult {
  readonly contestant: string;
  /** Why it did not complete the trace; then the rest is empty. */
  readonly failure: string | null;
  /** Heaps that ran the trace: fewer where each took long. */
  readonly heaps: number;
  /** Requests refused in a pass. */
  readonly refused: number;
  /** Nanoseconds an operation: first passes, each in a fresh heap. */
  readonly cold: readonly number[];
  /** Second and third passes, heap by heap. */
  readonly lukewarm: readonly number[];
  /** All later ones, heap by heap, as many of each. */
  readonly warm: readonly number[];
  /** Part of the time that collected garbage, 0 to 1; null where nobody tells. */
  readonly gcShare: number | null;
  /** Of the slices of warm passes; null where it was not measured. */
  readonly latency: Latency | null;
  /**
   * Nanoseconds an operation up to each of the trace's places from the one before, in a first
   * pass; null where it was not measured.
   */
  readonly nanosecondsAt: readonly number[] | null;
  /** Bytes held from the host at the trace's places, in a first pass; null if unknown. */
  readonly heldBytes: readonly number[] | null;
  /** How often that grew, slice by slice. */
  readonly growths: number | null;
  /** Bytes that the first pass made resident, the most of fresh heaps; null if unknown. */
  readonly residentBytes: number | null;
}

/** How long slices took: nanoseconds a slice. */
export interface Latency {
  /** Operations of a slice. */
  readonly operations: number;
  readonly slices: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly longest: number;
  /** Shares (0 to 1) and the nanoseconds that this share of the slices needed at most. */
  readonly cdf: { readonly shares: readonly number[]; readonly nanoseconds: readonly number[] };
}
