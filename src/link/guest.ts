// What a guest is, before anything of it runs: which allocation functions it wants, where its own
// data lies, and whether it has another allocator in it.

import type { TunableObject } from "../process/tunables.js";
import { show } from "../base/checks.js";
import { MAX_TASK_SIZE, PAGE_BYTES, WASM_PAGE_BYTES } from "../process/options.js";
import { isBytes } from "../base/realm.js";
import { checkAllocator, findAllocator } from "./allocator.js";
import type { OwnAllocator } from "./allocator.js";
import { readModule } from "./binary.js";
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
   * Where its data and stack end: the exported `__heap_base`, else the end of the memory that it
   * begins with.
   */
  readonly staticEnd: number;
  /**
   * Where its own part of the memory ends; a heap has to lie above. As `staticEnd` when the guest
   * is known to use nothing above that, else the end of the memory that it begins with.
   */
  readonly end: number;
  /** What tells that it has, or may have, an allocator of its own; undefined when it has none. */
  readonly ownAllocator: OwnAllocator | undefined;
}

/**
 * Before the heap's names where they may not be C's own: Emscripten's linker takes `env.calloc` for
 * a mistake.
 */
const PREFIX = /^_?ptmalloc_/;

type ImportName = Pick<ImportEntry, "module" | "name" | "kind">;

/**
 * @returns which function of the heap's an import stands for, `malloc` for "env.ptmalloc_malloc";
 * or undefined
 */
export function servedName({ module, name, kind }: ImportName): string | undefined {
  const isOurs = module === HEAP_MODULE || module === DEFAULT_MODULE;
  return kind === "function" && isOurs ? plainName(name) : undefined;
}

function plainName(name: string): string | undefined {
  const plain = name.replace(PREFIX, "");
  return SERVED.includes(plain) ? plain : undefined;
}

/**
 * What Emscripten's JavaScript gives for an import tells what the import was called before it was
 * minified: its functions keep their names. @returns that name, or undefined
 */
export function givenName(value: unknown): string | undefined {
  const known = typeof value === "function" && /^_?(ptmalloc_\w+|emscripten_\w+)$/.test(value.name);
  return known ? value.name.replace(/^_/, "") : undefined;
}

/**
 * @returns which function of the heap's a value stands in for: in JavaScript made by Emscripten,
 * for the shim's imports
 */
export function stoodInFor(value: unknown): string | undefined {
  const name = givenName(value);
  return name !== undefined && PREFIX.test(name) ? plainName(name) : undefined;
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
  if (!isBytes(source)) throw new TypeError(`a guest's bytes are needed, got ${show(source)}`);
  return guestOf(readModule(asBytes(source)));
}

/**
 * As `readGuest`, of a binary that was read already, and with what the caller gives for its
 * imports.
 */
export function guestOf(binary: Binary, given: WebAssembly.Imports = {}): GuestInfo {
  const functions = binary.imports.filter(({ kind }) => kind === "function");
  const names = functions.map((entry) => {
    const name = givenName(given[entry.module]?.[entry.name]) ?? entry.name;
    return { name, served: servedName(entry) ?? (PREFIX.test(name) ? plainName(name) : undefined) };
  });
  const imports = [...new Set(names.flatMap(({ served }) => served ?? []))];
  const memory = memoryOf(binary);
  const initial = (memory?.initial ?? 0) * WASM_PAGE_BYTES;
  const heapBase = heapBaseOf(binary);
  const data = dataOf(binary, initial);
  const staticEnd = Math.max(heapBase?.value ?? initial, data.end);
  const { own, usesInitial } =
    memory === undefined
      ? { own: undefined, usesInitial: false }
      : findAllocator(binary, {
          served: imports,
          imported: names.map(({ name }) => name),
          heapBase,
        });
  return {
    imports,
    memory,
    dataBegin: data.begin,
    staticEnd,
    end: usesInitial ? Math.max(staticEnd, initial) : staticEnd,
    ownAllocator: own,
  };
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
      "the guest has a 64-bit memory (memory64); the heap's has 32-bit addresses: " +
        "compile it for wasm32",
    );
  return { ...memory, isImported: imported.length > 0 };
}

/**
 * The exported `__heap_base`: what linkers say of where data and stack end. One that may change
 * says nothing.
 */
function heapBaseOf({ imports, exports, globals }: Binary) {
  const found = exports.find(({ name, kind }) => name === "__heap_base" && kind === "global");
  const imported = imports.filter(({ kind }) => kind === "global").length;
  const global = found && globals[found.index - imported];
  if (found === undefined || global?.value === undefined || global.isMutable) return undefined;
  return { value: global.value, global: found.index };
}

/**
 * Where active data segments go. What cannot be read is somewhere in the memory that the guest
 * begins with.
 */
function dataOf({ data }: Binary, initial: number): { begin: number | undefined; end: number } {
  if (data === undefined) return { begin: 0, end: initial };
  const placed = data.filter(({ begin, bytes }) => begin !== undefined && bytes.length > 0);
  const ends = placed.map(({ begin = 0, bytes }) => begin + bytes.length);
  const begin = placed.length > 0 ? Math.min(...placed.map(({ begin = 0 }) => begin)) : undefined;
  return { begin, end: Math.max(0, ...ends) };
}

/** WebAssembly pages that the kernel's and libc's data take at the base at most: with threads. */
const RESERVED_PAGES = 2;

/** What `createHeap` is to be told so that guests can live in the heap's memory. */
export interface GuestHeapOptions {
  /**
   * None: a guest's heap has glibc's own. It was a tcache of 1,000 blocks a size; the profile
   * "throughput" is faster, and takes less memory.
   * @deprecated nothing need be given
   */
  tunables: TunableObject;
  /** The lowest address that the heap may begin at, a multiple of 4096. */
  base: number;
  /** WebAssembly pages of 64 KiB that guests and heap need at the start. */
  initialPages: number;
  /** The fewest WebAssembly pages that a guest allows as the limit; absent when none has one. */
  maximumPages?: number;
}

/**
 * Where a heap has to begin so that guests can share it: above their data and stacks, and above all
 * memory that they begin with where they may use that. `{ ...heapOptionsFor(guest), profile:
 * "throughput" }` is the fastest heap for them, `"small"` the one that needs least memory.
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
  const most = MAX_TASK_SIZE / WASM_PAGE_BYTES;
  if (initialPages > Math.min(maximum, most)) {
    // That may be all that is wrong.
    for (const info of infos) checkAllocator(info, "refuse", 'option "ownAllocator"');
    throw new RangeError(
      (initialPages > most
        ? `a heap's memory has at most ${most} pages`
        : `the guests allow a memory of ${maximum} pages`) +
        `; with theirs, which reaches up to ${hex(end)}, and a heap's begin it needs ` +
        `${initialPages}: compile them with room (wasm-ld: a smaller --initial-memory, a larger ` +
        "--max-memory, --export=__heap_base; emcc: -sALLOW_MEMORY_GROWTH)",
    );
  }
  const limit = Number.isFinite(maximum) ? { maximumPages: maximum } : {};
  return { base, initialPages, ...limit, tunables: {} };
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
    `${who} lie in the same place, at ${place(one)} and at ${place(other)}: ` +
      `link one of them to another (wasm-ld: --global-base=${Math.max(one.end, other.end)}; asc: --memoryBase)`,
  );
}

/** @returns an address as it is shown */
export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
