// The picture of address x time, made where the work does not hold up the page: every block is a
// rectangle from the operation that made it to the one that ended it.

import type { BlockColour, Raster, Survey } from "../model/types.js";

/** What part of the picture is wanted. */
export interface RasterWindow {
  readonly width: number;
  readonly height: number;
  readonly fromOp: number;
  readonly toOp: number;
  readonly low: number;
  readonly high: number;
  readonly by: BlockColour;
}

/** Colours that there are. */
const COLOURS = 8;

/** @returns the rank of a number among powers of 4 from `first` on */
function rank(value: number, first: number): number {
  return Math.min(COLOURS - 1, Math.max(0, Math.ceil(Math.log2(value / first) / 2)));
}

/** The number of the colour of a block. */
function colourOf({ thread, bytes, death, count }: Survey, i: number, by: BlockColour): number {
  if (by === "thread") return thread[i]! % COLOURS;
  if (by === "size") return rank(bytes[i]!, 16);
  return death[i]! >= count ? COLOURS - 1 : Math.min(COLOURS - 2, rank(death[i]! - i, 1));
}

/** Where blocks lie: the heap and the mappings are far apart, so there is a window for each. */
export function addressRange(survey: Survey, limit: number): [low: number, high: number] {
  let [low, high] = [Infinity, 0];
  for (let i = 0; i < survey.count; i++) {
    const at = survey.address[i]!;
    if (survey.chunk[i] === 0 || at >= limit) continue;
    low = Math.min(low, at);
    high = Math.max(high, at + survey.chunk[i]!);
  }
  return high === 0 ? [0, 1] : [low, high];
}

/** @returns the picture: the number of its colour + 1 where a block is, 0 where none is */
export function rasterOf(survey: Survey, window: RasterWindow): Raster {
  const { width, height, fromOp, toOp, low, high, by } = window;
  const pixels = new Uint8Array(width * height);
  const perOp = width / Math.max(1, toOp - fromOp);
  const perByte = height / Math.max(1, high - low);
  for (let i = 0; i < survey.count && i < toOp; i++) {
    const bytes = survey.chunk[i]!;
    const death = survey.death[i]!;
    if (bytes === 0 || death < fromOp) continue;
    const at = survey.address[i]!;
    if (at >= high || at + bytes <= low) continue;
    const x0 = Math.max(0, Math.floor((i - fromOp) * perOp));
    const x1 = Math.min(width, Math.max(x0 + 1, Math.ceil((death - fromOp) * perOp)));
    // The highest address is at the top.
    const y0 = Math.max(0, Math.floor((high - at - bytes) * perByte));
    const y1 = Math.min(height, Math.max(y0 + 1, Math.ceil((high - at) * perByte)));
    const paint = 1 + colourOf(survey, i, by);
    for (let y = y0; y < y1; y++) pixels.fill(paint, y * width + x0, y * width + x1);
  }
  return { ...window, pixels };
}
