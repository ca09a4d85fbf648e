// What a guest is, before anything of it runs: which allocation functions it wants, where its own data lies, and whether it has another
// allocator in it.

import { PAGE_BYTES, WASM_PAGE_BYTES } from "../host/options.js";
import { functionNames, readModule } from "./binary.js";
import type { Binary, ImportEntry, MemoryLimits } from "./binary.js";

/** The module that a guest's allocation functions come from; its name in imports that say so. */
export const HEAP_MODULE = "ptmalloc";

/** What wasm-ld, Emscripten, Rust and Zig put before undefined functions. */
const DEFAULT_MODULE = "env";

/** The functions that a guest may import: the C library's, with C's meanings. */
export const SERVED: readonly string[] = [
  "malloc",
  "free",
  "calloc",
  "realloc",
  "reallocarray",
  "memalign",
  "aligned_alloc",
  "posix_memalign",
  "valloc",
  "pvalloc",
  "malloc_usable_size",
  "mallopt",
  "malloc_trim",
  "mallinfo",
  "mallinfo2",
  "__errno_location",
  "brk",
  "sbrk",
  "mmap",
  "munmap",
  "mremap",
];

/** What linking needs to know of a guest. Addresses and sizes are in bytes. */
export interface GuestInfo {
  /** The allocation functions that it imports. */
  readonly imports: readonly string[];
  /** Its memory; undefined when it has none. */
  readonly memory:
    | (MemoryLimits & {
        /** Whether it imports the memory; else it defines it. */
        readonly isImported: boolean;
      })
    | undefined;
  /** Where its data begins; undefined when it has none. */
  readonly dataBegin: number | undefined;
  /**
   * Where its own part of the memory, data and stack, ends: the exported `__heap_base`, else the end of the memory that it begins with. A heap
   * has to lie above.
   */
  readonly end: number;
  /** A function of it that belongs to another allocator, as far as names of functions are left in it. */
  readonly ownAllocator: string | undefined;
}

/** Names that only an allocator's own functions have: dlmalloc (wasi-libc, Emscripten, Rust), emmalloc and mimalloc (Emscripten). */
const ALLOCATORS =
  /^(dlmalloc|dlfree|emmalloc_\w+|mi_malloc_generic|_mi_malloc_generic|_ZN8dlmalloc.*|_RN.*8dlmalloc.*)$/;

/** Whether the heap serves an import. */
export function isServed({ module, name, kind }: Pick<ImportEntry, "module" | "name" | "kind">) {
  const isOurs = module === HEAP_MODULE || module === DEFAULT_MODULE;
  return kind === "function" && isOurs && SERVED.includes(name);
}

/** @returns bytes of whatever kind as they are, not copied */
export function asBytes(source: BufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/**
 * Looks at a guest.
 * @param source the guest's bytes
 * @throws TypeError when they are no WebAssembly module, RangeError when they end too early
 */
export function readGuest(source: BufferSource): GuestInfo {
  return guestOf(readModule(asBytes(source)));
}

/** As `readGuest`, of a binary that was read already. */
export function guestOf(binary: Binary): GuestInfo {
  const served = binary.imports.filter(isServed).map(({ name }) => name);
  const memory = memoryOf(binary);
  return {
    imports: [...new Set(served)],
    memory,
    dataBegin: binary.data?.begin,
    end: heapBase(binary) ?? Math.max(binary.data?.end ?? 0, initialBytes(memory)),
    ownAllocator: ownAllocator(binary, served.length === 0),
  };
}

function ownAllocator(binary: Binary, isAlone: boolean): string | undefined {
  const names = functionNames(binary);
  const found = names.find((name) => ALLOCATORS.test(name));
  // The shim's malloc is called malloc, too.
  return found ?? (isAlone ? names.find((name) => name === "malloc") : undefined);
}

function memoryOf({ imports, memories }: Binary): GuestInfo["memory"] {
  const imported = imports.flatMap(({ memory }) => memory ?? []);
  const all = [...imported, ...memories];
  if (all.length > 1)
    throw new TypeError(`the guest has ${all.length} memories: it can share a heap in one only`);
  const [memory] = all;
  if (memory === undefined) return undefined;
  if (memory.is64)
    throw new TypeError(
      "the guest has a 64-bit memory (memory64); the heap's has 32-bit addresses",
    );
  return { ...memory, isImported: imported.length > 0 };
}

function initialBytes(memory: GuestInfo["memory"]): number {
  return (memory?.initial ?? 0) * WASM_PAGE_BYTES;
}

function heapBase({ imports, exports, globals }: Binary): number | undefined {
  const found = exports.find(({ name, kind }) => name === "__heap_base" && kind === "global");
  if (found === undefined) return undefined;
  const imported = imports.filter(({ kind }) => kind === "global").length;
  return globals[found.index - imported];
}

/** WebAssembly pages that the kernel's and libc's data take at the base at most: with threads. */
const RESERVED_PAGES = 2;

/**
 * The tunables of a guest's heap, unless others are given: a tcache of 1,000 blocks a size instead of glibc's 7. Programs that free many blocks
 * at a time and allocate them anew, as collectors do, mostly stay in tcache then.
 */
export const GUEST_TUNABLES = {
  /** Blocks of each size that tcache keeps. */
  tcache_count: 1000,
} as const;

/** What `createHeap` is to be told so that guests can live in the heap's memory. */
export interface GuestHeapOptions {
  /** The tunables that serve guests best: tcache keeps more blocks of a size. */
  tunables: typeof GUEST_TUNABLES;
  /** The lowest address that the heap may begin at, a multiple of 4096. */
  base: number;
  /** WebAssembly pages of 64 KiB that guests and heap need at the start. */
  initialPages: number;
  /** The fewest WebAssembly pages that a guest allows as the limit; absent when none has one. */
  maximumPages?: number;
}

/**
 * Where a heap has to begin so that guests can share it: above their data and stacks; and with which tunables it serves them best
 * (`{ ...heapOptionsFor(guest), tunables: {} }` has glibc's).
 * @param guests their bytes; each must be linked to a place of its own (wasm-ld: `--global-base`)
 * @returns options for `createHeap`, to be spread into the others
 * @throws TypeError, RangeError for what is no module, and for guests that overlap
 */
export function heapOptionsFor(...guests: readonly BufferSource[]): GuestHeapOptions {
  const infos = guests.map(readGuest);
  infos.forEach((info, at) => {
    const other = infos.findIndex((candidate, index) => index < at && overlap(info, candidate));
    if (other >= 0) throw overlapError(`guests ${other + 1} and ${at + 1}`, infos[other]!, info);
  });
  const end = Math.max(PAGE_BYTES, ...infos.map((info) => info.end));
  const base = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
  const pages = infos.flatMap(({ memory }) => memory ?? []);
  const maximum = Math.min(...pages.map((memory) => memory.maximum ?? Infinity));
  const initialPages = Math.max(
    Math.ceil(base / WASM_PAGE_BYTES) + RESERVED_PAGES,
    ...pages.map(({ initial }) => initial),
  );
  if (initialPages > maximum)
    throw new RangeError(
      `the guests allow a memory of ${maximum} pages; their data and a heap's begin need ${initialPages}`,
    );
  const limit = Number.isFinite(maximum) ? { maximumPages: maximum } : {};
  return { base, initialPages, ...limit, tunables: GUEST_TUNABLES };
}

/** Whether two guests have data in the same place. */
export function overlap(one: GuestInfo, other: GuestInfo): boolean {
  if (one.dataBegin === undefined || other.dataBegin === undefined) return false;
  return one.dataBegin < other.end && other.dataBegin < one.end;
}

/** Says where two guests lie. */
export function overlapError(who: string, one: GuestInfo, other: GuestInfo): RangeError {
  const place = ({ dataBegin = 0, end }: GuestInfo): string => `${hex(dataBegin)} to ${hex(end)}`;
  return new RangeError(
    `${who} lie in the same place, at ${place(one)} and at ${place(other)}: link one of them to another ` +
      `(wasm-ld: --global-base=${Math.max(one.end, other.end)}; asc: --memoryBase)`,
  );
}

/** @returns an address as it is shown */
export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
