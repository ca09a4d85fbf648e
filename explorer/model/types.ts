// What the engine (a worker) and the page tell each other. Large things are typed arrays, which
// change hands without a copy.

import type {
  ArenaRecord,
  Damage,
  RegionRecord,
  Segment,
  StepText,
  SnapshotDiff,
  ThreadRecord,
  Verdict,
} from "ptmalloc-wasm/inspect";

/** Which heap a trace is played on. */
export interface Machine {
  readonly abi: "ilp32" | "lp64";
  readonly glibc: string;
}

/** The versions of glibc that can be asked for, the default first. */
export const GLIBC = ["2.36", "2.41", "2.43", "2.44"] as const;

/** A call that a program made: its name, and its arguments as decimal text. */
export interface CallText {
  readonly name: string;
  readonly args: readonly string[];
}

/** What to open. */
export type Input =
  | { readonly kind: "bundled"; readonly name: string }
  | { readonly kind: "file"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: "calls"; readonly name: string; readonly calls: readonly CallText[] }
  | { readonly kind: "script"; readonly name: string; readonly text: string }
  | { readonly kind: "attached"; readonly name: string };

/** What is open. */
export interface Opened {
  readonly title: string;
  readonly kind: "trace" | "snapshot" | "image" | "live" | "attached";
  /** One sentence that says what one sees. */
  readonly sentence: string;
  readonly machine: Machine;
  /** Moments: 0 is before the first operation, `count` after the last. */
  readonly count: number;
  /** What was odd about the file. */
  readonly notes: readonly string[];
  /** Why it ends before its last operation: glibc's message. */
  readonly ending?: string | undefined;
  readonly survey: Survey;
  /** Whether calls can be added at the end. */
  readonly canCall: boolean;
  /** What is in the link itself, where it is small: a trace's text. */
  readonly text?: string | undefined;
}

/** Everything that is known of all operations, one element each. */
export interface Survey {
  readonly count: number;
  /** Index into `kinds`. */
  readonly kind: Uint8Array;
  readonly kinds: readonly string[];
  /** The thread that called. */
  readonly thread: Uint16Array;
  /** Bytes asked for. */
  readonly bytes: Float64Array;
  /** The block that was returned, or freed. */
  readonly address: Uint32Array;
  /** Of an operation that made a block: the one that ended it; `count` where none did. */
  readonly death: Uint32Array;
  /** Of an operation that ended a block: the one that made it; NONE otherwise. */
  readonly birth: Uint32Array;
  /** Bytes of the chunk that was returned. */
  readonly chunk: Uint32Array;
  /** Index into `labels`. */
  readonly label: Uint32Array;
  readonly labels: readonly string[];
  /** After each operation, bytes: the break above start_brk, what is mapped, what is live. */
  readonly heap: Float64Array;
  readonly mapped: Float64Array;
  readonly live: Float64Array;
  /** System calls, as strace writes them, and after how many operations each came. */
  readonly calls: readonly string[];
  readonly callAt: Uint32Array;
}

/** No operation. */
export const NONE = 0xffff_ffff;

/** Every chunk, lowest address first within a segment. */
export interface ChunkTable {
  readonly count: number;
  readonly address: Uint32Array;
  readonly size: Uint32Array;
  /** Index into STATES. */
  readonly state: Uint8Array;
  readonly flags: Uint8Array;
  readonly bin: Int16Array;
  /** The thread that has it in its cache, or that asked for the block. */
  readonly thread: Int16Array;
  /** The operation that returned the block; NONE where it is not known. */
  readonly birth: Uint32Array;
}

/** A piece of the address space that the map shows: an arena's, or a mapping. */
export interface Stretch extends Segment {
  readonly name: string;
  /** The first of its chunks in the table, and how many it has. */
  readonly from: number;
  readonly count: number;
}

/** A region of the address space. */
export interface RegionView extends RegionRecord {
  readonly name: string;
  readonly access: string;
}

/** A field of a struct, with its value now and before the operation. */
export interface FieldView {
  readonly name: string;
  readonly value: number;
  readonly before: number;
}

/** The operation that led to a moment. */
export interface OperationView {
  readonly index: number;
  /** As C writes it. */
  readonly text: string;
  readonly thread: number;
  readonly label: string;
  readonly steps: readonly StepText[];
  /** How it ended the process. */
  readonly failure?: string | undefined;
}

/** A heap at a moment. */
export interface Moment {
  readonly at: number;
  readonly operation: OperationView | undefined;
  readonly chunks: ChunkTable;
  readonly stretches: readonly Stretch[];
  readonly arenas: readonly ArenaRecord[];
  readonly threads: readonly ThreadRecord[];
  readonly regions: readonly RegionView[];
  readonly mm: readonly FieldView[];
  readonly mp: readonly FieldView[];
  readonly info: readonly FieldView[];
  readonly damages: readonly Damage[];
  readonly startBrk: number;
  readonly brk: number;
  readonly mmapBase: number;
  readonly taskSize: number;
}

/** What came of a message of an attached heap. */
export interface Attached {
  /** The heap's connection. */
  readonly id: string;
  /** The state that is known now; 0 where the message went on from one that is not. */
  readonly known: number;
  /** What is open now, where there was anything new. */
  readonly opened?: Opened;
}

/** Bytes of the memory, with the fields of structs that lie there. */
export interface BytesView {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly fields: readonly ByteField[];
}

/** A field of a struct, in memory. */
export interface ByteField {
  /** Such as `malloc_chunk`. */
  readonly struct: string;
  readonly name: string;
  readonly address: number;
  readonly size: number;
  /** As it is shown. */
  readonly value: string;
  /** Where it leads, if it is a link. */
  readonly to?: number | undefined;
}

/** What the checks found. */
export interface CheckResult {
  readonly damages: readonly Damage[];
  /** What the whole-heap checker says; undefined where it could not be asked. */
  readonly checker: Damage | "sound" | undefined;
}

/** Two moments compared; long lists are cut. */
export interface DiffView extends SnapshotDiff {
  readonly a: number;
  readonly b: number;
  readonly counts: Readonly<Record<"born" | "gone" | "changed", number>>;
}

/** What the colours of blocks tell in the picture of address x time. */
export type BlockColour = "thread" | "size" | "lifetime";

/** A picture of address x time: for each pixel 1 + the colour's number, or 0; rows from the top. */
export interface Raster {
  readonly by: BlockColour;
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly fromOp: number;
  readonly toOp: number;
  readonly low: number;
  readonly high: number;
}

/** What a dry run says, or why there is none. */
export type Attempt = Verdict;

/** What a line of the console came to. */
export interface ConsoleReply {
  readonly lines: readonly string[];
  readonly isError: boolean;
  /** The subject is another one now: calls were added, or taken back. */
  readonly opened?: Opened | undefined;
  /** Where to go. */
  readonly at?: number | undefined;
}
