// The pictures of the tours: the address space, and a struct. Those of chunks are in chunks.ts,
// those of aborts in abort.ts.

import type { Step } from "../../explorer/tours/index.js";
import { isDamage } from "../../src/inspect/damage.js";
import { isVisible, walkRegions } from "../../src/inspect/regions.js";
import { mmOf } from "../../src/inspect/words.js";
import { abortPictures } from "./abort.js";
import { chunksPicture } from "./chunks.js";
import type { Scene } from "./scene.js";
import { box, picture, text } from "./svg.js";

const WIDTH = 760;
const hex = (value: number): string => `0x${value.toString(16)}`;
const UNITS = ["bytes", "KiB", "MiB", "GiB"];

function sizeText(bytes: number): string {
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  const isRound = value >= 100 || Number.isInteger(value);
  return `${isRound ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}

/** A row of the address space. */
interface Row {
  readonly start: number;
  readonly end: number;
  readonly kind: "used" | "top" | "gap";
  readonly what: string;
}

const WRITE = 2;

function rowsOf({ view: { source, arenas } }: Scene): Row[] {
  const mm = mmOf(source);
  const heaps = new Map(arenas.flatMap(({ heaps }) => heaps.map((one) => [one.address, one])));
  const regions = [...walkRegions(source)].filter((one) => !isDamage(one)).filter(isVisible);
  const known = regions.map(({ start, end, flags }): Row => {
    const isOpen = (flags & WRITE) !== 0;
    if (start >= mm.startBrk && end <= mm.brk + 4096)
      return { start, end, kind: "used", what: "[heap]" };
    if (heaps.has(start))
      return { start, end, kind: "used", what: "heap of an arena: heap_info, chunks" };
    if (!isOpen) return { start, end, kind: "top", what: "reserved, no access" };
    return { start, end, kind: "used", what: "mapping" };
  });
  const all: Row[] = [];
  let from = mm.startBrk;
  for (const row of known.filter(({ start }) => start >= mm.startBrk)) {
    if (row.start > from) all.push({ start: from, end: row.start, kind: "gap", what: "nothing" });
    all.push(row);
    from = row.end;
  }
  return [...all, { start: from, end: mm.taskSize, kind: "gap", what: "nothing" }];
}

/** The address space from start_brk on, a row for each mapping and each gap. */
export function spacePicture(scene: Scene, title: string): string {
  const rows = rowsOf(scene);
  const { startBrk, brk } = mmOf(scene.view.source);
  const tall = 30;
  const parts = rows.flatMap(({ start, end, kind, what }, i) => {
    const y = 26 + i * tall;
    const width = Math.max(8, (Math.log2(end - start) - 10) * 13);
    return [
      text("small", 0, y + 18, hex(start)),
      ...(kind === "gap" ? [] : [box(kind, 110, y + 2, width, tall - 6)]),
      text(
        kind === "gap" ? "faint" : "strong",
        120 + (kind === "gap" ? 0 : width),
        y + 18,
        `${what}, ${sizeText(end - start)}`,
      ),
    ];
  });
  const note = `start_brk ${hex(startBrk)}    brk ${hex(brk)}`;
  return picture(title, WIDTH, 30 + rows.length * tall, [text("small", 0, 14, note), ...parts]);
}

/** Lines `name value …` of a command's output as the fields of a struct. */
function structPicture({ output }: Scene, title: string): string {
  const fields = output.split("\n").flatMap((line) => {
    const [, name, value] = /^ {2}(?: *)([a-z_]+) +(0x[0-9a-f]+) +\d+$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
  const first = fields.findIndex(({ name }, i) => i > 0 && name === fields[0]!.name);
  const shown = first < 0 ? fields : fields.slice(0, first);
  const parts = shown.flatMap(({ name, value }, i) => [
    box("used", 0, i * 30, 220, 27),
    text("label", 12, i * 30 + 19, name),
    box("own", 224, i * 30, 160, 27),
    text("label", 236, i * 30 + 19, value),
  ]);
  return picture(title, WIDTH, shown.length * 30, parts);
}

/** @returns the pictures of a step that was played, as SVG */
export function picturesOf(step: Step, scene: Scene): string[] {
  const { title } = step;
  switch (step.picture) {
    case "chunks":
      return [chunksPicture(scene, `${title}: the chunks of the heap`)];
    case "space":
      return [spacePicture(scene, `${title}: the address space`)];
    case "struct":
      return [structPicture(scene, `${title}: the fields of the struct`)];
    case "abort":
      return abortPictures(scene, title);
  }
}
