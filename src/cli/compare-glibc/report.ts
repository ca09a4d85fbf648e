// What `compare-glibc` found, and its JSON form.

import type { GlibcVersion } from "../../binary/glibc.js";
import { functionOf } from "../../trace/interchange/remarks.js";
import { provenance } from "../provenance.js";
import { samplesJson } from "../replay/report.js";
import type { TraceFacts, VersionReport } from "./measure.js";
import type { Pair, Parting } from "./parting.js";

/** A trace under all versions. */
export interface TraceComparison extends TraceFacts {
  readonly name: string;
  readonly file: string;
  readonly ops: number;
  readonly versions: readonly ComparedVersion[];
}

/** A version, and where it parts from the first. */
export interface ComparedVersion extends VersionReport {
  /** Nothing: all blocks lie where they do there. */
  readonly parting: Parting | undefined;
}

/** Everything that one run found. */
export interface Comparison {
  readonly abi: string;
  readonly layout: string;
  readonly tunables: string;
  readonly versions: readonly GlibcVersion[];
  /** Samples of each time; 0: none was taken. */
  readonly repeat: number;
  readonly traces: readonly TraceComparison[];
}

/** @returns the comparison as JSON text; sizes in bytes, times in nanoseconds an operation */
export function comparisonJson(comparison: Comparison): string {
  const { traces, ...rest } = comparison;
  const object = {
    format: "ptmalloc-wasm compare-glibc 1",
    ...provenance(comparison.versions[0]),
    ...rest,
    traces: traces.map(({ versions, ...trace }) => ({
      ...trace,
      versions: versions.map(versionJson),
    })),
  };
  return `${JSON.stringify(object, null, 2)}\n`;
}

function versionJson({ warm, parting, ...report }: ComparedVersion): object {
  const decision = parting?.decision && pairJson(parting.decision);
  return {
    ...report,
    warm: warm === undefined ? null : samplesJson(warm),
    parting:
      parting === undefined
        ? null
        : { decision: decision ?? null, address: pairJson(parting.address) },
  };
}

function pairJson({ index, kind, bytes, there, here }: Pair): object {
  return { operation: index, function: functionOf(kind), bytes, there, here };
}
