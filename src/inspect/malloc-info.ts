// malloc_info(3) and malloc_stats(3): what glibc prints about its arenas, letter for letter, from the same structs.
//
// The quirks are glibc's: malloc_info counts bins by the size word with its flag bits, top among the rest, and nothing of
// tcache; malloc_stats cuts most numbers to 32 bits.

import { readArenas, readMallocPar, type Arena } from "../host/arenas.js";
import { chunkSizes, type ChunkSizes } from "./free-chunks.js";
import type { Process } from "../host/process.js";

/** A tag's attributes: `count="2" size="96"`. */
type Attributes = Readonly<Record<string, number | string>>;

function tag(name: string, attributes: Attributes): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${value}"`);
  return `<${name}${words.join("")}/>\n`;
}

/** What an arena adds to the totals at the end. */
interface Sums {
  fast: ChunkSizes;
  rest: ChunkSizes;
  system: number;
  maxSystem: number;
  space: number;
  accessible: number;
}

function sumOf(parts: readonly ChunkSizes[]): ChunkSizes {
  const sum = { from: 0, to: 0, total: 0, count: 0 };
  for (const { total, count } of parts) {
    sum.total += total;
    sum.count += count;
  }
  return sum;
}

function totals({ fast, rest }: Sums): string {
  return (
    tag("total", { type: "fast", count: fast.count, size: fast.total }) +
    tag("total", { type: "rest", count: rest.count, size: rest.total })
  );
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
function heapElement(process: Process, arena: Arena, number: number): { text: string; sums: Sums } {
  const { state, heaps } = arena;
  const { fast, unsorted, binned, top } = chunkSizes(process, arena);
  const sums: Sums = {
    fast: sumOf(fast),
    rest: sumOf([...binned, unsorted, { from: 0, to: 0, total: top, count: 1 }]),
    system: state.systemMem,
    maxSystem: state.maxSystemMem,
    space: heaps.length ? sumBy(heaps, "size") : state.systemMem,
    accessible: heaps.length ? sumBy(heaps, "mprotectSize") : state.systemMem,
  };
  const sizes = [...fast, ...binned].filter(({ count }) => count > 0);
  const lines = sizes.map((size) => `  ${tag("size", attributesOf(size))}`);
  if (unsorted.count > 0) lines.push(`  ${tag("unsorted", attributesOf(unsorted))}`);
  const subheaps = heaps.length ? tag("aspace", { type: "subheaps", size: heaps.length }) : "";
  const text =
    `<heap nr="${number}">\n<sizes>\n${lines.join("")}</sizes>\n` +
    `${totals(sums)}${spaces(sums)}${subheaps}</heap>\n`;
  return { text, sums };
}

function attributesOf({ from, to, total, count }: ChunkSizes): Attributes {
  return { from, to, total, count };
}

function sumBy<K extends string>(items: readonly Readonly<Record<K, number>>[], key: K): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}

/**
 * What `malloc_info(0, file)` writes: an XML description of all arenas (man 3 malloc_info).
 * @param process `heap.process`, or what `startProcess` gave
 * @returns the text, with its last newline
 */
export function mallocInfo(process: Process): string {
  const { nMmaps, mmappedMem } = readMallocPar(process);
  const parts = readArenas(process).map((arena, i) => heapElement(process, arena, i));
  const all: Sums = {
    fast: sumOf(parts.map(({ sums }) => sums.fast)),
    rest: sumOf(parts.map(({ sums }) => sums.rest)),
    system: 0,
    maxSystem: 0,
    space: 0,
    accessible: 0,
  };
  for (const { sums } of parts) {
    all.system += sums.system;
    all.maxSystem += sums.maxSystem;
    all.space += sums.space;
    all.accessible += sums.accessible;
  }
  const mapped = tag("total", { type: "mmap", count: nMmaps, size: mmappedMem });
  const heaps = parts.map(({ text }) => text).join("");
  return `<malloc version="1">\n${heaps}${totals(all)}${mapped}${spaces(all)}</malloc>\n`;
}

/** A line of malloc_stats; all numbers but the last are cut to 32 bits. */
function line(label: string, value: number): string {
  return `${label} = ${String(value).padStart(10)}\n`;
}

/**
 * What `malloc_stats()` writes to the standard error stream (man 3 malloc_stats).
 * @param process `heap.process`, or what `startProcess` gave
 * @returns the text, with its last newline
 */
export function mallocStats(process: Process): string {
  const { mmappedMem, maxNMmaps, maxMmappedMem } = readMallocPar(process);
  let system = mmappedMem;
  let used = mmappedMem;
  let text = "";
  readArenas(process).forEach((arena, i) => {
    const { systemMem } = arena.state;
    const inUse = systemMem - chunkSizes(process, arena).free;
    text += `Arena ${i}:\n${bytesLines(systemMem, inUse)}`;
    system += systemMem;
    used += inUse;
  });
  text += `Total (incl. mmap):\n${bytesLines(system, used)}`;
  return text + line("max mmap regions", maxNMmaps) + line("max mmap bytes  ", maxMmappedMem);
}

function bytesLines(system: number, used: number): string {
  return line("system bytes    ", system % 2 ** 32) + line("in use bytes    ", used % 2 ** 32);
}
