/**
 * Recordings of what a program asked of its allocator, and any moment of them: {@link parseTrace}
 * reads the format `.rep` (traces/README.md), {@link importRecording} what heaptrack, ltrace,
 * mtrace, valgrind and bpftrace have written. A {@link Timeline} plays a trace in a process of the
 * build "full", and goes to before or after every operation, back and forth. Sizes and addresses
 * are bytes; operations are numbered from 0.
 *
 * @module ptmalloc-wasm/trace
 */

export { parseTrace } from "./trace/parse.js";
export {
  KIND_BITS,
  kindOf,
  labelOf,
  NEVER_LIVE_SLOT,
  shortName,
  slotOf,
  TraceError,
} from "./trace/trace.js";
export type { Labels, Trace, Turns } from "./trace/trace.js";
export { OpKind } from "./layout/generated.js";
export { Timeline } from "./trace/timeline.js";
export type { BlockEvent, BlockLife, FullProcess } from "./trace/timeline.js";
export { bytesOf, isRefusal } from "./trace/player.js";
export type { Observer, Size, Step } from "./trace/player.js";
export { formatOf, importRecording, RECORDINGS } from "./trace/interchange/import.js";
export type { Imported, RecordingFormat } from "./trace/interchange/import.js";
export type { Made } from "./trace/interchange/maker.js";
export { EXPORTS } from "./trace/interchange/export.js";
export type { ExportFormat } from "./trace/interchange/export.js";
