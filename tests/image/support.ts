// Heap images for tests: in memory, with the program of tests/support/image-workload.mjs in them.

import type { Profile } from "../../src/binary/profile.js";
import { createHeapSync } from "../../src/heap/create.js";
import { crc32c } from "../../src/image/crc32c.js";
import { PAGES_AT, SLOT_BYTES, encodeHeader } from "../../src/image/header.js";
import { HeapImageError, MemoryFile, openHeapImageSync } from "../../src/image.js";
import type { HeapImageOptions, HostFile, PersistentHeap } from "../../src/image.js";
import { readHeader } from "../../src/image/slots.js";
import { tableBytes } from "../../src/image/tail.js";
import type { Abi } from "../../src/layout/address.js";
import { TABLE_WORDS, Workload } from "../support/image-workload.mjs";
import { xxh64 } from "./xxh64.js";

export const SEED = Number(process.env["PTMALLOC_SEED"] ?? 1997);
export const abis = ["ilp32", "lp64"] as const;

/** A heap in a file, and the program in it. */
export interface Scene<A extends Abi = Abi> {
  heap: PersistentHeap<A>;
  work: Workload;
}

/** Opens a file, and goes on with the program in it. */
export function open<A extends Abi>(file: HostFile, options: HeapImageOptions<A>): Scene<A> {
  const heap = openHeapImageSync(file, options);
  const work = new Workload(heap.heap, heap.root, SEED);
  heap.root = work.table;
  return { heap, work };
}

/**
 * The tables of a program that is never interrupted, by number of operations; only ever asked for
 * more.
 */
export class Reference {
  readonly #work: Workload;
  readonly #tables = new Map<number, Uint32Array>();

  constructor(options: { abi: Abi; profile?: Profile }, seed = SEED) {
    this.#work = new Workload(createHeapSync(options), 0, seed);
  }

  /** The table after `ops` operations: addresses, sizes and stamps of all blocks. */
  tableAt(ops: number): Uint32Array {
    let table = this.#tables.get(ops);
    if (table === undefined) {
      this.#work.runTo(ops);
      if (this.#work.ops !== ops) throw new RangeError(`operation ${ops} is past`);
      table = this.#work.words().slice();
      this.#tables.set(ops, table);
    }
    return table;
  }

  /** The table's own address. */
  get address(): number {
    return this.#work.table;
  }
}

/** The table that an open heap's root leads to. */
export function tableOf({ heap, root }: PersistentHeap): Uint32Array {
  return heap.u32(root, TABLE_WORDS);
}

/** A file with the program's first `ops` operations in it. */
export function fileWith<A extends Abi>(
  ops: number,
  options: HeapImageOptions<A> & { abi: A },
): MemoryFile {
  const file = new MemoryFile([], { path: "/heap.img" });
  const { heap, work } = open(file, options);
  work.runTo(ops);
  heap.close();
  return file;
}

/** The HeapImageError that a call throws. */
export function refusal(call: () => unknown): HeapImageError {
  try {
    call();
  } catch (error) {
    if (error instanceof HeapImageError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** Stores bytes in a page of an image without a journal, and all checksums, as an msync would. */
export function store(file: HostFile, position: number, ...bytes: number[]): void {
  file.write(position, new Uint8Array(bytes));
  const { header, slot } = readHeader(file)!;
  const index = Math.floor((position - PAGES_AT) / 4096);
  const page = new Uint8Array(4096);
  file.read(PAGES_AT + index * 4096, page);
  const table = new Uint8Array(tableBytes(header));
  const at = header.table!.position;
  file.read(at, table);
  new DataView(table.buffer).setBigUint64(index * 8, xxh64(page), true);
  file.write(at, table);
  const checksum = BigInt(crc32c(table));
  const changed = { ...header, table: { position: at, checksum } };
  file.write(slot * SLOT_BYTES, encodeHeader(changed).bytes);
}
