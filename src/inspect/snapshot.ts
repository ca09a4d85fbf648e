// A snapshot: everything that there is to say about a heap, as one JSON object (docs/snapshot.md),
// and how two of them differ. It is written piece by piece, so that a large heap needs no large
// text in memory.

import { readStruct, type StructLayout } from "../layout/struct.js";
import type { GlibcVersion } from "../binary/glibc.js";
import { DEFAULT_GLIBC, type MallocPar, type Mallinfo2 } from "../layout/generated.js";
import { readMallocPar } from "./arenas.js";
import type { ChunkView, HeapView } from "./chunks.js";
import type { Checkpoint } from "./checkpoint.js";
import { isDamage, sound, type Damage } from "./damage.js";
import {
  binCount,
  binKind,
  cacheLists,
  fastbinsOf,
  readThreads,
  walkBin,
  walkFastbin,
  type ThreadView,
} from "./lists.js";
import { mallinfoOf } from "./mallinfo.js";
import { isVisible, walkRegions } from "./regions.js";
import { segmentsOf, type Segment } from "./segments.js";
import { bytesSource, type HeapSource, type Places } from "./source.js";
import { numberFields } from "./words.js";
import { describeStruct, parseStruct, type Structs } from "../layout/structs.js";

/** What a snapshot's file says first. */
export const SNAPSHOT_FORMAT = "ptmalloc-wasm heap snapshot";
/** Raised when a field is renamed, goes, or means something else; new ones may come. */
export const SNAPSHOT_VERSION = 1;

/** A list of free chunks. */
export interface ListRecord {
  /** Its number among lists of its kind. */
  readonly bin: number;
  /** Which kind of list. */
  readonly kind: "tcache" | "fastbin" | "unsorted" | "smallbin" | "largebin";
  /** What a tcache bin says that it has. */
  readonly count?: number;
  /** The chunks' addresses, the newest first; in tcache's bins from 64 on the smallest first. */
  readonly chunks: readonly number[];
}

/** An arena. */
export interface ArenaRecord {
  /** Where its malloc_state is. */
  readonly address: number;
  /** malloc_state, without the heads of its bins. */
  readonly state: Readonly<Record<string, number>>;
  /** Its heap_info chain, the last first. */
  readonly heaps: readonly object[];
  /** Where its chunks lie. */
  readonly segments: readonly Segment[];
  /** Fast bins and bins that hold anything. */
  readonly lists: readonly ListRecord[];
}

/** A region. */
export interface RegionRecord {
  /** Its first address. */
  readonly start: number;
  /** The first address behind it. */
  readonly end: number;
  /** vm_flags. */
  readonly flags: number;
}

/** A snapshot, but for its chunks and its memory. */
export interface SnapshotHead {
  /** What the file is. */
  readonly format: typeof SNAPSHOT_FORMAT;
  /** Of the format. */
  readonly version: typeof SNAPSHOT_VERSION;
  /** What it shows, for people: a trace's name, and after how many operations. */
  readonly of: string;
  /** The memory layout. */
  readonly abi: "ilp32" | "lp64";
  /** Which heap. */
  readonly profile: string;
  /** Which glibc; absent in what versions of this package wrote that had but 2.36. */
  readonly glibc?: GlibcVersion | undefined;
  /** Where the kernel's and libc's data begin. */
  readonly base: number;
  /** Where the structs are that lead to all others. */
  readonly places: Places;
  /** How the binary lays out its structs: lines of its section "layout". */
  readonly structs: readonly string[];
  /** mm_struct: addresses in bytes, counts in pages. */
  readonly mm: object;
  /** The address space, the lowest region first. */
  readonly regions: readonly RegionRecord[];
  /** The arenas, main_arena first. */
  readonly arenas: readonly ArenaRecord[];
  /** The threads that live, with what their caches hold. */
  readonly threads: readonly ThreadRecord[];
  /** malloc_par, mp_. */
  readonly mallocPar: MallocPar;
  /** What mallinfo2(3) says. */
  readonly mallinfo2: Mallinfo2;
  /** What is damaged. */
  readonly damages: readonly Damage[];
}

/** A chunk as a snapshot has it. */
export type ChunkRecord = Omit<ChunkView, "corrupt">;

/** A whole snapshot. */
export interface Snapshot extends SnapshotHead {
  /** Every chunk, arena by arena; then those that are mappings. */
  readonly chunks: readonly ChunkRecord[];
  /** The process, so that it can go on from here. */
  readonly checkpoint?: CheckpointRecord;
}

/** Pages side by side. */
export interface RunRecord {
  /** The first byte, an address. */
  readonly start: number;
  /** What is there. */
  readonly base64: string;
}

/** A thread of a checkpoint. */
export interface ThreadStateRecord {
  /** The thread's number. */
  readonly number: number;
  /** Its instance's variables, as text. */
  readonly state: readonly string[];
}

/** A thread, and what its cache holds. */
export interface ThreadRecord extends ThreadView {
  /** The bins of its tcache that hold anything. */
  readonly lists: readonly ListRecord[];
}

/** A checkpoint in JSON: bytes are base64, variables text, with an n behind those of 64 bits. */
export interface CheckpointRecord extends Omit<Checkpoint, "glibc" | "runs" | "threads"> {
  /** Which glibc; absent: 2.36. */
  readonly glibc?: GlibcVersion;
  /** Pages that are not zero. */
  readonly runs: readonly RunRecord[];
  /** Threads, and their instances' variables. */
  readonly threads: readonly ThreadStateRecord[];
}

/** Reads all but the chunks. @param of what it shows, for people */
export function snapshotHead(view: HeapView, of: string): SnapshotHead {
  const { source } = view;
  const { abi, profile, glibc, base, places, structs } = source;
  const damages = [...view.filings.damages];
  const regions = sound(walkRegions(source), damages)
    .filter(isVisible)
    .map(({ start, end, flags }) => ({ start, end, flags }));
  return {
    format: SNAPSHOT_FORMAT,
    version: SNAPSHOT_VERSION,
    ...{ of, abi, profile, glibc, base, places },
    structs: Object.entries(structs).map(([name, layout]) =>
      describeStruct(name, layout as StructLayout),
    ),
    mm: readStruct(source.view(), places.mmStruct, structs.MmStruct),
    regions,
    arenas: arenaRecords(view),
    threads: threadRecords(view),
    mallocPar: readMallocPar(source),
    mallinfo2: mallinfoOf(view),
    damages,
  };
}

function arenaRecords({ source, arenas }: HeapView): ArenaRecord[] {
  return arenas.map((arena) => {
    const state = Object.fromEntries(numberFields(arena.state));
    const fast = fastbinsOf(arena).map((_, bin): ListRecord => {
      const chunks = sound(walkFastbin(source, arena, bin), []).map(({ chunk }) => chunk);
      return { bin, kind: "fastbin", chunks };
    });
    const bins = Array.from({ length: binCount(source) - 1 }, (_, i): ListRecord => {
      const bin = i + 1;
      const chunks = sound(walkBin(source, arena.address, bin), []).map(({ chunk }) => chunk);
      return { bin, kind: binKind(bin), chunks };
    });
    return {
      address: arena.address,
      state,
      heaps: arena.heaps,
      segments: segmentsOf(source, arena),
      lists: [...fast, ...bins].filter(({ chunks }) => chunks.length > 0),
    };
  });
}

function threadRecords({ source }: HeapView) {
  return readThreads(source).map((thread) => ({
    ...thread,
    lists: thread.tcache === 0 ? [] : Array.from(cacheLists(source, thread.tcache), listRecord),
  }));
}

function listRecord(list: ReturnType<typeof cacheLists> extends Iterable<infer L> ? L : never) {
  const chunks = sound(list.walk, []).map(({ chunk }) => chunk);
  const { index: bin, count } = list;
  return { bin, kind: "tcache", ...(count !== undefined && { count }), chunks } as const;
}

/** Chunks of a snapshot to a piece of its text. */
const CHUNKS_A_PIECE = 1000;

/**
 * Writes a snapshot, piece by piece.
 * @param checkpoint the process, if it is to go on from the snapshot
 */
export function* snapshotText(
  view: HeapView,
  of: string,
  checkpoint?: Checkpoint,
): Generator<string, void, undefined> {
  const head = JSON.stringify(snapshotHead(view, of));
  yield `${head.slice(0, -1)},\n"chunks":[`;
  let pieces: string[] = [];
  let isFirst = true;
  for (const one of view.chunks()) {
    if (isDamage(one)) continue;
    pieces.push(JSON.stringify(one));
    if (pieces.length < CHUNKS_A_PIECE) continue;
    yield `${isFirst ? "\n" : ",\n"}${pieces.join(",\n")}`;
    isFirst = false;
    pieces = [];
  }
  if (pieces.length > 0) yield `${isFirst ? "\n" : ",\n"}${pieces.join(",\n")}`;
  yield "\n]";
  if (checkpoint !== undefined) yield* checkpointText(checkpoint);
  yield "}\n";
}

/** Bytes to a piece of base64: a multiple of 3. */
const BYTES_A_PIECE = 3 * 2 ** 16;

function* checkpointText(checkpoint: Checkpoint): Generator<string, void, undefined> {
  const { runs, threads, ...rest } = checkpoint;
  const text = (value: number | bigint) => (typeof value === "bigint" ? `${value}n` : `${value}`);
  const records = threads.map(({ number, state }) => ({ number, state: state.map(text) }));
  const head = JSON.stringify({ ...rest, threads: records });
  yield `,\n"checkpoint":${head.slice(0, -1)},\n"runs":[`;
  for (const [i, { start, bytes }] of runs.entries()) {
    yield `${i === 0 ? "" : ","}\n{"start":${start},"base64":"`;
    for (let from = 0; from < bytes.length; from += BYTES_A_PIECE)
      yield base64(bytes.subarray(from, from + BYTES_A_PIECE));
    yield '"}';
  }
  yield "]}";
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += 8192)
    text += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return btoa(text);
}

/**
 * The heap that a snapshot shows, to be looked at.
 * @returns a source of the bytes that its checkpoint holds
 * @throws Error where it holds none
 */
export function snapshotSource(snapshot: Snapshot): HeapSource {
  const { abi, base, places } = snapshot;
  const checkpoint = checkpointOf(snapshot);
  const bytes = new Uint8Array(checkpoint.memoryPages * 65_536);
  for (const run of checkpoint.runs) bytes.set(run.bytes, run.start);
  const structs = Object.fromEntries(snapshot.structs.map(parseStruct)) as unknown as Structs;
  const { profile, glibc } = checkpoint;
  return bytesSource({ abi, profile, glibc, structs, base, places }, bytes);
}

/** @returns whether calls can be made from a snapshot on: see `restore` */
export function isRestorable({ checkpoint }: Snapshot): boolean {
  return (checkpoint?.threads[0]?.state.length ?? 0) > 0;
}

/** @returns the checkpoint that a snapshot holds @throws Error where it holds none */
export function checkpointOf(snapshot: Snapshot): Checkpoint {
  const record = snapshot.checkpoint;
  if (record === undefined) throw new Error("the snapshot holds no process to go on with");
  return {
    ...record,
    glibc: record.glibc ?? DEFAULT_GLIBC,
    runs: record.runs.map(({ start, base64: text }) => ({
      start,
      bytes: Uint8Array.from(atob(text), (character) => character.charCodeAt(0)),
    })),
    threads: record.threads.map(({ number, state }) => ({
      number,
      state: state.map((value) =>
        value.endsWith("n") ? BigInt(value.slice(0, -1)) : Number(value),
      ),
    })),
  };
}
