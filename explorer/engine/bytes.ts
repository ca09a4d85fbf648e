// Bytes of a heap, with the fields of the structs that lie there: what the hex view shows.

import {
  HeapView,
  isDamage,
  readThreads,
  walkRegions,
  type ChunkView,
  type FieldLayout,
  type HeapSource,
  type StructLayout,
} from "ptmalloc-wasm/inspect";
import { hex } from "../model/format.js";
import type { ByteField, BytesView } from "../model/types.js";

/** The most that is shown at once, bytes. */
const MOST_BYTES = 4096;

/** @returns `length` bytes from an address on, as far as there are any */
export function readBytes(source: HeapSource, address: number, length: number): BytesView {
  const all = source.u8();
  const from = Math.min(Math.max(0, address), all.length);
  const end = Math.min(from + Math.min(length, MOST_BYTES), all.length);
  return {
    address: from,
    bytes: all.slice(from, end),
    fields: fieldsIn(source, from, end).sort((a, b) => a.address - b.address),
  };
}

function fieldsIn(source: HeapSource, from: number, end: number): ByteField[] {
  return [...chunkFields(source, from, end), ...structFields(source, from, end)];
}

function* structFields(source: HeapSource, from: number, end: number): Generator<ByteField> {
  for (const [name, address, layout] of structsOf(source)) {
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
function* structsOf(source: HeapSource): Generator<[string, number, StructLayout]> {
  const { places, structs } = source;
  yield ["mm_struct", places.mmStruct, structs.MmStruct];
  yield ["malloc_par", places.mallocPar, structs.MallocPar];
  const { arenas } = new HeapView(source);
  for (const { address, heaps } of arenas) {
    yield ["malloc_state", address, structs.MallocState];
    for (const heap of heaps) yield ["heap_info", heap.address, structs.HeapInfo];
  }
  const cache = (structs as unknown as Record<string, StructLayout | undefined>)
    .TcachePerthreadStruct;
  for (const { tcache } of readThreads(source))
    if (tcache !== 0 && cache !== undefined) yield ["tcache_perthread_struct", tcache, cache];
  for (const region of walkRegions(source))
    if (!isDamage(region)) yield ["vm_area_struct", region.address, structs.Vma];
}

/** Which fields of a chunk mean something in its state. */
function liveFields({ state, size }: ChunkView, least: number): string[] {
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

function* chunkFields(source: HeapSource, from: number, end: number): Generator<ByteField> {
  const { Chunk } = source.structs;
  const fields = Chunk.fields as Readonly<Record<string, FieldLayout>>;
  for (const chunk of new HeapView(source).chunks()) {
    if (isDamage(chunk) || chunk.chunk >= end || chunk.chunk + Chunk.size <= from) continue;
    for (const name of liveFields(chunk, 16)) {
      const { offset, size } = fields[name]!;
      const at = chunk.chunk + offset;
      if (at >= end || at + size <= from) continue;
      const field = fieldAt(source, "malloc_chunk", name, at, size);
      const isProtected = name === "fd" && (chunk.state === "tcache" || chunk.state === "fastbin");
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
