// The picture of address x time, made where the work does not hold up the page: every block is a
// rectangle from the operation that made it to the one that ended it.

import type { Raster, Survey } from "../model/types.js";

/** What part of the picture is wanted. */
export interface RasterWindow {
  readonly width: number;
  readonly height: number;
  readonly fromOp: number;
  readonly toOp: number;
  readonly low: number;
  readonly high: number;
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

/** @returns the picture: thread + 1 where a block is, 0 where none is */
export function rasterOf(survey: Survey, window: RasterWindow): Raster {
  const { width, height, fromOp, toOp, low, high } = window;
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
    const paint = 1 + (survey.thread[i]! % 8);
    for (let y = y0; y < y1; y++) pixels.fill(paint, y * width + x0, y * width + x1);
  }
  return { ...window, pixels };
}
