// Reads all that the page shows of a heap at a moment.

import {
  HeapView,
  isDamage,
  readMallocPar,
  readStruct,
  snapshotHead,
  walkRegions,
  type Damage,
  type HeapSource,
  type SnapshotHead,
} from "ptmalloc-wasm/inspect";
import { permissions, VmaKind } from "ptmalloc-wasm/kernel";
import { STATES } from "../model/states.js";
import {
  NONE,
  type ChunkTable,
  type FieldView,
  type Moment,
  type OperationView,
  type RegionView,
  type Stretch,
} from "../model/types.js";

const STATE_NUMBERS = new Map(STATES.map((state, i) => [state as string, i]));

/** Numbers of a heap that are shown with what they were before the operation. */
export interface Numbers {
  readonly mm: ReadonlyMap<string, number>;
  readonly mp: ReadonlyMap<string, number>;
}

/** The fields of a struct that are one number. */
function numbersOf(struct: object): Map<string, number> {
  const fields = Object.entries(struct) as [string, unknown][];
  return new Map(fields.filter((one): one is [string, number] => typeof one[1] === "number"));
}

/** @returns the numbers of mm_struct, the kernel's own fields, and of malloc_par */
export function readNumbers(source: HeapSource): Numbers {
  const { places, structs } = source;
  const all = [...numbersOf(readStruct(source.view(), places.mmStruct, structs.MmStruct))];
  const model = all.findIndex(([name]) => name === "layout");
  const mm = new Map(model < 0 ? all : all.slice(0, model));
  return { mm, mp: numbersOf(readMallocPar(source)) };
}

function fieldViews(now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>) {
  return [...now].map(([name, value]): FieldView => ({
    name,
    value,
    before: before.get(name) ?? value,
  }));
}

/** What is known of blocks: who asked for one. */
export interface Births {
  birthOf(mem: number): number;
  threadOf(operation: number): number;
}

/** @returns everything about a heap as it is now */
export function readMoment(
  source: HeapSource,
  at: number,
  operation: OperationView | undefined,
  before: Numbers,
  births: Births,
): Moment {
  const view = new HeapView(source);
  const head = snapshotHead(view, "");
  const damages: Damage[] = [...head.damages];
  const { chunks, stretches } = tableOf(view, head, births, damages);
  const now = readNumbers(source);
  const info = numbersOf(head.mallinfo2);
  return {
    ...{ at, operation, chunks, stretches, damages },
    arenas: head.arenas,
    threads: head.threads,
    regions: regionViews(source, head),
    mm: fieldViews(now.mm, before.mm),
    mp: fieldViews(now.mp, before.mp),
    info: fieldViews(info, info),
    startBrk: now.mm.get("startBrk") ?? 0,
    brk: now.mm.get("brk") ?? 0,
    mmapBase: now.mm.get("mmapBase") ?? 0,
    taskSize: now.mm.get("taskSize") ?? 0,
  };
}

/** Columns that grow. */
class Columns {
  count = 0;
  address = new Uint32Array(1024);
  size = new Uint32Array(1024);
  state = new Uint8Array(1024);
  flags = new Uint8Array(1024);
  bin = new Int16Array(1024);
  thread = new Int16Array(1024);
  birth = new Uint32Array(1024);

  grow(): void {
    const wider = this.count * 2;
    this.address = widened(this.address, wider);
    this.size = widened(this.size, wider);
    this.state = widened(this.state, wider);
    this.flags = widened(this.flags, wider);
    this.bin = widened(this.bin, wider);
    this.thread = widened(this.thread, wider);
    this.birth = widened(this.birth, wider);
  }

  table(): ChunkTable {
    const { count } = this;
    return {
      count,
      address: this.address.slice(0, count),
      size: this.size.slice(0, count),
      state: this.state.slice(0, count),
      flags: this.flags.slice(0, count),
      bin: this.bin.slice(0, count),
      thread: this.thread.slice(0, count),
      birth: this.birth.slice(0, count),
    };
  }
}

function widened<T extends Uint32Array | Uint8Array | Int16Array>(old: T, count: number): T {
  const wider = new (old.constructor as new (count: number) => T)(count);
  wider.set(old);
  return wider;
}

function tableOf(view: HeapView, head: SnapshotHead, births: Births, damages: Damage[]) {
  const to = new Columns();
  for (const chunk of view.chunks()) {
    if (isDamage(chunk)) {
      damages.push(chunk);
      continue;
    }
    if (to.count === to.address.length) to.grow();
    const i = to.count++;
    const state = STATE_NUMBERS.get(chunk.state)!;
    const birth =
      chunk.state === "used" || chunk.state === "mmapped" ? births.birthOf(chunk.mem) : NONE;
    to.address[i] = chunk.chunk;
    to.size[i] = Math.min(chunk.size, NONE);
    to.state[i] = state;
    to.flags[i] = chunk.flags;
    to.bin[i] = chunk.bin ?? -1;
    to.thread[i] = chunk.thread ?? (birth === NONE ? -1 : births.threadOf(birth));
    to.birth[i] = birth;
  }
  const chunks = to.table();
  return { chunks, stretches: stretchesOf(chunks, head) };
}

/** The segments of all arenas, and the mappings, with the chunks of each. */
function stretchesOf(chunks: ChunkTable, { arenas }: SnapshotHead): Stretch[] {
  const segments = arenas.flatMap(({ segments: own }, arena) =>
    own.map((segment, i) => ({
      ...segment,
      name: `${arena === 0 ? "main_arena" : `arena ${arena}`}${own.length > 1 ? `, ${i + 1}` : ""}`,
    })),
  );
  const found: Stretch[] = [];
  let at = 0;
  for (const segment of segments) {
    const from = at;
    while (
      at < chunks.count &&
      chunks.address[at]! >= segment.start &&
      chunks.address[at]! < segment.end
    )
      at++;
    found.push({ ...segment, from, count: at - from });
  }
  for (; at < chunks.count; at++) {
    const start = chunks.address[at]!;
    const end = start + chunks.size[at]!;
    found.push({ start, end, heap: 0, name: "mapping", from: at, count: 1 });
  }
  return found.filter(({ count, start, end }) => count > 0 || end > start);
}

function regionViews(source: HeapSource, head: SnapshotHead): RegionView[] {
  const { startBrk, brk } = head.mm as { startBrk: number; brk: number };
  const views: RegionView[] = [];
  for (const region of walkRegions(source)) {
    if (isDamage(region)) continue;
    const { start, end, flags, kind } = region;
    const isHeap = start < brk && end > startBrk;
    const isOurs = kind !== VmaKind.USER;
    const name = isHeap ? "[heap]" : isOurs ? "kernel and libc" : "mapping";
    views.push({ start, end, flags, name, access: permissions(flags) });
  }
  return views;
}
