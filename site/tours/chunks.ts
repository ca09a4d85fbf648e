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
interface Cell {
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

/** Draws the chunks of a scene's main heap, and mapped ones behind the break. */
export function chunksPicture(scene: Scene, title: string): string {
  const all = [...scene.view.chunks()].filter((one) => !isDamage(one));
  const { startBrk, brk } = mmOf(scene.view.source);
  const inHeap = all.filter(({ chunk }) => chunk >= startBrk && chunk < brk);
  const mapped = all.filter(({ state }) => state === "mmapped");
  const width = WIDTH - 12 - mapped.length * 110;
  const cells = cellsOf(inHeap, width);
  const parts = [TIP, text("small", 0, 14, `start_brk ${hex(startBrk)}`)];
  let free = -1;
  for (const { chunk, x, width: wide } of cells) {
    parts.push(box(KINDS[chunk.state] ?? "own", x + 1, TOP, Math.max(2, wide - 2), TALL));
    const middle = x + wide / 2;
    parts.push(text("label", middle, TOP + 24, labelOf(chunk, scene.names), "middle"));
    if (wide > 44) parts.push(text("size", middle, TOP + 44, hex(chunk.size), "middle"));
    if (x < free) continue;
    parts.push(text("small", x + 1, TOP + TALL + 62, hex(chunk.chunk)));
    free = x + 76;
  }
  parts.push(...links(listsOf(scene.view), cells));
  parts.push(box("brk", width + 2, TOP - 12, 4, TALL + 24));
  parts.push(text("small", width + 4, 14, `brk ${hex(brk)}`, "end"));
  mapped.forEach((chunk, i) => {
    const x = width + 20 + i * 110;
    parts.push(
      box("used", x, TOP, 96, TALL),
      text("size", x + 48, TOP + 44, hex(chunk.size), "middle"),
    );
    parts.push(text("label", x + 48, TOP + 24, labelOf(chunk, scene.names) || "mapping", "middle"));
  });
  return picture(title, WIDTH, TOP + TALL + 72, parts);
}
