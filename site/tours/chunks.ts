// The picture of a heap's chunks: one row, in the order of addresses, not to scale. Below them the
// links of the lists, at the end the break.

import { isDamage, type Damage } from "../../src/inspect/damage.js";
import type { ChunkView } from "../../src/inspect/chunks.js";
import {
  binCount,
  cacheLists,
  fastbinsOf,
  readThreads,
  walkBin,
  walkFastbin,
  type Entry,
} from "../../src/inspect/lists.js";
import { mmOf } from "../../src/inspect/words.js";
import type { Scene } from "./scene.js";
import { box, element, picture, text } from "./svg.js";

const WIDTH = 760;
const TOP = 34;
const TALL = 56;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** A chunk and its place. */
export interface Cell {
  readonly chunk: ChunkView;
  readonly x: number;
  readonly width: number;
}

const weight = ({ size }: ChunkView): number => Math.log2(size) ** 1.6;

function cellsOf(chunks: readonly ChunkView[], width: number): Cell[] {
  const all = chunks.reduce((sum, chunk) => sum + weight(chunk), 0);
  let x = 0;
  return chunks.map((chunk) => {
    const cell = { chunk, x, width: (width * weight(chunk)) / all };
    x += cell.width;
    return cell;
  });
}

const KINDS: Readonly<Record<string, string>> = {
  ...{ used: "used", mmapped: "used", tcache: "tcache", fastbin: "fastbin", unsorted: "unsorted" },
  ...{ smallbin: "bin", largebin: "bin", top: "top" },
};

function labelOf({ state, mem }: ChunkView, names: ReadonlyMap<number, string>): string {
  if (state === "top") return "top";
  return state === "tcache-struct" ? "tcache" : (names.get(mem) ?? "");
}

/** Lists of free chunks, each as their addresses in order. */
function* listsOf({ source, arenas }: Scene["view"]): Generator<number[]> {
  const addresses = (walk: Iterable<Entry | Damage>): number[] =>
    [...walk].flatMap((one) => (isDamage(one) ? [] : [one.chunk]));
  for (const { tcache } of readThreads(source)) {
    if (tcache === 0) continue;
    for (const list of cacheLists(source, tcache)) yield addresses(list.walk);
  }
  const [main] = arenas;
  if (main === undefined) return;
  for (const bin of fastbinsOf(main).keys()) yield addresses(walkFastbin(source, main, bin));
  for (let bin = 1; bin < binCount(source); bin++)
    yield addresses(walkBin(source, main.address, bin));
}

/** Arrows from chunk to chunk, below the row. */
function links(lists: Iterable<number[]>, cells: readonly Cell[]): string[] {
  const middle = new Map(cells.map(({ chunk, x, width }) => [chunk.chunk, x + width / 2]));
  const paths: string[] = [];
  for (const list of lists)
    for (let i = 1; i < list.length; i++) {
      const [from, to] = [middle.get(list[i - 1]!), middle.get(list[i]!)];
      if (from === undefined || to === undefined) continue;
      const y = TOP + TALL + 2;
      const deep = y + Math.min(40, 14 + Math.abs(from - to) / 6);
      const [left, right] = [round(from), round(to)];
      const d = `M${left} ${y}C${left} ${deep} ${right} ${deep} ${right} ${y}`;
      paths.push(element("path", { class: "p-link", d, "marker-end": "url(#tip)" }));
    }
  return paths;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const TIP =
  '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" ' +
  'orient="auto"><path class="p-tip" d="M0 0L8 4L0 8z"/></marker></defs>';

/** A row of chunks that was laid out. */
export interface Row {
  readonly cells: readonly Cell[];
  /** Where the break is drawn. */
  readonly end: number;
}

/** Lays the chunks of a scene's main heap out. @param room what is left beside them */
function rowOf({ view }: Scene, room: number): Row {
  const { startBrk, brk } = mmOf(view.source);
  const chunks = [...view.chunks()].filter((one) => !isDamage(one));
  const inHeap = chunks.filter(({ chunk }) => chunk >= startBrk && chunk < brk);
  // Where a size is damaged, nobody can say where the next chunk begins.
  const last = inHeap.at(-1);
  const from = last === undefined ? startBrk : last.chunk + last.size;
  if (last !== undefined && last.state !== "top" && from < brk)
    inHeap.push({ chunk: from, mem: from + 8, size: brk - from, flags: 0, state: "free" });
  const end = WIDTH - 12 - room;
  return { cells: cellsOf(inHeap, end), end };
}

/** The middle of a word of the heap, on the row; undefined outside of it. */
export function placeIn({ cells }: Row, address: number): number | undefined {
  const cell = cells.find(
    ({ chunk: { chunk, size } }) => address >= chunk && address < chunk + size,
  );
  if (cell === undefined) return undefined;
  return cell.x + (cell.width * (address - cell.chunk.chunk)) / cell.chunk.size;
}

function drawn({ chunk, x, width }: Cell, names: ReadonlyMap<number, string>): string[] {
  const kind = KINDS[chunk.state] ?? (chunk.state === "free" ? "bad" : "own");
  const label = chunk.state === "free" ? "unknown" : labelOf(chunk, names);
  const middle = x + width / 2;
  const parts = [box(kind, x + 1, TOP, Math.max(2, width - 2), TALL)];
  parts.push(text("label", middle, TOP + 24, label, "middle"));
  if (width > 44 && chunk.state !== "free")
    parts.push(text("size", middle, TOP + 44, hex(chunk.size), "middle"));
  return parts;
}

/** Addresses below the row, as many as have room. */
function addresses(cells: readonly Cell[], y: number): string[] {
  let free = -1;
  return cells.flatMap(({ chunk: { chunk }, x }) => {
    if (x < free) return [];
    free = x + 76;
    return [text("small", x + 1, y, hex(chunk))];
  });
}

const BESIDE = 110;

/** A mapped chunk, behind the break. */
function mappedParts({ size, mem }: ChunkView, x: number, { names }: Scene): string[] {
  return [
    box("used", x, TOP, 96, TALL),
    text("label", x + 48, TOP + 24, names.get(mem) ?? "mapping", "middle"),
    text("size", x + 48, TOP + 44, hex(size), "middle"),
  ];
}

/**
 * Draws the chunks of a scene's main heap, and mapped ones behind the break.
 * @param marks draws more, below the row: what it returns, and how tall that is
 */
export function chunksPicture(
  scene: Scene,
  title: string,
  marks: (row: Row, y: number) => readonly [parts: string[], tall: number] = () => [[], 0],
): string {
  const { startBrk, brk } = mmOf(scene.view.source);
  const mapped = [...scene.view.chunks()]
    .filter((one) => !isDamage(one))
    .filter(({ state }) => state === "mmapped");
  const row = rowOf(scene, mapped.length * BESIDE);
  const arrows = links(listsOf(scene.view), row.cells);
  const below = TOP + TALL + (arrows.length > 0 ? 62 : 20);
  const [more, tall] = marks(row, below + 8);
  return picture(title, WIDTH, below + 10 + tall, [
    TIP,
    text("small", 0, 14, `start_brk ${hex(startBrk)}`),
    ...row.cells.flatMap((cell) => drawn(cell, scene.names)),
    ...addresses(row.cells, below),
    ...arrows,
    box("brk", row.end + 2, TOP - 12, 4, TALL + 24),
    text("small", row.end + 4, 14, `brk ${hex(brk)}`, "end"),
    ...mapped.flatMap((chunk, i) => mappedParts(chunk, row.end + 20 + i * BESIDE, scene)),
    ...more,
  ]);
}
