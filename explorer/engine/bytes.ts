// Bytes of a heap, with the fields of the structs that lie there: what the hex view shows.

import {
  isDamage,
  readThreads,
  walkRegions,
  type FieldLayout,
  type HeapSource,
  type StructLayout,
} from "ptmalloc-wasm/inspect";
import { hex } from "../model/format.js";
import { STATES } from "../model/states.js";
import type { ByteField, BytesView, ChunkTable, Moment } from "../model/types.js";

/** The most that is shown at once, bytes. */
const MOST_BYTES = 4096;

/** What was read of the heap already: walking it again would take longer than all else. */
export interface Known {
  readonly at: number;
  readonly chunks: Pick<ChunkTable, "address" | "size" | "state">;
  readonly arenas: Moment["arenas"];
}

/** @returns what is kept of a moment: a copy, as its own arrays go to the page */
export function known({ at, chunks, arenas }: Moment): Known {
  const { address, size, state } = chunks;
  return {
    ...{ at, arenas },
    chunks: { address: address.slice(), size: size.slice(), state: state.slice() },
  };
}

/** @returns `length` bytes from an address on, as far as there are any */
export function readBytes(
  source: HeapSource,
  heap: Known,
  address: number,
  length: number,
): BytesView {
  const all = source.u8();
  const from = Math.min(Math.max(0, address), all.length);
  const end = Math.min(from + Math.min(length, MOST_BYTES), all.length);
  return {
    address: from,
    bytes: all.slice(from, end),
    fields: fieldsIn(source, heap, from, end).sort((a, b) => a.address - b.address),
  };
}

function fieldsIn(source: HeapSource, heap: Known, from: number, end: number): ByteField[] {
  return [...chunkFields(source, heap, from, end), ...structFields(source, heap, from, end)];
}

function* structFields(
  source: HeapSource,
  heap: Known,
  from: number,
  end: number,
): Generator<ByteField> {
  for (const [name, address, layout] of structsOf(source, heap)) {
    if (address >= end || address + layout.size <= from) continue;
    for (const [field, place] of Object.entries<FieldLayout>(layout.fields)) {
      const count = place.count ?? 1;
      for (let i = 0; i < count; i++) {
        const at = address + place.offset + i * place.size;
        if (at >= end || at + place.size <= from) continue;
        const label = count === 1 ? field : `${field}[${i}]`;
        yield fieldAt(source, name, label, at, place.size);
      }
    }
  }
}

/** All structs that lie in a heap. */
function* structsOf(
  source: HeapSource,
  { arenas }: Known,
): Generator<[string, number, StructLayout]> {
  const { places, structs } = source;
  yield ["mm_struct", places.mmStruct, structs.MmStruct];
  yield ["malloc_par", places.mallocPar, structs.MallocPar];
  for (const { address, heaps } of arenas) {
    yield ["malloc_state", address, structs.MallocState];
    for (const heap of heaps as { address: number }[])
      yield ["heap_info", heap.address, structs.HeapInfo];
  }
  const cache = (structs as unknown as Record<string, StructLayout | undefined>)
    .TcachePerthreadStruct;
  for (const { tcache } of readThreads(source))
    if (tcache !== 0 && cache !== undefined) yield ["tcache_perthread_struct", tcache, cache];
  for (const region of walkRegions(source))
    if (!isDamage(region)) yield ["vm_area_struct", region.address, structs.Vma];
}

/** Which fields of a chunk mean something in its state. */
function liveFields(state: (typeof STATES)[number], size: number, least: number): string[] {
  const links = ["mchunkPrevSize", "mchunkSize", "fd", "bk"];
  switch (state) {
    case "tcache":
    case "fastbin":
      return ["mchunkSize", "fd"];
    case "unsorted":
    case "smallbin":
      return size >= least ? links : links.slice(1, 2);
    case "largebin":
      return [...links, "fdNextsize", "bkNextsize"];
    case "mmapped":
      return ["mchunkPrevSize", "mchunkSize"];
    default:
      return ["mchunkSize"];
  }
}

function* chunkFields(
  source: HeapSource,
  { chunks }: Known,
  from: number,
  end: number,
): Generator<ByteField> {
  const { Chunk } = source.structs;
  const fields = Chunk.fields as Readonly<Record<string, FieldLayout>>;
  for (let i = 0; i < chunks.address.length; i++) {
    const chunk = chunks.address[i]!;
    if (chunk >= end || chunk + Chunk.size <= from) continue;
    const state = STATES[chunks.state[i]!]!;
    for (const name of liveFields(state, chunks.size[i]!, 16)) {
      const { offset, size } = fields[name]!;
      const at = chunk + offset;
      if (at >= end || at + size <= from) continue;
      const field = fieldAt(source, "malloc_chunk", name, at, size);
      const isProtected = name === "fd" && (state === "tcache" || state === "fastbin");
      yield isProtected ? revealed(field) : field;
    }
  }
}

/** A link that safe-linking protects: the word, and where it leads. */
function revealed(field: ByteField): ByteField {
  const to = (Number(field.value) ^ (field.address >>> 12)) >>> 0;
  if (to === 0) return { ...field, value: `${field.value} (the end)`, to: undefined };
  return { ...field, value: `${field.value} (leads to ${hex(to)})`, to };
}

function fieldAt(
  source: HeapSource,
  struct: string,
  name: string,
  address: number,
  size: number,
): ByteField {
  const value = numberAt(source, address, size);
  const isLink = /^(fd|bk|next|prev|top|entries|ar_?ptr)/i.test(name) && value !== 0;
  const to = isLink && value < source.u8().length ? value : undefined;
  return { struct, name, address, size, value: hex(value), to };
}

function numberAt(source: HeapSource, address: number, size: number): number {
  const view = source.view();
  if (address + size > view.byteLength) return 0;
  if (size === 1) return view.getUint8(address);
  if (size === 2) return view.getUint16(address, true);
  if (size === 8) return Number(view.getBigUint64(address, true));
  return view.getUint32(address, true);
}
