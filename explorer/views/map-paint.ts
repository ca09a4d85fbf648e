// Draws the chunk map: first the chunks, as pixels; then frames, links and text over them.

import { hex } from "../model/format.js";
import type { ChunkTable, Moment } from "../model/types.js";
import { NONE } from "../model/types.js";
import { faded, type Color, type Palette } from "../parts/colors.js";
import type { Pen } from "../parts/pen.js";
import { formatBytes } from "../model/format.js";
import { HEAD_HEIGHT, placeOf, type Band, type Layout } from "./map-layout.js";

/** What the map shows besides the chunks. */
export interface MapOptions {
  readonly scroll: number;
  readonly colouring: "state" | "thread" | "age";
  readonly passes: (i: number) => boolean;
  readonly selected: number;
  readonly at: number;
  /** Chunks that are linked to each other, list by list. */
  readonly links: readonly (readonly number[])[];
}

/** A rectangle of one colour. */
type Fill = (x0: number, x1: number, y: number, height: number, color: Color) => void;

/** Draws all of the map that is in sight. */
export function paintMap(
  pen: Pen,
  palette: Palette,
  moment: Moment,
  layout: Layout,
  options: MapOptions,
  context?: CanvasRenderingContext2D,
): void {
  const { scroll } = options;
  const colors = colorsFor(palette, options, moment.chunks);
  const seen = layout.bands.filter(
    ({ top, rows }) =>
      top - scroll < pen.height && top - scroll + HEAD_HEIGHT + rows * layout.rowHeight > 0,
  );
  const fill = context === undefined ? vectorFill(pen) : undefined;
  const pixels = context === undefined ? undefined : pixelsOf(context, pen, palette);
  for (const band of seen)
    paintBand(moment.chunks, band, layout, pen, scroll, colors, fill ?? pixels!.fill);
  pixels?.done();
  for (const band of seen) paintTexts(pen, palette, moment.chunks, band, layout, scroll);
  paintLinks(pen, palette, layout, options);
  paintSelected(pen, palette, moment.chunks, layout, options);
}

function vectorFill(pen: Pen): Fill {
  return (x0, x1, y, height, { css }) => pen.rect(x0, y, Math.max(0.5, x1 - x0), height, css);
}

/** A buffer of the canvas's own pixels: many chunks cost no more than few. */
function pixelsOf(context: CanvasRenderingContext2D, pen: Pen, palette: Palette) {
  const { width, height } = context.canvas;
  const scale = width / pen.width;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(palette.back.pixel);
  const lines = new Map<number, number>();
  const fill: Fill = (x0, x1, y, tall, { pixel }) => {
    const from = Math.max(0, Math.round(x0 * scale));
    const to = Math.min(width, Math.max(from + 1, Math.round(x1 * scale)));
    const top = Math.max(0, Math.round(y * scale));
    const bottom = Math.min(height, Math.round((y + tall) * scale));
    if (top >= bottom) return;
    // One line of each row, which is copied to its others in the end.
    lines.set(top, bottom);
    pixels.fill(pixel, top * width + from, top * width + to);
  };
  const done = (): void => {
    for (const [top, bottom] of lines)
      for (let row = top + 1; row < bottom; row++)
        pixels.copyWithin(row * width, top * width, (top + 1) * width);
    context.putImageData(image, 0, 0);
  };
  return { fill, done };
}

/** The colour of each chunk. */
function colorsFor(palette: Palette, options: MapOptions, chunks: ChunkTable) {
  const { states, threads, back } = palette;
  const fadedStates = states.map((color) => faded(color, back));
  const fadedThreads = threads.map((color) => faded(color, back));
  const { colouring, passes, at } = options;
  return (i: number): Color => {
    const passed = passes(i);
    if (colouring === "thread" && chunks.thread[i]! >= 0)
      return (passed ? threads : fadedThreads)[chunks.thread[i]! % 8]!;
    if (colouring === "age" && chunks.birth[i] !== NONE && passed)
      return threads[Math.min(7, Math.floor(Math.log2(1 + at - chunks.birth[i]!) / 2))]!;
    return (passed ? states : fadedStates)[chunks.state[i]!]!;
  };
}

function paintBand(
  chunks: ChunkTable,
  { stretch, top, first }: Band,
  { perRow, rowHeight }: Layout,
  pen: Pen,
  scroll: number,
  color: (i: number) => Color,
  fill: Fill,
): void {
  const { width, height } = pen;
  const begin = top + HEAD_HEIGHT - scroll;
  const fromRow = Math.max(0, Math.floor(-begin / rowHeight));
  const toRow = Math.ceil((height - begin) / rowHeight);
  const low = first + fromRow * perRow;
  const high = first + toRow * perRow;
  const gap = rowHeight > 8 ? 1 : 0;
  let lastX = -1;
  for (let i = stretch.from; i < stretch.from + stretch.count; i++) {
    const at = chunks.address[i]!;
    const end = at + chunks.size[i]!;
    if (end <= low) continue;
    if (at >= high) break;
    const [startRow, endRow] = [
      Math.floor((at - first) / perRow),
      Math.floor((end - 1 - first) / perRow),
    ];
    for (let row = Math.max(startRow, fromRow); row <= Math.min(endRow, toRow); row++) {
      const rowStart = first + row * perRow;
      const x0 = ((Math.max(at, rowStart) - rowStart) / perRow) * width;
      const x1 = ((Math.min(end, rowStart + perRow) - rowStart) / perRow) * width;
      // Of several chunks in one pixel the first one shows.
      const pixel = row * width + Math.floor(x0);
      if (x1 - x0 < 1 && pixel === lastX) continue;
      lastX = pixel;
      const edge = x1 - x0 > 3 ? 1 : 0;
      fill(x0, x1 - edge, begin + row * rowHeight, rowHeight - gap, color(i));
    }
  }
}

function paintTexts(
  pen: Pen,
  { text, dim, back }: Palette,
  chunks: ChunkTable,
  { stretch, top, first, rows }: Band,
  { perRow, rowHeight }: Layout,
  scroll: number,
): void {
  const y = top - scroll + HEAD_HEIGHT / 2;
  const name = `${stretch.name}  ${hex(stretch.start)} to ${hex(stretch.end)}`;
  pen.text(`${name}  ${formatBytes(stretch.end - stretch.start)}`, 2, y, dim.css);
  if (rowHeight < 16 || perRow > 1 << 14) return;
  const begin = top + HEAD_HEIGHT - scroll;
  for (let i = stretch.from; i < stretch.from + stretch.count; i++) {
    const offset = chunks.address[i]! - first;
    const row = Math.floor(offset / perRow);
    const at = begin + row * rowHeight;
    if (row >= rows || at > pen.height) break;
    const x = ((offset % perRow) / perRow) * pen.width;
    const wide = Math.min((chunks.size[i]! / perRow) * pen.width, pen.width - x);
    if (at < -rowHeight || wide < 52) continue;
    const label =
      wide > 150 ? `${hex(chunks.address[i]!)}  ${hex(chunks.size[i]!)}` : hex(chunks.size[i]!);
    const long = pen.measure(label);
    if (long + 6 > wide) continue;
    pen.rect(x + 2, at + 3, long + 4, rowHeight - 7, back.css);
    pen.text(label, x + 4, at + rowHeight / 2, text.css);
  }
}

function paintLinks(pen: Pen, { link }: Palette, layout: Layout, options: MapOptions): void {
  const { links, scroll } = options;
  for (const list of links) {
    for (let i = 1; i < list.length; i++) {
      const from = placeOf(layout, list[i - 1]!, pen.width);
      const to = placeOf(layout, list[i]!, pen.width);
      if (from === undefined || to === undefined) continue;
      const [y0, y1] = [from.y - scroll, to.y - scroll].map((y) => y + layout.rowHeight / 2) as [
        number,
        number,
      ];
      if (Math.max(y0, y1) < 0 || Math.min(y0, y1) > pen.height) continue;
      pen.arrow([from.x + 2, y0], [to.x + 2, y1], link.css);
    }
  }
}

function paintSelected(
  pen: Pen,
  { mark }: Palette,
  chunks: ChunkTable,
  layout: Layout,
  { selected, scroll }: MapOptions,
): void {
  if (selected < 0) return;
  const place = placeOf(layout, chunks.address[selected]!, pen.width);
  if (place === undefined) return;
  const wide = Math.max(4, (chunks.size[selected]! / layout.perRow) * pen.width);
  const y = place.y - scroll;
  pen.frame(place.x, y, Math.min(wide, pen.width - place.x), layout.rowHeight - 1, mark.css);
}
