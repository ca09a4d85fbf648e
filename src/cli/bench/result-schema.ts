// The shape of a result's JSON, told to valibot: what others wrote is checked before it is used.

import * as v from "valibot";
import { GROUPS } from "./contestant.js";
import { RESULT_VERSION, type BenchResult } from "./result.js";

const positive = v.pipe(v.number(), v.gtValue(0));
const count = v.pipe(v.number(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const latency = v.object({
  operations: count,
  slices: count,
  p50: count,
  p99: count,
  p999: count,
  longest: count,
  cdf: v.object({ shares: v.array(share), nanoseconds: v.array(count) }),
});

const heap = v.object({
  contestant: v.string(),
  failure: v.nullable(v.string()),
  heaps: count,
  refused: count,
  cold: v.array(positive),
  lukewarm: v.array(positive),
  warm: v.array(positive),
  gcShare: v.nullable(share),
  latency: v.nullable(latency),
  nanosecondsAt: v.nullable(v.array(count)),
  heldBytes: v.nullable(v.array(count)),
  growths: v.nullable(count),
  residentBytes: v.nullable(v.number()),
});

const trace = v.object({
  name: v.string(),
  kind: v.picklist(["recording", "workload"]),
  rationale: v.string(),
  operations: count,
  peakLiveBytes: count,
  peakLiveBlocks: count,
  liveBytes: v.array(count),
  places: v.array(count),
  heaps: v.array(heap),
});

const contestant = v.object({
  name: v.string(),
  title: v.string(),
  group: v.picklist(GROUPS),
  about: v.string(),
  source: v.string(),
  version: v.string(),
  abilities: v.array(v.picklist(["threads", "assemblyscript", "from-js", "frees"])),
  control: v.nullable(v.string()),
  code: v.nullable(v.object({ raw: count, gzip: count, brotli: count })),
  startUp: v.array(positive),
});

/** A {@link BenchResult}, as JSON has it. */
export const resultSchema = v.object({
  format: v.literal("ptmalloc-wasm bench"),
  version: v.literal(RESULT_VERSION),
  package: v.string(),
  date: v.pipe(v.string(), v.isoTimestamp()),
  machine: v.object({
    cpu: v.string(),
    cores: count,
    memoryGiB: count,
    kernel: v.string(),
    node: v.string(),
    v8: v.string(),
  }),
  noise: v.object({ others: count, stolen: count, isBusy: v.boolean() }),
  effort: v.object({ heaps: count, passes: count }),
  contestants: v.array(contestant),
  missing: v.array(
    v.object({ name: v.string(), title: v.string(), what: v.string(), how: v.string() }),
  ),
  traces: v.array(trace),
}) satisfies v.GenericSchema<BenchResult>;
