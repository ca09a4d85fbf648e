// What a failed check of glibc's compares: the values that made it fail, and where they are. Names
// are those of glibc's source: p the chunk, next the one behind it, av its arena.

import { wordBytes } from "../layout/address.js";
import { NON_MAIN_ARENA } from "../layout/generated.js";
import type { FailureName } from "../process/failures.js";
import { heapMaxBytes } from "./arenas.js";
import { binHead } from "./lists.js";
import { hex, hexWord, isInside, readHead, type HeapSource } from "./source.js";

/** A value that a failed check looked at. */
export interface OffendingValue {
  /** What it is, as glibc's source calls it: `p->size`. */
  readonly name: string;
  /** Where it is; absent of what is no field. */
  readonly at?: number;
  /** As C prints a pointer. */
  readonly value: string;
}

/** A field of a chunk that is a link, or `prev_size`. */
type ChunkField = "mchunkPrevSize" | "fd" | "bk" | "fdNextsize" | "bkNextsize";

/** Reads values about the chunk that failed a check. */
class Reader {
  readonly values: OffendingValue[] = [];
  readonly chunk: number;
  readonly #source: HeapSource;

  constructor(source: HeapSource, chunk: number) {
    this.#source = source;
    this.chunk = chunk;
  }

  /** A word. @returns its value; NaN outside the memory */
  word(name: string, at: number): number {
    if (!isInside(this.#source, at, wordBytes(this.#source.abi))) {
      this.values.push({ name, at, value: "outside the memory" });
      return NaN;
    }
    this.values.push({ name, at, value: hexWord(this.#source, at) });
    return this.#source.readWord(at);
  }

  /** A field of a chunk. @returns as `word` */
  field(name: string, chunk: number, field: ChunkField): number {
    return this.word(name, chunk + this.#source.structs.Chunk.fields[field].offset);
  }

  /** A chunk's size field. @returns its bytes without flags; NaN outside the memory */
  size(name: string, chunk: number): number {
    const at = chunk + this.#source.structs.Chunk.fields.mchunkSize.offset;
    return Number.isNaN(this.word(name, at)) ? NaN : readHead(this.#source, at).size;
  }

  /** Something that is no field. */
  fact(name: string, value: number): void {
    this.values.push({ name, value: hex(value) });
  }

  /** A field of the arena that the chunk says that it is in. @returns as `word` */
  arenaField(name: string, field: "top" | "systemMem"): number {
    return this.word(name, this.arena + this.#source.structs.MallocState.fields[field].offset);
  }

  /** The head of that arena's unsorted bin. */
  get unsorted(): number {
    return binHead(this.#source, this.arena, 1);
  }

  /** The address of the arena that the chunk says that it is in. */
  private get arena(): number {
    const source = this.#source;
    const { mainArena } = source.places;
    // Top has no flag that says whose it is; one that is there has been written over it.
    const top = source.readWord(mainArena + source.structs.MallocState.fields.top.offset);
    if (top === this.chunk) return mainArena;
    const at = this.chunk + source.structs.Chunk.fields.mchunkSize.offset;
    if (!isInside(source, at, 8) || (readHead(source, at).flags & NON_MAIN_ARENA) === 0)
      return mainArena;
    const heap = this.chunk - (this.chunk % heapMaxBytes(source));
    const owner = heap + source.structs.HeapInfo.fields.arPtr.offset;
    return isInside(source, owner, 8) ? source.readWord(owner) : mainArena;
  }
}

/** Reads what a check compares besides the size of `p`, which is read. */
type Reading = (read: Reader, p: number, next: number) => void;

const nextSize: Reading = (read, _, next) => {
  read.size("next->size", next);
};
const nextPrevSize: Reading = (read, _, next) => {
  read.field("next->prev_size", next, "mchunkPrevSize");
};
const nextAndSystem: Reading = (read, _, next) => {
  read.size("next->size", next);
  read.arenaField("av->system_mem", "systemMem");
};
const backLink: Reading = (read, p) => {
  read.field("p->fd", p, "fd");
  read.field("p->bk->fd", read.field("p->bk", p, "bk"), "fd");
};
const unsortedHead: Reading = (read, p) => {
  read.field("unsorted->fd->bk", p, "bk");
  read.fact("unsorted", read.unsorted);
};
const pointer: Reading = (read, p) => {
  read.fact("p", p);
};

const READINGS: Readonly<Partial<Record<FailureName, Reading>>> = {
  FREE_POINTER: pointer,
  REALLOC_POINTER: pointer,
  FREE_NEXT_SIZE_FAST: nextAndSystem,
  FREE_NEXT_SIZE_NORMAL: nextAndSystem,
  REALLOC_NEXT_SIZE: nextAndSystem,
  REALLOC_OLD_SIZE: nextAndSystem,
  UNSORTED_SIZE: nextAndSystem,
  TOP_SIZE: (read) => void read.arenaField("av->system_mem", "systemMem"),
  DOUBLE_FREE_TOP: (read) => void read.arenaField("av->top", "top"),
  DOUBLE_FREE_OUT(read, _, next) {
    read.fact("next", next);
    const top = read.arenaField("av->top", "top");
    read.fact("end of av->top", top + read.size("av->top->size", top));
  },
  DOUBLE_FREE_PREV: nextSize,
  UNSORTED_NEXT_SIZE: nextSize,
  UNSORTED_PREV_INUSE: nextSize,
  UNSORTED_PREV_SIZE: nextPrevSize,
  FASTBINS_PREV_SIZE: nextPrevSize,
  UNLINK_SIZE: nextPrevSize,
  UNLINK_LIST(read, p) {
    const fd = read.field("p->fd", p, "fd");
    const bk = read.field("p->bk", p, "bk");
    read.field("p->fd->bk", fd, "bk");
    read.field("p->bk->fd", bk, "fd");
  },
  UNSORTED_LIST: backLink,
  SMALLBIN_LIST: backLink,
  LARGEBIN_BK: backLink,
  LARGEBIN_NEXTSIZE(read, p) {
    const bk = read.field("p->bk_nextsize", p, "bkNextsize");
    read.field("p->bk_nextsize->fd_nextsize", bk, "fdNextsize");
  },
  FREE_UNSORTED_LIST: unsortedHead,
  FREE_SMALLBIN_LIST: (read, p) => void read.field("bin->fd->bk", p, "bk"),
  REMAINDER_LIST: unsortedHead,
  REMAINDER_LIST_2: unsortedHead,
};

/**
 * What a failed check compares.
 * @param source the heap as the check found it
 * @param p the address that the failure names
 */
export function offendingValues(
  source: HeapSource,
  name: FailureName,
  p: number,
): OffendingValue[] {
  const read = new Reader(source, p);
  // A link that leads to nowhere.
  if (name.startsWith("SEGV")) return [];
  // What tcache complains of is a block.
  if (/^(FREE_)?TCACHE_/.test(name)) {
    const bytes = wordBytes(source.abi);
    read.size("size of the chunk", p - 2 * bytes);
    read.word("e->next (protected)", p);
    read.word("e->key", p + bytes);
    return read.values;
  }
  const next = p + read.size("p->size", p);
  READINGS[name]?.(read, p, next);
  return read.values;
}
