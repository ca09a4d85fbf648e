// A heap as text, made by the readers of src/inspect: what tests/oracle/native/dump.c makes of
// glibc's own memory. tests/golden/dumps/README.md has the text.

import {
  heapMaxBytes,
  readMallocPar,
  type Arena,
  type MallocPar,
} from "../../src/inspect/arenas.js";
import { type HeapView, walkArena, walkMapped, type ChunkView } from "../../src/inspect/chunks.js";
import { isDamage, type Damage } from "../../src/inspect/damage.js";
import {
  binCount,
  binKind,
  cacheLists,
  fastbinsOf,
  readThreads,
  walkBin,
  walkFastbin,
  type Entry,
} from "../../src/inspect/lists.js";
import type { HeapSource } from "../../src/inspect/source.js";
import { mmOf } from "../../src/inspect/words.js";
import { PREV_INUSE } from "../../src/layout/generated.js";

/** A heap that is not main_arena's, as an address's line names it. */
interface Place {
  readonly start: number;
  readonly name: string;
}

/**
 * Fields of malloc_par by glibc's names, a line each, as far as a version has them; sbrk_base is an
 * address.
 */
const PARAMETERS = [
  "trim_threshold top_pad mmap_threshold arena_test arena_max thp_mode thp_pagesize hp_pagesize " +
    "hp_flags",
  "n_mmaps n_mmaps_max max_n_mmaps no_dyn_threshold mmapped_mem max_mmapped_mem sbrk_base",
  "tcache_bins tcache_max_bytes tcache_count tcache_unsorted_limit",
];

const hex = (value: number): string => value.toString(16);

/** `trim_threshold` as TypeScript has it. */
function camel(name: string): keyof MallocPar {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()) as keyof MallocPar;
}

/** @throws Error where a walk has met damage: no heap of these is damaged */
function* whole<T extends object>(walk: Iterable<T | Damage>): Generator<T, void, undefined> {
  for (const one of walk) {
    if (isDamage(one)) throw new Error(`damage at 0x${hex(one.at)}: ${one.why}`);
    yield one;
  }
}

/** Writes one heap. */
class Writer {
  readonly lines: string[] = [];
  readonly #source: HeapSource;
  readonly #view: HeapView;
  readonly #places: readonly Place[];
  readonly #startBrk: number;
  readonly #heapBytes: number;

  constructor(view: HeapView) {
    this.#view = view;
    this.#source = view.source;
    this.#startBrk = mmOf(view.source).startBrk;
    this.#heapBytes = heapMaxBytes(view.source);
    this.#places = view.arenas.flatMap(({ heaps }, arena) =>
      heaps.map(({ address: start }, i) => ({ start, name: `${arena}.${heaps.length - 1 - i}` })),
    );
  }

  /** @param numbers the trace's number of each thread of the process */
  write(numbers: ReadonlyMap<number, number>): void {
    this.#parameters();
    this.#view.arenas.forEach((arena, number) => {
      this.#state(arena, number);
      this.#chunks(arena, number);
      this.#lists(arena);
    });
    this.#threads(numbers);
    this.#mapped();
  }

  /** An address as a distance from what it lies in. */
  #address(address: number): string {
    const inside = (start: number, bytes: number) => address >= start && address < start + bytes;
    const heap = this.#places.find(({ start }) => inside(start, this.#heapBytes));
    if (heap !== undefined) return `${heap.name}+${hex(address - heap.start)}`;
    if (address === 0) return "-";
    const { mainArena } = this.#source.places;
    if (inside(mainArena, this.#source.structs.MallocState.size))
      return `arena+${hex(address - mainArena)}`;
    const most = this.#view.arenas[0]!.state.maxSystemMem;
    return inside(this.#startBrk, most + 1) ? hex(address - this.#startBrk) : "?";
  }

  /** The number of an arena in the ring. */
  #arena(address: number): string {
    const number = this.#view.arenas.findIndex((arena) => arena.address === address);
    if (number >= 0) return String(number);
    return address === 0 ? "-" : "?";
  }

  #parameters(): void {
    const values = { ...readMallocPar(this.#source) };
    if (values.tcacheSmallBins !== undefined)
      Object.assign(values, { tcacheBins: values.tcacheSmallBins });
    const text = (name: string) => {
      const value = values[camel(name)];
      if (value === undefined) return "";
      return ` ${name}=${name === "sbrk_base" ? this.#address(value) : value}`;
    };
    for (const names of PARAMETERS) this.lines.push(`mp${names.split(" ").map(text).join("")}`);
  }

  #state({ state }: Arena, number: number): void {
    const { haveFastchunks } = state;
    const fast = haveFastchunks === undefined ? "" : ` have_fastchunks=${haveFastchunks}`;
    this.lines.push(
      `arena ${number} flags=${state.flags}${fast}` +
        ` top=${this.#address(state.top)} last_remainder=${this.#address(state.lastRemainder)}` +
        ` binmap=${state.binmap.map(hex).join(",")} next_free=${this.#arena(state.nextFree)}` +
        ` attached_threads=${state.attachedThreads} system_mem=${state.systemMem}` +
        ` max_system_mem=${state.maxSystemMem}`,
    );
  }

  /** The chunks of an arena, those of each heap behind the heap's header. */
  #chunks(arena: Arena, number: number): void {
    const chunks = [...whole(walkArena(this.#source, arena, this.#view.filings))];
    if (number === 0) {
      for (const chunk of chunks) this.#chunk(chunk);
      return;
    }
    for (const { address, arPtr, prev, size, mprotectSize, pagesize } of [
      ...arena.heaps,
    ].reverse()) {
      this.lines.push(
        `heap ${this.#address(address)} arena=${this.#arena(arPtr)} prev=${this.#address(prev)}` +
          ` size=${size} mprotect_size=${mprotectSize} pagesize=${pagesize}`,
      );
      for (const chunk of chunks)
        if (chunk.chunk >= address && chunk.chunk < address + size) this.#chunk(chunk);
    }
  }

  #chunk({ chunk, size, flags }: ChunkView): void {
    const { mchunkPrevSize } = this.#source.structs.Chunk.fields;
    const before =
      (flags & PREV_INUSE) === 0
        ? ` prev_size=${hex(this.#source.readWord(chunk + mchunkPrevSize.offset))}`
        : "";
    this.lines.push(`chunk ${this.#address(chunk)} ${hex(size + flags)}${before}`);
  }

  #lists(arena: Arena): void {
    fastbinsOf(arena).forEach((_, index) => {
      for (const { chunk } of whole(walkFastbin(this.#source, arena, index)))
        this.lines.push(`fastbin ${index} ${this.#address(chunk)}`);
    });
    for (let index = 1; index < binCount(this.#source); index++)
      for (const entry of whole(walkBin(this.#source, arena.address, index)))
        this.lines.push(
          `bin ${index} ${this.#address(entry.chunk)}${this.#nextSizes(entry, index)}`,
        );
  }

  /** The links of a large bin's skip list, where the chunk is in it. */
  #nextSizes({ chunk }: Entry, index: number): string {
    if (binKind(index) !== "largebin") return "";
    const { fdNextsize, bkNextsize } = this.#source.structs.Chunk.fields;
    const fd = this.#source.readWord(chunk + fdNextsize.offset);
    if (fd === 0) return "";
    const bk = this.#source.readWord(chunk + bkNextsize.offset);
    return ` fd_nextsize=${this.#address(fd)} bk_nextsize=${this.#address(bk)}`;
  }

  #threads(numbers: ReadonlyMap<number, number>): void {
    const threads = readThreads(this.#source)
      .map((thread) => ({ ...thread, number: numbers.get(thread.number) ?? -1 }))
      .sort((a, b) => a.number - b.number);
    for (const { number, arena, tcache } of threads) {
      if (tcache === 0) continue;
      const place = this.#address(tcache);
      this.lines.push(`thread ${number} arena=${this.#arena(arena)} tcache=${place}`);
      for (const { index, count, walk } of cacheLists(this.#source, tcache)) {
        this.lines.push(`tcache ${index} count=${count}`);
        for (const { mem } of whole(walk)) this.lines.push(`tcache ${index} ${this.#address(mem)}`);
      }
    }
  }

  /** The smallest first: where they are, only the kernel knows. */
  #mapped(): void {
    const { mchunkPrevSize } = this.#source.structs.Chunk.fields;
    const chunks = [...walkMapped(this.#source)].sort((a, b) => a.size - b.size);
    for (const { chunk, size, flags } of chunks) {
      const before = this.#source.readWord(chunk + mchunkPrevSize.offset);
      this.lines.push(`mapped ${hex(size + flags)} prev_size=${hex(before)}`);
    }
  }
}

/**
 * @param view the heap
 * @param numbers the trace's number of each thread, by the process's
 * @returns the lines of the text
 * @throws Error where a reader has met damage
 */
export function dumpLines(view: HeapView, numbers: ReadonlyMap<number, number>): string[] {
  const [damage] = view.filings.damages;
  if (damage !== undefined) throw new Error(`damage at 0x${hex(damage.at)}: ${damage.why}`);
  const writer = new Writer(view);
  writer.write(numbers);
  return writer.lines;
}
