// malloc_info(3) and malloc_stats(3): what glibc prints about its arenas, letter for letter, from
// the same structs.
//
// The quirks are glibc's: malloc_info counts bins by the size word with its flag bits, top among
// the rest, and nothing of tcache; malloc_stats cuts most numbers to 32 bits. From 2.43 on there is
// no line about fast bins.

import { readArenas, type Arena } from "./arenas.js";
import type { HeapSource } from "./source.js";
import type { StructLayout } from "../layout/struct.js";
import { readField } from "../layout/struct.js";
import { exactSizes, MALLINFO, MALLOC_INFO, type ChunkSizes } from "./free-chunks.js";
import { hasFastbins } from "./lists.js";
import { asSize, sizeField } from "./words.js";

/** A tag's attributes: `count="2" size="96"`. */
type Attributes = Readonly<Record<string, number | bigint | string>>;

function tag(name: string, attributes: Attributes): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
  return `<${name}${words.join("")}/>\n`;
}

/** What an arena adds to the totals at the end: C's size_t. */
interface Sums {
  fast: ChunkSizes<bigint>;
  rest: ChunkSizes<bigint>;
  system: bigint;
  maxSystem: bigint;
  space: bigint;
  accessible: bigint;
}

/** Adds as C does. */
function sum(process: HeapSource, values: readonly bigint[]): bigint {
  return asSize(
    process,
    values.reduce((all, value) => all + value, 0n),
  );
}

function sumOf(process: HeapSource, parts: readonly ChunkSizes<bigint>[]): ChunkSizes<bigint> {
  const total = sum(
    process,
    parts.map((part) => part.total),
  );
  const count = sum(
    process,
    parts.map((part) => part.count),
  );
  return { from: 0n, to: 0n, total, count };
}

function totals(process: HeapSource, { fast, rest }: Sums): string {
  const all = tag("total", { type: "rest", count: rest.count, size: rest.total });
  if (!hasFastbins(process)) return all;
  return tag("total", { type: "fast", count: fast.count, size: fast.total }) + all;
}

function spaces({ system, maxSystem, space, accessible }: Sums): string {
  return (
    tag("system", { type: "current", size: system }) +
    tag("system", { type: "max", size: maxSystem }) +
    tag("aspace", { type: "total", size: space }) +
    tag("aspace", { type: "mprotect", size: accessible })
  );
}

/** One arena's part of malloc_info, and its sums. */
function heapElement(
  process: HeapSource,
  arena: Arena,
  number: number,
): { text: string; sums: Sums } {
  const { address, heaps } = arena;
  const { MallocState, HeapInfo } = process.structs;
  const { fast, unsorted, binned, top } = exactSizes(process, arena, MALLOC_INFO);
  const system = sizeField(process, address, MallocState, "systemMem");
  const inHeaps = (field: string): bigint =>
    heaps.length === 0
      ? system
      : sum(
          process,
          heaps.map((heap) => sizeField(process, heap.address, HeapInfo, field)),
        );
  const sums: Sums = {
    fast: sumOf(process, fast),
    rest: sumOf(process, [...binned, unsorted, { from: 0n, to: 0n, total: top, count: 1n }]),
    system,
    maxSystem: sizeField(process, address, MallocState, "maxSystemMem"),
    space: inHeaps("size"),
    accessible: inHeaps("mprotectSize"),
  };
  const sizes = [...fast, ...binned].filter(({ count }) => count > 0n);
  const lines = sizes.map((size) => `  ${tag("size", attributesOf(size))}`);
  if (unsorted.count > 0n) lines.push(`  ${tag("unsorted", attributesOf(unsorted))}`);
  const subheaps = heaps.length ? tag("aspace", { type: "subheaps", size: heaps.length }) : "";
  const text =
    `<heap nr="${number}">\n<sizes>\n${lines.join("")}</sizes>\n` +
    `${totals(process, sums)}${spaces(sums)}${subheaps}</heap>\n`;
  return { text, sums };
}

function attributesOf({ from, to, total, count }: ChunkSizes<bigint>): Attributes {
  return { from, to, total, count };
}

/** What stands in glibc's `mp_`: a word, or an int. */
function parameters(process: HeapSource) {
  const address = process.places.mallocPar;
  const struct: StructLayout = process.structs.MallocPar;
  return {
    word: (name: string) => sizeField(process, address, struct, name),
    int: (name: string) => readField(process.view(), address, struct.fields[name]!) as number,
  };
}

/**
 * What `malloc_info(0, file)` writes: an XML description of all arenas (man 3 malloc_info).
 * @param process `heap.process`, or what `startProcess` gave
 * @returns the text, with its last newline
 * @throws HeapAbort where malloc_info would abort, or follow a link to nowhere or round in a circle
 */
export function mallocInfo(process: HeapSource): string {
  const mp = parameters(process);
  const parts = readArenas(process).map((arena, i) => heapElement(process, arena, i));
  const of = (name: "system" | "maxSystem" | "space" | "accessible"): bigint =>
    sum(
      process,
      parts.map(({ sums }) => sums[name]),
    );
  const all: Sums = {
    fast: sumOf(
      process,
      parts.map(({ sums }) => sums.fast),
    ),
    rest: sumOf(
      process,
      parts.map(({ sums }) => sums.rest),
    ),
    system: of("system"),
    maxSystem: of("maxSystem"),
    space: of("space"),
    accessible: of("accessible"),
  };
  const size = mp.word("mmappedMem");
  const mapped = tag("total", { type: "mmap", count: mp.int("nMmaps"), size });
  const heaps = parts.map(({ text }) => text).join("");
  return `<malloc version="1">\n${heaps}${totals(process, all)}${mapped}${spaces(all)}</malloc>\n`;
}

/** A line of malloc_stats. */
function line(label: string, value: bigint): string {
  return `${label} = ${String(value).padStart(10)}\n`;
}

/** As C's unsigned int. */
function asInt(value: number | bigint): bigint {
  return BigInt.asUintN(32, BigInt(value));
}

/**
 * What `malloc_stats()` writes to the standard error stream (man 3 malloc_stats): all numbers but
 * the last are cut to 32 bits.
 * @param process `heap.process`, or what `startProcess` gave
 * @returns the text, with its last newline
 * @throws HeapAbort where mallinfo would abort, or follow a link to nowhere or round in a circle
 */
export function mallocStats(process: HeapSource): string {
  const mp = parameters(process);
  let system = mp.word("mmappedMem");
  let used = system;
  let text = "";
  readArenas(process).forEach((arena, i) => {
    const { MallocState } = process.structs;
    const systemMem = sizeField(process, arena.address, MallocState, "systemMem");
    const inUse = systemMem - exactSizes(process, arena, MALLINFO).free;
    text += `Arena ${i}:\n${bytesLines(systemMem, inUse)}`;
    system += systemMem;
    used += inUse;
  });
  text += `Total (incl. mmap):\n${bytesLines(system, used)}`;
  text += line("max mmap regions", asInt(mp.int("maxNMmaps")));
  return text + line("max mmap bytes  ", mp.word("maxMmappedMem"));
}

function bytesLines(system: bigint, used: bigint): string {
  return line("system bytes    ", asInt(system)) + line("in use bytes    ", asInt(used));
}
