// What other programs read of a trace that has been replayed.

import { CsvWriter } from "./to-csv.js";
import { HeaptrackWriter } from "./to-heaptrack.js";
import { LtraceWriter } from "./to-ltrace.js";
import { MtraceWriter } from "./to-mtrace.js";
import { PerfettoWriter } from "./to-perfetto.js";
import type { WriterMaker } from "./writer.js";

/** The formats that there are writers for. */
export const EXPORTS = ["heaptrack", "perfetto", "ltrace", "mtrace", "csv"] as const;
/** One of {@link EXPORTS}. */
export type ExportFormat = (typeof EXPORTS)[number];

/** Who writes each format. */
export const WRITERS: Readonly<Record<ExportFormat, WriterMaker>> = {
  heaptrack: (subject) => new HeaptrackWriter(subject),
  perfetto: (subject) => new PerfettoWriter(subject),
  ltrace: (subject) => new LtraceWriter(subject),
  mtrace: (subject) => new MtraceWriter(subject),
  csv: () => new CsvWriter(),
};
