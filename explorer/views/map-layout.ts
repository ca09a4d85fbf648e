// Where chunks are drawn: each stretch of the address space in rows of the same number of bytes.

import type { ChunkTable, Stretch } from "../model/types.js";
import { lastAtMost } from "../model/format.js";

/** Pixels. */
export const HEAD_HEIGHT = 20;
/** Bytes that are left out between stretches take this many pixels. */
const GAP = 10;
/** Bytes in a row: at least, and at most. */
const LEAST_ROW = 64;
const MOST_ROW = 1 << 26;

/** A stretch, and where it is drawn. */
export interface Band {
  readonly stretch: Stretch;
  /** Where its heading begins, pixels from the top of all. */
  readonly top: number;
  /** The address of its first row. */
  readonly first: number;
  readonly rows: number;
}

/** The whole map. */
export interface Layout {
  readonly perRow: number;
  readonly rowHeight: number;
  readonly bands: readonly Band[];
  readonly height: number;
}

/** @returns the map with `perRow` bytes in a row */
export function layoutOf(stretches: readonly Stretch[], perRow: number, rowHeight: number): Layout {
  let top = 0;
  const bands = stretches.map((stretch): Band => {
    const first = stretch.start - (stretch.start % perRow);
    const rows = Math.max(1, Math.ceil((stretch.end - first) / perRow));
    const band = { stretch, top, first, rows };
    top += HEAD_HEIGHT + rows * rowHeight + GAP;
    return band;
  });
  return { perRow, rowHeight, bands, height: top };
}

/** @returns the least number of bytes in a row with which all fits into a height */
export function fittingRow(stretches: readonly Stretch[], rowHeight: number, height: number) {
  let perRow = LEAST_ROW;
  while (perRow < MOST_ROW && layoutOf(stretches, perRow, rowHeight).height > height) perRow *= 2;
  return perRow;
}

/** @returns `perRow` zoomed by a number of steps, within what makes sense */
export function zoomed(perRow: number, steps: number): number {
  return Math.min(MOST_ROW, Math.max(LEAST_ROW, perRow * 2 ** -steps));
}

/** @returns where an address is drawn, pixels from the top of all; undefined outside */
export function placeOf(layout: Layout, address: number, width: number) {
  const { perRow, rowHeight, bands } = layout;
  const band = bands.find(({ stretch }) => address >= stretch.start && address < stretch.end);
  if (band === undefined) return undefined;
  const offset = address - band.first;
  const row = Math.floor(offset / perRow);
  return {
    x: ((offset % perRow) / perRow) * width,
    y: band.top + HEAD_HEIGHT + row * rowHeight,
  };
}

/** @returns the address that is drawn at a place; undefined where there is none */
export function addressAt(layout: Layout, x: number, y: number, width: number) {
  const { perRow, rowHeight, bands } = layout;
  const band = bands.findLast(({ top }) => top <= y);
  if (band === undefined) return undefined;
  const row = Math.floor((y - band.top - HEAD_HEIGHT) / rowHeight);
  if (row < 0 || row >= band.rows) return undefined;
  const address = band.first + row * perRow + Math.floor((x / width) * perRow);
  const { start, end } = band.stretch;
  return address >= start && address < end ? address : undefined;
}

/** @returns the index of the chunk of a stretch that holds an address; -1 for none */
export function chunkAt({ address, size }: ChunkTable, { from, count }: Stretch, place: number) {
  const i = from + lastAtMost(address.subarray(from, from + count), place);
  return i >= from && place < address[i]! + size[i]! ? i : -1;
}
